/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "bytes.h"

#include <string.h>

static uint8_t *block_at(struct vtpmmgr_store *store, size_t n)
{
    return store->buffer + n * VTPMMGR_BLOCK_SIZE;
}

static enum vtpm_status read_block(struct vtpmmgr_store *store, uint64_t number,
                                   uint8_t *to, struct vtpm_error *err)
{
    return vtpm_os_read(&store->file, vtpmmgr_ring_offset(store, number), to,
                        VTPMMGR_BLOCK_SIZE, err);
}

/* Says why the place of a block that must be there holds something else. */
static enum vtpm_status explain(struct vtpmmgr_store *store, uint64_t number,
                                struct vtpm_error *err)
{
    unsigned long long wanted = number, found;
    uint64_t ring = store->header.ring_blocks;
    uint8_t *bytes = block_at(store, 0);
    struct vtpmmgr_block head;
    enum vtpm_status status = read_block(store, number, bytes, err);

    if (status != VTPM_OK)
        return status;
    if (vtpm_all_zero(bytes, VTPMMGR_BLOCK_SIZE))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: block %llu is gone, zeros are in its place; "
                         "restore the store from a backup",
                         wanted);
    if (vtpmmgr_block_peek(bytes, &head) &&
        memcmp(head.id, store->header.id, sizeof head.id) != 0)
        return vtpm_fail(err, VTPM_EOTHER,
                         "block %llu is another store's; restore the store "
                         "from a backup",
                         wanted);
    found = head.number;
    if (!vtpmmgr_block_decode(&store->seal, bytes, &head))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: block %llu does not authenticate: it is "
                         "damaged or was tampered with; restore the store "
                         "from a backup",
                         wanted);
    if (found % ring != number % ring)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: blocks were moved: in the place of block "
                         "%llu is block %llu; restore the store from a backup",
                         wanted, found);
    if (found > number)
        return vtpm_fail(err, VTPM_EROLLBACK,
                         "rolled back: the marks are an old copy: in the place "
                         "of block %llu is block %llu; restore the newer copy",
                         wanted, found);
    return vtpm_fail(err, VTPM_EROLLBACK,
                     "rolled back: in the place of block %llu is an old copy, "
                     "of block %llu; restore the newer copy",
                     wanted, found);
}

static enum vtpm_status read_header(struct vtpmmgr_store *store,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    struct vtpm_error *err)
{
    uint8_t *bytes = block_at(store, 0);
    struct vtpm_crypto crypto;
    enum vtpm_status status;

    if (store->file.size == 0)
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: the store is empty; provision one "
                         "first");
    status = vtpm_os_read(&store->file, 0, bytes, VTPMMGR_BLOCK_SIZE, err);
    if (status == VTPM_OK)
        status = vtpm_crypto_init(&crypto, err);
    if (status != VTPM_OK)
        return status;
    status = vtpmmgr_header_decode(&crypto, bytes, store->file.size,
                                   &store->header, err);
    vtpm_crypto_free(&crypto);
    if (status == VTPM_OK)
        status = vtpmmgr_seal_init(&store->seal, root, store->header.id, err);
    if (status == VTPM_OK)
        status = vtpmmgr_header_verify(&store->seal, bytes, err);
    return status;
}

/* The newer of the two marks; the other one's turn is next. One that cannot be
 * read was cut off while it was written, as one that is torn. */
static enum vtpm_status read_marks(struct vtpmmgr_store *store,
                                   struct vtpmmgr_mark *mark,
                                   struct vtpm_error *err)
{
    uint8_t *bytes = block_at(store, 0);
    enum vtpm_status failed = VTPM_OK;

    mark->number = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t place = VTPMMGR_MARK_AT + i;
        struct vtpmmgr_mark one;
        enum vtpm_status status =
            vtpm_os_read(&store->file, place * VTPMMGR_BLOCK_SIZE, bytes,
                         VTPMMGR_BLOCK_SIZE, err);

        if (status != VTPM_OK)
            failed = status;
        else if (vtpmmgr_mark_decode(&store->seal, bytes, &one) &&
                 one.number > mark->number) {
            *mark = one;
            store->mark_turn = 1 - i;
        }
    }
    if (mark->number > 0)
        return VTPM_OK;
    if (failed != VTPM_OK)
        return failed;
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: both marks of the last commit are damaged; "
                     "restore the store from a backup");
}

/* The commit that follows the head, if all of it is there. */
static bool next_commit(struct vtpmmgr_store *store, struct vtpmmgr_block *last)
{
    uint64_t first = store->head.number + 1;
    struct vtpmmgr_block before = store->head;

    for (uint64_t n = first; n < first + VTPMMGR_COMMIT_MAX; n++) {
        uint8_t *bytes = block_at(store, 0);

        /* what cannot be read was cut off while it was written */
        if (read_block(store, n, bytes, NULL) != VTPM_OK ||
            !vtpmmgr_block_decode(&store->seal, bytes, last) ||
            last->number != n || last->first != first ||
            memcmp(last->before, before.tag, sizeof before.tag) != 0)
            return false;
        if (last->flags & VTPMMGR_BLOCK_LAST)
            return true;
        before = *last;
    }
    return false;
}

/* A block of a later commit is written only after the one before it is
 * durable. If there is one beyond a gap, the gap is damage. */
static enum vtpm_status check_gap(struct vtpmmgr_store *store,
                                  struct vtpm_error *err)
{
    uint64_t first = store->head.number + 1;

    for (uint64_t n = first + 1; n <= first + VTPMMGR_COMMIT_MAX; n++) {
        uint8_t *bytes = block_at(store, 0);
        struct vtpmmgr_block head;

        if (read_block(store, n, bytes, NULL) == VTPM_OK &&
            vtpmmgr_block_decode(&store->seal, bytes, &head) &&
            head.number == n && head.first > first)
            return explain(store, first, err);
    }
    return VTPM_OK;
}

static enum vtpm_status find_head(struct vtpmmgr_store *store,
                                  struct vtpm_error *err)
{
    struct vtpmmgr_mark mark;
    struct vtpmmgr_block next;
    enum vtpm_status status = read_marks(store, &mark, err);

    if (status == VTPM_OK)
        status = read_block(store, mark.number, block_at(store, 0), err);
    if (status != VTPM_OK)
        return status;
    if (!vtpmmgr_block_decode(&store->seal, block_at(store, 0), &store->head) ||
        store->head.number != mark.number ||
        memcmp(store->head.tag, mark.tag, sizeof mark.tag) != 0)
        return explain(store, mark.number, err);
    while (next_commit(store, &next))
        store->head = next;
    status = check_gap(store, err);
    store->mark_due = store->head.number != mark.number;
    return status;
}

/* ---- records ---- */

static enum vtpm_status does_not_add_up(const struct vtpmmgr_block *head,
                                        struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: block %llu is authentic, but what it says does "
                     "not add up; report this, and restore the store from a "
                     "backup",
                     (unsigned long long)head->number);
}

static bool is_sound(const uint8_t *entry, size_t left,
                     struct vtpmmgr_name *name, uint16_t *len)
{
    bool removed;

    if (left < VTPMMGR_ENTRY_HEAD || entry[1] > 1 || vtpm_get16(entry + 6) != 0)
        return false;
    removed = entry[1] != 0;
    *len = vtpm_get16(entry + 2);
    name->type = entry[0];
    name->part = vtpm_get16(entry + 4);
    memcpy(name->id, entry + 8, sizeof name->id);
    if (*len > left - VTPMMGR_ENTRY_HEAD || (removed && *len != 0))
        return false;
    if (name->type == VTPMMGR_TYPE_VTPM)
        return name->part == 0 && (removed || *len == VTPMMGR_VTPM_VALUE);
    return name->type == VTPMMGR_TYPE_GROUP && name->part < VTPMMGR_PARTS_MAX &&
           vtpm_all_zero(name->id + 4, sizeof name->id - 4) &&
           (removed || (*len > 0 && *len <= VTPMMGR_VALUE_MAX));
}

static enum vtpm_status take_entry(struct vtpmmgr_store *store,
                                   const struct vtpmmgr_name *name,
                                   bool removed, const uint8_t *value,
                                   uint16_t len, uint64_t block,
                                   struct vtpm_error *err)
{
    struct vtpmmgr_record *record = vtpmmgr_table_find(&store->table, name);

    if (record && !removed && record->len == len) {
        memcpy(record->value, value, len);
        vtpmmgr_table_renew(&store->table, record);
        record->block = block;
        return VTPM_OK;
    }
    if (record) {
        vtpmmgr_table_take(&store->table, record);
        vtpmmgr_record_free(record);
    }
    if (removed)
        return VTPM_OK;
    record = vtpmmgr_record_new(name, value, len);
    if (!record || !vtpmmgr_table_reserve(&store->table, 1)) {
        vtpmmgr_record_free(record);
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    }
    record->block = block;
    vtpmmgr_table_add(&store->table, record);
    return VTPM_OK;
}

static enum vtpm_status take_payload(struct vtpmmgr_store *store,
                                     const struct vtpmmgr_block *head,
                                     const uint8_t *payload,
                                     struct vtpm_error *err)
{
    size_t used = vtpm_get32(payload + 4), at = VTPMMGR_PAYLOAD_HEAD;

    if (used > VTPMMGR_PAYLOAD_SIZE || used < at)
        return does_not_add_up(head, err);
    while (at < used) {
        struct vtpmmgr_name name;
        uint16_t len;
        enum vtpm_status status;

        if (!is_sound(payload + at, used - at, &name, &len))
            return does_not_add_up(head, err);
        status = take_entry(store, &name, payload[at + 1] != 0,
                            payload + at + VTPMMGR_ENTRY_HEAD, len,
                            head->number, err);
        if (status != VTPM_OK)
            return status;
        at += vtpmmgr_entry_size(len);
    }
    return VTPM_OK;
}

/* Each block must be the one that the next one follows; the last one is the
 * head, which is trusted. So going forward, each must follow the one before,
 * and the last must be the head. */
static enum vtpm_status take_block(struct vtpmmgr_store *store, uint64_t number,
                                   uint8_t *bytes, struct vtpmmgr_block *before,
                                   struct vtpm_error *err)
{
    struct vtpmmgr_block head;

    if (!vtpmmgr_block_decode(&store->seal, bytes, &head) ||
        head.number != number)
        return explain(store, number, err);
    if (before->number != 0 &&
        memcmp(head.before, before->tag, sizeof before->tag) != 0)
        return explain(store, before->number, err);
    *before = head;
    return take_payload(store, &head, bytes + VTPMMGR_BLOCK_HEAD, err);
}

static enum vtpm_status take_log(struct vtpmmgr_store *store,
                                 struct vtpm_error *err)
{
    uint64_t ring = store->header.ring_blocks, number = store->head.tail;
    struct vtpmmgr_block before = {.number = 0};
    enum vtpm_status status = VTPM_OK;

    while (number <= store->head.number && status == VTPM_OK) {
        uint64_t left = store->head.number - number + 1;
        uint64_t n = ring - number % ring;

        n = n < left ? n : left;
        n = n < VTPMMGR_COMMIT_MAX ? n : VTPMMGR_COMMIT_MAX;
        status =
            vtpm_os_read(&store->file, vtpmmgr_ring_offset(store, number),
                         store->buffer, (size_t)n * VTPMMGR_BLOCK_SIZE, err);
        for (size_t i = 0; i < n && status == VTPM_OK; i++)
            status =
                take_block(store, number++, block_at(store, i), &before, err);
    }
    if (status == VTPM_OK &&
        memcmp(before.tag, store->head.tag, sizeof before.tag) != 0)
        return explain(store, store->head.number, err);
    return status;
}

/* Lists of groups and their vTPMs, from the records. */
static enum vtpm_status enlist_all(struct vtpmmgr_store *store,
                                   struct vtpm_error *err)
{
    for (int vtpms = 0; vtpms < 2; vtpms++)
        for (struct vtpmmgr_record *r = store->table.oldest; r; r = r->newer) {
            struct vtpmmgr_name part = r->name;

            if ((r->name.type == VTPMMGR_TYPE_VTPM) != (vtpms == 1))
                continue;
            store->bytes += vtpmmgr_entry_size(r->len);
            if (part.type == VTPMMGR_TYPE_GROUP && part.part > 0) {
                part.part--;
                if (!vtpmmgr_table_find(&store->table, &part))
                    return does_not_add_up(&store->head, err);
            }
            if (vtpms == 1 &&
                !vtpmmgr_groups_find(&store->groups, vtpmmgr_record_group(r)))
                return does_not_add_up(&store->head, err);
            if (!vtpmmgr_store_enlist(store, r))
                return vtpm_fail(err, VTPM_ENOMEM,
                                 "out of memory; end other programs");
        }
    return VTPM_OK;
}

static enum vtpm_status read_records(struct vtpmmgr_store *store,
                                     struct vtpm_error *err)
{
    const struct vtpmmgr_block *head = &store->head;
    uint8_t *bytes = block_at(store, 0);
    struct vtpmmgr_block again;
    enum vtpm_status status;
    uint32_t live;

    if (head->tail == 0 ||
        head->number - head->tail >= store->header.ring_blocks)
        return does_not_add_up(head, err);
    status = read_block(store, head->number, bytes, err);
    if (status != VTPM_OK)
        return status;
    if (!vtpmmgr_block_decode(&store->seal, bytes, &again))
        return explain(store, head->number, err);
    live = vtpm_get32(bytes + VTPMMGR_BLOCK_HEAD);
    status = take_log(store, err);
    if (status == VTPM_OK &&
        (store->table.count != live ||
         (store->table.oldest && store->table.oldest->block != head->tail)))
        status = does_not_add_up(head, err);
    if (status == VTPM_OK)
        status = enlist_all(store, err);
    return status;
}

enum vtpm_status vtpmmgr_store_load(struct vtpmmgr_store *store,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_os_settle(&store->file, err);

    if (status == VTPM_OK)
        status = read_header(store, root, err);
    if (status == VTPM_OK)
        status = find_head(store, err);
    if (status == VTPM_OK && store->head.anchor < anchor)
        status = vtpm_fail(err, VTPM_EROLLBACK,
                           "rolled back: the store's anchor is %llu, the "
                           "counter says %llu; restore the newer copy",
                           (unsigned long long)store->head.anchor,
                           (unsigned long long)anchor);
    if (status == VTPM_OK)
        status = read_records(store, err);
    store->anchor = store->head.anchor;
    vtpm_cleanse(store->buffer, VTPMMGR_COMMIT_MAX * VTPMMGR_BLOCK_SIZE);
    return status;
}
