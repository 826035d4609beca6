/* SPDX-License-Identifier: MIT */
/**
 * @file fake_link.h
 * A front link and a port that do what a test says, and count what was done.
 */
#ifndef VTPMRING_TCTI_FAKE_LINK_H
#define VTPMRING_TCTI_FAKE_LINK_H

#include <vtpmring/link.h>

/** What the fakes answer, and what they saw. */
struct fake {
    enum vtpmring_status port_open; /**< answer of port_xen_user_open */
    enum vtpmring_status read;      /**< answer of store_read */
    enum vtpmring_status open;      /**< answer of link_open */
    enum vtpmring_status send;      /**< answer of link_send */
    enum vtpmring_status receive;   /**< answer of link_receive: OK looks at the
                                         response and the room for it */
    enum vtpmring_status cancel;    /**< answer of link_cancel */
    const void *response;           /**< what receive gives */
    size_t response_length;         /**< bytes of it */

    int ports;      /**< ports open now */
    int links;      /**< links open now */
    int opens;      /**< links opened so far */
    int sends;      /**< commands sent so far */
    int closes;     /**< links closed in order so far */
    int abandons;   /**< links abandoned so far */
    int cancels;    /**< cancels so far */
    int timeout_ms; /**< of the last receive */
    int locality;   /**< of the link; -1 never set */
    char path[64];  /**< of the last store_read */
    size_t sent;    /**< bytes of the last command */
    struct vtpmring_front_link_config config; /**< of the last link_open */
};

/** The one of them. */
extern struct fake fake;

/** Everything works, nothing has happened. */
void fake_reset(void);

#endif
