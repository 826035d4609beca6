/* SPDX-License-Identifier: MIT */
/* What becomes of a device that has ended. */
#include "back_set.h"
#include "nodes.h"
#include "text.h"

/* Whether the serving thread is done with it, too. */
static bool is_idle(struct vtpmring_back_device *device)
{
    bool idle;

    vtpmring_back_set_lock(device->set);
    idle = !device->queued && !device->busy && !device->goodbye;
    vtpmring_back_set_unlock(device->set);
    return idle;
}

/* There is room for another device again: one may have been turned away. */
static void make_room(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device;

    set->device_count--;
    for (device = set->devices; device != NULL; device = device->next)
        device->dirty = device->dirty || device->foreign;
}

static void forget(struct vtpmring_back_set *set,
                   struct vtpmring_back_device **at)
{
    struct vtpmring_back_device *device = *at;

    *at = device->next;
    if (!device->foreign)
        make_room(set);
    vtpmring_back_device_free(device);
}

/* Our directory, and the one above it when it is empty. */
static enum vtpmring_status
remove_directories(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    char parent[VTPMRING_PORT_PATH_MAX], names[64];
    struct text text = text_begin(parent, sizeof(parent));
    enum vtpmring_status status;
    size_t length = 0;

    status = port->ops->store_remove(port, device->path);
    if (status != VTPMRING_OK)
        return status;
    text_add(&text, BACK_SET_DIRECTORY "/");
    text_add_number(&text, device->domid);
    status = port->ops->store_list(port, parent, names, sizeof(names), &length);
    /* it may be the toolstack's */
    if (status == VTPMRING_OK && length == 0)
        (void)port->ops->store_remove(port, parent);
    return status == VTPMRING_EPORT ? status : VTPMRING_OK;
}

/* In a transaction: the toolstack may be making the next device just now.
 * VTPMRING_AGAIN: it has, or something else was in the way. */
static enum vtpmring_status remove_nodes(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    enum vtpmring_status status = port->ops->store_begin(port), ended;
    enum vtpmring_xenbus_state own;

    if (status != VTPMRING_OK)
        return status;
    status = vtpmring_nodes_read_state(port, device->path, &own);
    if (status == VTPMRING_OK && own != VTPMRING_XENBUS_CLOSED)
        status = VTPMRING_AGAIN;
    if (status == VTPMRING_OK)
        status = remove_directories(device);
    ended = port->ops->store_end(port, status == VTPMRING_OK);
    return status == VTPMRING_OK ? ended : status;
}

enum vtpmring_status
vtpmring_back_device_after_end(struct vtpmring_back_set *set,
                               struct vtpmring_back_device **at)
{
    struct vtpmring_back_device *device = *at;
    uint64_t now = set->port->ops->now_us(set->port);
    enum vtpmring_xenbus_state own;
    struct node_value online, assigned;
    enum vtpmring_status status;

    if (device->remove_us == 0)
        device->remove_us = now + BACK_SET_LINGER_US;
    status = vtpmring_nodes_read_state(set->port, device->path, &own);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read(set->port, device->path,
                                     VTPMRING_XENBUS_KEY_ONLINE, &online);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read(set->port, device->frontend,
                                     VTPMRING_XENBUS_KEY_BACKEND, &assigned);
    if (status != VTPMRING_OK)
        return status;
    if (!is_idle(device)) {
        /* a new device need not wait as long as the removal of the old one */
        if (own == VTPMRING_XENBUS_INITIALISING)
            device->remove_us = now;
        return VTPMRING_OK;
    }
    if (own == VTPMRING_XENBUS_INITIALISING || own == VTPMRING_XENBUS_UNKNOWN) {
        uint16_t domid = device->domid;
        uint32_t handle = device->handle;

        /* gone, or attached again */
        forget(set, at);
        return own == VTPMRING_XENBUS_UNKNOWN
                   ? VTPMRING_OK
                   : vtpmring_back_device_add(set, domid, handle);
    }
    if (own != VTPMRING_XENBUS_CLOSED) {
        /* detached after it had ended: the toolstack waits for our Closed */
        device->remove_us = now + BACK_SET_LINGER_US;
        vtpmring_back_device_repeat_closed(device);
        return VTPMRING_OK;
    }
    /* The toolstack finds the device by our nodes. A guest that has spoiled its
     * state still has those that the toolstack wrote. */
    if (text_equal(online.text, "1") && assigned.at != NULL) {
        device->remove_us = UINT64_MAX;
        return VTPMRING_OK;
    }
    if (device->remove_us == UINT64_MAX)
        device->remove_us = now + BACK_SET_LINGER_US;
    if (now < device->remove_us)
        return VTPMRING_OK;
    status = remove_nodes(device);
    if (status == VTPMRING_AGAIN) {
        device->remove_us = now;
        return VTPMRING_OK;
    }
    forget(set, at);
    return status == VTPMRING_EPORT ? status : VTPMRING_OK;
}

enum vtpmring_status
vtpmring_back_device_renew(struct vtpmring_back_set *set,
                           struct vtpmring_back_device **at)
{
    uint16_t domid = (*at)->domid;
    uint32_t handle = (*at)->handle;

    forget(set, at);
    return vtpmring_back_device_add(set, domid, handle);
}
