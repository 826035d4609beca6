/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_LOCAL_H
#define VTPMMGR_LOCAL_H

/**
 * @file
 * Local administrators: a Unix socket and a thread that serves it. A packet is
 * a frame, and is answered with a packet; docs/manager-protocol.md has the
 * contract.
 */

#include "manager.h"

struct vtpmmgr_local;

/** Clients at once; one more takes the place of the oldest. */
#define VTPMMGR_LOCAL_CLIENTS 16u

/**
 * Makes the socket and serves it. What a manager that was killed left behind at
 * that path is replaced; a socket that somebody serves is not, nor anything
 * else.
 * @param local to be ended by vtpmmgr_local_end(); NULL on failure
 * @param path  kept as a pointer; its folder is made if only that is missing
 * @return VTPM_OK; VTPM_EINVAL (too long, or something else is there);
 *         VTPM_EBUSY (another manager serves it); VTPM_EACCESS;
 *         VTPM_EUNPROVISIONED (no such folder); VTPM_ENOMEM; VTPM_EIO
 */
enum vtpm_status vtpmmgr_local_begin(struct vtpmmgr_local **local,
                                     struct vtpmmgr_manager *manager,
                                     const char *path, struct vtpm_error *err);

/** Ends it after the command that runs, and removes the socket. NULL does
 * nothing. */
void vtpmmgr_local_end(struct vtpmmgr_local *local);

#endif
