/* SPDX-License-Identifier: MIT */
#include "minios.h"

#include <mini-os/hypervisor.h>

static struct vtpmring_minios_channel **
bucket(struct vtpmring_minios_port *self, uint32_t number)
{
    return &self->channels[number % MINIOS_BUCKETS];
}

/* With events off. Who waits for the watches of xenstore waits for events as
 * well: it is one queue, see wait.c. */
static void append(struct vtpmring_minios_channel *channel)
{
    struct vtpmring_minios_port *self = channel->owner;

    if (channel->pending)
        return;
    channel->pending = true;
    channel->next = NULL;
    *self->last = channel;
    self->last = &channel->next;
}

static void handler(evtchn_port_t number, struct pt_regs *regs, void *data)
{
    (void)number;
    (void)regs;
    append(data);
    wake_up(&xenbus_watch_queue);
}

static struct vtpmring_minios_channel *
prepare(struct vtpmring_minios_port *self)
{
    struct vtpmring_minios_channel *channel = malloc(sizeof(*channel));

    if (channel != NULL)
        *channel = (struct vtpmring_minios_channel){.owner = self};
    return channel;
}

static enum vtpmring_status opened(struct vtpmring_minios_channel *channel,
                                   int err, uint32_t *number)
{
    struct vtpmring_minios_channel **at;

    if (err != 0) {
        free(channel);
        return VTPMRING_EPORT;
    }
    at = bucket(channel->owner, channel->number);
    channel->another = *at;
    *at = channel;
    *number = channel->number;
    unmask_evtchn(channel->number);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_minios_channel_open(struct vtpmring_port *port,
                                                  uint16_t peer,
                                                  uint32_t *channel)
{
    struct vtpmring_minios_channel *made = prepare(minios(port));

    if (made == NULL)
        return VTPMRING_ENOMEM;
    return opened(made,
                  evtchn_alloc_unbound(peer, handler, made, &made->number),
                  channel);
}

enum vtpmring_status vtpmring_minios_channel_bind(struct vtpmring_port *port,
                                                  uint16_t peer,
                                                  uint32_t remote,
                                                  uint32_t *channel)
{
    struct vtpmring_minios_channel *made = prepare(minios(port));
    enum vtpmring_status status;
    unsigned long flags;

    if (made == NULL)
        return VTPMRING_ENOMEM;
    status = opened(
        made,
        evtchn_bind_interdomain(peer, remote, handler, made, &made->number),
        channel);
    if (status != VTPMRING_OK)
        return status;
    /* an event from before is not lost */
    local_irq_save(flags);
    append(made);
    local_irq_restore(flags);
    return VTPMRING_OK;
}

/* With events off. */
static void forget(struct vtpmring_minios_channel *channel)
{
    struct vtpmring_minios_port *self = channel->owner;
    struct vtpmring_minios_channel **at = &self->pending;

    if (!channel->pending)
        return;
    while (*at != channel)
        at = &(*at)->next;
    *at = channel->next;
    if (self->last == &channel->next)
        self->last = at;
}

void vtpmring_minios_channel_close(struct vtpmring_port *port, uint32_t channel)
{
    struct vtpmring_minios_channel **at = bucket(minios(port), channel);
    struct vtpmring_minios_channel *found;
    unsigned long flags;

    while ((*at)->number != channel)
        at = &(*at)->another;
    found = *at;
    *at = found->another;
    unbind_evtchn(channel);
    local_irq_save(flags);
    forget(found);
    local_irq_restore(flags);
    free(found);
}

enum vtpmring_status vtpmring_minios_channel_notify(struct vtpmring_port *port,
                                                    uint32_t channel)
{
    (void)port;
    return notify_remote_via_evtchn(channel) == 0 ? VTPMRING_OK
                                                  : VTPMRING_EPORT;
}

/* Mini-OS has acknowledged the event before it called the handler. */
enum vtpmring_status vtpmring_minios_channel_next(struct vtpmring_port *port,
                                                  uint32_t *channel)
{
    struct vtpmring_minios_port *self = minios(port);
    struct vtpmring_minios_channel *first;
    unsigned long flags;

    local_irq_save(flags);
    first = self->pending;
    if (first != NULL) {
        forget(first);
        first->pending = false;
    }
    local_irq_restore(flags);
    if (first == NULL)
        return VTPMRING_AGAIN;
    *channel = first->number;
    return VTPMRING_OK;
}
