/* SPDX-License-Identifier: MIT */
/* The control thread's side of one device: nodes, mapping, phases. */
#include "back_set.h"
#include "nodes.h"
#include "text.h"

struct vtpmring_back_device *
vtpmring_back_device_find(struct vtpmring_back_set *set, uint32_t domid,
                          uint32_t handle)
{
    struct vtpmring_back_device *device = set->devices;

    while (device != NULL &&
           (device->domid != domid || device->handle != handle))
        device = device->next;
    return device;
}

static struct vtpmring_back_device *allocate(struct vtpmring_back_set *set)
{
    const struct vtpmring_port_ops *ops = set->port->ops;
    struct vtpmring_back_device *device;

    device = ops->alloc(set->port, sizeof(*device));
    if (device == NULL)
        return NULL;
    device->set = set;
    device->poll.us = set->config.poll_us;
    device->machine.config = (struct vtpmring_back_config){
        .family = set->config.family,
        .buffer = ops->alloc(set->port, set->config.command_max),
        .buffer_size = set->config.command_max,
        .max_extra = set->config.max_extra,
    };
    if (set->config.max_extra > 0)
        device->machine.config.refs =
            ops->alloc(set->port, set->config.max_extra * sizeof(uint32_t));
    if (device->machine.config.buffer == NULL ||
        (set->config.max_extra > 0 && device->machine.config.refs == NULL)) {
        vtpmring_back_device_free(device);
        return NULL;
    }
    return device;
}

void vtpmring_back_device_unmap(struct vtpmring_back_device *device)
{
    const struct vtpmring_port_ops *ops = device->set->port->ops;
    struct vtpmring_port *port = device->set->port;

    if (device->bound) {
        vtpmring_back_set_lock(device->set);
        vtpmring_back_set_unbind(device->set, device);
        vtpmring_back_set_unlock(device->set);
        ops->channel_close(port, device->channel);
    }
    /* the serving thread may be mapping pages of another device */
    vtpmring_back_set_lock(device->set);
    if (device->extra != NULL)
        ops->unmap(port, device->extra, device->extra_count);
    if (device->first != NULL)
        ops->unmap(port, device->first, 1);
    device->extra = NULL;
    device->first = NULL;
    vtpmring_back_set_unlock(device->set);
}

void vtpmring_back_device_free(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    const struct vtpmring_back_set_config *config = &device->set->config;

    vtpmring_back_device_unmap(device);
    if (device->accepted && config->ops->removed != NULL)
        config->ops->removed(config->context, device);
    if (device->watch[0] != '\0')
        port->ops->store_unwatch(port, device->watch, device->token);
    port->ops->free(port, device->machine.config.buffer);
    port->ops->free(port, device->machine.config.refs);
    port->ops->free(port, device);
}

/* backend/vtpm/DOMID/HANDLE */
static bool name_paths(struct vtpmring_back_device *device)
{
    struct text path = text_begin(device->path, sizeof(device->path));
    struct text token = text_begin(device->token, sizeof(device->token));

    text_add(&path, BACK_SET_DIRECTORY "/");
    text_add_number(&path, device->domid);
    text_add(&path, "/");
    text_add_number(&path, device->handle);
    text_add_number(&token, device->domid);
    text_add(&token, "/");
    text_add_number(&token, device->handle);
    return !path.cut && !token.cut;
}

/* Who the frontend is, and which vTPM it wants. */
static enum vtpmring_status read_toolstack(struct vtpmring_back_device *device,
                                           struct node_value *uuid)
{
    struct vtpmring_port *port = device->set->port;
    struct text text = text_begin(device->frontend, sizeof(device->frontend));
    enum vtpmring_status status;
    struct node_value value;
    uint32_t domid;

    status = vtpmring_nodes_read_number(port, device->path,
                                        VTPMRING_XENBUS_KEY_FRONTEND_ID,
                                        UINT16_MAX, &domid);
    if (status == VTPMRING_OK && domid != device->domid)
        status = VTPMRING_EPEER_STRING;
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read(port, device->path,
                                     VTPMRING_XENBUS_KEY_FRONTEND, &value);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read(port, device->path,
                                     VTPMRING_XENBUS_KEY_UUID, uuid);
    if (status != VTPMRING_OK)
        return status;
    if (value.at == NULL)
        return VTPMRING_EPEER_GONE;
    text_add(&text, value.text);
    return text.cut || text.length != value.length || text.length == 0
               ? VTPMRING_EPEER_STRING
               : VTPMRING_OK;
}

/* A process that stopped in order has left a note, see
 * vtpmring_back_device_leave(). */
static enum vtpmring_status inherit(struct vtpmring_back_device *device)
{
    struct node_value ready;
    enum vtpmring_status status;

    if (device->machine.phase != VTPMRING_BACK_PHASE_ADOPT)
        return VTPMRING_OK;
    status = vtpmring_nodes_read(device->set->port, device->path,
                                 VTPMRING_XENBUS_KEY_READY, &ready);
    if (status == VTPMRING_OK && text_equal(ready.text, "0"))
        vtpmring_back_inherit(&device->machine);
    return status;
}

static enum vtpmring_status begin_machine(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;
    struct vtpmring_back_config config = device->machine.config;
    enum vtpmring_xenbus_state own, peer;
    enum vtpmring_status status;
    char watch[VTPMRING_PORT_PATH_MAX];

    if (!text_path(watch, sizeof(watch), device->frontend,
                   VTPMRING_XENBUS_KEY_STATE))
        return VTPMRING_EPEER_STRING;
    status = port->ops->store_watch(port, watch, device->token);
    if (status != VTPMRING_OK)
        return status;
    (void)text_path(device->watch, sizeof(device->watch), device->frontend,
                    VTPMRING_XENBUS_KEY_STATE);
    status = vtpmring_nodes_read_state(port, device->path, &own);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read_state(port, device->frontend, &peer);
    if (status == VTPMRING_OK)
        status = vtpmring_back_init(&device->machine, &config, own, peer);
    device->announced = own != VTPMRING_XENBUS_INITIALISING;
    return status == VTPMRING_OK ? inherit(device) : status;
}

/* A device of somebody else is kept only as a note not to ask again. */
static void disown(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;

    port->ops->free(port, device->machine.config.buffer);
    port->ops->free(port, device->machine.config.refs);
    device->machine.config.buffer = NULL;
    device->machine.config.refs = NULL;
    device->foreign = true;
}

static bool is_wanted(struct vtpmring_back_device *device, const char *uuid)
{
    struct vtpmring_back_set *set = device->set;

    if (set->config.ops->accept != NULL &&
        !set->config.ops->accept(set->config.context, device, uuid))
        return false;
    device->accepted = true;
    if (set->device_count < set->config.max_devices)
        return true;
    vtpmring_back_set_log(device, 4, "not served: too many devices",
                          VTPMRING_OK);
    return false;
}

enum vtpmring_status vtpmring_back_device_add(struct vtpmring_back_set *set,
                                              uint16_t domid, uint32_t handle)
{
    struct vtpmring_back_device *device = allocate(set);
    enum vtpmring_status status;
    struct node_value uuid;

    if (device == NULL)
        return VTPMRING_ENOMEM;
    device->domid = domid;
    device->handle = handle;
    status = name_paths(device) ? read_toolstack(device, &uuid)
                                : VTPMRING_EPEER_STRING;
    if (status == VTPMRING_OK) {
        if (is_wanted(device, uuid.text)) {
            status = begin_machine(device);
            set->device_count += status == VTPMRING_OK;
        } else {
            disown(device);
        }
    }
    if (status != VTPMRING_OK) {
        /* half a device: an event will come when the rest is written */
        if (status == VTPMRING_ENOMEM)
            vtpmring_back_set_log(device, 4, "not served", status);
        vtpmring_back_device_free(device);
        return status == VTPMRING_EPORT ? status : VTPMRING_OK;
    }
    device->dirty = !device->foreign;
    device->next = set->devices;
    set->devices = device;
    return VTPMRING_OK;
}

/* The toolstack ends a device by online=0, or by taking its nodes away. */
static enum vtpmring_status look_online(struct vtpmring_back_device *device)
{
    struct node_value online;
    enum vtpmring_status status;

    status = vtpmring_nodes_read(device->set->port, device->path,
                                 VTPMRING_XENBUS_KEY_ONLINE, &online);
    if (status == VTPMRING_OK && !text_equal(online.text, "1") &&
        !device->machine.offline) {
        vtpmring_back_set_log(device, 6, "detached by the toolstack",
                              VTPMRING_OK);
        vtpmring_back_set_lock(device->set);
        vtpmring_back_close(&device->machine);
        vtpmring_back_set_unlock(device->set);
    }
    return status;
}

/* A toolstack that does not wait for us takes a device away and makes another
 * in its place; if we were slow, its first state is all that tells. The nodes
 * of the new one are not ours to write before it was accepted. */
static enum vtpmring_status look_replaced(struct vtpmring_back_device *device)
{
    enum vtpmring_xenbus_state own;
    enum vtpmring_status status;

    status = vtpmring_nodes_read_state(device->set->port, device->path, &own);
    if (status == VTPMRING_OK && own == VTPMRING_XENBUS_INITIALISING &&
        device->announced && !device->replaced) {
        vtpmring_back_set_log(device, 6, "replaced by the toolstack",
                              VTPMRING_OK);
        device->replaced = true;
        vtpmring_back_set_lock(device->set);
        vtpmring_back_close(&device->machine);
        vtpmring_back_set_unlock(device->set);
    }
    return status;
}

enum vtpmring_status
vtpmring_back_device_look(struct vtpmring_back_device *device)
{
    enum vtpmring_xenbus_state state;
    enum vtpmring_status status = look_online(device);

    if (status == VTPMRING_OK)
        status = look_replaced(device);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read_state(device->set->port, device->frontend,
                                           &state);
    if (status != VTPMRING_OK)
        return status;
    vtpmring_back_set_lock(device->set);
    vtpmring_back_on_peer_state(&device->machine, state);
    vtpmring_back_set_unlock(device->set);
    return VTPMRING_OK;
}
