/* SPDX-License-Identifier: MIT */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void client_open(struct client *c, struct simxen_store *s, uint16_t domid)
{
    memset(c, 0, sizeof(*c));
    c->conn = simxen_store_connect(s, -1, domid, NULL, NULL);
    assert_non_null(c->conn);
}

void client_close(struct client *c)
{
    simxen_store_disconnect(c->conn);
    free(c->events);
    memset(c, 0, sizeof(*c));
}

static void take_event(struct client *c, const char *body, size_t len)
{
    const char *nul = memchr(body, '\0', len);
    struct event *e;

    assert_non_null(nul);
    assert_int_equal(body[len - 1], 0);
    assert_int_equal(strlen(nul + 1) + 1, body + len - nul - 1);
    if (c->event_count == c->event_room) {
        c->event_room = c->event_room ? 2 * c->event_room : 16;
        c->events = realloc(c->events, c->event_room * sizeof(*c->events));
        assert_non_null(c->events);
    }
    e = &c->events[c->event_count++];
    strcpy(e->path, body);
    strcpy(e->token, nul + 1);
}

static void take(struct client *c, const uint8_t *msg, size_t len)
{
    struct xsd_sockmsg hdr;
    const char *body = (const char *)msg + sizeof(hdr);

    memcpy(&hdr, msg, sizeof(hdr));
    assert_int_equal(len, sizeof(hdr) + hdr.len);
    assert_true(hdr.len <= XENSTORE_PAYLOAD_MAX);
    if (hdr.type == XS_WATCH_EVENT) {
        assert_int_equal(hdr.req_id, 0);
        assert_int_equal(hdr.tx_id, 0);
        take_event(c, body, hdr.len);
        if (c->reply_type == XS_INVALID)
            c->events_before_reply++;
        return;
    }
    if (c->reply_type == XS_INVALID)
        assert_int_equal(hdr.req_id, c->req_id);
    c->reply_type = hdr.type;
    c->reply_len = hdr.len;
    memcpy(c->reply, body, hdr.len);
    c->reply[hdr.len] = '\0';
}

void client_drain(struct client *c)
{
    const uint8_t *p;
    size_t len;

    while ((p = simxen_store_output(c->conn, &len))) {
        take(c, p, len);
        simxen_store_consume(c->conn, len);
    }
}

int client_raw(struct client *c, const void *bytes, size_t len)
{
    int rc = simxen_store_feed(c->conn, bytes, len);

    client_drain(c);
    return rc;
}

static int errno_of(const char *name)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (strcmp(xsd_errors[i].errstring, name) == 0)
            return xsd_errors[i].errnum;
    }
    fail_msg("unknown error name \"%s\"", name);
    return 0;
}

int client_call(struct client *c, uint32_t type, const void *body, size_t len)
{
    struct xsd_sockmsg hdr = {.type = type,
                              .req_id = ++c->req_id,
                              .tx_id = c->tx,
                              .len = (uint32_t)len};
    uint8_t *msg = malloc(sizeof(hdr) + len);
    int rc;

    assert_non_null(msg);
    memcpy(msg, &hdr, sizeof(hdr));
    if (len > 0)
        memcpy(msg + sizeof(hdr), body, len);
    c->reply_type = XS_INVALID;
    c->events_before_reply = 0;
    rc = client_raw(c, msg, sizeof(hdr) + len);
    free(msg);
    if (rc != 0)
        return CLIENT_DEAD;
    if (c->reply_type == XS_ERROR) {
        assert_int_equal(c->reply_len, strlen(c->reply) + 1);
        return errno_of(c->reply);
    }
    assert_int_equal(c->reply_type, type);
    return 0;
}

int client_path(struct client *c, uint32_t type, const char *path)
{
    return client_call(c, type, path, strlen(path) + 1);
}

int client_two(struct client *c, uint32_t type, const char *a, const char *b)
{
    size_t la = strlen(a) + 1;
    size_t lb = strlen(b) + 1;
    char *body = malloc(la + lb);
    int rc;

    assert_non_null(body);
    memcpy(body, a, la);
    memcpy(body + la, b, lb);
    rc = client_call(c, type, body, la + lb);
    free(body);
    return rc;
}

int client_read(struct client *c, const char *path)
{
    return client_path(c, XS_READ, path);
}

int client_write(struct client *c, const char *path, const char *value)
{
    char body[XENSTORE_PAYLOAD_MAX];
    size_t len = strlen(path) + 1;

    assert_true(len + strlen(value) <= sizeof(body));
    memcpy(body, path, len);
    memcpy(body + len, value, strlen(value));
    return client_call(c, XS_WRITE, body, len + strlen(value));
}

int client_mkdir(struct client *c, const char *path)
{
    return client_path(c, XS_MKDIR, path);
}

int client_rm(struct client *c, const char *path)
{
    return client_path(c, XS_RM, path);
}

int client_set_perms(struct client *c, const char *path, const char *perms)
{
    char body[XENSTORE_PAYLOAD_MAX];
    int len = snprintf(body, sizeof(body), "%s%c%s", path, '\0', perms);

    for (char *p = body + strlen(path) + 1; *p; p++) {
        if (*p == ' ')
            *p = '\0';
    }
    return client_call(c, XS_SET_PERMS, body, (size_t)len + 1);
}

int client_get_perms(struct client *c, const char *path)
{
    int rc = client_path(c, XS_GET_PERMS, path);

    for (size_t i = 0; rc == 0 && i + 1 < c->reply_len; i++) {
        if (c->reply[i] == '\0')
            c->reply[i] = ' ';
    }
    return rc;
}

int client_watch(struct client *c, const char *path, const char *token)
{
    return client_two(c, XS_WATCH, path, token);
}

int client_unwatch(struct client *c, const char *path, const char *token)
{
    return client_two(c, XS_UNWATCH, path, token);
}

int client_begin(struct client *c)
{
    int rc = client_call(c, XS_TRANSACTION_START, "", 1);

    if (rc == 0)
        c->tx = (uint32_t)strtoul(c->reply, NULL, 10);
    return rc;
}

int client_end(struct client *c, bool commit)
{
    int rc = client_path(c, XS_TRANSACTION_END, commit ? "T" : "F");

    c->tx = 0;
    return rc;
}

bool client_event(struct client *c, const char *path, const char *token)
{
    client_drain(c);
    for (size_t i = 0; i < c->event_count; i++) {
        struct event *e = &c->events[i];

        if (strcmp(e->path, path) == 0 && strcmp(e->token, token) == 0) {
            memmove(e, e + 1, (c->event_count - i - 1) * sizeof(*e));
            c->event_count--;
            return true;
        }
    }
    return false;
}

void client_no_events(struct client *c)
{
    client_drain(c);
    c->event_count = 0;
}
