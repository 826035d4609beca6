/* SPDX-License-Identifier: MIT */
/**
 * @file xenstore_client.h
 * A client of simxen's xenstore that checks what it gets.
 */
#ifndef VTPMRING_FUZZ_XENSTORE_CLIENT_H
#define VTPMRING_FUZZ_XENSTORE_CLIENT_H

#include "store_internal.h"

#include <stdbool.h>

enum { CLIENT_QUEUE = 4096 };

/** A connection and what it is owed. */
struct client {
    struct simxen_store_conn *conn;
    uint16_t domid;
    uint32_t last_txn; /**< the last that it was told of */
    uint32_t req_id;
    /** A copy of what the store has of requests that are not whole. */
    uint8_t in[SXS_IN_SIZE + 64];
    size_t in_used;
    /** Ids of the requests whose replies are to come, in order. */
    struct {
        uint32_t req_id, tx_id, type;
    } owed[CLIENT_QUEUE];
    size_t owed_first, owed_count;
    bool cut; /**< output was consumed in the middle of a message */
};

/** What no other domain may read. */
extern const char *const client_secret;
/** Whether bytes tell a secret, or the name of a secret node.
 *  @param bytes, len them @return whether */
bool client_leaks(const uint8_t *bytes, size_t len);
/** Connects. @param c the client @param s the store @param domid whose */
void client_open(struct client *c, struct simxen_store *s, uint16_t domid);
/** Disconnects; what was owed need not come. @param c the client */
void client_close(struct client *c);
/** Sends bytes. @param c the client @param bytes, len them */
void client_feed(struct client *c, const void *bytes, size_t len);
/** Sends a request. @param c the client @param type, tx, body, len its parts */
void client_request(struct client *c, uint32_t type, uint32_t tx,
                    const void *body, size_t len);
/** Writes a node. @param c the client @param path, value of the node */
void client_put(struct client *c, const char *path, const char *value);
/** Reads replies and events and checks them. @param c the client
 *  @param most bytes to read */
void client_drain(struct client *c, size_t most);

#endif
