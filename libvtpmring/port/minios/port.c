/* SPDX-License-Identifier: MIT */
#include "minios.h"

#include <mini-os/console.h>
#include <mini-os/sched.h>

static uint64_t now_us(struct vtpmring_port *port)
{
    (void)port;
    return (uint64_t)NOW() / 1000;
}

/* The peer is another domain; what else runs here gets its turn. */
static void relax(struct vtpmring_port *port)
{
    (void)port;
    schedule();
}

/* Nobody here can know. */
static bool is_crowded(struct vtpmring_port *port)
{
    (void)port;
    return false;
}

static void lock(struct vtpmring_port *port)
{
    down(&minios(port)->mutex);
}

static void unlock(struct vtpmring_port *port)
{
    up(&minios(port)->mutex);
}

static void *allocate(struct vtpmring_port *port, size_t size)
{
    void *made = malloc(size);

    (void)port;
    if (made != NULL)
        memset(made, 0, size);
    return made;
}

static void release(struct vtpmring_port *port, void *memory)
{
    (void)port;
    if (memory != NULL)
        free(memory);
}

static void log_line(struct vtpmring_port *port, int level, const char *text)
{
    (void)port;
    if (level < 7)
        printk("vtpmring: %s\n", text);
}

static const struct vtpmring_port_ops ops = {
    .share = vtpmring_minios_share,
    .unshare = vtpmring_minios_unshare,
    .map = vtpmring_minios_map,
    .unmap = vtpmring_minios_unmap,
    .channel_open = vtpmring_minios_channel_open,
    .channel_bind = vtpmring_minios_channel_bind,
    .channel_close = vtpmring_minios_channel_close,
    .channel_notify = vtpmring_minios_channel_notify,
    .channel_next = vtpmring_minios_channel_next,
    .store_read = vtpmring_minios_read,
    .store_write = vtpmring_minios_write,
    .store_remove = vtpmring_minios_remove,
    .store_list = vtpmring_minios_list,
    .store_begin = vtpmring_minios_begin,
    .store_end = vtpmring_minios_end,
    .store_watch = vtpmring_minios_watch,
    .store_unwatch = vtpmring_minios_unwatch,
    .store_next_watch = vtpmring_minios_next_watch,
    .wait = vtpmring_minios_wait,
    .wake = vtpmring_minios_wake,
    .timer = vtpmring_minios_timer,
    .now_us = now_us,
    .relax = relax,
    .is_crowded = is_crowded,
    .lock = lock,
    .unlock = unlock,
    .alloc = allocate,
    .free = release,
    .log = log_line,
};

enum vtpmring_status vtpmring_port_minios_open(struct vtpmring_port **port)
{
    struct vtpmring_minios_port *self = malloc(sizeof(*self));

    *port = NULL;
    if (self == NULL)
        return VTPMRING_ENOMEM;
    memset(self, 0, sizeof(*self));
    self->port.ops = &ops;
    self->last = &self->pending;
    init_MUTEX(&self->mutex);
    *port = &self->port;
    return VTPMRING_OK;
}

void vtpmring_port_minios_close(struct vtpmring_port *port)
{
    struct vtpmring_minios_port *self = minios(port);

    if (port == NULL)
        return;
    while (self->watches != NULL)
        free(xenbus_wait_for_watch_return(&self->watches));
    vtpmring_minios_reap();
    free(self);
}
