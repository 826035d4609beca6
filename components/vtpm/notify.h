/* SPDX-License-Identifier: MIT */
#ifndef VTPM_NOTIFY_H
#define VTPM_NOTIFY_H

/**
 * @file
 * Tells a service manager how far this process is.
 */

/** Sends `state`, as in sd_notify(3), to the socket that NOTIFY_SOCKET names.
 * Without one, or if nobody listens there, nothing happens.
 * @param state  such as "READY=1" */
void vtpm_notify(const char *state);

#endif
