/* SPDX-License-Identifier: MIT */
#include "xenstore_client.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* No path has such characters, so it cannot be the name of a node. */
const char *const client_secret = "\x01\xfe!secret!\xfe\x01";

static bool contains(const uint8_t *bytes, size_t len, const char *what)
{
    size_t n = strlen(what);

    for (size_t i = 0; i + n <= len; i++)
        if (bytes[i] == (uint8_t)what[0] && memcmp(bytes + i, what, n) == 0)
            return true;
    return false;
}

bool client_leaks(const uint8_t *bytes, size_t len)
{
    return contains(bytes, len, "!secret!") || contains(bytes, len, "hidden-");
}

void client_open(struct client *c, struct simxen_store *s, uint16_t domid)
{
    c->domid = domid;
    c->last_txn = c->req_id = 0;
    c->in_used = c->owed_first = c->owed_count = 0;
    c->cut = false;
    c->conn = simxen_store_connect(s, -1, domid, NULL, NULL);
    if (c->conn == NULL)
        abort();
}

void client_close(struct client *c)
{
    simxen_store_disconnect(c->conn);
    c->conn = NULL;
}

/* Which requests became whole by these bytes. */
static void owe(struct client *c, const uint8_t *bytes, size_t len)
{
    struct xsd_sockmsg hdr;

    while (len > 0) {
        size_t room = sizeof(c->in) - c->in_used;
        size_t part = len < room ? len : room;

        memcpy(c->in + c->in_used, bytes, part);
        c->in_used += part;
        bytes += part;
        len -= part;
        while (c->in_used >= sizeof(hdr)) {
            size_t whole;

            memcpy(&hdr, c->in, sizeof(hdr));
            if (hdr.len > XENSTORE_PAYLOAD_MAX)
                return; /* the end of the connection */
            whole = sizeof(hdr) + hdr.len;
            if (c->in_used < whole)
                break;
            c->in_used -= whole;
            memmove(c->in, c->in + whole, c->in_used);
            if (c->owed_count < CLIENT_QUEUE) {
                size_t at = (c->owed_first + c->owed_count) % CLIENT_QUEUE;

                c->owed[at].req_id = hdr.req_id;
                c->owed[at].tx_id = hdr.tx_id;
                c->owed[at].type = hdr.type;
            }
            c->owed_count++;
        }
    }
}

void client_feed(struct client *c, const void *bytes, size_t len)
{
    int rc;

    if (len == 0 || c->conn->dead)
        return;
    owe(c, bytes, len);
    rc = simxen_store_feed(c->conn, bytes, len);
    fuzz_check((rc != 0) == c->conn->dead, "a dead connection is hidden");
    fuzz_check(c->conn->out_bytes <= (c->domid == 0 ? (size_t)SXS_OUT_MAX
                                                    : (size_t)SXS_QUOTA_OUT),
               "too much output is kept");
    fuzz_check(c->owed_count < CLIENT_QUEUE, "a harness's queue is too short");
}

void client_request(struct client *c, uint32_t type, uint32_t tx,
                    const void *body, size_t len)
{
    struct xsd_sockmsg hdr = {
        .type = type, .req_id = ++c->req_id, .tx_id = tx, .len = (uint32_t)len};
    uint8_t message[sizeof(hdr) + 600];

    memcpy(message, &hdr, sizeof(hdr));
    if (len > 0)
        memcpy(message + sizeof(hdr), body, len);
    client_feed(c, message, sizeof(hdr) + len);
}

void client_put(struct client *c, const char *path, const char *value)
{
    char text[128];
    size_t name = strlen(path) + 1, len = strlen(value);

    memcpy(text, path, name);
    memcpy(text + name, value, len);
    client_request(c, XS_WRITE, 0, text, name + len);
}

static void check_reply(struct client *c, const struct xsd_sockmsg *hdr,
                        const uint8_t *body)
{
    size_t at = c->owed_first;

    fuzz_check(c->owed_count > 0, "a reply without a request");
    c->owed_first = (c->owed_first + 1) % CLIENT_QUEUE;
    c->owed_count--;
    fuzz_check(hdr->req_id == c->owed[at].req_id &&
                   hdr->tx_id == c->owed[at].tx_id,
               "a reply to another request");
    fuzz_check(hdr->type == c->owed[at].type || hdr->type == XS_ERROR,
               "a reply of another type");
    if (hdr->type == XS_ERROR) {
        fuzz_check(hdr->len > 1 && body[hdr->len - 1] == '\0',
                   "an error is no text");
        return;
    }
    if (hdr->type == XS_TRANSACTION_START)
        c->last_txn = (uint32_t)strtoul((const char *)body, NULL, 10);
    if (hdr->type == XS_CONTROL && hdr->len == 3)
        fuzz_check(memcmp(body, "OK", 3) == 0, "the store is inconsistent");
}

static void check_message(struct client *c, const uint8_t *bytes, size_t len)
{
    struct xsd_sockmsg hdr;

    fuzz_check(len >= sizeof(hdr), "a message is cut off");
    memcpy(&hdr, bytes, sizeof(hdr));
    fuzz_check(hdr.len <= XENSTORE_PAYLOAD_MAX && len == sizeof(hdr) + hdr.len,
               "a message of wrong length");
    if (c->domid != 0 && c->domid != 2)
        fuzz_check(!client_leaks(bytes + sizeof(hdr), hdr.len),
                   "a domain gets to know what is private to another");
    if (hdr.type != XS_WATCH_EVENT) {
        check_reply(c, &hdr, bytes + sizeof(hdr));
        return;
    }
    fuzz_check(hdr.req_id == 0 && hdr.tx_id == 0, "an event is a reply");
    fuzz_check(hdr.len >= 2 && bytes[len - 1] == '\0' &&
                   memchr(bytes + sizeof(hdr), '\0', hdr.len - 1) != NULL,
               "an event is not two strings");
}

void client_drain(struct client *c, size_t most)
{
    const uint8_t *bytes;
    size_t len;

    while (most > 0 && !c->conn->dead &&
           (bytes = simxen_store_output(c->conn, &len)) != NULL) {
        size_t part = len < most ? len : most;

        if (!c->cut)
            check_message(c, bytes, len);
        c->cut = part < len;
        simxen_store_consume(c->conn, part);
        most -= part;
    }
    if (!c->conn->dead && simxen_store_output(c->conn, &len) == NULL)
        fuzz_check(c->owed_count == 0, "a request gets no reply");
}
