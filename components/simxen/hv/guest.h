/* SPDX-License-Identifier: MIT */
/**
 * @file guest.h
 * Library handles: the connections to a domain's hypervisor socket.
 */
#ifndef SIMXEN_GUEST_H
#define SIMXEN_GUEST_H

#include "domain.h"
#include "event.h"
#include "grant.h"

struct guest {
    LIST_ENTRY(guest) link;
    struct domain *domain;
    struct source source;
    uint32_t kind;       /**< enum simxen_kind, 0 before its hello */
    uint32_t only_domid; /**< SIMXEN_NONE: not restricted */
    uint32_t next_mapping;
    LIST_HEAD(, port) ports;
    LIST_HEAD(, grant) grants;
    LIST_HEAD(, mapping) mappings;
};

/** Source handler of a domain's listening hypervisor socket. */
void guest_accept(struct source *listener, uint32_t events);
/** End everything the handle owns and free it. */
void guest_close(struct guest *guest);

#endif
