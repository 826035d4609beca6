/* SPDX-License-Identifier: MIT */
#ifndef VTPM_SERVE_H
#define VTPM_SERVE_H

/**
 * @file
 * Joins a TPM to its guest: a set of backends over the port, two threads.
 */

#include "engine.h"
#include "keys.h"

#include <stdint.h>

struct vtpm_serve_options {
    const uint8_t *uuid;      /**< serves the device with this UUID only */
    enum vtpm_family family;  /**< of the engine */
    unsigned poll_us;         /**< looks so long for the next command */
    unsigned max_extra_pages; /**< extra pages to take */
    int ready_fd;             /**< vtpm_notify_fd() when it serves; -1: none */
};

/** A TPM's way to its guest. */
struct vtpm_server;

/**
 * Starts a thread that opens Xen and looks for the guest's device. That takes a
 * while, in which a place for the TPM can be found. Nothing is said to guest or
 * toolstack before vtpm_serve_admit(). One server at a time.
 * @param server  to be ended by vtpm_serve_end(); NULL on failure
 * @param options copied
 * @return VTPM_OK; VTPM_ENOMEM
 */
enum vtpm_status vtpm_serve_begin(struct vtpm_server **server,
                                  const struct vtpm_serve_options *options,
                                  struct vtpm_error *err);

/**
 * The guest may connect from now on; dom0 says whether it boots (guest.h). To
 * be called before vtpm_serve() only for a TPM that is new. Its commands wait
 * for vtpm_serve(); a server that ends without it leaves the device as one that
 * was stopped does.
 * @param server begun
 */
void vtpm_serve_admit(struct vtpm_server *server);

/**
 * Serves commands until vtpm_serve_stop(). Call it from the main thread; one
 * at a time.
 * @param server begun; the guest is admitted if it was not
 * @param engine stays the caller's, until vtpm_serve_end(); nobody else uses it
 *               meanwhile
 * @return VTPM_OK (stopped); VTPM_EIO (Xen cannot be reached, or xenstore was
 *         lost; a line has said so); VTPM_ETPM (the TPM did not survive a boot
 *         of the guest); VTPM_ENOMEM
 */
enum vtpm_status vtpm_serve(struct vtpm_server *server,
                            struct vtpm_engine *engine, struct vtpm_error *err);

/** Lets go of the guest, as vtpmring_back_set_free(), and of Xen. NULL does
 *  nothing. */
void vtpm_serve_end(struct vtpm_server *server);

/**
 * Makes vtpm_serve() return once the running command is answered. For signal
 * handlers; before vtpm_serve() it makes the next one return at once.
 */
void vtpm_serve_stop(void);

/**
 * Writes a line on standard error: how many commands were answered, and how
 * long that took since each was seen on the page, saving of the state included.
 * vtpm_serve() does it at its end, if there were any. For signal handlers.
 */
void vtpm_serve_report(void);

#endif
