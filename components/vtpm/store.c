/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include <stdlib.h>
#include <string.h>

/* Each key is used for one message, so the nonce may be fixed. */
static const uint8_t zero_nonce[VTPM_NONCE_SIZE];

enum vtpm_status vtpm_store_buffer(struct vtpm_store *store, size_t len,
                                   struct vtpm_error *err)
{
    uint8_t *bigger;

    if (len <= store->buffer_cap)
        return VTPM_OK;
    bigger = malloc(len);
    if (!bigger)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    /* its content, an encrypted slot, is not needed any more */
    free(store->buffer);
    store->buffer = bigger;
    store->buffer_cap = len;
    return VTPM_OK;
}

enum vtpm_status vtpm_store_read_header(struct vtpm_os_file *file,
                                        struct vtpm_crypto *crypto,
                                        struct vtpm_head *header,
                                        struct vtpm_error *err)
{
    uint8_t bytes[VTPM_HEAD_SIZE];
    enum vtpm_status status;

    if (file->size == 0)
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: the store is empty; provision a "
                         "vTPM first");
    status = vtpm_os_read(file, 0, bytes, sizeof bytes, err);
    if (status != VTPM_OK)
        return status;
    return vtpm_header_decode(crypto, bytes, file->size, header, err);
}

struct vtpm_store *vtpm_store_new(const char *path, struct vtpm_keys *keys,
                                  struct vtpm_error *err)
{
    struct vtpm_store *store = calloc(1, sizeof *store);

    if (!store) {
        (void)vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
        return NULL;
    }
    store->file.fd = -1;
    store->keys = keys;
    store->path = strdup(path);
    if (!store->path) {
        (void)vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
        vtpm_store_close(store);
        return NULL;
    }
    return store;
}

enum vtpm_status vtpm_store_open(struct vtpm_store **out, const char *path,
                                 const uint8_t uuid[VTPM_UUID_SIZE],
                                 struct vtpm_keys *keys, struct vtpm_error *err)
{
    struct vtpm_store *store = vtpm_store_new(path, keys, err);
    enum vtpm_status status;

    *out = NULL;
    if (!store)
        return VTPM_ENOMEM;
    status = vtpm_os_open(&store->file, store->path, VTPM_OS_OWN, err);
    if (status == VTPM_OK)
        status = vtpm_crypto_init(&store->crypto, err);
    if (status == VTPM_OK)
        status = vtpm_store_read_header(&store->file, &store->crypto,
                                        &store->header, err);
    if (status == VTPM_OK &&
        memcmp(store->header.uuid, uuid, VTPM_UUID_SIZE) != 0)
        status = vtpm_fail(err, VTPM_EOTHER,
                           "%s holds another vTPM: its UUID differs; check "
                           "the path and the UUID",
                           path);
    if (status != VTPM_OK) {
        vtpm_error_locate(err, path);
        vtpm_store_close(store);
        return status;
    }
    *out = store;
    return VTPM_OK;
}

void vtpm_store_erase(struct vtpm_store *store, uint32_t slot)
{
    static const uint8_t zeros[VTPM_HEAD_SIZE];

    /* Not synced and not checked: the next sync or the kernel's write-back
     * brings it to the disk, and until then the worst is what there is
     * anyway, two whole slots of which the newer one counts. */
    (void)vtpm_os_write(&store->file,
                        vtpm_slot_offset(store->header.slot_size, slot), zeros,
                        sizeof zeros, NULL);
}

/* Encrypts the state and its head into store->buffer, rounded up to blocks,
 * and fills the record. */
static enum vtpm_status seal_slot(struct vtpm_store *store, uint32_t slot,
                                  struct vtpm_bytes state,
                                  uint8_t record[VTPM_RECORD_SIZE],
                                  struct vtpm_error *err)
{
    uint8_t *cipher = store->buffer + VTPM_HEAD_SIZE;
    const struct vtpm_bytes sealed = {cipher, state.len};
    struct vtpm_head head = store->header;
    uint8_t aad[VTPM_AAD_SIZE];
    enum vtpm_status status;

    head.slot = slot;
    head.state_len = (uint32_t)state.len;
    head.generation = store->generation + 1;
    vtpm_slot_encode_aad(&head, aad);
    vtpm_put64(record + VTPM_RECORD_GENERATION, head.generation);
    vtpm_put32(record + VTPM_RECORD_SLOT, slot);
    vtpm_put32(record + VTPM_RECORD_VERSION, VTPM_RECORD_VERSION_1);
    status = vtpm_random(record + VTPM_RECORD_KEY, VTPM_KEY_SIZE, err);
    if (status != VTPM_OK)
        return status;
    status = vtpm_seal(&store->crypto, record + VTPM_RECORD_KEY, zero_nonce,
                       (struct vtpm_bytes){aad, sizeof aad}, state, cipher,
                       record + VTPM_RECORD_TAG);
    if (status == VTPM_OK)
        status = vtpm_sha256(&store->crypto, &sealed, 1, head.state_sha256);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status,
            "cannot encrypt: OpenSSL failed; check its configuration");
    memset(head.area, 0, sizeof head.area);
    if (store->keys->ops->wrap) {
        status = store->keys->ops->wrap(store->keys, head.uuid, record,
                                        head.area, err);
        if (status != VTPM_OK)
            return status;
    }
    status = vtpm_slot_encode(&store->crypto, &head, store->buffer);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status,
            "cannot hash: OpenSSL failed; check its configuration");
    return VTPM_OK;
}

static enum vtpm_status write_slot(struct vtpm_store *store, uint32_t slot,
                                   struct vtpm_bytes state,
                                   uint8_t record[VTPM_RECORD_SIZE],
                                   struct vtpm_error *err)
{
    size_t used = VTPM_HEAD_SIZE + state.len;
    size_t len = vtpm_round_up(used);
    enum vtpm_status status = vtpm_store_buffer(store, len, err);

    if (status == VTPM_OK)
        status = seal_slot(store, slot, state, record, err);
    if (status != VTPM_OK)
        return status;
    memset(store->buffer + used, 0, len - used);
    status = vtpm_os_write(&store->file,
                           vtpm_slot_offset(store->header.slot_size, slot),
                           store->buffer, len, err);
    /* what has no name yet is synced once, before it gets one */
    if (status == VTPM_OK && !store->file.anonymous)
        status = vtpm_os_sync(&store->file, err);
    return status;
}

/* The header makes a place a store; it comes after the first slot. */
static enum vtpm_status write_header(struct vtpm_store *store,
                                     struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_store_buffer(store, VTPM_HEADER_SIZE, err);

    if (status != VTPM_OK)
        return status;
    memset(store->buffer, 0, VTPM_HEADER_SIZE);
    status = vtpm_header_encode(&store->crypto, &store->header, store->buffer);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status,
            "cannot hash: OpenSSL failed; check its configuration");
    status =
        vtpm_os_write(&store->file, 0, store->buffer, VTPM_HEADER_SIZE, err);
    if (status == VTPM_OK)
        status = vtpm_os_sync(&store->file, err);
    if (status == VTPM_OK)
        status = vtpm_os_publish(&store->file, err);
    return status;
}

/* The keeper takes the record; with that the slot is the current one. */
static enum vtpm_status confirm(struct vtpm_store *store,
                                struct vtpm_error *err)
{
    const struct vtpm_keys_ops *ops = store->keys->ops;
    uint32_t old = store->active;

    if (ops->save) {
        enum vtpm_status status = ops->save(store->keys, store->header.uuid,
                                            store->pending_record, err);
        if (status != VTPM_OK)
            return status;
    }
    store->generation = vtpm_record_generation(store->pending_record);
    store->active = vtpm_record_slot(store->pending_record);
    store->pending = false;
    store->saves++;
    vtpm_cleanse(store->pending_record, sizeof store->pending_record);
    if (ops->wrap && !store->new_place)
        vtpm_store_erase(store, old);
    store->new_place = false;
    return VTPM_OK;
}

enum vtpm_status vtpm_store_save(struct vtpm_store *store, const uint8_t *bytes,
                                 size_t len, struct vtpm_error *err)
{
    uint8_t record[VTPM_RECORD_SIZE];
    enum vtpm_status status;

    if (!store->ready || len == 0)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot save: nothing was loaded, or the state is "
                         "empty");
    if (len > vtpm_store_capacity(store))
        return vtpm_fail(err, VTPM_ETOOBIG,
                         "cannot save to %s: the state has %zu bytes, a slot "
                         "takes %zu; restore it into a bigger store",
                         store->path, len, vtpm_store_capacity(store));
    if (store->pending) {
        status = confirm(store, err);
        if (status != VTPM_OK)
            return status;
    }
    status = write_slot(store, 1 - store->active,
                        (struct vtpm_bytes){bytes, len}, record, err);
    if (status == VTPM_OK && store->new_place)
        status = write_header(store, err);
    if (status == VTPM_OK) {
        memcpy(store->pending_record, record, sizeof record);
        store->pending = true;
        status = confirm(store, err);
    }
    vtpm_cleanse(record, sizeof record);
    return status;
}

bool vtpm_store_is_new(const struct vtpm_store *store)
{
    return store->new_place;
}

enum vtpm_family vtpm_store_family(const struct vtpm_store *store)
{
    return store->header.family == VTPM_FAMILY_12 ? VTPM_FAMILY_12
                                                  : VTPM_FAMILY_20;
}

size_t vtpm_store_capacity(const struct vtpm_store *store)
{
    return vtpm_slot_capacity(store->header.slot_size);
}

uint64_t vtpm_store_saves(const struct vtpm_store *store)
{
    return store->saves;
}

/* A new TPM whose key the keeper did not take, and says so, was nobody's yet:
 * its file goes, so that provisioning can be tried again. */
static void withdraw(struct vtpm_store *store)
{
    static const struct vtpm_areas no_areas;
    struct vtpm_records records = {.count = 0};
    struct vtpm_error unheard;

    if (store->new_place && store->created && store->pending &&
        vtpm_store_ask(store, &no_areas, &records, &unheard) ==
            VTPM_EUNPROVISIONED)
        store->file.published = false;
    vtpm_cleanse(&records, sizeof records);
}

void vtpm_store_close(struct vtpm_store *store)
{
    if (!store)
        return;
    withdraw(store);
    vtpm_os_close(&store->file);
    vtpm_crypto_free(&store->crypto);
    free(store->buffer);
    free(store->path);
    vtpm_cleanse(store, sizeof *store);
    free(store);
}
