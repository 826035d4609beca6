/* SPDX-License-Identifier: MIT */
/* The shared pages and the event channel. */
#include "tpmfront.h"

#include <linux/interrupt.h>
#include <xen/events.h>

/* Without a reason for the event it is acknowledged late, so that a backend
 * that sends nothing but events is held back. */
static irqreturn_t on_event(int irq, void *arg)
{
    struct tpmfront *front = arg;
    unsigned long flags;
    bool owed;

    spin_lock_irqsave(&front->lock, flags);
    owed = session_event(&front->session, tpmfront_now());
    if (front->session.command != SESSION_RUNNING)
        tpmfront_changed(front);
    tpmfront_after(front);
    spin_unlock_irqrestore(&front->lock, flags);
    xen_irq_lateeoi((unsigned int)irq, owed ? 0 : XEN_EOI_FLAG_SPURIOUS);
    return IRQ_HANDLED;
}

static int open_channel(struct tpmfront *front)
{
    int err = xenbus_alloc_evtchn(front->xdev, &front->port);

    if (err != 0)
        return err;
    err = bind_evtchn_to_irqhandler_lateeoi(front->port, on_event, 0,
                                            "vtpmring_tpmfront", front);
    if (err < 0)
        (void)xenbus_free_evtchn(front->xdev, front->port);
    return err;
}

enum vtpmring_status tpmfront_share(struct tpmfront *front)
{
    struct vtpmring_page page = {.extra_count = TPMFRONT_EXTRA};
    enum vtpmring_status status;
    unsigned long flags;
    int i, irq;

    if (xenbus_setup_ring(front->xdev, GFP_KERNEL, &front->pages,
                          TPMFRONT_PAGES, front->refs) != 0) {
        front->pages = NULL;
        return VTPMRING_ENOMEM;
    }
    irq = open_channel(front);
    if (irq < 0) {
        xenbus_teardown_ring(&front->pages, TPMFRONT_PAGES, front->refs);
        return VTPMRING_EPORT;
    }
    for (i = 0; i < TPMFRONT_EXTRA; i++)
        front->extra_refs[i] = front->refs[i + 1];
    page.first = front->pages;
    page.extra = page.first + VTPMRING_PAGE_SIZE;
    spin_lock_irqsave(&front->lock, flags);
    front->irq = irq;
    status = vtpmring_front_set_page(&front->session.machine, &page,
                                     front->extra_refs);
    spin_unlock_irqrestore(&front->lock, flags);
    return status;
}

/* Pages that the backend still maps are freed by the kernel when it lets go. */
void tpmfront_unshare(struct tpmfront *front)
{
    if (front->pages == NULL)
        return;
    unbind_from_irqhandler((unsigned int)front->irq, front);
    xenbus_teardown_ring(&front->pages, TPMFRONT_PAGES, front->refs);
}
