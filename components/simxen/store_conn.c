/* SPDX-License-Identifier: MIT */
/*
 * Connections without their sockets: framing of requests, and the queue of
 * replies and events.
 *
 * A client that does not read cannot make the store grow: it is not served
 * while SXS_OUT_STALL bytes of output wait, so replies stop; an event that
 * waits already is not queued again; and when events of different paths
 * exceed SXS_QUOTA_OUT all the same, the connection ends, because a client
 * that has lost an event without knowing would wait for ever.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

void sxs_conn_mark(struct simxen_store_conn *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    TAILQ_INSERT_TAIL(&c->s->dirty, c, dirty_link);
}

void sxs_conn_kill(struct simxen_store_conn *c)
{
    c->dead = true;
    sxs_conn_mark(c);
}

static size_t cost(const struct sxs_msg *m)
{
    return sizeof(*m) + m->len;
}

static void unindex(struct simxen_store_conn *c, struct sxs_msg *m)
{
    if (m->indexed)
        sxs_hash_remove(&c->pending, &m->link);
    m->indexed = false;
}

static void free_msg(struct simxen_store_conn *c, struct sxs_msg *m)
{
    unindex(c, m);
    TAILQ_REMOVE(&c->out, m, queue);
    c->out_bytes -= cost(m);
    if (c->reply_after == m)
        c->reply_after = NULL;
    free(m);
}

static struct sxs_msg *new_msg(struct simxen_store_conn *c,
                               const struct xsd_sockmsg *hdr)
{
    size_t limit = c->domid == 0 ? SXS_OUT_MAX : SXS_QUOTA_OUT;
    size_t len = sizeof(*hdr) + hdr->len;
    struct sxs_msg *m = NULL;

    if (!c->dead && c->out_bytes + sizeof(*m) + len <= limit)
        m = calloc(1, sizeof(*m) + len);
    if (!m) {
        sxs_conn_kill(c);
        return NULL;
    }
    m->len = len;
    memcpy(m->bytes, hdr, sizeof(*hdr));
    c->out_bytes += cost(m);
    sxs_conn_mark(c);
    return m;
}

void sxs_conn_reply(struct simxen_store_conn *c,
                    const struct xsd_sockmsg *request, uint32_t type,
                    const void *body, size_t len)
{
    const struct xsd_sockmsg hdr = {.type = type,
                                    .req_id = request->req_id,
                                    .tx_id = request->tx_id,
                                    .len = (uint32_t)len};
    struct sxs_msg *m = new_msg(c, &hdr);

    if (!m)
        return;
    if (len > 0)
        memcpy(m->bytes + sizeof(hdr), body, len);
    if (c->reply_after)
        TAILQ_INSERT_AFTER(&c->out, c->reply_after, m, queue);
    else
        TAILQ_INSERT_HEAD(&c->out, m, queue);
}

static bool is_pending(const struct simxen_store_conn *c, uint32_t hash,
                       const struct sxs_watch *w, const char *path, size_t len)
{
    struct sxs_hlink *l = sxs_hash_first(&c->pending, hash);
    size_t path_at = sizeof(struct xsd_sockmsg);

    for (; l; l = sxs_hash_next(l)) {
        const struct sxs_msg *m = (struct sxs_msg *)l;

        if (m->watch == w && m->len > path_at + len &&
            m->bytes[path_at + len] == '\0' &&
            memcmp(m->bytes + path_at, path, len) == 0)
            return true;
    }
    return false;
}

void sxs_conn_event(struct simxen_store_conn *c, const struct sxs_watch *w,
                    const char *path, size_t len)
{
    size_t token_size = strlen(w->token) + 1;
    struct xsd_sockmsg hdr = {.type = XS_WATCH_EVENT};
    uint32_t hash;
    struct sxs_msg *m;
    uint8_t *p;

    path += w->base;
    len -= w->base;
    hash = sxs_hash_bytes(SXS_HASH_SEED, &w, sizeof(w));
    hash = sxs_hash_bytes(hash, path, len);
    if (c->dead || is_pending(c, hash, w, path, len))
        return;
    hdr.len = (uint32_t)(len + 1 + token_size);
    m = new_msg(c, &hdr);
    if (!m)
        return;
    p = m->bytes + sizeof(hdr);
    memcpy(p, path, len);
    memcpy(p + len + 1, w->token, token_size);
    m->watch = w;
    m->indexed = sxs_hash_insert(&c->pending, &m->link, hash) == 0;
    TAILQ_INSERT_TAIL(&c->out, m, queue);
}

void sxs_conn_drop_events(struct simxen_store_conn *c,
                          const struct sxs_watch *w)
{
    struct sxs_msg *m = TAILQ_FIRST(&c->out);

    while (m) {
        struct sxs_msg *next = TAILQ_NEXT(m, queue);

        if (m->watch == w && m->sent == 0) {
            /* The reply still goes where it would have gone. */
            if (c->reply_after == m)
                c->reply_after = TAILQ_PREV(m, sxs_out, queue);
            free_msg(c, m);
        } else if (m->watch == w) {
            m->watch = NULL;
        }
        m = next;
    }
}

const uint8_t *simxen_store_output(const struct simxen_store_conn *c,
                                   size_t *len)
{
    const struct sxs_msg *m = TAILQ_FIRST(&c->out);

    *len = m ? m->len - m->sent : 0;
    return m ? m->bytes + m->sent : NULL;
}

void simxen_store_consume(struct simxen_store_conn *c, size_t len)
{
    struct sxs_msg *m;

    while (len > 0 && (m = TAILQ_FIRST(&c->out))) {
        size_t part = m->len - m->sent < len ? m->len - m->sent : len;

        /* A client that has begun to read it may have missed the next
         * change, which therefore needs an event of its own. */
        unindex(c, m);
        m->sent += part;
        len -= part;
        if (m->sent == m->len)
            free_msg(c, m);
    }
}

/* The request at p, if it is all there. */
static bool whole_request(const uint8_t *p, size_t len, struct xsd_sockmsg *hdr)
{
    if (len < sizeof(*hdr))
        return false;
    memcpy(hdr, p, sizeof(*hdr));
    return hdr->len > XENSTORE_PAYLOAD_MAX || len - sizeof(*hdr) >= hdr->len;
}

bool sxs_conn_stalled(const struct simxen_store_conn *c)
{
    return c->out_bytes >= SXS_OUT_STALL;
}

bool sxs_conn_has_request(const struct simxen_store_conn *c)
{
    struct xsd_sockmsg hdr;

    return whole_request(c->in, c->in_used, &hdr);
}

void sxs_conn_process(struct simxen_store_conn *c, bool may_stall)
{
    struct xsd_sockmsg hdr;
    size_t pos = 0;

    while (!c->dead && whole_request(c->in + pos, c->in_used - pos, &hdr) &&
           !(may_stall && sxs_conn_stalled(c))) {
        /* Where the next message starts is anybody's guess then. */
        if (hdr.len > XENSTORE_PAYLOAD_MAX) {
            sxs_conn_kill(c);
            break;
        }
        c->reply_after = TAILQ_LAST(&c->out, sxs_out);
        sxs_handle(c, &hdr, (const char *)c->in + pos + sizeof(hdr), hdr.len);
        pos += sizeof(hdr) + hdr.len;
    }
    c->in_used -= pos;
    memmove(c->in, c->in + pos, c->in_used);
}

int simxen_store_feed(struct simxen_store_conn *c, const void *bytes,
                      size_t len)
{
    const uint8_t *p = bytes;

    while (len > 0 && !c->dead) {
        size_t room = sizeof(c->in) - c->in_used;
        size_t part = len < room ? len : room;

        memcpy(c->in + c->in_used, p, part);
        c->in_used += part;
        p += part;
        len -= part;
        sxs_conn_process(c, false);
    }
    sxs_settle(c->s);
    return c->dead ? -1 : 0;
}

/* Everything the connection holds, except itself. */
void sxs_conn_tear_down(struct simxen_store_conn *c)
{
    if (c->torn_down)
        return;
    c->torn_down = true;
    while (!TAILQ_EMPTY(&c->out))
        free_msg(c, TAILQ_FIRST(&c->out));
    sxs_hash_free(&c->pending);
    sxs_watch_remove_all(c);
    while (!TAILQ_EMPTY(&c->txns)) {
        struct sxs_txn *t = TAILQ_FIRST(&c->txns);

        TAILQ_REMOVE(&c->txns, t, of_conn);
        sxs_txn_abort(t);
    }
    c->in_used = 0;
}
