/* SPDX-License-Identifier: MIT */
/**
 * @file ask.h
 * The command line's side of the control socket. Whatever fails says why in a
 * line on stderr.
 */
#ifndef SIMXEN_ASK_H
#define SIMXEN_ASK_H

#include "../control_wire.h"

/** Connect to the daemon of a runtime folder. @return descriptor or -1. */
int ask_connect(const char *dir);

/**
 * One request.
 * @return 0, or -errno of the daemon, or -EIO if it does not answer; nothing
 *         is printed.
 */
int ask(int fd, enum simxen_control_op op, uint32_t domid, const char *name,
        struct simxen_control_reply *reply);

/**
 * Resolve a domain given by name or domid.
 * @return 0 or -1.
 */
int ask_domain(int fd, const char *name_or_id,
               struct simxen_control_reply *reply);

/** Create a domain. @return 0 or -1. */
int ask_create(int fd, const char *name, struct simxen_control_reply *reply);

/** The domain of this name or domid, created if absent. @return 0 or -1. */
int ask_find_or_create(int fd, const char *name_or_id,
                       struct simxen_control_reply *reply);

#endif
