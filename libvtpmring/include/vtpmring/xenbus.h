/* SPDX-License-Identifier: MIT */
/**
 * @file xenbus.h
 * The xenbus handshake: states, names of the nodes, strict parsing of what the
 * peer wrote, and the form of the tables that both machines run on.
 */
#ifndef VTPMRING_XENBUS_H
#define VTPMRING_XENBUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Node with the state of one side. */
#define VTPMRING_XENBUS_KEY_STATE "state"
/** Frontend's node with the grant reference of the shared page. */
#define VTPMRING_XENBUS_KEY_RING_REF "ring-ref"
/** Frontend's node with its event channel port. */
#define VTPMRING_XENBUS_KEY_EVENT_CHANNEL "event-channel"
/** Node of both sides: "1" for this protocol. */
#define VTPMRING_XENBUS_KEY_V2 "feature-protocol-v2"
/** Backend's node: how many extra pages it takes; absent means none. */
#define VTPMRING_XENBUS_KEY_EXTRA_PAGES "feature-extra-pages"
/** Backend's node: "1" once it is connected; "0" after it has stopped in order
 *  under a connected frontend, to be adopted by the next process. */
#define VTPMRING_XENBUS_KEY_READY "ready"
/** Toolstack's node at the backend: "0" when the device is to go. */
#define VTPMRING_XENBUS_KEY_ONLINE "online"
/** Toolstack's node at the backend: path of the frontend. */
#define VTPMRING_XENBUS_KEY_FRONTEND "frontend"
/** Toolstack's node at the backend: domain of the frontend. */
#define VTPMRING_XENBUS_KEY_FRONTEND_ID "frontend-id"
/** Toolstack's node at the frontend: path of the backend. */
#define VTPMRING_XENBUS_KEY_BACKEND "backend"
/** Toolstack's node at the frontend: domain of the backend. */
#define VTPMRING_XENBUS_KEY_BACKEND_ID "backend-id"
/** Toolstack's node: number of the device. */
#define VTPMRING_XENBUS_KEY_HANDLE "handle"
/** Toolstack's node at the backend: which vTPM. */
#define VTPMRING_XENBUS_KEY_UUID "uuid"

/** The xenbus states (Xen public header io/xenbus.h). */
enum vtpmring_xenbus_state {
    VTPMRING_XENBUS_UNKNOWN = 0,      /**< no node, or nothing readable in it */
    VTPMRING_XENBUS_INITIALISING = 1, /**< written by the toolstack */
    VTPMRING_XENBUS_INIT_WAIT = 2,    /**< backend waits for the frontend */
    VTPMRING_XENBUS_INITIALISED = 3,  /**< frontend has published its page */
    VTPMRING_XENBUS_CONNECTED = 4,    /**< commands may flow */
    VTPMRING_XENBUS_CLOSING = 5,      /**< about to let go */
    VTPMRING_XENBUS_CLOSED = 6,       /**< has let go */
    VTPMRING_XENBUS_STATE_COUNT = 7   /**< how many there are */
};

/**
 * One row of a machine's table. A machine is in one phase; each phase is a row
 * and wants one action from the caller. A row whose action is WAIT (0) is left
 * by events: the peer's state picks the next phase from `peer`, a wish to end
 * picks it from `close`. Any other row is left when its action is done.
 */
struct vtpmring_xenbus_row {
    const char *name; /**< of the phase, for logs and the drawing */
    uint8_t action;   /**< what the caller is to do; 0 is to wait */
    uint8_t state;    /**< own xenbus state that a SET_STATE row writes */
    uint8_t ok;       /**< next phase when the action was done */
    uint8_t fail;     /**< next phase when the action failed */
    uint8_t again;    /**< next phase when what the action was based on has
                           changed meanwhile (status AGAIN) */
    uint8_t close;    /**< next phase when the caller wants to end */
    uint8_t peer[VTPMRING_XENBUS_STATE_COUNT]; /**< next phase per state of the
                                                    peer */
};

/**
 * Follows a table through all rows that events leave at once.
 * @param table the machine's rows
 * @param phase where it stands
 * @param peer state of the peer
 * @param close whether the caller wants to end
 * @return the phase in which it comes to rest
 */
uint8_t vtpmring_xenbus_settle(const struct vtpmring_xenbus_row *table,
                               uint8_t phase, enum vtpmring_xenbus_state peer,
                               bool close);

/**
 * Reads a number that the peer wrote: decimal digits only, no sign, no space,
 * no leading zero, no overflow.
 * @param text the value of the node, need not end in a NUL; NULL for no node
 * @param length bytes of text
 * @param max largest number allowed
 * @param number gets the number
 * @retval VTPMRING_OK it was a number
 * @retval VTPMRING_EPEER_STRING it was not; number is unchanged
 */
enum vtpmring_status vtpmring_xenbus_parse_number(const char *text,
                                                  size_t length, uint32_t max,
                                                  uint32_t *number);

/**
 * Reads a state that the peer wrote.
 * @param text the value of the node, NULL for no node
 * @param length bytes of text
 * @return the state; UNKNOWN for anything that is none of them
 */
enum vtpmring_xenbus_state vtpmring_xenbus_parse_state(const char *text,
                                                       size_t length);

/**
 * Name of a state, for logs.
 * @param state any value
 * @return a constant string
 */
const char *vtpmring_xenbus_state_name(enum vtpmring_xenbus_state state);

#ifdef __cplusplus
}
#endif

#endif
