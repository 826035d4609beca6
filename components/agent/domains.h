/* SPDX-License-Identifier: MIT */
#ifndef AGENT_DOMAINS_H
#define AGENT_DOMAINS_H

/**
 * @file
 * What `xl list -v` says of the domains of this host.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Xen's DOMID_FIRST_RESERVED: what is not less is no domain. */
#define AGENT_DOMID_END 0x7ff0u

/** How a guest is. */
enum agent_condition {
    AGENT_UNRUN,     /**< paused, and has not used any processor time */
    AGENT_RUN,       /**< it has run, and may go on */
    AGENT_SUSPENDED, /**< it has shut down in order to be continued */
    AGENT_OVER,      /**< it has shut down for any other reason */
    AGENT_GONE,      /**< there is no such domain, or it is being taken apart */
    AGENT_CONDITIONS
};

struct agent_domain {
    uint32_t domid;
    enum agent_condition condition;
    bool incoming; /**< xl gives it the name of a guest that migrates here */
};

struct agent_domains {
    struct agent_domain *all;
    size_t count;
};

/**
 * Reads all of what xl has printed. A line that is not understood makes all of
 * it unusable: its domain would look like one that has gone.
 * @param text     a string
 * @param domains  gets the domains; agent_domains_free() frees them, also after
 *                 a failure
 */
enum vtpm_status agent_domains_parse(struct agent_domains *domains,
                                     const char *text, struct vtpm_error *err);

void agent_domains_free(struct agent_domains *domains);

/** The domain of that number; one that is AGENT_GONE if it is not there. */
struct agent_domain agent_domains_find(const struct agent_domains *domains,
                                       uint32_t domid);

/** A number as xl and xenstore write it: digits only.
 * @return whether it was one, and not more than `most` */
bool agent_number(const char *text, size_t length, uint32_t most,
                  uint32_t *number);

#endif
