/* SPDX-License-Identifier: MIT */
/**
 * @file store.h
 * The xenstore of simxen: an in-memory, single-threaded, event-driven server
 * of the wire protocol of xen/io/xs_wire.h.
 *
 * The caller owns the event loop. It accepts a stream socket, finds out which
 * domain is at the other end, and hands the descriptor over; the store tells
 * it which epoll events to wait for, and the caller reports them.
 *
 * Limits of domains other than Domain-0, over all their connections: 1,000
 * nodes owned, 2,048 bytes in a node (value, children's names, permissions),
 * 5 permissions on a node, 128 levels, 128 watches, 10 transactions with 1,024
 * nodes each and 2.5 MiB written in all of them (ENOSPC).
 *
 * A connection is not read while 16 KiB of its output wait. An event that
 * waits already is not queued again. If 256 KiB of output wait all the same
 * (8 MiB for Domain-0), the connection is dropped: a client that has missed an
 * event without knowing would wait for ever. A transaction that is still open
 * after 65,536 changes of nodes by others fails with EAGAIN, so that old
 * versions of nodes do not pile up. A message longer than
 * XENSTORE_PAYLOAD_MAX ends the connection, any other nonsense gets an error.
 *
 * Nothing here blocks, starts a thread or keeps global state. All functions
 * of one store are called from one thread.
 */
#ifndef SIMXEN_STORE_H
#define SIMXEN_STORE_H

#include <stddef.h>
#include <stdint.h>

struct simxen_store;
struct simxen_store_conn;

/**
 * Make a store that holds the root nodes a freshly booted Xen host has
 * ("/", /tool, /local, /local/domain, /libxl, /vm), all of them Domain-0's and
 * closed to others. No domain is introduced yet, Domain-0 included.
 *
 * @return the store, owned by the caller, or NULL without memory.
 */
struct simxen_store *simxen_store_new(void);

/** Disconnect every connection and free everything. NULL is allowed. */
void simxen_store_free(struct simxen_store *s);

/**
 * Introduce a domain: create what the toolstack writes for a new domain and
 * fire @introduceDomain.
 *
 * Beneath /local/domain/DOMID, which Domain-0 owns and the domain may read:
 * name, domid, device and control (readable by the domain), control/shutdown,
 * backend, data, drivers, feature, attr and error (owned by the domain, so
 * that it can create beneath them); and /libxl/DOMID and its device, closed to
 * the domain. What an earlier domain left there is removed before.
 *
 * @return 0; -EEXIST: already introduced; -EINVAL: a reserved domid or a name
 *         that is empty or longer than 255 bytes; -ENOMEM.
 */
int simxen_store_introduce(struct simxen_store *s, uint16_t domid,
                           const char *name);

/**
 * The domain is gone: its connections die (the next simxen_store_io() of each
 * returns -1), /local/domain/DOMID, /libxl/DOMID and whatever else it owns are
 * removed, it disappears from the permissions of the nodes that stay, and
 * @releaseDomain fires.
 * Without effect for a domain that is not introduced.
 */
void simxen_store_release(struct simxen_store *s, uint16_t domid);

/**
 * Add a connection. The domain need not be introduced: the connection of a
 * domain that is released is dead, that of one not yet introduced is not.
 *
 * @param fd     a connected, non-blocking stream socket; owned by the store
 *               from here on, also when NULL is returned; or -1 for a
 *               connection without a socket, see simxen_store_feed().
 * @param update called whenever the epoll events that the connection waits
 *               for change, from any call to the store, the first time before
 *               this function returns; NULL is allowed. It must not call the
 *               store.
 * @return the connection, owned by the store until simxen_store_disconnect(),
 *         or NULL without memory.
 */
struct simxen_store_conn *
simxen_store_connect(struct simxen_store *s, int fd, uint16_t domid,
                     void (*update)(void *ctx, struct simxen_store_conn *c,
                                    uint32_t epoll_events),
                     void *ctx);

/**
 * Carry out the socket I/O that epoll reported ready.
 *
 * A connection that must be dropped while another one is served is marked
 * dead, its socket is shut down (so that epoll reports it) and it waits for
 * EPOLLIN | EPOLLOUT.
 *
 * @return 0; -1: the caller must now simxen_store_disconnect() it.
 */
int simxen_store_io(struct simxen_store_conn *c, uint32_t epoll_events);

/**
 * Close the socket, end the transactions and watches, free the connection.
 *
 * The caller takes the descriptor out of its epoll set first (EPOLL_CTL_DEL):
 * closing does not while a forked child has not yet executed its program and
 * still holds the descriptor, and the set would report a freed connection.
 */
void simxen_store_disconnect(struct simxen_store_conn *c);

/** The connection's descriptor, or -1. */
int simxen_store_fd(const struct simxen_store_conn *c);

/**
 * The protocol without a socket: process bytes as if they had been read.
 * Replies and events are appended to the output, see simxen_store_output().
 *
 * All of it is processed, however much output waits (up to the limit where
 * the connection is dropped).
 *
 * @return 0; -1: the connection is dead, disconnect it.
 */
int simxen_store_feed(struct simxen_store_conn *c, const void *bytes,
                      size_t len);

/**
 * The bytes to be written next: the rest of one message, not all that waits.
 * Valid until the next call to the store.
 * @return NULL (and *len is 0) when nothing waits.
 */
const uint8_t *simxen_store_output(const struct simxen_store_conn *c,
                                   size_t *len);

/** len bytes have been written (of the messages in their order). */
void simxen_store_consume(struct simxen_store_conn *c, size_t len);

#endif
