/* SPDX-License-Identifier: MIT */
/* The actions of a frontend, carried out on a port. */
#include "front_link.h"
#include "nodes.h"
#include "text.h"

enum vtpmring_status vtpmring_front_find(struct vtpmring_front_link *link)
{
    struct node_value backend;
    enum vtpmring_status status;
    uint32_t id = 0;
    struct text text = text_begin(link->backend, sizeof(link->backend));

    status = vtpmring_nodes_read(link->port, link->path,
                                 VTPMRING_XENBUS_KEY_BACKEND, &backend);
    if (status != VTPMRING_OK)
        return status;
    if (backend.at == NULL || backend.length == 0)
        return VTPMRING_EPEER_GONE;
    text_add(&text, backend.text);
    if (text.cut || text.length != backend.length ||
        !text_path(link->watch, sizeof(link->watch), link->backend,
                   VTPMRING_XENBUS_KEY_STATE))
        return VTPMRING_EPEER_STRING;
    status = vtpmring_nodes_read_number(link->port, link->path,
                                        VTPMRING_XENBUS_KEY_BACKEND_ID,
                                        UINT16_MAX, &id);
    link->peer = (uint16_t)id;
    return status;
}

static enum vtpmring_status share(struct vtpmring_front_link *link)
{
    const struct vtpmring_port_ops *ops = link->port->ops;
    struct vtpmring_page page = {0};
    enum vtpmring_status status;

    link->page_count = (size_t)link->machine.own_extra + 1;
    status = ops->share(link->port, link->peer, link->page_count, &link->pages,
                        link->refs);
    if (status != VTPMRING_OK)
        return status;
    status = ops->channel_open(link->port, link->peer, &link->channel);
    if (status != VTPMRING_OK) {
        ops->unshare(link->port, link->pages, link->page_count);
        return status;
    }
    page.first = link->pages;
    page.extra_count = link->machine.own_extra;
    if (page.extra_count > 0)
        page.extra = page.first + VTPMRING_PAGE_SIZE;
    return vtpmring_front_set_page(&link->machine, &page, link->refs + 1);
}

void vtpmring_front_unshare(struct vtpmring_front_link *link)
{
    const struct vtpmring_port_ops *ops = link->port->ops;

    ops->channel_close(link->port, link->channel);
    ops->unshare(link->port, link->pages, link->page_count);
    link->pages = NULL;
}

static enum vtpmring_status write_nodes(struct vtpmring_front_link *link,
                                        const struct node_write *writes,
                                        size_t count)
{
    return vtpmring_nodes_write(link->port, link->path,
                                VTPMRING_XENBUS_KEY_BACKEND,
                                VTPMRING_XENBUS_UNKNOWN, writes, count);
}

/* A backend may have connected to the old page just before our nodes went. It
 * lets go when it sees Closed; what we knew of it before is no proof that it
 * has. */
static enum vtpmring_status write_state(struct vtpmring_front_link *link)
{
    enum vtpmring_xenbus_state state = vtpmring_front_state(&link->machine);
    const struct node_write write = {VTPMRING_XENBUS_KEY_STATE,
                                     (uint32_t)state};
    enum vtpmring_status status = write_nodes(link, &write, 1);

    if (status == VTPMRING_OK && state == VTPMRING_XENBUS_CLOSED)
        status = vtpmring_front_look(link);
    return status;
}

static enum vtpmring_status publish(struct vtpmring_front_link *link)
{
    const struct node_write writes[] = {
        {VTPMRING_XENBUS_KEY_RING_REF, link->refs[0]},
        {VTPMRING_XENBUS_KEY_EVENT_CHANNEL, link->channel},
        {VTPMRING_XENBUS_KEY_V2, 1},
        {VTPMRING_XENBUS_KEY_STATE,
         (uint32_t)vtpmring_front_state(&link->machine)},
    };

    return write_nodes(link, writes, sizeof(writes) / sizeof(writes[0]));
}

static enum vtpmring_status unpublish(struct vtpmring_front_link *link)
{
    enum vtpmring_status status;

    status = vtpmring_nodes_remove(link->port, link->path,
                                   VTPMRING_XENBUS_KEY_EVENT_CHANNEL);
    if (status != VTPMRING_OK)
        return status;
    return vtpmring_nodes_remove(link->port, link->path,
                                 VTPMRING_XENBUS_KEY_RING_REF);
}

static enum vtpmring_status check_peer(struct vtpmring_front_link *link)
{
    struct node_value v2, extra;
    enum vtpmring_status status;

    status = vtpmring_nodes_read(link->port, link->backend,
                                 VTPMRING_XENBUS_KEY_V2, &v2);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read(link->port, link->backend,
                                     VTPMRING_XENBUS_KEY_EXTRA_PAGES, &extra);
    if (status != VTPMRING_OK)
        return status;
    return vtpmring_front_set_features(&link->machine, v2.at, v2.length,
                                       extra.at, extra.length);
}

void vtpmring_front_perform(struct vtpmring_front_link *link,
                            enum vtpmring_front_action action)
{
    enum vtpmring_status status = VTPMRING_OK;

    switch (action) {
    case VTPMRING_FRONT_SHARE:
        status = share(link);
        break;
    case VTPMRING_FRONT_PUBLISH:
        status = publish(link);
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        status = check_peer(link);
        break;
    case VTPMRING_FRONT_SET_STATE:
        status = write_state(link);
        break;
    case VTPMRING_FRONT_NOTIFY:
        status = link->port->ops->channel_notify(link->port, link->channel);
        break;
    case VTPMRING_FRONT_UNPUBLISH:
        status = unpublish(link);
        break;
    case VTPMRING_FRONT_UNSHARE:
        vtpmring_front_unshare(link);
        break;
    default:
        break;
    }
    (void)vtpmring_front_done(&link->machine, action, status);
}

enum vtpmring_status vtpmring_front_look(struct vtpmring_front_link *link)
{
    enum vtpmring_xenbus_state state;
    enum vtpmring_status status;

    status = vtpmring_nodes_read_state(link->port, link->backend, &state);
    if (status == VTPMRING_OK)
        vtpmring_front_on_peer_state(&link->machine, state);
    return status;
}
