/* SPDX-License-Identifier: MIT */
/*
 * The sockets of connections: what to wait for, reading, writing, closing.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct simxen_store_conn *
simxen_store_connect(struct simxen_store *s, int fd, uint16_t domid,
                     void (*update)(void *ctx, struct simxen_store_conn *c,
                                    uint32_t epoll_events),
                     void *ctx)
{
    struct simxen_store_conn *c = calloc(1, sizeof(*c));

    if (!c) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    c->s = s;
    c->fd = fd;
    c->domid = domid;
    c->update = update;
    c->ctx = ctx;
    c->next_txn_id = 1;
    TAILQ_INIT(&c->watches);
    TAILQ_INIT(&c->txns);
    TAILQ_INIT(&c->out);
    TAILQ_INSERT_TAIL(&s->conns, c, all);
    c->wants = EPOLLIN;
    if (update)
        update(ctx, c, c->wants);
    return c;
}

int simxen_store_fd(const struct simxen_store_conn *c)
{
    return c->fd;
}

void simxen_store_disconnect(struct simxen_store_conn *c)
{
    if (!c)
        return;
    sxs_conn_tear_down(c);
    if (c->dirty)
        TAILQ_REMOVE(&c->s->dirty, c, dirty_link);
    TAILQ_REMOVE(&c->s->conns, c, all);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

/* Send what the socket takes. */
static void flush(struct simxen_store_conn *c)
{
    while (c->fd >= 0 && !c->dead && !TAILQ_EMPTY(&c->out)) {
        struct iovec iov[32];
        struct msghdr msg = {.msg_iov = iov};
        struct sxs_msg *m;
        ssize_t sent;

        TAILQ_FOREACH(m, &c->out, queue)
        {
            if (msg.msg_iovlen == sizeof(iov) / sizeof(iov[0]))
                break;
            iov[msg.msg_iovlen++] = (struct iovec){
                .iov_base = m->bytes + m->sent, .iov_len = m->len - m->sent};
        }
        sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            sxs_conn_kill(c);
        if (sent <= 0)
            return;
        simxen_store_consume(c, (size_t)sent);
    }
}

/* Read once. @return whether there may be more. */
static bool fill(struct simxen_store_conn *c)
{
    size_t room = sizeof(c->in) - c->in_used;
    ssize_t got;

    do
        got = recv(c->fd, c->in + c->in_used, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
        sxs_conn_kill(c);
    if (got <= 0)
        return false;
    c->in_used += (size_t)got;
    return (size_t)got == room;
}

static bool can_read(const struct simxen_store_conn *c)
{
    return !c->dead && c->in_used < sizeof(c->in) && !sxs_conn_stalled(c);
}

/*
 * What has been read is served until it ends in the middle of a request or
 * the output stalls. So a request never waits here without output that waits,
 * too, and EPOLLOUT brings it back.
 */
static void serve(struct simxen_store_conn *c)
{
    flush(c);
    do {
        sxs_conn_process(c, true);
        flush(c);
    } while (!c->dead && !sxs_conn_stalled(c) && sxs_conn_has_request(c));
}

int simxen_store_io(struct simxen_store_conn *c, uint32_t epoll_events)
{
    bool readable = (epoll_events & ~(uint32_t)EPOLLOUT) != 0 && c->fd >= 0;

    sxs_conn_mark(c);
    serve(c);
    /* One client may not keep the others waiting: a few rounds, then the
     * loop comes back. */
    for (int round = 0; round < 8 && readable && can_read(c); round++) {
        readable = fill(c) && !c->dead;
        serve(c);
    }
    sxs_settle(c->s);
    return c->dead ? -1 : 0;
}

static uint32_t wanted(const struct simxen_store_conn *c)
{
    uint32_t events = can_read(c) ? EPOLLIN : 0;

    if (c->dead)
        return EPOLLIN | EPOLLOUT;
    if (!TAILQ_EMPTY(&c->out))
        events |= EPOLLOUT;
    return events;
}

void sxs_settle(struct simxen_store *s)
{
    struct simxen_store_conn *c;

    while ((c = TAILQ_FIRST(&s->dirty))) {
        uint32_t events;

        flush(c);
        TAILQ_REMOVE(&s->dirty, c, dirty_link);
        c->dirty = false;
        if (c->dead && !c->torn_down) {
            sxs_conn_tear_down(c);
            if (c->fd >= 0)
                shutdown(c->fd, SHUT_RDWR);
        }
        events = wanted(c);
        if (events != c->wants) {
            c->wants = events;
            if (c->update)
                c->update(c->ctx, c, events);
        }
    }
}
