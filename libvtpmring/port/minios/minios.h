/* SPDX-License-Identifier: MIT */
/**
 * @file minios.h
 * What the files of the port share.
 */
#ifndef VTPMRING_MINIOS_H
#define VTPMRING_MINIOS_H

#include <vtpmring/port_minios.h>

#include <mini-os/types.h>
#include <mini-os/os.h>
#include <mini-os/lib.h>
#include <mini-os/events.h>
#include <mini-os/gntmap.h>
#include <mini-os/semaphore.h>
#include <mini-os/wait.h>
#include <mini-os/xenbus.h>
#include <mini-os/xmalloc.h>

/* An event channel. Events on it are in a queue, each channel at most once,
 * that handlers lengthen with events off. */
struct vtpmring_minios_channel {
    evtchn_port_t number;
    bool pending;
    struct vtpmring_minios_port *owner;
    struct vtpmring_minios_channel *next;    /* in the queue */
    struct vtpmring_minios_channel *another; /* in the bucket */
};

/* Pages that we grant. */
struct vtpmring_minios_share {
    void *pages;
    size_t count;
    struct vtpmring_minios_share *next;
    uint32_t refs[]; /* ended ones are 0 */
};

/* Pages of a peer. */
struct vtpmring_minios_map {
    struct gntmap map;
    void *pages;
    struct vtpmring_minios_map *next;
};

#define MINIOS_BUCKETS 256u

struct vtpmring_minios_port {
    struct vtpmring_port port;
    struct vtpmring_minios_share *shares;
    struct vtpmring_minios_map *maps;
    struct vtpmring_minios_channel *channels[MINIOS_BUCKETS];
    struct vtpmring_minios_channel *pending, **last; /* the queue */
    xenbus_event_queue watches;
    xenbus_transaction_t transaction;
    unsigned woken; /* SERVER and CONTROL */
    bool timing;
    s_time_t timer_at; /* ns */
    struct semaphore mutex;
};

static inline struct vtpmring_minios_port *minios(struct vtpmring_port *port)
{
    return (struct vtpmring_minios_port *)port;
}

/* memory.c */
enum vtpmring_status vtpmring_minios_share(struct vtpmring_port *port,
                                           uint16_t peer, size_t count,
                                           void **pages, uint32_t *refs);
void vtpmring_minios_unshare(struct vtpmring_port *port, void *pages,
                             size_t count);
enum vtpmring_status vtpmring_minios_map(struct vtpmring_port *port,
                                         uint16_t peer, const uint32_t *refs,
                                         size_t count, void **pages);
void vtpmring_minios_unmap(struct vtpmring_port *port, void *pages,
                           size_t count);
/* Frees what is left over as far as the peers have let go of it. */
void vtpmring_minios_reap(void);

/* channel.c */
enum vtpmring_status vtpmring_minios_channel_open(struct vtpmring_port *port,
                                                  uint16_t peer,
                                                  uint32_t *channel);
enum vtpmring_status vtpmring_minios_channel_bind(struct vtpmring_port *port,
                                                  uint16_t peer,
                                                  uint32_t remote,
                                                  uint32_t *channel);
void vtpmring_minios_channel_close(struct vtpmring_port *port,
                                   uint32_t channel);
enum vtpmring_status vtpmring_minios_channel_notify(struct vtpmring_port *port,
                                                    uint32_t channel);
enum vtpmring_status vtpmring_minios_channel_next(struct vtpmring_port *port,
                                                  uint32_t *channel);

/* store.c */
enum vtpmring_status vtpmring_minios_read(struct vtpmring_port *port,
                                          const char *path, char *value,
                                          size_t size, size_t *length);
enum vtpmring_status vtpmring_minios_write(struct vtpmring_port *port,
                                           const char *path, const char *value);
enum vtpmring_status vtpmring_minios_remove(struct vtpmring_port *port,
                                            const char *path);
enum vtpmring_status vtpmring_minios_list(struct vtpmring_port *port,
                                          const char *path, char *names,
                                          size_t size, size_t *length);
enum vtpmring_status vtpmring_minios_begin(struct vtpmring_port *port);
enum vtpmring_status vtpmring_minios_end(struct vtpmring_port *port,
                                         bool commit);
enum vtpmring_status vtpmring_minios_watch(struct vtpmring_port *port,
                                           const char *path, const char *token);
void vtpmring_minios_unwatch(struct vtpmring_port *port, const char *path,
                             const char *token);
enum vtpmring_status vtpmring_minios_next_watch(struct vtpmring_port *port,
                                                char *path, size_t path_size,
                                                char *token, size_t token_size);

/* wait.c */
unsigned vtpmring_minios_wait(struct vtpmring_port *port, unsigned want,
                              int timeout_ms);
void vtpmring_minios_wake(struct vtpmring_port *port,
                          enum vtpmring_port_event which);
void vtpmring_minios_timer(struct vtpmring_port *port, unsigned timeout_ms);

#endif
