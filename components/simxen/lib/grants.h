/* SPDX-License-Identifier: MIT */
/**
 * @file grants.h
 * What xengnttab and xengntshr handles have in common: pages that the daemon
 * hands out, mapped side by side.
 */
#ifndef SIMXEN_GRANTS_H
#define SIMXEN_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "client.h"

/** Pages mapped by one call, at consecutive addresses. */
struct region {
    LIST_ENTRY(region) link;
    uint8_t *address;
    uint32_t count;
    uint32_t left;  /**< pages not unshared yet */
    uint32_t ids[]; /**< gnttab: an id for each SIMXEN_BATCH pages;
                         gntshr: a reference for each page, 0 once ended */
};

/** xengnttab_handle and xengntshr_handle. */
struct xengntdev_handle {
    struct client client;
    pthread_mutex_t lock; /**< of what follows */
    LIST_HEAD(, region) regions;
    uint32_t mapped;
    uint32_t most; /**< pages that may be mapped */
};

/** @return a handle or NULL with errno, after a line on stderr. */
struct xengntdev_handle *grants_open(enum simxen_kind kind);
/** @param unmap whether the regions are unmapped (not in a forked child) */
void grants_close(struct xengntdev_handle *handle, bool unmap);

/** Address space for count pages. @return NULL with errno. */
struct region *region_reserve(uint32_t count, uint32_t id_count);
/**
 * Map the descriptors of a call at a region's page `first` on, and close them.
 * @return 0 or -1 with errno.
 */
int region_fill(struct region *region, uint32_t first, struct call *call,
                int prot);
/** Unmap what is left and free it. It is in no list. */
void region_free(struct region *region);

static inline uint32_t batch_of(uint32_t first, uint32_t count)
{
    return count - first < SIMXEN_BATCH ? count - first : SIMXEN_BATCH;
}

#endif
