/* SPDX-License-Identifier: MIT */
/**
 * @file context.h
 * The context of the TCTI, and what its files do for each other.
 */
#ifndef VTPMRING_TIS_CONTEXT_H
#define VTPMRING_TIS_CONTEXT_H

#include <sys/types.h>
#include <tss2/tss2_tcti.h>
#include <vtpmring/tis_mem.h>

#include "conf.h"
#include "lock.h"
#include "objects.h"

/** First field of every live context. */
#define TIS_TCTI_MAGIC 0x7674706d2d746973ull /* "vtpm-tis" */
/** Version of TSS2_TCTI_CONTEXT_COMMON that it has. */
#define TIS_TCTI_VERSION 2

/** A context. Used by one thread at a time, by the process that made it. */
struct tis_context {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /**< what callers see; first */
    struct tis_conf conf;               /**< as given */
    pid_t pid;                          /**< the process that made it */
    struct tcti_lock lock;              /**< among processes */
    struct vtpmring_tis_mem mem;        /**< the registers */
    struct vtpmring_tis tis;            /**< the driver */
    uint8_t locality;                   /**< of the commands to come */
    bool outstanding;  /**< sent, and its response not handed out: the lock is
                            entered */
    bool done;         /**< packet has the response */
    bool cancel_asked; /**< the command sent is to be dropped */
    uint16_t tag;      /**< of the command sent */
    size_t length;     /**< bytes of the response */
    struct tcti_objects objects; /**< that we have left in the TPM */
    uint8_t packet[VTPMRING_TPM_COMMAND_MAX]; /**< command, then response */
};

/**
 * The context behind a caller's pointer.
 * @param opaque the pointer
 * @param context gets it after success
 * @retval TSS2_TCTI_RC_BAD_REFERENCE NULL
 * @retval TSS2_TCTI_RC_BAD_CONTEXT none of ours, finalized, or of the process
 *         that this one was forked from
 */
TSS2_RC tis_context_of(TSS2_TCTI_CONTEXT *opaque, struct tis_context **context);

/**
 * Maps the registers, finds the chip, opens the lock.
 * @param context conf is set
 * @return TSS2_RC_SUCCESS, or a code after a line in the log; then nothing is
 *         held
 */
TSS2_RC tis_open(struct tis_context *context);

/**
 * Ends what is outstanding, flushes own objects, lets go of everything.
 * @param context open
 */
void tis_close(struct tis_context *context);

/**
 * Waits for other processes.
 * @param context open, nothing outstanding
 * @return TSS2_RC_SUCCESS, the lock is entered; or a code after a line in the
 *         log
 */
TSS2_RC tis_enter(struct tis_context *context);

/**
 * Gives the locality back and leaves the lock.
 * @param context entered
 */
void tis_leave(struct tis_context *context);

/* The calls of struct TSS2_TCTI_CONTEXT_COMMON_V2, as the specification has
   them (TCG TSS 2.0 TPM Command Transmission Interface, 3.2.5). */
/** Sends a command; blocks while another process uses the TPM. */
TSS2_RC tis_transmit(TSS2_TCTI_CONTEXT *opaque, size_t size,
                     const uint8_t *command);
/** Gets the response, or without a buffer its size. */
TSS2_RC tis_receive(TSS2_TCTI_CONTEXT *opaque, size_t *size, uint8_t *response,
                    int32_t timeout);
/** Asks to drop the command; the next receive() says what became of it. */
TSS2_RC tis_cancel(TSS2_TCTI_CONTEXT *opaque);
/** Sets the locality of the commands to come. */
TSS2_RC tis_set_locality(TSS2_TCTI_CONTEXT *opaque, uint8_t locality);

#endif
