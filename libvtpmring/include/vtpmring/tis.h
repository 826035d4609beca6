/* SPDX-License-Identifier: MIT */
/**
 * @file tis.h
 * Driver for the registers of a hardware TPM: FIFO, as in TIS 1.2 and 1.3 for
 * TPM 1.2 and in PTP for TPM 2.0, and CRB.
 *
 * References. PTP: TCG PC Client Platform TPM Profile for TPM 2.0, version
 * 1.05, chapter 6 (interfaces); TIS: TCG PC Client Specific TPM Interface
 * Specification, version 1.3. Registers are named as there, without the _x of
 * the locality: the FIFO's in TPM_ACCESS, TPM_STS, TPM_INTF_CAPABILITY,
 * TPM_DATA_FIFO, TPM_INTERFACE_ID, the CRB's in TPM_LOC_STATE, TPM_LOC_CTRL,
 * TPM_LOC_STS, TPM_CRB_CTRL_REQ, _STS, _CANCEL, _START, _CMD_SIZE and so on.
 *
 * The driver is a table (vtpmring_tis_fifo_table, vtpmring_tis_crb_table) of
 * phases: which register a phase writes when it begins, which bits of which
 * register it waits for, how long, and what follows. vtpmring_tis_step() does
 * one piece of bounded work and never waits, so it can be driven by a thread
 * that sleeps, a work queue, or a cooperative scheduler:
 *
 *     status = vtpmring_tis_submit(&tis, ...);
 *     while (status == VTPMRING_OK &&
 *            (status = vtpmring_tis_step(&tis)) == VTPMRING_AGAIN) {
 *         // sleep for tis.wait_us, or do something else meanwhile
 *     }
 *     // the response is there if status is VTPMRING_OK: tis.length bytes
 *
 * Nothing that the chip says is trusted: the peer, whose fault the EPEER group
 * of statuses is, is the chip. Every wait ends. A structure is used by one
 * thread at a time; nothing is allocated.
 */
#ifndef VTPMRING_TIS_H
#define VTPMRING_TIS_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/status.h>
#include <vtpmring/tpm.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Physical address of the registers of locality 0 on a PC. */
#define VTPMRING_TIS_BASE 0xfed40000u
/** Bytes of registers of one locality. */
#define VTPMRING_TIS_LOCALITY_SIZE 0x1000u
/** Bytes of registers: five localities. */
#define VTPMRING_TIS_SIZE 0x5000u
/** No locality. */
#define VTPMRING_TIS_NO_LOCALITY 0xffu
/** No register, in a row of a table. */
#define VTPMRING_TIS_NO_REGISTER 0xffffu

/** How a chip is spoken to. */
enum vtpmring_tis_interface {
    VTPMRING_TIS_UNKNOWN,        /**< to be found out */
    VTPMRING_TIS_FIFO_12,        /**< FIFO of TIS 1.2 or 1.3: TPM 1.2 */
    VTPMRING_TIS_FIFO_20,        /**< FIFO of PTP: TPM 2.0 */
    VTPMRING_TIS_CRB,            /**< command response buffer of PTP: TPM 2.0 */
    VTPMRING_TIS_INTERFACE_COUNT /**< how many there are */
};

/** Limits of time (PTP and TIS, timeouts; TPM 1.2 Part 2, durations). */
enum vtpmring_tis_limit {
    VTPMRING_TIS_A,           /**< a locality is granted, or let go of */
    VTPMRING_TIS_B,           /**< readiness, abort, cancel */
    VTPMRING_TIS_C,           /**< a status becomes valid, CRB changes state */
    VTPMRING_TIS_D,           /**< a burst of the FIFO, since the last one */
    VTPMRING_TIS_TRANSFER,    /**< all bytes of one command or response */
    VTPMRING_TIS_SHORT,       /**< commands that compute next to nothing */
    VTPMRING_TIS_MEDIUM,      /**< all other commands */
    VTPMRING_TIS_LONG,        /**< commands that may generate an RSA key */
    VTPMRING_TIS_LIMIT_COUNT, /**< how many there are */
    VTPMRING_TIS_DURATION,    /**< in a row: one of the three above */
    VTPMRING_TIS_NOW          /**< in a row: does not wait */
};

/** Access to the registers, and time. All of it is called by
 *  vtpmring_tis_step() and vtpmring_tis_run() alone. */
struct vtpmring_tis_access {
    /** Reads one byte. @return it; all ones if nothing answers */
    uint8_t (*read8)(void *context, uint32_t offset);
    /** Writes one byte. */
    void (*write8)(void *context, uint32_t offset, uint8_t value);
    /** Reads an aligned little-endian word, in one access. @return it */
    uint32_t (*read32)(void *context, uint32_t offset);
    /** Writes an aligned little-endian word, in one access. */
    void (*write32)(void *context, uint32_t offset, uint32_t value);
    /** A clock that only goes forward. @return microseconds */
    uint64_t (*now_us)(void *context);
    /** Waits; used by vtpmring_tis_run() only. */
    void (*delay_us)(void *context, uint32_t us);
};

/** Options. */
struct vtpmring_tis_config {
    uint64_t base; /**< physical address of locality 0: CRB says where its
                        buffers are by address */
    uint32_t limit_us[VTPMRING_TIS_LIMIT_COUNT]; /**< limits of time; none is
                                                      exceeded by more than one
                                                      step. 0: tries once */
    uint32_t poll_us;     /**< first pause between two looks, 1 at least */
    uint32_t poll_max_us; /**< longest pause; they double */
    uint8_t retries;      /**< how often a response that makes no sense is
                               asked for again */
    uint8_t interface;    /**< enum vtpmring_tis_interface; UNKNOWN asks the
                               chip */
};

/**
 * Options that suit any chip: the largest timeouts that TIS and PTP have, and
 * durations that a busy host does not exceed by itself.
 */
#define VTPMRING_TIS_CONFIG_DEFAULT                                            \
    {                                                                          \
        VTPMRING_TIS_BASE, {750000,   2000000,  750000,    750000,             \
                            10000000, 10000000, 120000000, 300000000},         \
            20, 5000, 3, VTPMRING_TIS_UNKNOWN                                  \
    }

/** Phases. */
enum vtpmring_tis_phase {
    VTPMRING_TIS_NONE,       /**< at rest, no locality is held */
    VTPMRING_TIS_HELD,       /**< at rest, a locality is held */
    VTPMRING_TIS_PROBE,      /**< until the registers are valid */
    VTPMRING_TIS_CHECK,      /**< is the locality still ours? */
    VTPMRING_TIS_REQUEST,    /**< asks for a locality */
    VTPMRING_TIS_SEIZE,      /**< takes it from a lower one */
    VTPMRING_TIS_WITHDRAW,   /**< takes back a request that was not granted */
    VTPMRING_TIS_RELEASE,    /**< lets go of the locality */
    VTPMRING_TIS_READY,      /**< asks the chip to be ready for a command */
    VTPMRING_TIS_WAKE,       /**< CRB: until it is not idle */
    VTPMRING_TIS_SEND,       /**< writes the command */
    VTPMRING_TIS_SENT,       /**< FIFO: until the chip has all of it */
    VTPMRING_TIS_RUN,        /**< starts it, until there is a response */
    VTPMRING_TIS_CANCEL,     /**< asks to end it early, until there is one */
    VTPMRING_TIS_UNCANCEL,   /**< CRB: takes the request back, as it must */
    VTPMRING_TIS_RECEIVE,    /**< reads the response */
    VTPMRING_TIS_LAST,       /**< FIFO: nothing may be left to read */
    VTPMRING_TIS_RETRY,      /**< asks for the same response again */
    VTPMRING_TIS_FINISH,     /**< the response is whole: the chip may idle */
    VTPMRING_TIS_ABORT,      /**< something is wrong: back to readiness */
    VTPMRING_TIS_QUIET,      /**< CRB: takes the cancel back */
    VTPMRING_TIS_IDLE,       /**< CRB: back to idle */
    VTPMRING_TIS_LET_GO,     /**< that failed: gives the locality back, */
    VTPMRING_TIS_REGAIN,     /**< asks for it again, */
    VTPMRING_TIS_ABORT_2,    /**< and tries once more */
    VTPMRING_TIS_STUCK,      /**< given up; the next command begins anew */
    VTPMRING_TIS_PHASE_COUNT /**< how many there are */
};

/** What a phase does beside its registers. */
enum vtpmring_tis_work {
    VTPMRING_TIS_WAITS,         /**< nothing */
    VTPMRING_TIS_RESTS,         /**< nothing, and does not end by itself */
    VTPMRING_TIS_IDENTIFIES,    /**< finds out which interface it is */
    VTPMRING_TIS_FIFO_SENDS,    /**< moves one burst of the command */
    VTPMRING_TIS_FIFO_RECEIVES, /**< moves one burst of the response */
    VTPMRING_TIS_CRB_SENDS,     /**< writes the command */
    VTPMRING_TIS_CRB_RECEIVES   /**< reads the response */
};

/** One phase. */
struct vtpmring_tis_row {
    const char *name; /**< for logs; NULL: this interface has no such phase */
    uint16_t set;     /**< register written on entry, or NO_REGISTER */
    uint16_t look;    /**< register waited on, or NO_REGISTER */
    uint32_t value;   /**< what is written */
    uint32_t mask;    /**< bits waited on */
    uint32_t want;    /**< what they are to be */
    uint8_t work;     /**< enum vtpmring_tis_work, once the bits are so */
    uint8_t limit;    /**< enum vtpmring_tis_limit */
    uint8_t asks;     /**< 1: writes again every quarter of the limit */
    uint8_t ok;       /**< enum vtpmring_tis_phase that follows */
    uint8_t fail;     /**< the one that follows when the time is over */
    uint8_t blame;    /**< enum vtpmring_status that the operation then ends
                           with; OK: that is no failure */
};

/** The phases of FIFO, by enum vtpmring_tis_phase. */
extern const struct vtpmring_tis_row
    vtpmring_tis_fifo_table[VTPMRING_TIS_PHASE_COUNT];
/** The phases of CRB. */
extern const struct vtpmring_tis_row
    vtpmring_tis_crb_table[VTPMRING_TIS_PHASE_COUNT];

/** A chip. The caller allocates it; the fields may be read, not written. */
struct vtpmring_tis {
    const struct vtpmring_tis_access *access; /**< the registers */
    void *context;                            /**< of the caller */
    struct vtpmring_tis_config config;        /**< as given */
    const struct vtpmring_tis_row *table;     /**< of this interface */
    uint32_t did_vid;   /**< vendor in the low half, device in the high one */
    uint8_t interface;  /**< enum vtpmring_tis_interface, after the probe */
    uint8_t family;     /**< enum vtpmring_tpm_family, after the probe */
    uint8_t localities; /**< 5 or 1, after the probe */
    uint8_t phase;      /**< enum vtpmring_tis_phase */
    uint8_t wanted;     /**< locality of the operation, or none */
    uint8_t held;       /**< locality that is held, or none */
    uint8_t duration;   /**< enum vtpmring_tis_limit of the command */
    uint8_t tries;      /**< retries that are left */
    bool seize;         /**< the operation takes the locality by force */
    bool pending;       /**< the operation has not got beyond its locality */
    bool cancel;        /**< the command is to be dropped */
    bool sick;          /**< what the chip is doing is not known: it is brought
                             back to readiness before the next command */
    uint32_t lost;      /**< how often a locality was taken from us */
    uint32_t stuck;     /**< how often the chip did not recover */
    enum vtpmring_status result; /**< of the operation, so far */
    const uint8_t *command;      /**< of the caller; NULL: none in the
                                      operation */
    uint8_t *response;           /**< of the caller */
    size_t command_length;       /**< bytes of command */
    size_t capacity;             /**< room at response */
    size_t length;               /**< bytes of the response; 0 without one */
    size_t at;                   /**< bytes that were moved */
    uint64_t deadline;           /**< of the phase */
    uint64_t move_deadline;      /**< of a transfer */
    uint64_t ask_at;             /**< time to write again */
    uint32_t pause_us;           /**< next pause */
    uint32_t wait_us; /**< after AGAIN: sleep so long before the next step; 0:
                           step at once */
};

/**
 * Begins the life of a driver. Touches no register.
 * @param tis gets its first state
 * @param access the registers; stays the caller's, as long as tis is used
 * @param context is passed to its functions
 * @param config options; NULL for VTPMRING_TIS_CONFIG_DEFAULT
 * @retval VTPMRING_OK begun
 * @retval VTPMRING_EINVAL no such interface, or a pause of 0
 */
enum vtpmring_status
vtpmring_tis_init(struct vtpmring_tis *tis,
                  const struct vtpmring_tis_access *access, void *context,
                  const struct vtpmring_tis_config *config);

/**
 * Begins to find out whether there is a chip, and which interface it has
 * active (PTP, TPM_INTERFACE_ID; TIS, TPM_INTF_CAPABILITY). Ends with
 * EPEER_GONE if nothing answers, EUNSUPPORTED if something unknown does.
 * @param tis at rest
 * @retval VTPMRING_OK begun: step
 * @retval VTPMRING_ESTATE an operation is under way
 */
enum vtpmring_status vtpmring_tis_probe(struct vtpmring_tis *tis);

/**
 * Begins to get a locality, and keeps it. A command gets its locality by
 * itself; this is for who wants to know beforehand.
 * @param tis probed, at rest
 * @param locality the locality, 0 to 4; another one that is held is released
 * @param seize takes it from a lower locality that does not let go
 *        (TPM_ACCESS.Seize, TPM_LOC_CTRL.Seize); what that one was doing is
 *        aborted by the chip
 * @retval VTPMRING_OK begun: step
 * @retval VTPMRING_EINVAL the chip has no such locality
 * @retval VTPMRING_ESTATE an operation is under way, or there was no probe
 */
enum vtpmring_status vtpmring_tis_request(struct vtpmring_tis *tis,
                                          uint8_t locality, bool seize);

/**
 * Begins to let go of the locality, if one is held.
 * @param tis at rest
 * @retval VTPMRING_OK begun: step
 * @retval VTPMRING_ESTATE an operation is under way
 */
enum vtpmring_status vtpmring_tis_release(struct vtpmring_tis *tis);

/**
 * Begins a command. It is sent once, whatever happens.
 *
 * The operation ends with
 * - VTPMRING_OK: response has length bytes, checked against their header and
 *   against what the chip says is left;
 * - VTPMRING_ENOBUF: the response, or on a CRB the command, did not fit; length
 *   is what it wanted;
 * - VTPMRING_CANCELED: dropped by vtpmring_tis_cancel(), without a response;
 * - VTPMRING_EPEER_TIMEOUT: the chip did not answer in time;
 * - VTPMRING_EPEER_LENGTH, _HEADER, _STATE: what it said made no sense, after
 *   retries;
 * - VTPMRING_EPEER_GONE: the locality was lost, so that another one may have
 *   used the chip meanwhile;
 * - VTPMRING_EUNSUPPORTED: CRB buffers outside of the locality's registers.
 * After any of these the next command can be submitted: the chip was taken back
 * to readiness if that was possible, and if it was not, the next command tries
 * again.
 *
 * @param tis probed, at rest
 * @param locality the locality, 0 to 4; kept after the command
 * @param command the command; stays valid until the operation ends
 * @param length bytes of it, which its header says, too
 * @param response gets the response; may be the memory of the command
 * @param capacity bytes of room there
 * @retval VTPMRING_OK begun: step
 * @retval VTPMRING_EINVAL no such locality, or no TPM command
 * @retval VTPMRING_ENOBUF longer than VTPMRING_TPM_COMMAND_MAX, or no room for
 *         a header of the response
 * @retval VTPMRING_ESTATE an operation is under way, or there was no probe
 */
enum vtpmring_status vtpmring_tis_submit(struct vtpmring_tis *tis,
                                         uint8_t locality, const void *command,
                                         size_t length, void *response,
                                         size_t capacity);

/**
 * Drops the command: one that the chip does not execute yet is aborted; a TPM
 * 2.0 that executes it is asked to end it (TPM_STS.commandCancel,
 * TPM_CRB_CTRL_CANCEL) and answers, often with TPM_RC_CANCELED; a TPM 1.2 that
 * executes it is aborted (TPM_STS.commandReady).
 * @param tis any state; go on with step
 * @retval VTPMRING_OK asked
 * @retval VTPMRING_ESTATE no command is under way that could be cancelled
 */
enum vtpmring_status vtpmring_tis_cancel(struct vtpmring_tis *tis);

/**
 * Does one piece of the operation: some accesses to registers, as many as one
 * burst has bytes at most. Never waits.
 * @param tis any state
 * @retval VTPMRING_AGAIN not at an end: step again after wait_us microseconds
 * @return else how the operation ended; the same again until the next one
 */
enum vtpmring_status vtpmring_tis_step(struct vtpmring_tis *tis);

/**
 * Steps until the operation ends, with delay_us() in between.
 * @param tis any state
 * @return how it ended
 */
enum vtpmring_status vtpmring_tis_run(struct vtpmring_tis *tis);

/**
 * The limit that a command is given to execute.
 * @param tag tag of the command
 * @param code its code or ordinal
 * @return VTPMRING_TIS_SHORT, _MEDIUM or _LONG
 */
enum vtpmring_tis_limit vtpmring_tis_duration(uint16_t tag, uint32_t code);

/**
 * Name of an interface, for logs.
 * @param interface any value
 * @return a constant string such as "CRB"; "?" if unknown
 */
const char *vtpmring_tis_interface_name(enum vtpmring_tis_interface interface);

/**
 * Name of the phase that a driver is in, for logs.
 * @param tis any state
 * @return a constant string
 */
const char *vtpmring_tis_phase_name(const struct vtpmring_tis *tis);

#ifdef __cplusplus
}
#endif

#endif
