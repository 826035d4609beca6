/* SPDX-License-Identifier: MIT */
/**
 * @file store_client.h
 * A client of the store for tests: speaks the wire protocol by
 * simxen_store_feed(), without a socket. Errors are returned as positive
 * errno values, like the protocol names them.
 */
#ifndef SIMXEN_STORE_CLIENT_H
#define SIMXEN_STORE_CLIENT_H

#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <xen/io/xs_wire.h>

struct event {
    char path[XENSTORE_PAYLOAD_MAX];
    char token[XENSTORE_PAYLOAD_MAX];
};

struct client {
    struct simxen_store_conn *conn;
    uint32_t tx;     /**< transaction that the next requests are in */
    uint32_t req_id; /**< of the last request */
    char reply[XENSTORE_PAYLOAD_MAX + 1]; /**< NUL added */
    size_t reply_len;
    uint32_t reply_type;
    struct event *events; /**< received, not yet taken */
    size_t event_count;
    size_t event_room;
    size_t events_before_reply; /**< in the last call */
};

enum { CLIENT_DEAD = -1 };

void client_open(struct client *c, struct simxen_store *s, uint16_t domid);
void client_close(struct client *c);

/** Send a request and take its reply. 0, an errno, or CLIENT_DEAD. */
int client_call(struct client *c, uint32_t type, const void *body, size_t len);

/** Send bytes as they are, take what comes back. 0 or CLIENT_DEAD. */
int client_raw(struct client *c, const void *bytes, size_t len);

/** Take the output that waits: replies, events. */
void client_drain(struct client *c);

/** With one string as the body. */
int client_path(struct client *c, uint32_t type, const char *path);
/** With two strings as the body. */
int client_two(struct client *c, uint32_t type, const char *a, const char *b);

int client_read(struct client *c, const char *path);
int client_write(struct client *c, const char *path, const char *value);
int client_mkdir(struct client *c, const char *path);
int client_rm(struct client *c, const char *path);
/** perms: "n0 r2", separated by blanks. */
int client_set_perms(struct client *c, const char *path, const char *perms);
/** The reply is turned into "n0 r2". */
int client_get_perms(struct client *c, const char *path);
int client_watch(struct client *c, const char *path, const char *token);
int client_unwatch(struct client *c, const char *path, const char *token);
/** Begin; the next requests are in it. */
int client_begin(struct client *c);
int client_end(struct client *c, bool commit);

/** Take the oldest event that is for this path and token. */
bool client_event(struct client *c, const char *path, const char *token);
/** Forget all events. */
void client_no_events(struct client *c);

/* Assertions. */
#define want(rc, call) assert_int_equal((call), (rc))
#define want_value(c, path, value)                                             \
    do {                                                                       \
        assert_int_equal(client_read((c), (path)), 0);                         \
        assert_string_equal((c)->reply, (value));                              \
    } while (0)
#define want_perms(c, path, perms)                                             \
    do {                                                                       \
        assert_int_equal(client_get_perms((c), (path)), 0);                    \
        assert_string_equal((c)->reply, (perms));                              \
    } while (0)

#endif
