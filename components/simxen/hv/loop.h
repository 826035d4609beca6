/* SPDX-License-Identifier: MIT */
/**
 * @file loop.h
 * The daemon's event loop and the host it serves.
 */
#ifndef SIMXEN_LOOP_H
#define SIMXEN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct simxen_store;
struct domain;
struct client;

/** A descriptor in the loop. */
struct source {
    int fd; /**< -1 while it is not in the loop */
    /** Called with the epoll events; it may remove any source. */
    void (*ready)(struct source *source, uint32_t events);
    void *owner;
};

/** The machine that is simulated. */
struct host {
    int epoll_fd;
    int spare_fd;      /**< given up for a moment to refuse a connection when
                            there are no more descriptors */
    unsigned fd_share; /**< descriptors one domain may take up */
    bool stopping;
    char *dir;
    struct simxen_store *store;
    uint32_t next_domid;
    unsigned domain_count;
    LIST_HEAD(, domain) domains;
    struct source control;
    struct source signals;
    LIST_HEAD(, client) clients;
};

/** Put a source into the loop. @return 0 or -errno. */
int source_add(struct host *host, struct source *source, int fd,
               uint32_t events);
/** Change the events that a source waits for. */
void source_change(struct host *host, struct source *source, uint32_t events);
/** Take it out of the loop and close its descriptor. */
void source_close(struct host *host, struct source *source);
/** Take it out of the loop; the descriptor stays open and is the caller's. */
void source_forget(struct host *host, struct source *source);

/**
 * Accept one connection, non-blocking and close-on-exec.
 * @return the descriptor, or -1: there was none, or it had to be refused.
 */
int host_accept(struct host *host, int listen_fd);

/**
 * A listening socket at path.
 * @param type SOCK_STREAM or SOCK_SEQPACKET
 * @return the descriptor or -errno; -ENAMETOOLONG: no room in sun_path.
 */
int host_listen(const char *path, int type);

/** Serve until host->stopping. @return 0 or -errno. */
int host_run(struct host *host);

#endif
