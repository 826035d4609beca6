/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * A TPM as its registers show it: FIFO of TIS and PTP, and CRB, over an engine
 * that executes commands. Time is a number: it goes on by a microsecond with
 * each access, and by what the driver waits. What a driver must not do ends the
 * test: more bytes than the burst count allowed, two bits in one write, bytes
 * into a chip that is not ready.
 */
#ifndef VTPMRING_TIS_MODEL_H
#define VTPMRING_TIS_MODEL_H

#include <vtpmring/tis.h>

/** What is wrong with the chip. */
enum fault {
    FAULT_NONE,
    FAULT_ABSENT,         /**< nothing answers: all ones */
    FAULT_ZEROS,          /**< all registers are 0 */
    FAULT_UNKNOWN,        /**< an interface of another time */
    FAULT_NO_LOCALITY,    /**< no locality is granted */
    FAULT_NEVER_READY,    /**< stays idle */
    FAULT_NO_BURST,       /**< burst count 0 */
    FAULT_NO_BURST_LATER, /**< ... once there is a response */
    FAULT_ONE_BURST,      /**< burst count 1 */
    FAULT_HUGE_BURST,     /**< burst count 65535 */
    FAULT_NEVER_VALID,    /**< stsValid is never set */
    FAULT_WANTS_MORE,     /**< Expect is never cleared */
    FAULT_WANTS_LESS,     /**< Expect is cleared after 11 bytes */
    FAULT_HANGS,          /**< does not end a command, nor can be told to,
                               until its locality is let go of */
    FAULT_DEAD,           /**< ... nor then */
    FAULT_BUSY,           /**< does not end a command, but can be told to */
    FAULT_SIZE_0,         /**< the response's header says 0 bytes */
    FAULT_SIZE_9,         /**< ... 9 */
    FAULT_SIZE_4097,      /**< ... 4097 */
    FAULT_SIZE_ONES,      /**< ... 4294967295 */
    FAULT_SIZE_MORE,      /**< ... one more than there are */
    FAULT_SIZE_LESS,      /**< ... one less */
    FAULT_TAG,            /**< ... another tag */
    FAULT_NO_RETRY,       /**< responses one byte short, and no retry */
    FAULT_LOST_SENDING,   /**< locality 4 seizes after 5 bytes */
    FAULT_LOST_RUNNING,   /**< ... while the command runs */
    FAULT_LOST_RECEIVING, /**< ... after 5 bytes of the response */
    FAULT_LOST_LATE,      /**< ... after 20 bytes of it */
    FAULT_LOST_SHARED,    /**< CRB: ... and its registers are the next one's */
    FAULT_KEEPS_LOCALITY, /**< does not take a locality back */
    FAULT_VALID_AT_TIMES, /**< every other status is not valid */
    FAULT_TRICKLES,       /**< a burst count of 1 every 700 ms, else 0 */
    FAULT_VANISHES,       /**< after the command nothing answers any more */
    FAULT_ERROR,          /**< CRB: says that it is in error */
    FAULT_NEVER_IDLE,     /**< CRB: goIdle is not answered */
    FAULT_STAYS_IDLE,     /**< CRB: tpmIdle is never cleared */
    FAULT_COMMAND_BELOW,  /**< CRB: the command's buffer is over registers */
    FAULT_COMMAND_FAR,    /**< CRB: ... at the end of memory */
    FAULT_COMMAND_HIGH,   /**< CRB: ... right but for the high half */
    FAULT_COMMAND_LONG,   /**< CRB: ... longer than the registers */
    FAULT_COMMAND_SHORT,  /**< CRB: ... has 11 bytes */
    FAULT_COMMAND_EMPTY,  /**< CRB: ... has none */
    FAULT_RESPONSE_FAR,   /**< CRB: the same of the response */
    FAULT_RESPONSE_LONG,  /**< CRB */
    FAULT_RESPONSE_EMPTY, /**< CRB */
    FAULT_RESPONSE_11,    /**< CRB: less than what the header says */
    FAULT_UNALIGNED       /**< CRB: both buffers begin two bytes later */
};

/** What a chip is doing. */
enum chip_state { CHIP_IDLE, CHIP_READY, CHIP_TAKES, CHIP_RUNS, CHIP_HAS };

/** A chip with its registers. */
struct model {
    enum vtpmring_tis_interface interface; /**< not UNKNOWN */
    enum fault fault;
    unsigned faults;    /**< how often the fault shows itself; 0: always */
    uint32_t burst;     /**< burst count */
    uint64_t settle;    /**< microseconds that a change of state takes */
    uint64_t execution; /**< ... that a command takes */
    bool ready_at_once; /**< after an abort: ready without being asked twice */
    bool one_locality;  /**< CRB */

    uint64_t now;
    uint64_t settled;  /**< the last change is over then */
    uint64_t trickled; /**< the last byte was allowed then */
    uint64_t done;     /**< the command is over then */
    unsigned active;   /**< locality, 0xff none */
    bool asked[5], seized[5];
    enum chip_state state;
    bool crb_ready, crb_idle; /**< bits of TPM_CRB_CTRL_REQ */
    bool shared;              /**< registers of no locality */
    bool crb_cancel, canceled, hung, short_by_one;
    uint8_t buffer[4096]; /**< the command, then the response */
    size_t length;        /**< bytes of it */
    size_t at;            /**< read */
    uint32_t allowed;     /**< bytes until the burst count is looked at again */

    unsigned long accesses;
    unsigned executed, aborted, cancels, retries;
};

/** The access to it; the context is the model. */
extern const struct vtpmring_tis_access model_access;

/** A chip after power on. */
void model_begin(struct model *model, enum vtpmring_tis_interface interface);
/** Another locality takes the chip. */
void model_seize(struct model *model, unsigned by);
/** ... and lets go of it. */
void model_let_go(struct model *model);

/** Executes a command; by engine_plain.c or engine_tpm.c. @return bytes of the
 *  response */
size_t engine_execute(const uint8_t *command, size_t length, uint8_t *response,
                      unsigned locality);
/** Powers the engine on. */
void engine_begin(enum vtpmring_tpm_family family);

#endif
