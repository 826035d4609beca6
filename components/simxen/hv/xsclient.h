/* SPDX-License-Identifier: MIT */
/**
 * @file xsclient.h
 * Connections to a domain's xenstore socket, handed to the store.
 */
#ifndef SIMXEN_XSCLIENT_H
#define SIMXEN_XSCLIENT_H

#include "domain.h"

struct simxen_store_conn;

struct xsclient {
    LIST_ENTRY(xsclient) link;
    struct domain *domain;
    struct source source;
    struct simxen_store_conn *conn;
};

/** Source handler of a domain's listening xenstore socket. */
void xsclient_accept(struct source *listener, uint32_t events);
/** Disconnect and free it. */
void xsclient_close(struct xsclient *client);

#endif
