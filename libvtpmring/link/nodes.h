/* SPDX-License-Identifier: MIT */
/**
 * @file nodes.h
 * Reading and writing the nodes of one directory, for both links.
 */
#ifndef VTPMRING_NODES_H
#define VTPMRING_NODES_H

#include <vtpmring/port.h>
#include <vtpmring/xenbus.h>

/** A value as it was read. */
struct node_value {
    char text[VTPMRING_PORT_VALUE_MAX + 1]; /**< with a NUL after the value */
    const char *at;                         /**< text, or NULL if absent */
    size_t length;                          /**< bytes of it */
};

/**
 * Reads a node. An absent one, and one too long to be any of ours, has at NULL.
 * @param port the platform
 * @param directory of the node
 * @param key its name
 * @param value gets the value
 * @retval VTPMRING_OK read, or absent
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status vtpmring_nodes_read(struct vtpmring_port *port,
                                         const char *directory, const char *key,
                                         struct node_value *value);

/**
 * Reads a number.
 * @param port the platform
 * @param directory of the node
 * @param key its name
 * @param max largest number allowed
 * @param number gets the number
 * @retval VTPMRING_OK read
 * @retval VTPMRING_EPEER_GONE there is no such node
 * @retval VTPMRING_EPEER_STRING it is no number
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status vtpmring_nodes_read_number(struct vtpmring_port *port,
                                                const char *directory,
                                                const char *key, uint32_t max,
                                                uint32_t *number);

/**
 * Reads a state node.
 * @param port the platform
 * @param directory of the node
 * @param state gets the state, UNKNOWN if it is absent or unreadable
 * @retval VTPMRING_OK read
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status
vtpmring_nodes_read_state(struct vtpmring_port *port, const char *directory,
                          enum vtpmring_xenbus_state *state);

/** A node to write: the values of the protocol's own nodes are numbers. */
struct node_write {
    const char *key; /**< its name */
    uint32_t number; /**< its value */
};

/**
 * Writes nodes, inside the caller's transaction if there is one.
 * @param port the platform
 * @param directory of the nodes
 * @param guard a node that the toolstack has made there
 * @param unless a state in which the directory is that of another device;
 *        UNKNOWN for none
 * @param writes what to write
 * @param count how many
 * @return as vtpmring_nodes_write
 */
enum vtpmring_status
vtpmring_nodes_put(struct vtpmring_port *port, const char *directory,
                   const char *guard, enum vtpmring_xenbus_state unless,
                   const struct node_write *writes, size_t count);

/**
 * Writes nodes in one transaction, if their directory still belongs to a
 * device: the toolstack may have removed it, and writing would bring it back.
 * @param port the platform
 * @param directory of the nodes
 * @param guard a node that the toolstack has made there
 * @param unless a state in which the directory is that of another device;
 *        UNKNOWN for none
 * @param writes what to write
 * @param count how many
 * @retval VTPMRING_OK written
 * @retval VTPMRING_EPEER_GONE the device is no more
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status
vtpmring_nodes_write(struct vtpmring_port *port, const char *directory,
                     const char *guard, enum vtpmring_xenbus_state unless,
                     const struct node_write *writes, size_t count);

/**
 * Writes one node with a text, as vtpmring_nodes_write.
 * @param port the platform
 * @param directory of the node
 * @param guard as vtpmring_nodes_write
 * @param unless as vtpmring_nodes_write
 * @param key its name
 * @param value its value
 * @return as vtpmring_nodes_write
 */
enum vtpmring_status
vtpmring_nodes_write_text(struct vtpmring_port *port, const char *directory,
                          const char *guard, enum vtpmring_xenbus_state unless,
                          const char *key, const char *value);

/**
 * Removes a node.
 * @param port the platform
 * @param directory of the node
 * @param key its name
 * @return as store_remove of the port
 */
enum vtpmring_status vtpmring_nodes_remove(struct vtpmring_port *port,
                                           const char *directory,
                                           const char *key);

#endif
