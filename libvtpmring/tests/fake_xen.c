/* SPDX-License-Identifier: MIT */
#include "fake_xen.h"
#include "fake_xen_impl.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct fake_domain *domain_of(struct vtpmring_port *port)
{
    return (struct fake_domain *)port;
}

void fake_enter(struct vtpmring_port *port)
{
    pthread_mutex_lock(&domain_of(port)->xen->lock);
}

void fake_leave(struct vtpmring_port *port)
{
    pthread_mutex_unlock(&domain_of(port)->xen->lock);
}

/* Under the host's lock. */
bool fake_fails(struct vtpmring_port *port)
{
    struct fake_domain *domain = domain_of(port);

    if (domain->fail_at == 0 || --domain->fail_at > 0)
        return false;
    domain->has_failed = true;
    return true;
}

static enum vtpmring_status share(struct vtpmring_port *port, uint16_t peer,
                                  size_t count, void **pages, uint32_t *refs)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_xen *xen = domain->xen;
    enum vtpmring_status status = VTPMRING_EPORT;
    unsigned char *memory;

    fake_enter(port);
    if (!fake_fails(port) && xen->grant_count + count <= FAKE_MAX) {
        memory = aligned_alloc(VTPMRING_PAGE_SIZE, count * VTPMRING_PAGE_SIZE);
        memset(memory, 0, count * VTPMRING_PAGE_SIZE);
        for (size_t i = 0; i < count; i++) {
            refs[i] = (uint32_t)xen->grant_count;
            xen->grants[xen->grant_count++] = (struct fake_grant){
                domain->domid, peer, memory + i * VTPMRING_PAGE_SIZE, true};
        }
        *pages = memory;
        domain->pages++;
        status = VTPMRING_OK;
    }
    fake_leave(port);
    return status;
}

/* The memory lives as long as the host, so that a peer that still maps it is no
 * fault of the test; the count of mappings is checked at the end. */
static void end_share(struct vtpmring_port *port, void *pages, size_t count)
{
    struct fake_xen *xen = domain_of(port)->xen;

    fake_enter(port);
    for (size_t i = 0; i < xen->grant_count; i++) {
        unsigned char *at = xen->grants[i].at;

        if (at >= (unsigned char *)pages &&
            at < (unsigned char *)pages + count * VTPMRING_PAGE_SIZE)
            xen->grants[i].live = false;
    }
    domain_of(port)->pages--;
    fake_leave(port);
}

static enum vtpmring_status map(struct vtpmring_port *port, uint16_t peer,
                                const uint32_t *refs, size_t count,
                                void **pages)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_xen *xen = domain->xen;
    enum vtpmring_status status = VTPMRING_OK;

    fake_enter(port);
    if (fake_fails(port))
        status = VTPMRING_EPORT;
    for (size_t i = 0; i < count && status == VTPMRING_OK; i++)
        if (refs[i] >= xen->grant_count || !xen->grants[refs[i]].live ||
            xen->grants[refs[i]].owner != peer ||
            xen->grants[refs[i]].peer != domain->domid ||
            xen->grants[refs[i]].at !=
                xen->grants[refs[0]].at + i * VTPMRING_PAGE_SIZE)
            status = VTPMRING_EPORT;
    if (status == VTPMRING_OK) {
        *pages = xen->grants[refs[0]].at;
        domain->pages++;
    }
    fake_leave(port);
    return status;
}

static void unmap(struct vtpmring_port *port, void *pages, size_t count)
{
    (void)pages;
    (void)count;
    fake_enter(port);
    domain_of(port)->pages--;
    fake_leave(port);
}

static enum vtpmring_status channel_open(struct vtpmring_port *port,
                                         uint16_t peer, uint32_t *channel)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_xen *xen = domain->xen;
    enum vtpmring_status status = VTPMRING_EPORT;

    fake_enter(port);
    if (!fake_fails(port) && xen->channel_count < FAKE_MAX) {
        *channel = (uint32_t)xen->channel_count;
        xen->channels[xen->channel_count++] = (struct fake_channel){
            .owner = domain->domid, .peer = peer, .remote = -1, .open = true};
        domain->channels++;
        status = VTPMRING_OK;
    }
    fake_leave(port);
    return status;
}

static enum vtpmring_status channel_bind(struct vtpmring_port *port,
                                         uint16_t peer, uint32_t remote,
                                         uint32_t *channel)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_xen *xen = domain->xen;
    enum vtpmring_status status = VTPMRING_EPORT;

    fake_enter(port);
    if (!fake_fails(port) && xen->channel_count < FAKE_MAX &&
        remote < xen->channel_count && xen->channels[remote].open &&
        xen->channels[remote].owner == peer &&
        xen->channels[remote].peer == domain->domid &&
        xen->channels[remote].remote < 0) {
        *channel = (uint32_t)xen->channel_count;
        xen->channels[remote].remote = (int)*channel;
        xen->channels[xen->channel_count++] =
            (struct fake_channel){.owner = domain->domid,
                                  .peer = peer,
                                  .remote = (int)remote,
                                  .open = true,
                                  .pending = true};
        domain->channels++;
        status = VTPMRING_OK;
    }
    fake_leave(port);
    return status;
}

static void close_channel(struct fake_xen *xen, struct fake_channel *channel)
{
    channel->open = false;
    channel->pending = false;
    if (channel->remote >= 0)
        xen->channels[channel->remote].remote = -1;
}

static void channel_close(struct vtpmring_port *port, uint32_t channel)
{
    fake_enter(port);
    close_channel(domain_of(port)->xen,
                  &domain_of(port)->xen->channels[channel]);
    domain_of(port)->channels--;
    fake_leave(port);
}

static enum vtpmring_status channel_notify(struct vtpmring_port *port,
                                           uint32_t channel)
{
    struct fake_xen *xen = domain_of(port)->xen;
    int remote;

    fake_enter(port);
    remote = xen->channels[channel].remote;
    if (remote >= 0)
        xen->channels[remote].pending = true;
    pthread_cond_broadcast(&xen->changed);
    fake_leave(port);
    return VTPMRING_OK;
}

static struct fake_channel *pending(struct fake_domain *domain)
{
    for (size_t i = 0; i < domain->xen->channel_count; i++) {
        struct fake_channel *channel = &domain->xen->channels[i];

        if (channel->owner == domain->domid && channel->open &&
            channel->pending)
            return channel;
    }
    return NULL;
}

static enum vtpmring_status channel_next(struct vtpmring_port *port,
                                         uint32_t *channel)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_channel *found;

    fake_enter(port);
    found = pending(domain);
    if (found != NULL) {
        found->pending = false;
        *channel = (uint32_t)(found - domain->xen->channels);
    }
    fake_leave(port);
    return found != NULL ? VTPMRING_OK : VTPMRING_AGAIN;
}

static uint64_t now_us(struct vtpmring_port *port)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 +
           atomic_load(&domain_of(port)->xen->ahead_us);
}

static unsigned events(struct fake_domain *domain)
{
    unsigned got = domain->woken;

    if (pending(domain) != NULL)
        got |= VTPMRING_PORT_CHANNEL;
    if (domain->event_first < domain->event_last)
        got |= VTPMRING_PORT_STORE;
    if (domain->timer_us != 0 && now_us(&domain->port) >= domain->timer_us)
        got |= VTPMRING_PORT_TIMER;
    return got;
}

static unsigned wait_for(struct vtpmring_port *port, unsigned want,
                         int timeout_ms)
{
    struct fake_domain *domain = domain_of(port);
    uint64_t deadline = timeout_ms < 0
                            ? UINT64_MAX
                            : now_us(port) + (uint64_t)timeout_ms * 1000;
    unsigned got;

    fake_enter(port);
    domain->waits++;
    while ((got = events(domain) & want) == 0 && now_us(port) < deadline) {
        struct timespec t;

        /* a timer of another thread has no condition: look now and then */
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&domain->xen->changed, &domain->xen->lock, &t);
    }
    domain->woken &= ~got;
    if (got & VTPMRING_PORT_TIMER)
        domain->timer_us = 0;
    fake_leave(port);
    return got;
}

static void wake(struct vtpmring_port *port, enum vtpmring_port_event which)
{
    fake_enter(port);
    domain_of(port)->woken |= which;
    pthread_cond_broadcast(&domain_of(port)->xen->changed);
    fake_leave(port);
}

static void timer(struct vtpmring_port *port, unsigned timeout_ms)
{
    fake_enter(port);
    domain_of(port)->timer_us = now_us(port) + timeout_ms * 1000u;
    fake_leave(port);
}

static void relax(struct vtpmring_port *port)
{
    (void)port;
    sched_yield();
}

static bool is_crowded(struct vtpmring_port *port)
{
    (void)port;
    return false;
}

static void lock(struct vtpmring_port *port)
{
    pthread_mutex_lock(&domain_of(port)->lock);
}

static void unlock(struct vtpmring_port *port)
{
    pthread_mutex_unlock(&domain_of(port)->lock);
}

static void *allocate(struct vtpmring_port *port, size_t size)
{
    bool fails;

    fake_enter(port);
    fails = fake_fails(port);
    fake_leave(port);
    return fails ? NULL : calloc(1, size);
}

static void release(struct vtpmring_port *port, void *memory)
{
    (void)port;
    free(memory);
}

static void log_line(struct vtpmring_port *port, int level, const char *text)
{
    (void)level;
    (void)text;
    fake_enter(port);
    domain_of(port)->lines++;
    fake_leave(port);
}

static const struct vtpmring_port_ops ops = {
    .share = share,
    .unshare = end_share,
    .map = map,
    .unmap = unmap,
    .channel_open = channel_open,
    .channel_bind = channel_bind,
    .channel_close = channel_close,
    .channel_notify = channel_notify,
    .channel_next = channel_next,
    .store_read = fake_store_read,
    .store_write = fake_store_write,
    .store_remove = fake_store_remove,
    .store_list = fake_store_list,
    .store_begin = fake_store_begin,
    .store_end = fake_store_end,
    .store_watch = fake_store_watch,
    .store_unwatch = fake_store_unwatch,
    .store_next_watch = fake_store_next_watch,
    .wait = wait_for,
    .wake = wake,
    .timer = timer,
    .now_us = now_us,
    .relax = relax,
    .is_crowded = is_crowded,
    .lock = lock,
    .unlock = unlock,
    .alloc = allocate,
    .free = release,
    .log = log_line,
};

struct fake_xen *fake_xen_new(void)
{
    struct fake_xen *xen = calloc(1, sizeof(*xen));

    assert_non_null(xen);
    pthread_mutex_init(&xen->lock, NULL);
    pthread_cond_init(&xen->changed, NULL);
    for (uint16_t i = 0; i < FAKE_DOMAINS; i++) {
        xen->domains[i].port.ops = &ops;
        xen->domains[i].xen = xen;
        xen->domains[i].domid = i;
        pthread_mutex_init(&xen->domains[i].lock, NULL);
    }
    return xen;
}

static void free_grants(struct fake_xen *xen)
{
    /* a reference whose page does not follow the one before begins a piece */
    for (size_t i = 0; i < xen->grant_count; i++)
        if (i == 0 ||
            xen->grants[i].at != xen->grants[i - 1].at + VTPMRING_PAGE_SIZE)
            free(xen->grants[i].at);
}

void fake_xen_free(struct fake_xen *xen)
{
    for (size_t i = 0; i < FAKE_DOMAINS; i++) {
        assert_int_equal(xen->domains[i].pages, 0);
        assert_int_equal(xen->domains[i].channels, 0);
        assert_int_equal(xen->domains[i].watch_count, 0);
    }
    free_grants(xen);
    free(xen);
}

struct vtpmring_port *fake_xen_port(struct fake_xen *xen, uint16_t domid)
{
    return &xen->domains[domid].port;
}

void fake_xen_kill(struct fake_xen *xen, uint16_t domid)
{
    struct fake_domain *domain = &xen->domains[domid];

    fake_enter(&domain->port);
    for (size_t i = 0; i < xen->grant_count; i++)
        if (xen->grants[i].owner == domid)
            xen->grants[i].live = false;
    for (size_t i = 0; i < xen->channel_count; i++)
        if (xen->channels[i].owner == domid && xen->channels[i].open)
            close_channel(xen, &xen->channels[i]);
    domain->pages = 0;
    domain->channels = 0;
    domain->watch_count = 0;
    domain->event_first = domain->event_last = 0;
    domain->timer_us = 0;
    domain->woken = 0;
    fake_leave(&domain->port);
}

void fake_xen_fail_at(struct fake_xen *xen, uint16_t domid, unsigned n)
{
    fake_enter(&xen->domains[domid].port);
    xen->domains[domid].fail_at = n;
    xen->domains[domid].has_failed = false;
    fake_leave(&xen->domains[domid].port);
}

bool fake_xen_has_failed(struct fake_xen *xen, uint16_t domid)
{
    return xen->domains[domid].has_failed;
}

unsigned char *fake_xen_page(struct fake_xen *xen, uint16_t domid)
{
    for (size_t i = 0; i < xen->grant_count; i++)
        if (xen->grants[i].owner == domid && xen->grants[i].live)
            return xen->grants[i].at;
    return NULL;
}

void fake_xen_advance(struct fake_xen *xen, uint64_t us)
{
    atomic_fetch_add(&xen->ahead_us, us);
}

unsigned fake_xen_lines(struct fake_xen *xen, uint16_t domid)
{
    unsigned lines;

    fake_enter(&xen->domains[domid].port);
    lines = xen->domains[domid].lines;
    fake_leave(&xen->domains[domid].port);
    return lines;
}

unsigned fake_xen_waits(struct fake_xen *xen, uint16_t domid)
{
    unsigned waits;

    fake_enter(&xen->domains[domid].port);
    waits = xen->domains[domid].waits;
    fake_leave(&xen->domains[domid].port);
    return waits;
}
