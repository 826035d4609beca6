/* SPDX-License-Identifier: MIT */
/**
 * @file xen_user.h
 * Inside of the port for user space on Xen: its state, and what its files offer
 * each other. Every file provides some calls of struct vtpmring_port_ops.
 */
#ifndef VTPMRING_XEN_USER_H
#define VTPMRING_XEN_USER_H

#include <pthread.h>
#include <stdatomic.h>
#include <vtpmring/port_xen_user.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>
#include <xentoollog.h>

/** Whether something that wait() waits for still works. A loss is reported
 *  once, and then no more, so that nobody spins on it. */
enum vtpmring_xen_user_health {
    XEN_USER_GOOD,
    XEN_USER_LOST,         /**< wait() reports it at once */
    XEN_USER_LOST_REPORTED /**< wait() leaves it out */
};

/** The port. */
struct vtpmring_port_xen_user {
    struct vtpmring_port port; /**< first: what the users see */

    /* log.c */
    xentoollog_logger xen_logger; /**< for the Xen libraries */
    vtpmring_port_xen_user_log *log;
    void *log_context;
    const char *prog; /**< or NULL */
    bool log_is_journal;
    pthread_mutex_t complaint_lock;
    uint64_t complaint_since_us; /**< start of the current period */
    unsigned complaint_count;    /**< in the current period */

    /* channel.c */
    xenevtchn_handle *evtchn;
    int evtchn_fd;
    pthread_mutex_t take_lock;
    _Atomic uint64_t takes;     /**< how often an event may have been taken */
    _Atomic uint64_t seen;      /**< takes + 1 when an event was seen last */
    _Atomic int channel_health; /**< enum vtpmring_xen_user_health */

    /* memory.c */
    xengnttab_handle *gnttab; /**< NULL without the role */
    xengntshr_handle *gntshr; /**< NULL without the role */

    /* store.c, watch.c */
    struct xs_handle *xs;       /**< for everything but watches */
    struct xs_handle *watch_xs; /**< for watches */
    int watch_fd;               /**< readable when a watch has fired */
    int alive_fd; /**< hangs up when xenstored ends; -1: it cannot */
    int store_fd; /**< both as one */
    _Atomic int store_health; /**< enum vtpmring_xen_user_health */
    xs_transaction_t transaction;

    /* wait.c */
    int timer_fd;
    int server_fd;
    int control_fd;

    /* port.c */
    pthread_mutex_t lock;
    bool one_cpu;
    unsigned cpus;  /* of the machine */
    int loadavg_fd; /* who wants them, or -1 */
};

/** The whole port of its first member. */
static inline struct vtpmring_port_xen_user *
xen_user(struct vtpmring_port *port)
{
    return (struct vtpmring_port_xen_user *)port;
}

/* ---- log.c ---- */

/** Sets up the log; the first thing of all. */
void vtpmring_xen_user_log_init(struct vtpmring_port_xen_user *xen,
                                vtpmring_port_xen_user_log *log, void *context,
                                const char *prog);
/** One line for the operator. */
void vtpmring_xen_user_log(struct vtpmring_port *port, int level,
                           const char *text);
/**
 * A formatted warning about a call that failed. A peer can make calls fail as
 * often as it likes: after some lines there is silence for a minute.
 */
void vtpmring_xen_user_complain(struct vtpmring_port_xen_user *xen,
                                const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/**
 * Says what could not be opened, why (errno) and what to do.
 * @param remedy what mostly helps
 * @return VTPMRING_ENOMEM or VTPMRING_EPORT
 */
enum vtpmring_status
vtpmring_xen_user_open_failed(struct vtpmring_port_xen_user *xen,
                              const char *what, const char *remedy);

/* ---- channel.c ---- */

enum vtpmring_status
vtpmring_xen_user_channels_init(struct vtpmring_port_xen_user *xen);
void vtpmring_xen_user_channels_end(struct vtpmring_port_xen_user *xen);
enum vtpmring_status vtpmring_xen_user_channel_open(struct vtpmring_port *port,
                                                    uint16_t peer,
                                                    uint32_t *channel);
enum vtpmring_status vtpmring_xen_user_channel_bind(struct vtpmring_port *port,
                                                    uint16_t peer,
                                                    uint32_t remote,
                                                    uint32_t *channel);
void vtpmring_xen_user_channel_close(struct vtpmring_port *port,
                                     uint32_t channel);
enum vtpmring_status
vtpmring_xen_user_channel_notify(struct vtpmring_port *port, uint32_t channel);
enum vtpmring_status vtpmring_xen_user_channel_next(struct vtpmring_port *port,
                                                    uint32_t *channel);

/* ---- memory.c ---- */

enum vtpmring_status
vtpmring_xen_user_memory_init(struct vtpmring_port_xen_user *xen,
                              unsigned roles);
void vtpmring_xen_user_memory_end(struct vtpmring_port_xen_user *xen);
enum vtpmring_status vtpmring_xen_user_share(struct vtpmring_port *port,
                                             uint16_t peer, size_t count,
                                             void **pages, uint32_t *refs);
void vtpmring_xen_user_unshare(struct vtpmring_port *port, void *pages,
                               size_t count);
enum vtpmring_status vtpmring_xen_user_map(struct vtpmring_port *port,
                                           uint16_t peer, const uint32_t *refs,
                                           size_t count, void **pages);
void vtpmring_xen_user_unmap(struct vtpmring_port *port, void *pages,
                             size_t count);

/* ---- store.c ---- */

enum vtpmring_status vtpmring_xen_user_store_read(struct vtpmring_port *port,
                                                  const char *path, char *value,
                                                  size_t size, size_t *length);
enum vtpmring_status vtpmring_xen_user_store_write(struct vtpmring_port *port,
                                                   const char *path,
                                                   const char *value);
enum vtpmring_status vtpmring_xen_user_store_remove(struct vtpmring_port *port,
                                                    const char *path);
enum vtpmring_status vtpmring_xen_user_store_list(struct vtpmring_port *port,
                                                  const char *path, char *names,
                                                  size_t size, size_t *length);
enum vtpmring_status vtpmring_xen_user_store_begin(struct vtpmring_port *port);
enum vtpmring_status vtpmring_xen_user_store_end(struct vtpmring_port *port,
                                                 bool commit);

/* ---- watch.c ---- */

enum vtpmring_status
vtpmring_xen_user_store_init(struct vtpmring_port_xen_user *xen);
void vtpmring_xen_user_store_finish(struct vtpmring_port_xen_user *xen);
/** Whether xenstore still answers, as far as is known. */
bool vtpmring_xen_user_store_is_good(struct vtpmring_port_xen_user *xen);
/** xenstored has gone: says so once. Any thread. */
void vtpmring_xen_user_store_lost(struct vtpmring_port_xen_user *xen);
/** What the failure (errno) of a store call means; logs what is no peer's. */
enum vtpmring_status
vtpmring_xen_user_store_failed(struct vtpmring_port_xen_user *xen,
                               const char *verb, const char *path);
enum vtpmring_status vtpmring_xen_user_store_watch(struct vtpmring_port *port,
                                                   const char *path,
                                                   const char *token);
void vtpmring_xen_user_store_unwatch(struct vtpmring_port *port,
                                     const char *path, const char *token);
enum vtpmring_status
vtpmring_xen_user_store_next_watch(struct vtpmring_port *port, char *path,
                                   size_t path_size, char *token,
                                   size_t token_size);

/* ---- wait.c ---- */

enum vtpmring_status
vtpmring_xen_user_wait_init(struct vtpmring_port_xen_user *xen);
void vtpmring_xen_user_wait_end(struct vtpmring_port_xen_user *xen);
unsigned vtpmring_xen_user_wait(struct vtpmring_port *port, unsigned want,
                                int timeout_ms);
void vtpmring_xen_user_wake(struct vtpmring_port *port,
                            enum vtpmring_port_event which);
void vtpmring_xen_user_timer(struct vtpmring_port *port, unsigned timeout_ms);
uint64_t vtpmring_xen_user_now_us(struct vtpmring_port *port);

#endif
