/* SPDX-License-Identifier: MIT */
#include "grants.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct xengntdev_handle *grants_open(enum simxen_kind kind)
{
    struct xengntdev_handle *handle = calloc(1, sizeof(*handle));
    int error;

    if (!handle)
        return NULL;
    handle->most = UINT32_MAX;
    if (client_open(&handle->client, kind, "libxengnttab", true) == 0) {
        (void)pthread_mutex_init(&handle->lock, NULL);
        return handle;
    }
    error = errno;
    free(handle);
    errno = error;
    return NULL;
}

void grants_close(struct xengntdev_handle *handle, bool unmap)
{
    while (!LIST_EMPTY(&handle->regions)) {
        struct region *region = LIST_FIRST(&handle->regions);

        LIST_REMOVE(region, link);
        if (unmap)
            region_free(region);
        else
            free(region);
    }
    client_close(&handle->client);
    (void)pthread_mutex_destroy(&handle->lock);
    free(handle);
}

struct region *region_reserve(uint32_t count, uint32_t id_count)
{
    struct region *region =
        calloc(1, sizeof(*region) + id_count * sizeof(region->ids[0]));
    void *address;

    if (!region)
        return NULL;
    address = mmap(NULL, (size_t)count * SIMXEN_PAGE_SIZE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) {
        free(region);
        errno = ENOMEM;
        return NULL;
    }
    region->address = address;
    region->count = count;
    region->left = count;
    return region;
}

int region_fill(struct region *region, uint32_t first, struct call *call,
                int prot)
{
    uint8_t *to = region->address + (size_t)first * SIMXEN_PAGE_SIZE;
    int error = 0;

    for (unsigned i = 0; i < call->fd_count; i++) {
        if (error == 0 &&
            mmap(to + (size_t)i * SIMXEN_PAGE_SIZE, SIMXEN_PAGE_SIZE, prot,
                 MAP_SHARED | MAP_FIXED, call->fds[i], 0) == MAP_FAILED)
            error = errno;
        close(call->fds[i]);
    }
    call->fd_count = 0;
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

void region_free(struct region *region)
{
    (void)munmap(region->address, (size_t)region->count * SIMXEN_PAGE_SIZE);
    free(region);
}
