/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_SERVE_H
#define VTPMMGR_SERVE_H

/**
 * @file
 * Joins the manager to vTPMs, over a set of backends, and to local
 * administrators: a thread that serves vTPMs, one for xenstore, and one for the
 * local socket.
 */

#include "manager.h"

struct vtpmmgr_serve_options {
    const char *socket; /**< NULL: none */
    unsigned max_devices;
    unsigned poll_us;
    int ready_fd; /**< vtpm_notify_fd() when it serves; -1: none */
};

/**
 * Serves until vtpmmgr_serve_stop(). Call it from the main thread, once.
 * @param manager stays the caller's; nobody else uses it meanwhile
 * @return VTPM_OK (stopped); VTPM_EIO (Xen cannot be reached, or xenstore was
 *         lost); VTPM_EBUSY, VTPM_EACCESS, VTPM_EINVAL (the socket's path);
 *         VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_serve(struct vtpmmgr_manager *manager,
                               const struct vtpmmgr_serve_options *options,
                               struct vtpm_error *err);

/** Makes vtpmmgr_serve() return once the running command is answered. For
 * signal handlers; before vtpmmgr_serve() it makes it return at once. */
void vtpmmgr_serve_stop(void);

/** Writes a line on standard error: how many commands of vTPMs were answered,
 * and how long that took. For signal handlers. */
void vtpmmgr_serve_report(void);

#endif
