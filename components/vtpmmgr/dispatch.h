/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_DISPATCH_H
#define VTPMMGR_DISPATCH_H

/**
 * @file
 * From a frame to its handler and back: what is malformed, unknown or not
 * allowed is answered here, and no handler sees it.
 */

#include "wire.h"

/** A request that may be carried out. */
struct vtpmmgr_request {
    const struct vtpmmgr_command *command;
    struct vtpmmgr_message message; /**< its bytes are those of the frame */
    size_t room;                    /**< bytes that the response may have */
};

/** What the manager does. */
struct vtpmmgr_handlers {
    /**
     * Whether the sender may use a command of this class; never asked about
     * VTPMMGR_ANY.
     * @return VTPMMGR_SUCCESS; VTPMMGR_AUTHFAIL (not an administrator);
     *         VTPMMGR_BAD_PARAMETER (its UUID is unknown); VTPMMGR_DISABLED
     *         (open elsewhere, or its label is not allowed)
     */
    uint32_t (*permit)(void *context, enum vtpmmgr_access access);
    /**
     * Carries out a request; one for each row of vtpmmgr_commands, in its
     * place. NULL is answered with VTPMMGR_BAD_ORDINAL.
     * @param response zeroed; what it points to must live until the response
     *                 is written
     * @return a status; the response counts if it is VTPMMGR_SUCCESS
     */
    uint32_t (*handle[VTPMMGR_COMMANDS])(void *context,
                                         const struct vtpmmgr_request *request,
                                         struct vtpmmgr_message *response);
};

/** The place of an ordinal in vtpmmgr_commands; VTPMMGR_COMMANDS if none. */
size_t vtpmmgr_place_of(uint32_t ordinal);

/**
 * Answers a frame, exactly once.
 * @param frame private to the caller, never a shared page
 * @param out   gets the response; not the same memory
 * @param room  at least VTPMMGR_FRAME_HEADER
 * @return bytes of the response, at least VTPMMGR_FRAME_HEADER
 */
size_t vtpmmgr_dispatch(const struct vtpmmgr_handlers *handlers, void *context,
                        const uint8_t *frame, size_t len, uint8_t *out,
                        size_t room);

/** Whether a frame is the manager's, and not one for the hardware TPM. */
bool vtpmmgr_is_ours(const uint8_t *frame, size_t len);

#endif
