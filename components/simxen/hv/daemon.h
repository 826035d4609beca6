/* SPDX-License-Identifier: MIT */
/**
 * @file daemon.h
 * The daemon from start to stop.
 */
#ifndef SIMXEN_DAEMON_H
#define SIMXEN_DAEMON_H

#include <stdbool.h>

/**
 * Serve a host in dir until it is told to stop by the control socket, SIGTERM
 * or SIGINT, then remove all of it, dir included.
 *
 * @param dir   the runtime folder; made with mode 0700 if absent, must belong
 *              to the caller and be closed to others.
 * @param ready called once, when every socket answers; NULL is allowed.
 * @return 0; -EALREADY: a daemon runs there already; -EPERM: the folder is not
 *         ours alone; -ENAMETOOLONG: the path is too long for its sockets;
 *         or another -errno. All but the end of serving come before ready.
 */
int daemon_serve(const char *dir, void (*ready)(void *ctx), void *ctx);

#endif
