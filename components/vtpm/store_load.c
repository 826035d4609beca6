/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t zero_nonce[VTPM_NONCE_SIZE];

enum vtpm_status vtpm_store_read_head(struct vtpm_os_file *file,
                                      struct vtpm_crypto *crypto,
                                      const struct vtpm_head *header,
                                      uint32_t slot, struct vtpm_head *head,
                                      struct vtpm_error *err)
{
    uint8_t bytes[VTPM_HEAD_SIZE];
    enum vtpm_status status =
        vtpm_os_read(file, vtpm_slot_offset(header->slot_size, slot), bytes,
                     sizeof bytes, err);

    if (status != VTPM_OK)
        return status;
    return vtpm_slot_decode(crypto, bytes, header, slot, head, err);
}

/* A remote keeper's record may name a slot that is not what it was. */
static enum vtpm_status
explain_mismatch(const struct vtpm_head heads[VTPM_SLOTS], uint64_t known,
                 struct vtpm_error *err)
{
    uint64_t newest = 0;

    for (size_t i = 0; i < VTPM_SLOTS; i++)
        if (heads[i].condition == VTPM_SLOT_WHOLE &&
            heads[i].generation > newest)
            newest = heads[i].generation;
    if (newest != 0 && newest < known)
        return vtpm_fail(err, VTPM_EROLLBACK,
                         "rolled back: the store has generation %llu, the key "
                         "keeper knows %llu; restore the newer copy",
                         (unsigned long long)newest, (unsigned long long)known);
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: the slot that the key keeper's record names "
                     "is damaged; restore the store from a backup");
}

/* The keeper's records and the slots must tell the same story. */
static enum vtpm_status match(const uint8_t record[VTPM_RECORD_SIZE],
                              const struct vtpm_head heads[VTPM_SLOTS],
                              struct vtpm_error *err)
{
    uint32_t slot = vtpm_record_slot(record);
    uint64_t generation = vtpm_record_generation(record);

    if (vtpm_get32(record + VTPM_RECORD_VERSION) != VTPM_RECORD_VERSION_1)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version of the key keeper's record; "
                         "another program wrote it");
    if (slot >= VTPM_SLOTS || heads[slot].condition != VTPM_SLOT_WHOLE ||
        heads[slot].generation != generation)
        return explain_mismatch(heads, generation, err);
    return VTPM_OK;
}

/* Reads a slot into store->buffer and compares its checksum. */
static enum vtpm_status read_state(struct vtpm_store *store,
                                   const struct vtpm_head *head, bool *whole,
                                   struct vtpm_error *err)
{
    size_t len = VTPM_HEAD_SIZE + head->state_len;
    const uint8_t *state;
    uint8_t digest[VTPM_SHA256_SIZE];
    enum vtpm_status status = vtpm_store_buffer(store, vtpm_round_up(len), err);

    *whole = false;
    if (status == VTPM_OK)
        status = vtpm_os_read(
            &store->file, vtpm_slot_offset(store->header.slot_size, head->slot),
            store->buffer, len, err);
    if (status != VTPM_OK)
        return status;
    state = store->buffer + VTPM_HEAD_SIZE;
    status =
        vtpm_sha256(&store->crypto,
                    &(struct vtpm_bytes){state, head->state_len}, 1, digest);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status,
            "cannot hash: OpenSSL failed; check its configuration");
    *whole = memcmp(digest, head->state_sha256, sizeof digest) == 0;
    return VTPM_OK;
}

static enum vtpm_status decrypt(struct vtpm_store *store,
                                const struct vtpm_head *head,
                                const uint8_t record[VTPM_RECORD_SIZE],
                                struct vtpm_state *state,
                                struct vtpm_error *err)
{
    uint8_t aad[VTPM_AAD_SIZE];

    state->bytes = malloc(head->state_len);
    if (!state->bytes)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    state->len = head->state_len;
    state->generation = head->generation;
    vtpm_slot_encode_aad(head, aad);
    if (vtpm_unseal(
            &store->crypto, record + VTPM_RECORD_KEY, zero_nonce,
            (struct vtpm_bytes){aad, sizeof aad},
            (struct vtpm_bytes){store->buffer + VTPM_HEAD_SIZE, state->len},
            state->bytes, record + VTPM_RECORD_TAG))
        return VTPM_OK;
    vtpm_state_free(state);
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: the state does not authenticate under the key "
                     "keeper's record; it was tampered with or is another "
                     "copy");
}

/*
 * With a local keeper, two whole slots mean that we died between the write
 * of the newer one and the erasure of the older: the newer one may be in the
 * page cache only. It is written again and synced before it counts, so that
 * the next save may overwrite the older one.
 */
static enum vtpm_status settle(struct vtpm_store *store,
                               const struct vtpm_head *head,
                               struct vtpm_error *err)
{
    size_t used = VTPM_HEAD_SIZE + head->state_len;
    size_t len = vtpm_round_up(used);
    enum vtpm_status status;

    memset(store->buffer + used, 0, len - used);
    status = vtpm_os_write(
        &store->file, vtpm_slot_offset(store->header.slot_size, head->slot),
        store->buffer, len, err);
    if (status == VTPM_OK)
        status = vtpm_os_sync(&store->file, err);
    if (status == VTPM_OK)
        vtpm_store_erase(store, 1 - head->slot);
    return status;
}

/* The first record whose slot is whole decides; what fails after its
 * checksums were right is never a write that was cut off. */
static enum vtpm_status pick(struct vtpm_store *store,
                             const struct vtpm_head heads[VTPM_SLOTS],
                             const struct vtpm_records *records,
                             struct vtpm_state *state, struct vtpm_error *err)
{
    for (size_t i = 0; i < records->count; i++) {
        const uint8_t *record = records->record[i];
        enum vtpm_status status = match(record, heads, err);
        const struct vtpm_head *head;
        bool whole;

        if (status != VTPM_OK)
            return status;
        head = &heads[vtpm_record_slot(record)];
        status = read_state(store, head, &whole, err);
        if (status != VTPM_OK)
            return status;
        if (!whole)
            continue;
        status = decrypt(store, head, record, state, err);
        if (status == VTPM_OK && records->count == VTPM_SLOTS && i == 0)
            status = settle(store, head, err);
        if (status != VTPM_OK) {
            vtpm_state_free(state);
            return status;
        }
        store->generation = head->generation;
        store->active = head->slot;
        state->stepped_back =
            i > 0 || (store->keys->ops->wrap &&
                      heads[1 - head->slot].condition == VTPM_SLOT_DAMAGED);
        return VTPM_OK;
    }
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: no slot is whole; restore the store from a "
                     "backup");
}

enum vtpm_status vtpm_store_ask(struct vtpm_store *store,
                                const struct vtpm_areas *areas,
                                struct vtpm_records *records,
                                struct vtpm_error *err)
{
    enum vtpm_status status;

    records->count = 0;
    status = store->keys->ops->load(store->keys, store->header.uuid, areas,
                                    records, err);
    if (status == VTPM_OK &&
        (records->count == 0 || records->count > VTPM_SLOTS ||
         vtpm_all_zero(records->record[0], VTPM_RECORD_SIZE)))
        status = vtpm_fail(err, VTPM_EUNPROVISIONED,
                           "not provisioned: the key keeper has no record of "
                           "this vTPM; provision it, or restore the keeper's "
                           "data");
    return status;
}

static enum vtpm_status get_records(struct vtpm_store *store,
                                    const struct vtpm_head heads[VTPM_SLOTS],
                                    struct vtpm_records *records,
                                    struct vtpm_error *err)
{
    struct vtpm_areas areas;
    enum vtpm_status status;

    for (size_t i = 0; i < VTPM_SLOTS; i++)
        memcpy(areas.area[i], heads[i].area, VTPM_AREA_SIZE);
    status = vtpm_store_ask(store, &areas, records, err);
    if (status != VTPM_EUNPROVISIONED)
        return status;
    if (store->keys->ops->wrap)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: no slot is whole; restore the store from "
                         "a backup");
    return vtpm_fail(err, VTPM_EUNPROVISIONED,
                     "not provisioned: %s holds a state, but the key keeper "
                     "has no record of this vTPM; restore the keeper's, or "
                     "remove the store and provision anew",
                     store->path);
}

enum vtpm_status vtpm_store_load(struct vtpm_store *store,
                                 struct vtpm_state *state,
                                 struct vtpm_error *err)
{
    struct vtpm_head heads[VTPM_SLOTS];
    struct vtpm_records records;
    enum vtpm_status status = VTPM_OK;

    memset(state, 0, sizeof *state);
    if (store->ready)
        return vtpm_fail(err, VTPM_EINVAL, "the store is loaded already");
    for (uint32_t i = 0; i < VTPM_SLOTS && status == VTPM_OK; i++)
        status = vtpm_store_read_head(&store->file, &store->crypto,
                                      &store->header, i, &heads[i], err);
    if (status == VTPM_OK)
        status = get_records(store, heads, &records, err);
    if (status == VTPM_OK) {
        status = pick(store, heads, &records, state, err);
        store->ready = status == VTPM_OK;
    }
    if (status != VTPM_OK)
        vtpm_error_locate(err, store->path);
    vtpm_cleanse(&records, sizeof records);
    return status;
}

void vtpm_state_free(struct vtpm_state *state)
{
    vtpm_cleanse(state->bytes, state->len);
    free(state->bytes);
    memset(state, 0, sizeof *state);
}
