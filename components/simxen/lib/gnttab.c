/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xengnttab.h>

#include "grants.h"

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
                                 unsigned open_flags)
{
    (void)logger;
    (void)open_flags;
    return grants_open(SIMXEN_GNTTAB);
}

int xengnttab_close(xengnttab_handle *xgt)
{
    if (xgt)
        grants_close(xgt, client_is_ours(&xgt->client));
    return 0;
}

int xengnttab_fd(xengnttab_handle *xgt)
{
    return xgt->client.fd;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
    (void)pthread_mutex_lock(&xgt->lock);
    xgt->most = nr_grants;
    (void)pthread_mutex_unlock(&xgt->lock);
    return 0;
}

/* One claim before the work, so that threads together stay below the limit. */
static bool claim(xengnttab_handle *xgt, uint32_t count)
{
    bool granted;

    (void)pthread_mutex_lock(&xgt->lock);
    granted = count <= xgt->most && xgt->mapped <= xgt->most - count;
    if (granted)
        xgt->mapped += count;
    (void)pthread_mutex_unlock(&xgt->lock);
    return granted;
}

static void unclaim(xengnttab_handle *xgt, uint32_t count)
{
    (void)pthread_mutex_lock(&xgt->lock);
    xgt->mapped -= count;
    (void)pthread_mutex_unlock(&xgt->lock);
}

/* Which grants; domids is NULL when all are of one domain. */
struct wanted {
    uint32_t count;
    uint32_t domid;
    const uint32_t *domids;
    const uint32_t *refs;
    int prot;
    uint32_t notify_offset;
    evtchn_port_t notify_port;
};

static int unmap_batches(xengnttab_handle *xgt, const struct region *region,
                         uint32_t batches)
{
    int result = 0;
    struct call call;

    for (uint32_t i = 0; i < batches; i++) {
        call_init(&call, SIMXEN_OP_UNMAP);
        call.request.port = region->ids[i];
        if (client_call(&xgt->client, &call, 0) < 0)
            result = -1;
    }
    return result;
}

static int map_batch(xengnttab_handle *xgt, const struct wanted *wanted,
                     struct region *region, uint32_t first)
{
    uint32_t n = batch_of(first, wanted->count);
    struct call call;
    int result;

    call_init(&call, SIMXEN_OP_MAP);
    call.request.count = n;
    call.request.flags = wanted->prot & PROT_WRITE ? SIMXEN_WRITABLE : 0;
    call.request.notify_offset = wanted->notify_offset;
    call.request.notify_port = wanted->notify_port;
    for (uint32_t i = 0; i < n; i++) {
        call.refs[i].domid =
            wanted->domids ? wanted->domids[first + i] : wanted->domid;
        call.refs[i].ref = wanted->refs[first + i];
    }
    result = client_call(&xgt->client, &call, n);
    /* Not 0 as well if it is mapped there but did not fit in here. */
    region->ids[first / SIMXEN_BATCH] = call.value;
    if (result < 0)
        return -1;
    return region_fill(region, first, &call, wanted->prot);
}

static void *map(xengnttab_handle *xgt, const struct wanted *wanted)
{
    uint32_t batches = wanted->count / SIMXEN_BATCH + 1;
    struct region *region;
    int error;

    if (wanted->count == 0 || wanted->count > SIMXEN_MAX_MAPPED) {
        errno = EINVAL;
        return NULL;
    }
    if (!claim(xgt, wanted->count)) {
        errno = ENOMEM;
        return NULL;
    }
    region = region_reserve(wanted->count, batches);
    for (uint32_t i = 0; region && i < wanted->count; i += SIMXEN_BATCH) {
        if (map_batch(xgt, wanted, region, i) == 0)
            continue;
        error = errno;
        /* Ids start at 1: those not reached are 0 and not mapped. */
        for (batches = 0; region->ids[batches]; batches++)
            ;
        (void)unmap_batches(xgt, region, batches);
        region_free(region);
        region = NULL;
        errno = error;
    }
    if (!region) {
        error = errno;
        unclaim(xgt, wanted->count);
        errno = error;
        return NULL;
    }
    (void)pthread_mutex_lock(&xgt->lock);
    LIST_INSERT_HEAD(&xgt->regions, region, link);
    (void)pthread_mutex_unlock(&xgt->lock);
    return region->address;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
                              uint32_t ref, int prot)
{
    return xengnttab_map_domain_grant_refs(xgt, 1, domid, &ref, prot);
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count,
                               uint32_t *domids, uint32_t *refs, int prot)
{
    const struct wanted wanted = {.count = count,
                                  .domids = domids,
                                  .refs = refs,
                                  .prot = prot,
                                  .notify_offset = SIMXEN_NONE,
                                  .notify_port = SIMXEN_NONE};

    return map(xgt, &wanted);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count,
                                      uint32_t domid, uint32_t *refs, int prot)
{
    const struct wanted wanted = {.count = count,
                                  .domid = domid,
                                  .refs = refs,
                                  .prot = prot,
                                  .notify_offset = SIMXEN_NONE,
                                  .notify_port = SIMXEN_NONE};

    return map(xgt, &wanted);
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid,
                                     uint32_t ref, int prot,
                                     uint32_t notify_offset,
                                     evtchn_port_t notify_port)
{
    const struct wanted wanted = {.count = 1,
                                  .domid = domid,
                                  .refs = &ref,
                                  .prot = prot,
                                  .notify_offset = notify_offset,
                                  .notify_port = notify_port};

    return map(xgt, &wanted);
}

static struct region *take_region(xengnttab_handle *xgt, const void *address,
                                  uint32_t count)
{
    struct region *region;

    (void)pthread_mutex_lock(&xgt->lock);
    LIST_FOREACH(region, &xgt->regions, link)
    if (region->address == address && region->count == count) {
        LIST_REMOVE(region, link);
        break;
    }
    (void)pthread_mutex_unlock(&xgt->lock);
    return region;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
    struct region *region = take_region(xgt, start_address, count);
    int result;

    if (!region) {
        errno = EINVAL;
        return -1;
    }
    (void)munmap(region->address, (size_t)count * SIMXEN_PAGE_SIZE);
    result =
        unmap_batches(xgt, region, (count + SIMXEN_BATCH - 1) / SIMXEN_BATCH);
    free(region);
    unclaim(xgt, count);
    return result;
}

/* There is no device that could take part in a DMA buffer. */
static int no_dma(void)
{
    errno = EOPNOTSUPP;
    return -1;
}

int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *xgt, uint32_t domid,
                                   uint32_t flags, uint32_t count,
                                   const uint32_t *refs, uint32_t *fd)
{
    (void)xgt;
    (void)domid;
    (void)flags;
    (void)count;
    (void)refs;
    (void)fd;
    return no_dma();
}

int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *xgt, uint32_t fd,
                                       uint32_t wait_to_ms)
{
    (void)xgt;
    (void)fd;
    (void)wait_to_ms;
    return no_dma();
}

int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *xgt, uint32_t domid,
                                 uint32_t fd, uint32_t count, uint32_t *refs)
{
    (void)xgt;
    (void)domid;
    (void)fd;
    (void)count;
    (void)refs;
    return no_dma();
}

int xengnttab_dmabuf_imp_release(xengnttab_handle *xgt, uint32_t fd)
{
    (void)xgt;
    (void)fd;
    return no_dma();
}
