/* SPDX-License-Identifier: MIT */
/**
 * @file grant.h
 * Grants of pages, and their mappings in other domains.
 *
 * A page is a file of its own. The daemon gives its descriptor to the one who
 * grants it and, as long as the grant lasts, to handles of the domain it was
 * granted to. It can take back the permission to map, not a mapping.
 */
#ifndef SIMXEN_GRANT_H
#define SIMXEN_GRANT_H

#include "domain.h"
#include "event.h"

/** What happens when a page is unmapped, by whatever cause. */
struct farewell {
    uint8_t *page;           /**< mapped by the daemon, or NULL */
    uint32_t offset;         /**< of the byte to clear, or SIMXEN_NONE */
    struct channel *channel; /**< to signal, or NULL */
    unsigned end;
};

struct grant {
    LIST_ENTRY(grant) link; /**< the handle's grants, until it has ended */
    struct host *host;
    struct domain *domain; /**< NULL once it is gone */
    uint16_t payer;        /**< the domain its descriptor is accounted to */
    uint32_t ref;
    uint16_t remote;
    bool writable;
    bool sealed; /**< against writing, before the first mapping elsewhere */
    bool ended;
    int fd;
    unsigned mappings;
    struct farewell farewell; /**< of the domain that granted it */
};

struct mapping {
    LIST_ENTRY(mapping) link; /**< the handle's mappings */
    struct domain *domain;
    uint32_t id;
    uint32_t count;
    struct grant *grants[SIMXEN_BATCH];
    struct farewell farewell;
};

/** Notification as asked for in a request; SIMXEN_NONE for none. */
struct farewell_request {
    uint32_t offset;
    uint32_t port;
};

/**
 * Share count new pages (1 to SIMXEN_BATCH) with remote, all or none.
 * @param made gets the grants, whose descriptors stay theirs.
 * @return 0; -EINVAL: reserved domid, bad notification; -ENOSPC: quota;
 *         -ENOMEM, -EMFILE.
 */
int grant_share(struct domain *domain, uint32_t remote, uint32_t count,
                bool writable, const struct farewell_request *farewell,
                struct grant *made[]);

/** End a grant: it cannot be mapped any more. It lives on while mapped. */
void grant_end(struct grant *grant);

/**
 * Map count pages (1 to SIMXEN_BATCH), all or none.
 * @return 0; -EINVAL: unknown domain or reference, ended, not for this domain
 *         or not for writing, bad notification; -ENOSPC: quota; -ENOMEM.
 */
int grant_map(struct domain *domain, uint32_t count,
              const struct simxen_ref refs[], bool writable,
              const struct farewell_request *farewell, struct mapping **made);

/** Unmap and free a mapping, with its notification. */
void grant_unmap(struct mapping *mapping);

/** @return the domain's grant or NULL. */
struct grant *grant_find(struct domain *domain, uint32_t ref);

/** The domain is about to be freed: part the ended grants that others still
 *  map from it. */
void grant_forget_domain(struct domain *domain);

#endif
