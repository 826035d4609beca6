/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grant.h"
#include "sealed.h"

static int farewell_prepare(struct farewell *farewell, struct domain *domain,
                            const struct farewell_request *wanted, int page_fd)
{
    struct port *port = NULL;

    *farewell = (struct farewell){.offset = SIMXEN_NONE};
    if (wanted->port != SIMXEN_NONE) {
        port = port_find(domain, wanted->port);
        if (!port)
            return -EINVAL;
    }
    if (wanted->offset != SIMXEN_NONE) {
        if (wanted->offset >= SIMXEN_PAGE_SIZE)
            return -EINVAL;
        farewell->page = sealed_map(page_fd);
        if (!farewell->page)
            return -ENOMEM;
        farewell->offset = wanted->offset;
    }
    if (port) {
        farewell->channel = port->channel;
        farewell->end = !port->end;
        channel_hold(port->channel);
    }
    return 0;
}

static void farewell_say(struct farewell *farewell)
{
    if (farewell->page) {
        volatile uint8_t *byte = &farewell->page[farewell->offset];

        *byte = 0;
        munmap(farewell->page, SIMXEN_PAGE_SIZE);
    }
    if (farewell->channel) {
        channel_signal(farewell->channel, farewell->end);
        channel_release(farewell->channel);
    }
    *farewell = (struct farewell){.offset = SIMXEN_NONE};
}

struct grant *grant_find(struct domain *domain, uint32_t ref)
{
    if (ref < SIMXEN_FIRST_REF || ref - SIMXEN_FIRST_REF >= SIMXEN_MAX_GRANTS)
        return NULL;
    return domain->grants[ref - SIMXEN_FIRST_REF];
}

static void leave_table(struct grant *grant)
{
    if (!grant->domain)
        return;
    grant->domain->grants[grant->ref - SIMXEN_FIRST_REF] = NULL;
    grant->domain->grant_count--;
    grant->domain = NULL;
}

static void free_if_unused(struct grant *grant)
{
    if (!grant->ended || grant->mappings)
        return;
    leave_table(grant);
    close(grant->fd);
    domain_refund(grant->host, grant->payer, 1);
    free(grant);
}

static int make_grant(struct domain *domain, uint16_t remote, bool writable,
                      struct grant **made)
{
    struct grant *grant;
    uint32_t slot = 0;

    if (domain->grant_count >= SIMXEN_MAX_GRANTS || !domain_charge(domain, 1))
        return -ENOSPC;
    grant = calloc(1, sizeof(*grant));
    if (!grant) {
        domain_refund(domain->host, domain->id, 1);
        return -ENOMEM;
    }
    grant->fd = sealed_page(writable ? F_SEAL_SEAL : 0);
    if (grant->fd < 0) {
        int error = grant->fd;

        free(grant);
        domain_refund(domain->host, domain->id, 1);
        return error;
    }
    while (domain->grants[slot])
        slot++;
    grant->host = domain->host;
    grant->domain = domain;
    grant->payer = domain->id;
    grant->ref = slot + SIMXEN_FIRST_REF;
    grant->remote = remote;
    grant->writable = writable;
    grant->farewell.offset = SIMXEN_NONE;
    domain->grants[slot] = grant;
    domain->grant_count++;
    *made = grant;
    return 0;
}

/* The caller takes an ended grant out of its handle's list. */
void grant_end(struct grant *grant)
{
    grant->ended = true;
    farewell_say(&grant->farewell);
    free_if_unused(grant);
}

int grant_share(struct domain *domain, uint32_t remote, uint32_t count,
                bool writable, const struct farewell_request *farewell,
                struct grant *made[])
{
    uint32_t n = 0;
    int error = 0;

    if (remote >= 0x7FF0u)
        return -EINVAL;
    while (n < count && error == 0) {
        error = make_grant(domain, (uint16_t)remote, writable, &made[n]);
        if (error == 0)
            n++;
    }
    if (error == 0)
        error =
            farewell_prepare(&made[0]->farewell, domain, farewell, made[0]->fd);
    if (error < 0)
        while (n > 0)
            grant_end(made[--n]);
    return error;
}

static int may_map(struct domain *domain, const struct simxen_ref *ref,
                   bool writable, struct grant **found)
{
    struct domain *other = domain_by_id(domain->host, ref->domid);
    struct grant *grant = other ? grant_find(other, ref->ref) : NULL;

    /* One answer to all: a stranger does not learn what exists. */
    if (!grant || grant->ended || grant->remote != domain->id ||
        (writable && !grant->writable))
        return -EINVAL;
    if (!grant->writable && !grant->sealed) {
        /* The one who grants it has mapped it before it told anyone. */
        if (fcntl(grant->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) <
            0)
            return -EINVAL;
        grant->sealed = true;
    }
    *found = grant;
    return 0;
}

int grant_map(struct domain *domain, uint32_t count,
              const struct simxen_ref refs[], bool writable,
              const struct farewell_request *farewell, struct mapping **made)
{
    struct mapping *mapping;
    int error = 0;

    if (domain->mapped + count > SIMXEN_MAX_MAPPED)
        return -ENOSPC;
    if (farewell->offset != SIMXEN_NONE && !writable)
        return -EINVAL;
    mapping = calloc(1, sizeof(*mapping));
    if (!mapping)
        return -ENOMEM;
    for (uint32_t i = 0; i < count && error == 0; i++)
        error = may_map(domain, &refs[i], writable, &mapping->grants[i]);
    if (error == 0)
        error = farewell_prepare(&mapping->farewell, domain, farewell,
                                 mapping->grants[0]->fd);
    if (error < 0) {
        free(mapping);
        return error;
    }
    for (uint32_t i = 0; i < count; i++)
        mapping->grants[i]->mappings++;
    mapping->domain = domain;
    mapping->count = count;
    domain->mapped += count;
    *made = mapping;
    return 0;
}

void grant_unmap(struct mapping *mapping)
{
    farewell_say(&mapping->farewell);
    for (uint32_t i = 0; i < mapping->count; i++) {
        mapping->grants[i]->mappings--;
        free_if_unused(mapping->grants[i]);
    }
    mapping->domain->mapped -= mapping->count;
    free(mapping);
}

void grant_forget_domain(struct domain *domain)
{
    for (size_t i = 0; i < SIMXEN_MAX_GRANTS; i++)
        if (domain->grants[i])
            leave_table(domain->grants[i]);
}
