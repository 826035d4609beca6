/* SPDX-License-Identifier: MIT */
/**
 * @file control.h
 * The daemon's side of the command line.
 */
#ifndef SIMXEN_CONTROL_H
#define SIMXEN_CONTROL_H

#include "loop.h"

struct client {
    LIST_ENTRY(client) link;
    struct host *host;
    struct source source;
};

/** Source handler of the listening control socket; its owner is the host. */
void control_accept(struct source *listener, uint32_t events);
void control_close(struct client *client);

#endif
