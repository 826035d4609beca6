/* SPDX-License-Identifier: MIT */
/**
 * @file client.h
 * A library handle's connection to the daemon.
 */
#ifndef SIMXEN_CLIENT_H
#define SIMXEN_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../wire.h"

struct client {
    int fd;
    pid_t pid; /**< who opened it; a forked child only closes descriptors */
    pthread_mutex_t lock;
};

/** A request and what came back. */
struct call {
    struct simxen_request request;
    struct simxen_ref refs[SIMXEN_BATCH]; /**< request.count of them */
    uint32_t value;
    uint32_t granted[SIMXEN_BATCH]; /**< references of a reply */
    int fds[SIMXEN_BATCH];          /**< the caller's to close */
    unsigned fd_count;
};

/** An empty call of one kind. */
void call_init(struct call *call, enum simxen_op op);

/**
 * Connect to the hypervisor socket of the domain in $SIMXEN_DOMAIN.
 * On failure one line on stderr says why.
 * @param library for that line
 * @return 0 or -1 with errno: ENOENT without $SIMXEN_DOMAIN.
 */
int client_open(struct client *client, enum simxen_kind kind,
                const char *library, bool close_on_exec);

/**
 * Ask the daemon; several threads may.
 * @param fds_wanted the descriptors that a good reply comes with; if they did
 *        not all arrive, none is kept and call->value and call->granted still
 *        say what is to be undone.
 * @return 0; -1 with errno: what the daemon said; EMFILE: no room for the
 *         descriptors; ENOTCONN: the daemon is gone or threw us out.
 */
int client_call(struct client *client, struct call *call, unsigned fds_wanted);

/** Is this the process that opened the handle, not a forked child? */
bool client_is_ours(const struct client *client);

/** End everything the handle has and disconnect. */
void client_close(struct client *client);

#endif
