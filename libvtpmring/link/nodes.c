/* SPDX-License-Identifier: MIT */
#include "nodes.h"
#include "text.h"

/* A conflict with another writer of the same nodes is rare; this many in a row
 * are a fault of the platform. */
#define TRANSACTION_TRIES 100

enum vtpmring_status vtpmring_nodes_read(struct vtpmring_port *port,
                                         const char *directory, const char *key,
                                         struct node_value *value)
{
    char path[VTPMRING_PORT_PATH_MAX];
    enum vtpmring_status status;

    value->at = NULL;
    value->length = 0;
    value->text[0] = '\0';
    if (!text_path(path, sizeof(path), directory, key))
        return VTPMRING_OK;
    status = port->ops->store_read(port, path, value->text,
                                   VTPMRING_PORT_VALUE_MAX, &value->length);
    if (status == VTPMRING_EPEER_GONE || status == VTPMRING_ENOBUF) {
        value->length = 0;
        value->text[0] = '\0';
        return VTPMRING_OK;
    }
    if (status != VTPMRING_OK)
        return status;
    value->text[value->length] = '\0';
    value->at = value->text;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_nodes_read_number(struct vtpmring_port *port,
                                                const char *directory,
                                                const char *key, uint32_t max,
                                                uint32_t *number)
{
    struct node_value value;
    enum vtpmring_status status;

    status = vtpmring_nodes_read(port, directory, key, &value);
    if (status != VTPMRING_OK)
        return status;
    if (value.at == NULL)
        return VTPMRING_EPEER_GONE;
    return vtpmring_xenbus_parse_number(value.at, value.length, max, number);
}

enum vtpmring_status
vtpmring_nodes_read_state(struct vtpmring_port *port, const char *directory,
                          enum vtpmring_xenbus_state *state)
{
    struct node_value value;
    enum vtpmring_status status;

    status =
        vtpmring_nodes_read(port, directory, VTPMRING_XENBUS_KEY_STATE, &value);
    if (status == VTPMRING_OK)
        *state = vtpmring_xenbus_parse_state(value.at, value.length);
    return status;
}

static enum vtpmring_status write_text(struct vtpmring_port *port,
                                       const char *directory, const char *key,
                                       const char *value)
{
    char path[VTPMRING_PORT_PATH_MAX];

    if (!text_path(path, sizeof(path), directory, key))
        return VTPMRING_EPORT;
    return port->ops->store_write(port, path, value);
}

static enum vtpmring_status write_one(struct vtpmring_port *port,
                                      const char *directory,
                                      const struct node_write *write)
{
    char digits[16];
    struct text text = text_begin(digits, sizeof(digits));

    text_add_number(&text, write->number);
    return write_text(port, directory, write->key, digits);
}

enum vtpmring_status
vtpmring_nodes_put(struct vtpmring_port *port, const char *directory,
                   const char *guard, enum vtpmring_xenbus_state unless,
                   const struct node_write *writes, size_t count)
{
    enum vtpmring_xenbus_state state = VTPMRING_XENBUS_UNKNOWN;
    struct node_value value;
    enum vtpmring_status status;

    status = vtpmring_nodes_read(port, directory, guard, &value);
    if (status == VTPMRING_OK && value.at == NULL)
        status = VTPMRING_EPEER_GONE;
    if (status == VTPMRING_OK && unless != VTPMRING_XENBUS_UNKNOWN)
        status = vtpmring_nodes_read_state(port, directory, &state);
    if (status == VTPMRING_OK && state != VTPMRING_XENBUS_UNKNOWN &&
        state == unless)
        status = VTPMRING_EPEER_GONE;
    for (size_t i = 0; i < count && status == VTPMRING_OK; i++)
        status = write_one(port, directory, &writes[i]);
    return status;
}

/* Ends a transaction; AGAIN: it met another writer, begin anew. */
static enum vtpmring_status end(struct vtpmring_port *port,
                                enum vtpmring_status status)
{
    enum vtpmring_status ended =
        port->ops->store_end(port, status == VTPMRING_OK);

    return status == VTPMRING_OK ? ended : status;
}

enum vtpmring_status
vtpmring_nodes_write(struct vtpmring_port *port, const char *directory,
                     const char *guard, enum vtpmring_xenbus_state unless,
                     const struct node_write *writes, size_t count)
{
    enum vtpmring_status status;

    for (int i = 0; i < TRANSACTION_TRIES; i++) {
        status = port->ops->store_begin(port);
        if (status != VTPMRING_OK)
            return status;
        status = end(port, vtpmring_nodes_put(port, directory, guard, unless,
                                              writes, count));
        if (status != VTPMRING_AGAIN)
            return status;
    }
    return VTPMRING_EPORT;
}

enum vtpmring_status
vtpmring_nodes_write_text(struct vtpmring_port *port, const char *directory,
                          const char *guard, enum vtpmring_xenbus_state unless,
                          const char *key, const char *value)
{
    enum vtpmring_status status;

    for (int i = 0; i < TRANSACTION_TRIES; i++) {
        status = port->ops->store_begin(port);
        if (status != VTPMRING_OK)
            return status;
        status = vtpmring_nodes_put(port, directory, guard, unless, NULL, 0);
        if (status == VTPMRING_OK)
            status = write_text(port, directory, key, value);
        status = end(port, status);
        if (status != VTPMRING_AGAIN)
            return status;
    }
    return VTPMRING_EPORT;
}

enum vtpmring_status vtpmring_nodes_remove(struct vtpmring_port *port,
                                           const char *directory,
                                           const char *key)
{
    char path[VTPMRING_PORT_PATH_MAX];

    if (!text_path(path, sizeof(path), directory, key))
        return VTPMRING_EPORT;
    return port->ops->store_remove(port, path);
}
