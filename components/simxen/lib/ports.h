/* SPDX-License-Identifier: MIT */
/**
 * @file ports.h
 * The ports of one event channel handle: their pipes, their state words and
 * the epoll descriptor that the program waits on. None of this asks the
 * daemon anything.
 */
#ifndef SIMXEN_PORTS_H
#define SIMXEN_PORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../wire.h"

struct local_port;

struct ports {
    int epoll_fd;
    _Atomic bool polled;   /**< the program has the epoll descriptor */
    pthread_rwlock_t lock; /**< writers: ports come and go */
    uint32_t generation;
    struct local_port *port[SIMXEN_MAX_PORTS + 1];
};

/** @return 0 or -1 with errno. */
int ports_init(struct ports *ports, bool close_on_exec);
/** Close every descriptor. @param unmap also what is mapped. */
void ports_close(struct ports *ports, bool unmap);

/**
 * Add a port. @param fds receive, send, channel page; owned from here on, on
 * failure too. @param end which end of the channel page is the port's own.
 * @return 0 or -1 with errno.
 */
int ports_add(struct ports *ports, uint32_t number, unsigned end,
              const int fds[SIMXEN_PORT_FDS]);
/** @return false: it is not there. */
bool ports_remove(struct ports *ports, uint32_t number);
bool ports_has(struct ports *ports, uint32_t number);

/** Send an event. @return false: it is not there. */
bool ports_notify(struct ports *ports, uint32_t number);
/** Let a port's events through again. @return false: it is not there. */
bool ports_unmask(struct ports *ports, uint32_t number);

/**
 * Take the next event and mask its port. Blocks until there is one, with
 * these exceptions, errno EAGAIN: the descriptor is non-blocking; or the
 * program waits on it and a wake-up turned out to be no event.
 * @return the port, or -1 with errno.
 */
int ports_take(struct ports *ports);

#endif
