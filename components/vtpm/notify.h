/* SPDX-License-Identifier: MIT */
#ifndef VTPM_NOTIFY_H
#define VTPM_NOTIFY_H

/**
 * @file
 * Tells a service manager, or a script, how far this process is.
 */

/** Sends `state`, as in sd_notify(3), to the socket that NOTIFY_SOCKET names.
 * Without one, or if nobody listens there, nothing happens.
 * @param state  such as "READY=1" */
void vtpm_notify(const char *state);

/** Writes a line to a descriptor, whoever listens there, and closes it.
 * @param fd  open, or -1: nothing happens */
void vtpm_notify_fd(int fd);

#endif
