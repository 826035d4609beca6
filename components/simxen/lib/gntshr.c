/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xengnttab.h>

#include "grants.h"

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger,
                                 unsigned open_flags)
{
    (void)logger;
    (void)open_flags;
    return grants_open(SIMXEN_GNTSHR);
}

int xengntshr_close(xengntshr_handle *xgs)
{
    if (xgs)
        grants_close(xgs, false); /* the pages stay, the grants end */
    return 0;
}

int xengntshr_fd(xengntshr_handle *xgs)
{
    return xgs->client.fd;
}

static int end_batch(xengntshr_handle *xgs, const uint32_t *refs, uint32_t n)
{
    struct call call;

    call_init(&call, SIMXEN_OP_END);
    for (uint32_t i = 0; i < n; i++)
        if (refs[i] != 0)
            call.refs[call.request.count++].ref = refs[i];
    return call.request.count ? client_call(&xgs->client, &call, 0) : 0;
}

static int end_grants(xengntshr_handle *xgs, const uint32_t *refs,
                      uint32_t count)
{
    int result = 0;

    for (uint32_t i = 0; i < count; i += SIMXEN_BATCH)
        if (end_batch(xgs, &refs[i], batch_of(i, count)) < 0)
            result = -1;
    return result;
}

static int share_batch(xengntshr_handle *xgs, struct call *call,
                       struct region *region, uint32_t first)
{
    uint32_t n = batch_of(first, region->count);
    int result;

    call->request.pages = n;
    result = client_call(&xgs->client, call, n);
    for (uint32_t i = 0; i < n; i++)
        region->ids[first + i] = call->granted[i];
    return result < 0
               ? -1
               : region_fill(region, first, call, PROT_READ | PROT_WRITE);
}

static void *share(xengntshr_handle *xgs, struct call *call, uint32_t count,
                   uint32_t *refs)
{
    struct region *region;

    if (count == 0 || count > SIMXEN_MAX_GRANTS) {
        errno = EINVAL;
        return NULL;
    }
    region = region_reserve(count, count);
    if (!region)
        return NULL;
    for (uint32_t i = 0; i < count; i += SIMXEN_BATCH)
        if (share_batch(xgs, call, region, i) < 0) {
            int error = errno;

            (void)end_grants(xgs, region->ids, count);
            region_free(region);
            errno = error;
            return NULL;
        }
    for (uint32_t i = 0; i < count; i++)
        refs[i] = region->ids[i];
    (void)pthread_mutex_lock(&xgs->lock);
    LIST_INSERT_HEAD(&xgs->regions, region, link);
    (void)pthread_mutex_unlock(&xgs->lock);
    return region->address;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count,
                            uint32_t *refs, int writable)
{
    struct call call;

    call_init(&call, SIMXEN_OP_SHARE);
    call.request.domid = domid;
    call.request.flags = writable ? SIMXEN_WRITABLE : 0;
    return share(xgs, &call, count > 0 ? (uint32_t)count : 0, refs);
}

void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid,
                                  uint32_t *ref, int writable,
                                  uint32_t notify_offset,
                                  evtchn_port_t notify_port)
{
    struct call call;

    call_init(&call, SIMXEN_OP_SHARE);
    call.request.domid = domid;
    call.request.flags = writable ? SIMXEN_WRITABLE : 0;
    call.request.notify_offset = notify_offset;
    call.request.notify_port = notify_port;
    return share(xgs, &call, 1, ref);
}

/* The region that holds these pages, all of them still shared. */
static struct region *find_region(xengntshr_handle *xgs, const uint8_t *start,
                                  uint32_t count, uint32_t *first)
{
    struct region *region;

    LIST_FOREACH(region, &xgs->regions, link)
    {
        uintptr_t offset = (uintptr_t)start - (uintptr_t)region->address;
        uintptr_t page = offset / SIMXEN_PAGE_SIZE;

        if ((uintptr_t)start < (uintptr_t)region->address ||
            offset % SIMXEN_PAGE_SIZE != 0 || page >= region->count ||
            count > region->count - page)
            continue;
        for (uint32_t i = 0; i < count; i++)
            if (region->ids[page + i] == 0)
                return NULL;
        *first = (uint32_t)page;
        return region;
    }
    return NULL;
}

int xengntshr_unshare(xengntshr_handle *xgs, void *start_address,
                      uint32_t count)
{
    struct region *region;
    uint32_t first = 0;
    int result = -1;

    (void)pthread_mutex_lock(&xgs->lock);
    region = count ? find_region(xgs, start_address, count, &first) : NULL;
    if (region) {
        (void)munmap(start_address, (size_t)count * SIMXEN_PAGE_SIZE);
        result = end_grants(xgs, &region->ids[first], count);
        for (uint32_t i = 0; i < count; i++)
            region->ids[first + i] = 0;
        region->left -= count;
        if (region->left == 0) {
            LIST_REMOVE(region, link);
            free(region);
        }
    } else {
        errno = EINVAL;
    }
    (void)pthread_mutex_unlock(&xgs->lock);
    return result;
}
