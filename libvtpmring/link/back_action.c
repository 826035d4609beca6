/* SPDX-License-Identifier: MIT */
/* The actions of a backend's phases, carried out on a port. */
#include "back_set.h"
#include "nodes.h"
#include "text.h"

/* Actions of one device before the others have their turn. */
#define ADVANCE_MAX 32
/* Lines that a frontend can bring about in a period. */
#define TELL_MAX 20
#define TELL_PERIOD_US 60000000u

/* Once we have written a state, the first one is that of a newer device. */
static enum vtpmring_xenbus_state
not_ours(const struct vtpmring_back_device *device)
{
    return device->announced ? VTPMRING_XENBUS_INITIALISING
                             : VTPMRING_XENBUS_UNKNOWN;
}

/* The machine's guard: libxl has always written it. */
static enum vtpmring_status write_nodes(struct vtpmring_back_device *device,
                                        const struct node_write *writes,
                                        size_t count)
{
    if (device->replaced)
        return VTPMRING_EPEER_GONE;
    return vtpmring_nodes_write(device->set->port, device->path,
                                VTPMRING_XENBUS_KEY_FRONTEND, not_ours(device),
                                writes, count);
}

void vtpmring_back_device_leave(struct vtpmring_back_device *device)
{
    const struct node_write write = {VTPMRING_XENBUS_KEY_READY, 0};

    if (device->bound)
        (void)write_nodes(device, &write, 1);
}

enum vtpmring_status
vtpmring_back_device_read(struct vtpmring_back_device *device, const char *key,
                          char *value, size_t size)
{
    struct node_value node;
    enum vtpmring_status status =
        vtpmring_nodes_read(device->set->port, device->path, key, &node);
    struct text text = text_begin(value, size);

    if (status != VTPMRING_OK)
        return status;
    if (node.at == NULL)
        return VTPMRING_EPEER_GONE;
    text_add(&text, node.text);
    if (text.cut)
        return VTPMRING_ENOBUF;
    return text.length == node.length ? VTPMRING_OK : VTPMRING_EPEER_STRING;
}

enum vtpmring_status
vtpmring_back_device_write(struct vtpmring_back_device *device, const char *key,
                           const char *value)
{
    if (device->replaced)
        return VTPMRING_EPEER_GONE;
    return vtpmring_nodes_write_text(device->set->port, device->path,
                                     VTPMRING_XENBUS_KEY_FRONTEND,
                                     not_ours(device), key, value);
}

/* Asks the user; "not now" keeps the device where it is. */
static bool permits(struct vtpmring_back_device *device,
                    bool (*ask)(void *context,
                                struct vtpmring_back_device *device))
{
    struct vtpmring_back_set *set = device->set;

    if (ask == NULL || ask(set->config.context, device))
        return true;
    device->held = true;
    device->ask_us = set->port->ops->now_us(set->port) +
                     (uint64_t)VTPMRING_BACK_ASK_MS * 1000;
    return false;
}

/* Who takes the device away waits for Closed; a newer device has its own. */
static bool may_close(struct vtpmring_back_device *device)
{
    return !device->machine.offline || device->replaced ||
           permits(device, device->set->config.ops->closing);
}

void vtpmring_back_device_repeat_closed(struct vtpmring_back_device *device)
{
    const struct node_write write = {VTPMRING_XENBUS_KEY_STATE,
                                     VTPMRING_XENBUS_CLOSED};

    if (permits(device, device->set->config.ops->closing))
        (void)write_nodes(device, &write, 1);
}

static enum vtpmring_status advertise(struct vtpmring_back_device *device)
{
    const struct node_write writes[] = {
        {VTPMRING_XENBUS_KEY_V2, 1},
        {VTPMRING_XENBUS_KEY_EXTRA_PAGES, device->set->config.max_extra},
    };

    return write_nodes(device, writes,
                       device->set->config.max_extra > 0 ? 2 : 1);
}

/* From the reading of the frontend's nodes to the writing of Connected it is
 * one transaction: a frontend that begins anew in between must not be taken for
 * the one that was read, even if its numbers are the same. */
static enum vtpmring_status end_reading(struct vtpmring_back_device *device,
                                        enum vtpmring_status status)
{
    enum vtpmring_status ended;

    if (!device->reading)
        return status;
    device->reading = false;
    ended = device->set->port->ops->store_end(device->set->port, true);
    return ended == VTPMRING_AGAIN || status == VTPMRING_OK ? ended : status;
}

static enum vtpmring_status write_state(struct vtpmring_back_device *device)
{
    enum vtpmring_xenbus_state state = vtpmring_back_state(&device->machine);
    const struct node_write writes[] = {
        {VTPMRING_XENBUS_KEY_STATE, (uint32_t)state},
        {VTPMRING_XENBUS_KEY_READY, 1},
    };
    enum vtpmring_status status;

    if (!device->reading)
        status = write_nodes(device, writes, 1);
    else
        status = end_reading(
            device, device->replaced
                        ? VTPMRING_EPEER_GONE
                        : vtpmring_nodes_put(device->set->port, device->path,
                                             VTPMRING_XENBUS_KEY_FRONTEND,
                                             not_ours(device), writes, 2));
    device->announced = device->announced || status == VTPMRING_OK;
    return status;
}

static enum vtpmring_status read_nodes(struct vtpmring_back_device *device)
{
    static const char *const keys[3] = {VTPMRING_XENBUS_KEY_RING_REF,
                                        VTPMRING_XENBUS_KEY_EVENT_CHANNEL,
                                        VTPMRING_XENBUS_KEY_V2};
    struct vtpmring_port *port = device->set->port;
    struct node_value v[3];
    enum vtpmring_xenbus_state state;
    enum vtpmring_status status;

    status = vtpmring_nodes_read_state(port, device->frontend, &state);
    for (size_t i = 0; i < 3 && status == VTPMRING_OK; i++)
        status = vtpmring_nodes_read(port, device->frontend, keys[i], &v[i]);
    if (status != VTPMRING_OK)
        return status;
    vtpmring_back_set_lock(device->set);
    /* what was known of it before may be of an earlier life */
    vtpmring_back_on_peer_state(&device->machine, state);
    status = vtpmring_back_set_peer(&device->machine, v[0].at, v[0].length,
                                    v[1].at, v[1].length, v[2].at, v[2].length);
    vtpmring_back_set_unlock(device->set);
    return status;
}

static enum vtpmring_status read_peer(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    enum vtpmring_status status = port->ops->store_begin(port);

    if (status != VTPMRING_OK)
        return status;
    device->reading = true;
    status = read_nodes(device);
    return status == VTPMRING_OK ? status : end_reading(device, status);
}

static enum vtpmring_status map_pages(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    enum vtpmring_status status;

    /* the serving thread may be mapping pages of another device */
    vtpmring_back_set_lock(device->set);
    status = port->ops->map(port, device->domid, &device->machine.ring_ref, 1,
                            &device->first);
    vtpmring_back_set_unlock(device->set);
    if (status != VTPMRING_OK) {
        device->first = NULL;
        return status;
    }
    status = port->ops->channel_bind(
        port, device->domid, device->machine.event_channel, &device->channel);
    vtpmring_back_set_lock(device->set);
    if (status != VTPMRING_OK) {
        port->ops->unmap(port, device->first, 1);
        device->first = NULL;
    } else {
        vtpmring_back_set_bind(device->set, device);
        status = vtpmring_back_set_page(&device->machine, device->first);
    }
    vtpmring_back_set_unlock(device->set);
    return status;
}

static enum vtpmring_status map(struct vtpmring_back_device *device)
{
    enum vtpmring_status status = map_pages(device);

    return status == VTPMRING_OK ? status : end_reading(device, status);
}

/* Whether the user agrees. Nobody is told of a device that is taken away. */
static bool may_go_on(struct vtpmring_back_device *device,
                      enum vtpmring_back_action action)
{
    if (action == VTPMRING_BACK_ADVERTISE)
        return device->machine.offline ||
               permits(device, device->set->config.ops->announce);
    return vtpmring_back_state(&device->machine) != VTPMRING_XENBUS_CLOSED ||
           may_close(device);
}

static enum vtpmring_status perform(struct vtpmring_back_device *device,
                                    enum vtpmring_back_action action)
{
    switch (action) {
    case VTPMRING_BACK_ADVERTISE:
        return device->machine.offline ? VTPMRING_CLOSED : advertise(device);
    case VTPMRING_BACK_READ_PEER:
        return read_peer(device);
    case VTPMRING_BACK_MAP:
        return map(device);
    case VTPMRING_BACK_SET_STATE:
        return write_state(device);
    default:
        vtpmring_back_device_unmap(device);
        return VTPMRING_OK;
    }
}

/* A frontend can come and go as often as it likes, but not fill the log. */
static void log_frontend(struct vtpmring_back_device *device, int level,
                         const char *what, enum vtpmring_status status)
{
    const uint64_t now = device->set->port->ops->now_us(device->set->port);

    if (now - device->told_since_us >= TELL_PERIOD_US) {
        device->told_since_us = now;
        device->told = 0;
    }
    if (device->told > TELL_MAX)
        return;
    if (device->told++ < TELL_MAX)
        vtpmring_back_set_log(device, level, what, status);
    else
        vtpmring_back_set_log(device, 4,
                              "too many such lines: silent for up to a minute",
                              VTPMRING_OK);
}

/* Tells the user and the operator what has just come to pass. */
static void tell(struct vtpmring_back_device *device, uint8_t before,
                 enum vtpmring_status status)
{
    const struct vtpmring_back_set_ops *ops = device->set->config.ops;

    if (status != VTPMRING_OK && status != VTPMRING_AGAIN &&
        status != VTPMRING_CLOSED)
        log_frontend(device, 4, vtpmring_back_table[before].name, status);
    if (before == VTPMRING_BACK_PHASE_CONFIRM && status == VTPMRING_OK) {
        log_frontend(device, 6, "frontend connected", VTPMRING_OK);
        if (ops->connected != NULL)
            ops->connected(device->set->config.context, device);
    }
    if (vtpmring_back_table[before].action == VTPMRING_BACK_UNMAP) {
        log_frontend(device, 6, "frontend disconnected", VTPMRING_OK);
        vtpmring_back_set_lock(device->set);
        device->goodbye = true;
        vtpmring_back_set_unlock(device->set);
    }
}

/* Leaves the commands to the serving thread. */
static void hand_over(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;
    bool wake;

    vtpmring_back_set_lock(set);
    wake = vtpmring_back_device_is_waiting(device);
    if (wake && !device->busy)
        vtpmring_back_set_queue(set, device);
    vtpmring_back_set_unlock(set);
    if (wake)
        set->port->ops->wake(set->port, VTPMRING_PORT_SERVER);
}

void vtpmring_back_device_advance(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;
    enum vtpmring_back_action action;
    enum vtpmring_status status;
    uint8_t phase;

    /* a frontend that begins anew for ever does not keep us from the others */
    device->dirty = true;
    for (int i = 0; i < ADVANCE_MAX || device->reading; i++) {
        vtpmring_back_set_lock(set);
        action = vtpmring_back_next(&device->machine);
        phase = device->machine.phase;
        vtpmring_back_set_unlock(set);
        switch (action) {
        case VTPMRING_BACK_END:
            device->dirty = false;
            device->ended = true;
            hand_over(device);
            return;
        case VTPMRING_BACK_WAIT:
        case VTPMRING_BACK_EXECUTE:
        case VTPMRING_BACK_MAP_EXTRA:
        case VTPMRING_BACK_NOTIFY:
            device->dirty = false;
            hand_over(device);
            return;
        case VTPMRING_BACK_ABORT:
            vtpmring_back_set_lock(set);
            vtpmring_back_device_abort(device);
            vtpmring_back_set_unlock(set);
            continue;
        case VTPMRING_BACK_ADVERTISE:
        case VTPMRING_BACK_SET_STATE:
            if (may_go_on(device, action))
                break;
            device->dirty = false;
            hand_over(device);
            return;
        default:
            break;
        }
        status = perform(device, action);
        vtpmring_back_set_lock(set);
        (void)vtpmring_back_done(&device->machine, action, status);
        vtpmring_back_set_unlock(set);
        tell(device, phase, status);
    }
}

void vtpmring_back_device_abort(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;

    if (vtpmring_back_next(&device->machine) != VTPMRING_BACK_ABORT)
        return;
    if (set->running == device && set->config.ops->abort != NULL)
        set->config.ops->abort(set->config.context, device);
    (void)vtpmring_back_done(&device->machine, VTPMRING_BACK_ABORT,
                             VTPMRING_OK);
}
