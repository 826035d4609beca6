/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "blank.h"

#include <string.h>

static enum vtpm_status take_place(struct vtpmmgr_store *store, uint64_t *size,
                                   struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpm_os_open(&store->file, store->path, VTPM_OS_OWN, err);

    if (status == VTPM_EUNPROVISIONED)
        status = vtpm_os_create(&store->file, store->path, err);
    else if (status == VTPM_OK)
        status = vtpm_require_blank(&store->file, err);
    if (store->file.fd >= 0 && store->file.size > 0)
        *size = store->file.size;
    return status;
}

/* Disk space behind each byte, written once: a later commit must not meet a
 * full disk, nor pay for being the first to use a block. */
static enum vtpm_status lay_out(struct vtpmmgr_store *store, uint64_t size,
                                struct vtpm_error *err)
{
    size_t piece = VTPMMGR_COMMIT_MAX * VTPMMGR_BLOCK_SIZE;
    enum vtpm_status status = VTPM_OK;

    if (size < VTPMMGR_STORE_MIN)
        return vtpm_fail(err, VTPM_ETOOSMALL,
                         "%s is too small: %llu bytes; a manager's store "
                         "needs %u",
                         store->path, (unsigned long long)size,
                         VTPMMGR_STORE_MIN);
    store->header.ring_blocks = size / VTPMMGR_BLOCK_SIZE - VTPMMGR_RING_AT;
    if (store->file.block)
        return VTPM_OK;
    status = vtpm_os_allocate(&store->file, size, err);
    memset(store->buffer, 0, piece);
    for (uint64_t at = 0; at < size && status == VTPM_OK; at += piece) {
        size_t len = size - at < piece ? (size_t)(size - at) : piece;

        status = vtpm_os_write(&store->file, at, store->buffer, len, err);
    }
    return status;
}

static enum vtpm_status make_keys(struct vtpmmgr_store *store,
                                  const uint8_t root[VTPM_KEY_SIZE],
                                  struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpm_random(store->header.id, sizeof store->header.id, err);

    if (status == VTPM_OK)
        status = vtpmmgr_seal_init(&store->seal, root, store->header.id, err);
    return status;
}

/* The first commit has nothing in it; after it, both marks are there. */
static enum vtpm_status write_first(struct vtpmmgr_store *store,
                                    struct vtpm_error *err)
{
    enum vtpm_status status = vtpmmgr_store_commit(store, NULL, 0, err);

    if (status == VTPM_OK)
        status = vtpmmgr_store_sync(store, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_write_mark(store, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_sync(store, err);
    return status;
}

/* The header makes a place a store, so it comes last. */
static enum vtpm_status write_header(struct vtpmmgr_store *store,
                                     struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpmmgr_header_encode(&store->seal, &store->header, store->buffer, err);

    if (status == VTPM_OK)
        status = vtpm_os_write(&store->file, 0, store->buffer,
                               VTPMMGR_BLOCK_SIZE, err);
    if (status == VTPM_OK)
        status = vtpm_os_sync(&store->file, err);
    return status;
}

static enum vtpm_status make(struct vtpmmgr_store *store,
                             const struct vtpmmgr_new_store *what,
                             struct vtpm_error *err)
{
    uint64_t size = what->size ? what->size : VTPMMGR_STORE_DEFAULT;
    enum vtpm_status status = take_place(store, &size, err);

    if (status == VTPM_OK)
        status = lay_out(store, size, err);
    if (status == VTPM_OK)
        status = make_keys(store, what->root, err);
    if (status == VTPM_OK)
        status = write_first(store, err);
    if (status == VTPM_OK && what->envelope.len > 0)
        status = vtpmmgr_store_put_envelope(store, what->envelope.at,
                                            what->envelope.len, err);
    if (status == VTPM_OK)
        status = write_header(store, err);
    if (status == VTPM_OK)
        status = vtpm_os_publish(&store->file, err);
    return status;
}

enum vtpm_status vtpmmgr_store_provision(struct vtpmmgr_store **out,
                                         const char *path,
                                         const struct vtpmmgr_new_store *what,
                                         struct vtpm_error *err)
{
    struct vtpmmgr_store *store = vtpmmgr_store_new(path, err);
    enum vtpm_status status;

    *out = NULL;
    if (!store)
        return VTPM_ENOMEM;
    store->anchor = what->anchor;
    status = make(store, what, err);
    if (status != VTPM_OK) {
        vtpmmgr_store_close(store);
        return status;
    }
    *out = store;
    return VTPM_OK;
}
