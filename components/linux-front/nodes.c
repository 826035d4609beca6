/* SPDX-License-Identifier: MIT */
/* xenstore: what a frontend writes and reads. */
#include "tpmfront.h"

#include <linux/err.h>
#include <linux/slab.h>

/* Each conflict means that another writer went ahead; so many in a row are no
 * accident. */
#define TRIES 100

static enum vtpmring_status status_of(int err)
{
    if (err == 0)
        return VTPMRING_OK;
    if (err == -ENOMEM)
        return VTPMRING_ENOMEM;
    return err == -ENOENT ? VTPMRING_EPEER_GONE : VTPMRING_EPORT;
}

static int write_number(struct xenbus_transaction xbt, const char *folder,
                        const char *key, unsigned int value)
{
    return xenbus_printf(xbt, folder, key, "%u", value);
}

static int publish_page(struct tpmfront *front, struct xenbus_transaction xbt)
{
    const char *folder = front->xdev->nodename;
    int err;

    err =
        write_number(xbt, folder, VTPMRING_XENBUS_KEY_RING_REF, front->refs[0]);
    if (err == 0)
        err = write_number(xbt, folder, VTPMRING_XENBUS_KEY_EVENT_CHANNEL,
                           front->port);
    if (err == 0)
        err = write_number(xbt, folder, VTPMRING_XENBUS_KEY_V2, 1);
    return err;
}

/* A folder that the toolstack has removed must not be made again. */
static int write_once(struct tpmfront *front, enum vtpmring_xenbus_state state,
                      bool publish)
{
    const char *folder = front->xdev->nodename;
    struct xenbus_transaction xbt;
    int err;

    err = xenbus_transaction_start(&xbt);
    if (err != 0)
        return err;
    if (xenbus_exists(xbt, folder, VTPMRING_XENBUS_KEY_BACKEND) == 0)
        err = -ENOENT;
    if (err == 0 && publish)
        err = publish_page(front, xbt);
    if (err == 0)
        err = write_number(xbt, folder, VTPMRING_XENBUS_KEY_STATE, state);
    if (err != 0) {
        (void)xenbus_transaction_end(xbt, 1);
        return err;
    }
    return xenbus_transaction_end(xbt, 0);
}

enum vtpmring_status tpmfront_write_state(struct tpmfront *front,
                                          enum vtpmring_xenbus_state state,
                                          bool publish)
{
    int tries = 0, err;

    do
        err = write_once(front, state, publish);
    while (err == -EAGAIN && ++tries < TRIES);
    if (err == 0)
        front->xdev->state = (enum xenbus_state)state;
    return status_of(err);
}

static int remove(struct tpmfront *front, const char *key)
{
    int err = xenbus_rm(XBT_NIL, front->xdev->nodename, key);

    return err == -ENOENT ? 0 : err;
}

enum vtpmring_status tpmfront_unpublish(struct tpmfront *front)
{
    int err = remove(front, VTPMRING_XENBUS_KEY_EVENT_CHANNEL);

    if (err == 0)
        err = remove(front, VTPMRING_XENBUS_KEY_RING_REF);
    return status_of(err);
}

/* The value of a node, to be freed, or NULL. */
static char *read_node(const char *folder, const char *key,
                       unsigned int *length)
{
    char *value = xenbus_read(XBT_NIL, folder, key, length);

    if (!IS_ERR(value))
        return value;
    *length = 0;
    return NULL;
}

enum vtpmring_status tpmfront_check_peer(struct tpmfront *front)
{
    const char *folder = front->xdev->otherend;
    unsigned int v2_length, extra_length;
    enum vtpmring_status status;
    unsigned long flags;
    char *v2, *extra;

    v2 = read_node(folder, VTPMRING_XENBUS_KEY_V2, &v2_length);
    extra = read_node(folder, VTPMRING_XENBUS_KEY_EXTRA_PAGES, &extra_length);
    spin_lock_irqsave(&front->lock, flags);
    status = vtpmring_front_set_features(&front->session.machine, v2, v2_length,
                                         extra, extra_length);
    spin_unlock_irqrestore(&front->lock, flags);
    kfree(v2);
    kfree(extra);
    return status;
}

enum vtpmring_xenbus_state tpmfront_read_state(const char *path)
{
    enum vtpmring_xenbus_state state;
    unsigned int length;
    char *value = read_node(path, VTPMRING_XENBUS_KEY_STATE, &length);

    state = vtpmring_xenbus_parse_state(value, length);
    kfree(value);
    return state;
}
