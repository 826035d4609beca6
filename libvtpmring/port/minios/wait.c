/* SPDX-License-Identifier: MIT */
/* All sleepers sleep in xenbus_watch_queue: Mini-OS wakes it when a watch of
 * xenstore has come, we when anything else has. */
#include "minios.h"

/* What is there of what is wanted. */
static unsigned there(struct vtpmring_minios_port *self, unsigned want)
{
    unsigned found = self->woken;

    if (self->pending != NULL)
        found |= VTPMRING_PORT_CHANNEL;
    if (self->watches != NULL)
        found |= VTPMRING_PORT_STORE;
    if (self->timing && NOW() >= self->timer_at)
        found |= VTPMRING_PORT_TIMER;
    return found & want;
}

/* When to look again; 0: when woken. */
static s_time_t deadline(const struct vtpmring_minios_port *self, unsigned want,
                         s_time_t until)
{
    if ((want & VTPMRING_PORT_TIMER) && self->timing &&
        (until == 0 || self->timer_at < until))
        return self->timer_at;
    return until;
}

static unsigned take(struct vtpmring_minios_port *self, unsigned found)
{
    unsigned long flags;

    local_irq_save(flags);
    self->woken &= ~found;
    local_irq_restore(flags);
    if (found & VTPMRING_PORT_TIMER)
        self->timing = false;
    return found;
}

unsigned vtpmring_minios_wait(struct vtpmring_port *port, unsigned want,
                              int timeout_ms)
{
    struct vtpmring_minios_port *self = minios(port);
    const s_time_t until = timeout_ms > 0 ? NOW() + MILLISECS(timeout_ms) : 0;
    unsigned found = there(self, want);

    /* others get their turn, whatever there is to do here */
    schedule();
    while (found == 0 && timeout_ms != 0) {
        const s_time_t look = deadline(self, want, until);

        wait_event_deadline(xenbus_watch_queue,
                            (found = there(self, want)) != 0 ||
                                look != deadline(self, want, until),
                            look);
        found = there(self, want);
        if (until != 0 && NOW() >= until)
            break;
    }
    return take(self, found);
}

void vtpmring_minios_wake(struct vtpmring_port *port,
                          enum vtpmring_port_event which)
{
    struct vtpmring_minios_port *self = minios(port);
    unsigned long flags;

    local_irq_save(flags);
    self->woken |= which & (VTPMRING_PORT_SERVER | VTPMRING_PORT_CONTROL);
    local_irq_restore(flags);
    wake_up(&xenbus_watch_queue);
}

void vtpmring_minios_timer(struct vtpmring_port *port, unsigned timeout_ms)
{
    struct vtpmring_minios_port *self = minios(port);

    self->timer_at = NOW() + MILLISECS(timeout_ms);
    self->timing = true;
    wake_up(&xenbus_watch_queue);
}
