/* SPDX-License-Identifier: MIT */
/**
 * @file domain.h
 * Domains: their sockets, their connections and what they own.
 */
#ifndef SIMXEN_DOMAIN_H
#define SIMXEN_DOMAIN_H

#include <stddef.h>

#include "../wire.h"
#include "loop.h"

/** Longest name of a domain; its sockets' paths must fit sun_path. */
#define SIMXEN_NAME_MAX 48u
/** Most domains of a host. */
#define SIMXEN_MAX_DOMAINS 4096u

struct port;
struct grant;
struct guest;
struct xsclient;

struct domain {
    LIST_ENTRY(domain) link;
    struct host *host;
    uint16_t id;
    char name[SIMXEN_NAME_MAX + 1];
    struct source hypervisor; /**< listening sockets */
    struct source xenstored;
    LIST_HEAD(, guest) guests;
    unsigned guest_count;
    LIST_HEAD(, xsclient) xsclients;
    unsigned xsclient_count;
    unsigned fds; /**< descriptors of the daemon that it takes up */
    struct port *ports[SIMXEN_MAX_PORTS + 1]; /**< by number, from 1 */
    unsigned port_count;
    struct grant *grants[SIMXEN_MAX_GRANTS]; /**< by reference, from
                                                  SIMXEN_FIRST_REF */
    unsigned grant_count;
    unsigned mapped; /**< pages of others that it has mapped */
};

/** Letters, digits and "._+-", 1 to SIMXEN_NAME_MAX, no leading '.' or '-',
 *  not a number. */
bool domain_name_ok(const char *name);

/**
 * Create a domain: sockets first, then its nodes in xenstore.
 * @param made set to the new domain, which the host owns.
 * @return 0; -EEXIST; -EINVAL: bad name; -ENAMETOOLONG: the path of a socket;
 *         -ENOSPC: too many domains; or another -errno.
 */
int domain_create(struct host *host, const char *name, struct domain **made);

/** End it and everything it owns, nodes in xenstore included. */
void domain_destroy(struct domain *domain);

/** @return the domain or NULL. */
struct domain *domain_by_id(struct host *host, uint32_t id);
struct domain *domain_by_name(struct host *host, const char *name);

/**
 * Account for descriptors that the daemon holds for a domain.
 * @return false: the domain has used up its share; nothing is accounted.
 */
bool domain_charge(struct domain *domain, unsigned fds);
/** Give them back; without effect if the domain is gone. */
void domain_refund(struct host *host, uint16_t id, unsigned fds);

#endif
