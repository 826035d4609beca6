/* SPDX-License-Identifier: MIT */
/* Carries out what the session asks for. */
#include "tpmfront.h"

#include <linux/jiffies.h>
#include <xen/events.h>

void tpmfront_look(struct tpmfront *front)
{
    enum vtpmring_xenbus_state state =
        tpmfront_read_state(front->xdev->otherend);
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    session_peer(&front->session, state, tpmfront_now());
    spin_unlock_irqrestore(&front->lock, flags);
}

/* A backend may have connected to the old page just before our nodes went: its
 * state from before is no proof that it has let go. */
static enum vtpmring_status set_state(struct tpmfront *front,
                                      enum vtpmring_xenbus_state state)
{
    enum vtpmring_status status = tpmfront_write_state(front, state, false);

    if (state == VTPMRING_XENBUS_CLOSED)
        tpmfront_look(front);
    return status;
}

static enum vtpmring_status perform(struct tpmfront *front,
                                    enum vtpmring_front_action action,
                                    enum vtpmring_xenbus_state state)
{
    switch (action) {
    case VTPMRING_FRONT_SHARE:
        return tpmfront_share(front);
    case VTPMRING_FRONT_PUBLISH:
        return tpmfront_write_state(front, state, true);
    case VTPMRING_FRONT_CHECK_PEER:
        return tpmfront_check_peer(front);
    case VTPMRING_FRONT_SET_STATE:
        return set_state(front, state);
    case VTPMRING_FRONT_UNPUBLISH:
        return tpmfront_unpublish(front);
    case VTPMRING_FRONT_UNSHARE:
        tpmfront_unshare(front);
        return VTPMRING_OK;
    default:
        return VTPMRING_OK;
    }
}

/* What is to be done with sleep; the event is sent at once. */
static enum vtpmring_front_action next(struct tpmfront *front)
{
    enum vtpmring_front_action action = session_next(&front->session);

    if (action != VTPMRING_FRONT_NOTIFY)
        return action;
    notify_remote_via_irq(front->irq);
    session_done(&front->session, action, VTPMRING_OK, tpmfront_now());
    return session_next(&front->session);
}

void tpmfront_after(struct tpmfront *front)
{
    enum vtpmring_front_action action = next(front);

    if (!front->ended && action != VTPMRING_FRONT_WAIT)
        mod_delayed_work(system_freezable_wq, &front->life, 0);
}

static void report(struct tpmfront *front, bool connected,
                   enum vtpmring_status fault)
{
    struct device *dev = &front->xdev->dev;

    if (connected)
        dev_info(dev, "connected, %zu bytes per command\n",
                 vtpmring_front_capacity(&front->session.machine));
    if (fault != VTPMRING_OK)
        dev_warn_ratelimited(dev, "connection ended: %s\n",
                             vtpmring_status_text(fault));
}

/* One action, if there is one. */
static enum vtpmring_front_action step(struct tpmfront *front)
{
    enum vtpmring_front_action action;
    enum vtpmring_xenbus_state state;
    enum vtpmring_status status;
    uint32_t generation;
    bool connected;
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    action = next(front);
    state = vtpmring_front_state(&front->session.machine);
    generation = front->session.generation;
    spin_unlock_irqrestore(&front->lock, flags);
    if (action == VTPMRING_FRONT_WAIT || action == VTPMRING_FRONT_END)
        return action;
    status = perform(front, action, state);
    spin_lock_irqsave(&front->lock, flags);
    session_done(&front->session, action, status, tpmfront_now());
    connected = front->session.generation != generation;
    status = front->session.machine.fault;
    tpmfront_changed(front);
    spin_unlock_irqrestore(&front->lock, flags);
    report(front, connected,
           action == VTPMRING_FRONT_UNPUBLISH ? status : VTPMRING_OK);
    return action;
}

bool tpmfront_run(struct tpmfront *front)
{
    enum vtpmring_front_action action;

    do
        action = step(front);
    while (action != VTPMRING_FRONT_WAIT && action != VTPMRING_FRONT_END);
    return action == VTPMRING_FRONT_END;
}

/* After the end of a connection the next one begins, in due time. */
static bool reopen(struct tpmfront *front)
{
    unsigned long flags;
    bool opened;

    tpmfront_look(front);
    spin_lock_irqsave(&front->lock, flags);
    opened = session_reopen(&front->session, tpmfront_now());
    spin_unlock_irqrestore(&front->lock, flags);
    return opened;
}

static void run_later(struct tpmfront *front, uint64_t deadline)
{
    uint64_t now = tpmfront_now();
    uint64_t pause = deadline > now ? deadline - now : 0;
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    if (!front->ended)
        mod_delayed_work(system_freezable_wq, &front->life,
                         usecs_to_jiffies((unsigned int)pause) + 1);
    spin_unlock_irqrestore(&front->lock, flags);
}

void tpmfront_life(struct work_struct *work)
{
    struct tpmfront *front =
        container_of(to_delayed_work(work), struct tpmfront, life);
    uint64_t again_after;
    unsigned long flags;

    while (tpmfront_run(front) && reopen(front))
        ;
    spin_lock_irqsave(&front->lock, flags);
    again_after = session_next(&front->session) == VTPMRING_FRONT_END
                      ? front->session.again_after
                      : SESSION_NEVER;
    if (!front->leaving && front->session.connected &&
        front->attached != front->session.generation) {
        front->attached = front->session.generation;
        queue_work(system_long_wq, &front->attach);
    }
    spin_unlock_irqrestore(&front->lock, flags);
    if (again_after != SESSION_NEVER)
        run_later(front, again_after);
}

enum vtpmring_xenbus_state tpmfront_own_state(struct tpmfront *front)
{
    return tpmfront_read_state(front->xdev->nodename);
}
