/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "blank.h"

#include <string.h>

static enum vtpm_status require_unknown(struct vtpm_store *store,
                                        struct vtpm_error *err)
{
    static const struct vtpm_areas no_areas;
    struct vtpm_records records = {.count = 0};
    enum vtpm_status status = vtpm_store_ask(store, &no_areas, &records, err);

    if (status == VTPM_OK)
        status = vtpm_fail(err, VTPM_EEXISTS,
                           "this vTPM exists already: the key keeper has its "
                           "record, but %s is blank; name its store, or "
                           "delete the vTPM at the keeper",
                           store->path);
    else if (status == VTPM_EUNPROVISIONED)
        status = VTPM_OK;
    vtpm_cleanse(&records, sizeof records);
    return status;
}

/* Slots of the given size, with disk space behind each byte: a later save
 * must not meet a full disk. */
static enum vtpm_status lay_out(struct vtpm_store *store,
                                struct vtpm_error *err)
{
    uint64_t size = store->file.size;
    uint64_t slot;

    if (!store->file.block && size == 0)
        size = vtpm_slot_offset(VTPM_SLOT_DEFAULT, VTPM_SLOTS);
    slot = size < VTPM_HEADER_SIZE ? 0
                                   : (size - VTPM_HEADER_SIZE) / VTPM_SLOTS /
                                         VTPM_BLOCK * VTPM_BLOCK;
    if (slot < VTPM_SLOT_MIN)
        return vtpm_fail(
            err, VTPM_ETOOSMALL,
            "%s is too small: it has %llu bytes; a vTPM needs %llu",
            store->path, (unsigned long long)size,
            (unsigned long long)vtpm_slot_offset(VTPM_SLOT_MIN, VTPM_SLOTS));
    store->header.slot_size = slot;
    if (store->file.block)
        return VTPM_OK;
    return vtpm_os_allocate(&store->file, size, err);
}

static enum vtpm_status take_place(struct vtpm_store *store,
                                   struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpm_os_open(&store->file, store->path, VTPM_OS_OWN, err);

    if (status == VTPM_EUNPROVISIONED) {
        status = vtpm_os_create(&store->file, store->path, err);
        store->created = status == VTPM_OK;
        return status;
    }
    if (status == VTPM_OK)
        status = vtpm_require_blank(&store->file, err);
    return status;
}

enum vtpm_status vtpm_store_provision(struct vtpm_store **out, const char *path,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      enum vtpm_family family,
                                      struct vtpm_keys *keys,
                                      struct vtpm_error *err)
{
    struct vtpm_store *store;
    enum vtpm_status status;

    *out = NULL;
    if (family != VTPM_FAMILY_12 && family != VTPM_FAMILY_20)
        return vtpm_fail(err, VTPM_EINVAL, "unknown TPM family");
    store = vtpm_store_new(path, keys, err);
    if (!store)
        return VTPM_ENOMEM;
    memcpy(store->header.uuid, uuid, VTPM_UUID_SIZE);
    store->header.family = family;
    status = take_place(store, err);
    if (status == VTPM_OK)
        status = require_unknown(store, err);
    if (status == VTPM_OK)
        status = lay_out(store, err);
    if (status != VTPM_OK) {
        vtpm_store_close(store);
        return status;
    }
    store->active = 1; /* so that the first write goes to slot 0 */
    store->new_place = true;
    store->ready = true;
    *out = store;
    return VTPM_OK;
}
