/* SPDX-License-Identifier: MIT */
/**
 * @file fake_xen_impl.h
 * What the two halves of the fake host share.
 */
#ifndef FAKE_XEN_IMPL_H
#define FAKE_XEN_IMPL_H

#include "fake_xen.h"

#include <pthread.h>
#include <stdatomic.h>
#include <vtpmring/page.h>

#define FAKE_DOMAINS 8
#define FAKE_MAX 1024
#define FAKE_WATCHES 16
#define FAKE_EVENTS 4096
#define FAKE_NODES 256

struct fake_grant {
    uint16_t owner, peer;
    unsigned char *at;
    bool live;
};

struct fake_channel {
    uint16_t owner, peer;
    int remote;
    bool open, pending;
};

struct fake_watch {
    char prefix[VTPMRING_PORT_PATH_MAX]; /* absolute */
    char path[VTPMRING_PORT_PATH_MAX];   /* as registered */
    char token[32];
};

struct fake_node {
    char path[VTPMRING_PORT_PATH_MAX];
    char value[VTPMRING_PORT_VALUE_MAX];
};

struct fake_domain {
    struct vtpmring_port port;
    struct fake_xen *xen;
    pthread_mutex_t lock;
    uint16_t domid;
    int pages, channels;
    unsigned fail_at, waits, woken, lines;
    bool has_failed;
    uint64_t timer_us;
    struct fake_watch watches[FAKE_WATCHES];
    int watch_count;
    struct {
        char path[VTPMRING_PORT_PATH_MAX], token[32];
    } events[FAKE_EVENTS];
    size_t event_first, event_last;
};

struct fake_xen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_domain domains[FAKE_DOMAINS];
    struct fake_grant grants[FAKE_MAX];
    size_t grant_count;
    struct fake_channel channels[FAKE_MAX];
    size_t channel_count;
    struct fake_node nodes[FAKE_NODES];
    size_t node_count;
    struct fake_node saved[FAKE_NODES]; /* of the transaction */
    size_t saved_count;
    _Atomic(uint64_t) ahead_us; /* of the clock */
    bool open;                  /* there is a transaction */
    pthread_t owner;            /* of it */
    bool conflict;              /* the toolstack has written since it began */
};

void fake_enter(struct vtpmring_port *port);
void fake_leave(struct vtpmring_port *port);
bool fake_fails(struct vtpmring_port *port);

enum vtpmring_status fake_store_read(struct vtpmring_port *port,
                                     const char *path, char *value, size_t size,
                                     size_t *length);
enum vtpmring_status fake_store_write(struct vtpmring_port *port,
                                      const char *path, const char *value);
enum vtpmring_status fake_store_remove(struct vtpmring_port *port,
                                       const char *path);
enum vtpmring_status fake_store_list(struct vtpmring_port *port,
                                     const char *path, char *names, size_t size,
                                     size_t *length);
enum vtpmring_status fake_store_begin(struct vtpmring_port *port);
enum vtpmring_status fake_store_end(struct vtpmring_port *port, bool commit);
enum vtpmring_status fake_store_watch(struct vtpmring_port *port,
                                      const char *path, const char *token);
void fake_store_unwatch(struct vtpmring_port *port, const char *path,
                        const char *token);
enum vtpmring_status fake_store_next_watch(struct vtpmring_port *port,
                                           char *path, size_t path_size,
                                           char *token, size_t token_size);

#endif
