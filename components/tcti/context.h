/* SPDX-License-Identifier: MIT */
/**
 * @file context.h
 * The context of the TCTI, and what its files do for each other.
 */
#ifndef VTPMRING_TCTI_CONTEXT_H
#define VTPMRING_TCTI_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <tss2/tss2_tcti.h>
#include <vtpmring/link.h>

#include "conf.h"
#include "lock.h"
#include "objects.h"

/** First field of every live context. */
#define TCTI_MAGIC 0x7674706d72696e67ull /* "vtpmring" */
/** Version of TSS2_TCTI_CONTEXT_COMMON that it has. */
#define TCTI_VERSION 2

/** A context. Used by one thread at a time, by the process that made it. */
struct tcti_context {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /**< what callers see; first */
    struct tcti_conf conf;              /**< as given */
    pid_t pid;                          /**< the process that made it */
    struct tcti_lock lock;              /**< among processes */
    struct vtpmring_port *port;         /**< NULL: to be opened again */
    struct vtpmring_front_link link;    /**< if connected */
    bool connected;                     /**< link is open */
    uint8_t locality;                   /**< of the commands to come */
    bool outstanding;     /**< sent, and its response not handed out: entered */
    bool cancel_asked;    /**< the command sent is to be dropped */
    uint16_t command_tag; /**< of the command sent */
    struct tcti_objects objects; /**< that we have left in the TPM */
    size_t canned_length;        /**< bytes of canned, 0 if it is not used */
    unsigned char canned[VTPMRING_TPM_HEADER_SIZE]; /**< response made here */
};

/**
 * The context behind a caller's pointer.
 * @param opaque the pointer
 * @param context gets it after success
 * @retval TSS2_TCTI_RC_BAD_REFERENCE NULL
 * @retval TSS2_TCTI_RC_BAD_CONTEXT none of ours, finalized, or of the process
 *         that this one was forked from
 */
TSS2_RC tcti_context_of(TSS2_TCTI_CONTEXT *opaque,
                        struct tcti_context **context);

/**
 * Opens the platform and the lock, and looks whether there is such a device.
 * Does not connect.
 * @param context conf is set
 * @return TSS2_RC_SUCCESS, or a code after a line in the log; then nothing is
 *         held
 */
TSS2_RC tcti_connection_open(struct tcti_context *context);

/**
 * Waits for other processes and connects, as far as that is needed.
 * @param context open, nothing outstanding
 * @return TSS2_RC_SUCCESS, the lock is entered; or a code after a line in the
 *         log
 */
TSS2_RC tcti_connection_enter(struct tcti_context *context);

/**
 * Ends what tcti_connection_enter() began.
 * @param context entered
 * @param status how the command ended: after a platform's failure the platform
 *        is let go of, to be opened again for the next command
 */
void tcti_connection_leave(struct tcti_context *context,
                           enum vtpmring_status status);

/**
 * Disconnects and lets go of everything.
 * @param context open, entered or not
 */
void tcti_connection_close(struct tcti_context *context);

/* The calls of struct TSS2_TCTI_CONTEXT_COMMON_V2, as the specification has
   them (TCG TSS 2.0 TPM Command Transmission Interface, 3.2.5). */
/** Sends a command; blocks while another process holds the vTPM. */
TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *opaque, size_t size,
                      const uint8_t *command);
/** Gets the response, or without a buffer its size. */
TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *opaque, size_t *size, uint8_t *response,
                     int32_t timeout);
/** Asks to drop the command; the next receive() says what became of it. */
TSS2_RC tcti_cancel(TSS2_TCTI_CONTEXT *opaque);
/** Hands out the descriptor that becomes readable with a response. */
TSS2_RC tcti_get_poll_handles(TSS2_TCTI_CONTEXT *opaque,
                              TSS2_TCTI_POLL_HANDLE *handles, size_t *count);
/** Sets the locality of the commands to come. */
TSS2_RC tcti_set_locality(TSS2_TCTI_CONTEXT *opaque, uint8_t locality);

#endif
