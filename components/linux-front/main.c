/* SPDX-License-Identifier: MIT */
/* The driver: what xenbus and the module loader call. */
#include "tpmfront.h"

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/platform_pci.h>
#include <xen/xen.h>

/* How long the backend may take to let go when the device goes. */
#define CLOSE_US 2000000u
/* How long a suspend waits for a command before it cancels it. */
#define SUSPEND_US 10000000u
/* How often the backend is looked at meanwhile. */
#define LOOK_MS 5

unsigned int tpmfront_poll_us = 50;
module_param_named(poll_us, tpmfront_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
                 "look at the page so long before a sleep, in us (0 to 1000)");
unsigned int tpmfront_command_ms = 20000;
module_param_named(command_ms, tpmfront_command_ms, uint, 0644);
MODULE_PARM_DESC(command_ms, "every command may take so long, in ms");
unsigned int tpmfront_cancel_ms = 5000;
module_param_named(cancel_ms, tpmfront_cancel_ms, uint, 0644);
MODULE_PARM_DESC(cancel_ms,
                 "a cancel may take so long before the connection is given up, "
                 "in ms");
unsigned int tpmfront_connect_ms = 10000;
module_param_named(connect_ms, tpmfront_connect_ms, uint, 0644);
MODULE_PARM_DESC(connect_ms, "a command waits so long for a connection, in ms");

void tpmfront_cancel(struct tpmfront *front)
{
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    session_cancel(&front->session, tpmfront_now());
    tpmfront_changed(front);
    tpmfront_after(front);
    spin_unlock_irqrestore(&front->lock, flags);
}

/* Not "cancel": the TPM core has a link of that name made here for a TPM 1.2.
 */
static ssize_t cancel_command_store(struct device *dev,
                                    struct device_attribute *attr,
                                    const char *text, size_t length)
{
    tpmfront_cancel(dev_get_drvdata(dev));
    return (ssize_t)length;
}
static DEVICE_ATTR_WO(cancel_command);

static struct attribute *tpmfront_attrs[] = {&dev_attr_cancel_command.attr,
                                             NULL};
ATTRIBUTE_GROUPS(tpmfront);

/* Nothing is waited for here: it may be the thread that brings the events. */
static int probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
    struct tpmfront *front = kzalloc(sizeof(*front), GFP_KERNEL);

    if (front == NULL)
        return -ENOMEM;
    front->xdev = xdev;
    front->poll_us = tpmfront_poll_us;
    spin_lock_init(&front->lock);
    init_waitqueue_head(&front->changed);
    INIT_DELAYED_WORK(&front->life, tpmfront_life);
    INIT_WORK(&front->attach, tpmfront_attach);
    session_begin(&front->session, TPMFRONT_EXTRA, tpmfront_own_state(front));
    dev_set_drvdata(&xdev->dev, front);
    mod_delayed_work(system_freezable_wq, &front->life, 0);
    return 0;
}

static void otherend_changed(struct xenbus_device *xdev,
                             enum xenbus_state state)
{
    struct tpmfront *front = dev_get_drvdata(&xdev->dev);
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    session_peer(&front->session, (enum vtpmring_xenbus_state)state,
                 tpmfront_now());
    tpmfront_changed(front);
    tpmfront_after(front);
    spin_unlock_irqrestore(&front->lock, flags);
}

/* Ends the connection in order. xenbus no longer tells us of the backend. */
static void disconnect(struct tpmfront *front)
{
    uint64_t until = tpmfront_now() + CLOSE_US;
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    session_close(&front->session, tpmfront_now());
    spin_unlock_irqrestore(&front->lock, flags);
    while (!tpmfront_run(front)) {
        if (tpmfront_now() < until) {
            msleep(LOOK_MS);
            tpmfront_look(front);
            continue;
        }
        spin_lock_irqsave(&front->lock, flags);
        session_give_up(&front->session, tpmfront_now());
        spin_unlock_irqrestore(&front->lock, flags);
    }
}

static void leave(struct tpmfront *front)
{
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    front->leaving = true;
    tpmfront_changed(front);
    spin_unlock_irqrestore(&front->lock, flags);
    tpmfront_cancel(front);
}

static void end_life(struct tpmfront *front)
{
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    front->ended = true;
    spin_unlock_irqrestore(&front->lock, flags);
    cancel_delayed_work_sync(&front->life);
}

static void remove(struct xenbus_device *xdev)
{
    struct tpmfront *front = dev_get_drvdata(&xdev->dev);

    leave(front);
    cancel_work_sync(&front->attach);
    tpmfront_detach(front);
    end_life(front);
    disconnect(front);
    dev_set_drvdata(&xdev->dev, NULL);
    kfree(front);
}

/* Whether the system will come back in another domain is not known yet: the
 * connection stays. Who waits for a command is frozen, and gets the response
 * afterwards. */
static int suspend(struct xenbus_device *xdev)
{
    tpmfront_settle(dev_get_drvdata(&xdev->dev), SUSPEND_US);
    return 0;
}

/* In another domain: the old grants and the old channel are no more. */
static int resume(struct xenbus_device *xdev)
{
    struct tpmfront *front = dev_get_drvdata(&xdev->dev);
    enum vtpmring_xenbus_state own = tpmfront_own_state(front);
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    session_begin(&front->session, TPMFRONT_EXTRA, own);
    tpmfront_changed(front);
    spin_unlock_irqrestore(&front->lock, flags);
    tpmfront_unshare(front);
    mod_delayed_work(system_freezable_wq, &front->life, 0);
    return 0;
}

/* xenbus has a module that is being loaded wait for it. */
static int is_ready(struct xenbus_device *xdev)
{
    struct tpmfront *front = dev_get_drvdata(&xdev->dev);

    return front != NULL && READ_ONCE(front->ready);
}

static const struct xenbus_device_id ids[] = {{"vtpm"}, {""}};
MODULE_ALIAS("xen:vtpm");

static struct xenbus_driver driver = {
    .name = "vtpmring_tpmfront",
    .ids = ids,
    .probe = probe,
    .remove = remove,
    .suspend = suspend,
    .resume = resume,
    .otherend_changed = otherend_changed,
    .is_ready = is_ready,
    .not_essential = true, /* or a boot would wait for minutes */
    .driver.dev_groups = tpmfront_groups,
};

/* Without an owner, a device does not keep the module from being unloaded: that
 * unbinds it, in order. */
static int __init tpmfront_init(void)
{
    if (!xen_domain() || !xen_has_pv_devices())
        return -ENODEV;
    return __xenbus_register_frontend(&driver, NULL, KBUILD_MODNAME);
}
module_init(tpmfront_init);

static void __exit tpmfront_exit(void)
{
    xenbus_unregister_driver(&driver);
}
module_exit(tpmfront_exit);

MODULE_DESCRIPTION("Xen vTPM frontend for TPM 2.0 and TPM 1.2");
MODULE_AUTHOR("libvtpmring");
MODULE_LICENSE("Dual MIT/GPL");
