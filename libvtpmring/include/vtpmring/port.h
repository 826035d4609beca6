/* SPDX-License-Identifier: MIT */
/**
 * @file port.h
 * What the link needs from the platform: a table of calls, chosen at run time.
 *
 * A port embeds struct vtpmring_port as its first member. Calls marked "any
 * thread" may be made by several threads at once; all others are made by one
 * thread at a time, though not always by the same.
 *
 * Status of the calls, where the text does not say otherwise: VTPMRING_OK,
 * VTPMRING_EPORT (the platform refused or failed), VTPMRING_ENOMEM. A call that
 * fails has changed nothing.
 */
#ifndef VTPMRING_PORT_H
#define VTPMRING_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vtpmring_port;

/** What wait() can wait for, and what it reports: a set of bits. */
enum vtpmring_port_event {
    VTPMRING_PORT_CHANNEL = 1, /**< an event channel: channel_next() */
    VTPMRING_PORT_STORE = 2,   /**< a xenstore watch: store_next_watch() */
    VTPMRING_PORT_TIMER = 4,   /**< the timer has run out */
    VTPMRING_PORT_SERVER = 8,  /**< wake(VTPMRING_PORT_SERVER) was called */
    VTPMRING_PORT_CONTROL = 16 /**< wake(VTPMRING_PORT_CONTROL) was called */
};

/** Longest xenstore path that the link uses, with its NUL, in bytes. */
#define VTPMRING_PORT_PATH_MAX 256
/** Longest xenstore value that the link reads, in bytes. */
#define VTPMRING_PORT_VALUE_MAX 256

/** The calls of a port. */
struct vtpmring_port_ops {
    /**
     * Allocates zeroed pages in one piece and grants them to the peer for
     * reading and writing. refs gets one reference per page.
     */
    enum vtpmring_status (*share)(struct vtpmring_port *port, uint16_t peer,
                                  size_t count, void **pages, uint32_t *refs);
    /** Ends the grants; memory that the peer still maps is freed when it lets
     *  go, never before. */
    void (*unshare)(struct vtpmring_port *port, void *pages, size_t count);
    /** Maps pages of the peer, in one piece, for reading and writing. */
    enum vtpmring_status (*map)(struct vtpmring_port *port, uint16_t peer,
                                const uint32_t *refs, size_t count,
                                void **pages);
    /** Unmaps what map() mapped. */
    void (*unmap)(struct vtpmring_port *port, void *pages, size_t count);

    /** Opens an event channel that the peer may bind; gets our port number. */
    enum vtpmring_status (*channel_open)(struct vtpmring_port *port,
                                         uint16_t peer, uint32_t *channel);
    /** Binds the event channel that the peer opened; gets our port number. */
    enum vtpmring_status (*channel_bind)(struct vtpmring_port *port,
                                         uint16_t peer, uint32_t remote,
                                         uint32_t *channel);
    /** Closes an event channel. */
    void (*channel_close)(struct vtpmring_port *port, uint32_t channel);
    /** Sends an event. Any thread. */
    enum vtpmring_status (*channel_notify)(struct vtpmring_port *port,
                                           uint32_t channel);
    /** Takes the next event that has come and makes the channel ready for
     *  another; VTPMRING_AGAIN if there is none. Never blocks. Any thread. */
    enum vtpmring_status (*channel_next)(struct vtpmring_port *port,
                                         uint32_t *channel);

    /**
     * Reads a node. Relative paths are below the own domain. Inside a
     * transaction if one was begun (so with all store calls).
     * VTPMRING_EPEER_GONE: there is no such node, or we may not read it.
     * VTPMRING_EPEER_STRING: the path is none (so with all that take one).
     * VTPMRING_ENOMEM: also a quota of xenstore (so with all store calls).
     * VTPMRING_ENOBUF: the value is longer than size; *length is size.
     * The value need not end in a NUL: length counts.
     */
    enum vtpmring_status (*store_read)(struct vtpmring_port *port,
                                       const char *path, char *value,
                                       size_t size, size_t *length);
    /** Writes a node: a string, without its NUL. VTPMRING_EPEER_GONE as above,
     *  or the directory is not ours. */
    enum vtpmring_status (*store_write)(struct vtpmring_port *port,
                                        const char *path, const char *value);
    /** Removes a node and all below it; one that is not there is removed. */
    enum vtpmring_status (*store_remove)(struct vtpmring_port *port,
                                         const char *path);
    /** Names of the nodes below, each ended by a NUL. VTPMRING_EPEER_GONE as
     *  above; VTPMRING_ENOBUF: names that did not fit are left out. */
    enum vtpmring_status (*store_list)(struct vtpmring_port *port,
                                       const char *path, char *names,
                                       size_t size, size_t *length);
    /** Begins a transaction; one at a time. */
    enum vtpmring_status (*store_begin)(struct vtpmring_port *port);
    /** Ends the transaction; VTPMRING_AGAIN: it met another writer, nothing was
     *  written, begin anew. */
    enum vtpmring_status (*store_end)(struct vtpmring_port *port, bool commit);
    /** Watches a node and all below it; fires once at once. */
    enum vtpmring_status (*store_watch)(struct vtpmring_port *port,
                                        const char *path, const char *token);
    /** Ends a watch. Events that came before may still be reported. */
    void (*store_unwatch)(struct vtpmring_port *port, const char *path,
                          const char *token);
    /** Takes the next watch event: path, which may be cut to fit, and token.
     *  VTPMRING_AGAIN if there is none. VTPMRING_EPORT: xenstore is lost. */
    enum vtpmring_status (*store_next_watch)(struct vtpmring_port *port,
                                             char *path, size_t path_size,
                                             char *token, size_t token_size);

    /**
     * Sleeps until one of the wanted events is there. Any thread.
     * @param want bits of enum vtpmring_port_event
     * @param timeout_ms longest sleep; 0 does not sleep, -1 has no end
     * @return those of the wanted events that are there; 0 on timeout.
     *         TIMER, SERVER and CONTROL are taken by reporting them; CHANNEL
     *         and STORE stay until channel_next() / store_next_watch() have
     *         taken all.
     */
    unsigned (*wait)(struct vtpmring_port *port, unsigned want, int timeout_ms);
    /** Makes wait() report SERVER or CONTROL. Any thread, any signal handler.
     */
    void (*wake)(struct vtpmring_port *port, enum vtpmring_port_event which);
    /** Starts the timer: wait() reports TIMER after so long. Any thread. */
    void (*timer)(struct vtpmring_port *port, unsigned timeout_ms);
    /** A clock that only goes forward, in microseconds. Any thread. */
    uint64_t (*now_us)(struct vtpmring_port *port);
    /** Tells the CPU, and sometimes the scheduler, that we spin. Any thread. */
    void (*relax)(struct vtpmring_port *port);
    /** Whether more want a CPU than there are, so that who spins keeps another
     *  from it. May cost some microseconds. Any thread. */
    bool (*is_crowded)(struct vtpmring_port *port);

    /** Takes the port's lock; not recursive. Any thread. */
    void (*lock)(struct vtpmring_port *port);
    /** Gives it back. Any thread. */
    void (*unlock)(struct vtpmring_port *port);
    /** Zeroed memory, or NULL. Any thread. */
    void *(*alloc)(struct vtpmring_port *port, size_t size);
    /** Frees it; NULL is harmless. Any thread. */
    void (*free)(struct vtpmring_port *port, void *memory);
    /** One line for the operator: level as syslog has it (3 error, 4 warning,
     *  6 info, 7 debug), text without a final newline. Any thread. */
    void (*log)(struct vtpmring_port *port, int level, const char *text);
};

/** A port: its table. */
struct vtpmring_port {
    const struct vtpmring_port_ops *ops; /**< the calls */
};

#ifdef __cplusplus
}
#endif

#endif
