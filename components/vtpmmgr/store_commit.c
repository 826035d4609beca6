/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "bytes.h"

#include <string.h>

/* The blocks of a commit while they are filled. */
struct writer {
    struct vtpmmgr_store *store;
    size_t blocks;
    size_t limit; /* blocks that it may have */
    size_t used;  /* of the payload of the last one */
    /* How many of the oldest records are written again into each block, and
     * the oldest one that is not: the first that is still needed elsewhere. */
    size_t renewed[VTPMMGR_COMMIT_MAX];
    struct vtpmmgr_record *oldest;
};

static uint8_t *payload_of(const struct writer *writer, size_t block)
{
    return writer->store->buffer + block * VTPMMGR_BLOCK_SIZE +
           VTPMMGR_BLOCK_HEAD;
}

/* Room for one more record, in this block or the next one. */
static bool make_room(struct writer *writer, size_t len)
{
    if (writer->blocks > 0 &&
        writer->used + vtpmmgr_entry_size(len) <= VTPMMGR_PAYLOAD_SIZE)
        return true;
    if (writer->blocks == writer->limit)
        return false;
    memset(payload_of(writer, writer->blocks), 0, VTPMMGR_PAYLOAD_SIZE);
    writer->blocks++;
    writer->used = VTPMMGR_PAYLOAD_HEAD;
    vtpm_put32(payload_of(writer, writer->blocks - 1) + 4,
               VTPMMGR_PAYLOAD_HEAD);
    return true;
}

static void write_entry(struct writer *writer, const struct vtpmmgr_name *name,
                        bool remove, const uint8_t *value, size_t len)
{
    uint8_t *at = payload_of(writer, writer->blocks - 1) + writer->used;

    at[0] = name->type;
    at[1] = remove;
    vtpm_put16(at + 2, (uint16_t)len);
    vtpm_put16(at + 4, name->part);
    memcpy(at + 8, name->id, VTPMMGR_NAME_SIZE);
    if (len > 0)
        memcpy(at + VTPMMGR_ENTRY_HEAD, value, len);
    writer->used += vtpmmgr_entry_size(len);
    vtpm_put32(payload_of(writer, writer->blocks - 1) + 4,
               (uint32_t)writer->used);
}

static struct vtpmmgr_record *next_untouched(struct vtpmmgr_record *record)
{
    while (record && record->touched)
        record = record->newer;
    return record;
}

static bool write_changes(struct writer *writer, struct vtpmmgr_change *changes,
                          size_t count)
{
    writer->limit = VTPMMGR_CHANGES_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!make_room(writer, changes[i].len))
            return false;
        write_entry(writer, &changes[i].name, changes[i].remove,
                    changes[i].value, changes[i].len);
        changes[i].block = writer->blocks - 1;
    }
    return writer->blocks > 0 || make_room(writer, 0);
}

/* Writes the oldest records again, as many as fit, so that the blocks that are
 * needed stay close together. That costs nothing: a block is written whole. If
 * they have spread over half of the ring, blocks are added. */
static void write_oldest(struct writer *writer)
{
    const struct vtpmmgr_store *store = writer->store;
    struct vtpmmgr_record *record = next_untouched(store->table.oldest);
    uint64_t span = store->head.number - store->head.tail + 1;

    writer->limit = writer->blocks;
    if (span + writer->blocks > store->header.ring_blocks / 2)
        writer->limit = 3 * writer->blocks;
    while (record && make_room(writer, record->len)) {
        write_entry(writer, &record->name, false, record->value, record->len);
        writer->renewed[writer->blocks - 1]++;
        record = next_untouched(record->newer);
    }
    writer->oldest = record;
}

/* Heads, and with them encryption. */
static enum vtpm_status seal_blocks(struct writer *writer, size_t live,
                                    struct vtpm_error *err)
{
    struct vtpmmgr_store *store = writer->store;
    struct vtpmmgr_block *next = &store->next;
    uint64_t first = store->head.number + 1;

    *next = store->head;
    for (size_t i = 0; i < writer->blocks; i++) {
        enum vtpm_status status;

        memcpy(next->before, next->tag, sizeof next->before);
        next->number = first + i;
        next->first = first;
        next->tail = writer->oldest ? writer->oldest->block : first;
        next->anchor = store->anchor;
        next->flags = i + 1 == writer->blocks ? VTPMMGR_BLOCK_LAST : 0;
        vtpm_put32(payload_of(writer, i), (uint32_t)live);
        status = vtpmmgr_block_encode(
            &store->seal, next, store->buffer + i * VTPMMGR_BLOCK_SIZE, err);
        if (status != VTPM_OK)
            return status;
    }
    return VTPM_OK;
}

static enum vtpm_status write_blocks(struct vtpmmgr_store *store, size_t blocks,
                                     struct vtpm_error *err)
{
    uint64_t ring = store->header.ring_blocks;
    uint64_t first = store->next.first;
    size_t before_end = (size_t)(ring - first % ring);
    size_t here = blocks < before_end ? blocks : before_end;
    enum vtpm_status status =
        vtpm_os_write(&store->file, vtpmmgr_ring_offset(store, first),
                      store->buffer, here * VTPMMGR_BLOCK_SIZE, err);

    if (status == VTPM_OK && here < blocks)
        status = vtpm_os_write(&store->file,
                               vtpmmgr_ring_offset(store, first + here),
                               store->buffer + here * VTPMMGR_BLOCK_SIZE,
                               (blocks - here) * VTPMMGR_BLOCK_SIZE, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_sync(store, err);
    return status;
}

enum vtpm_status vtpmmgr_store_write_mark(struct vtpmmgr_store *store,
                                          struct vtpm_error *err)
{
    uint8_t block[VTPMMGR_BLOCK_SIZE];
    struct vtpmmgr_mark mark = {.number = store->head.number};
    uint64_t place = VTPMMGR_MARK_AT + store->mark_turn;
    enum vtpm_status status;

    memcpy(mark.tag, store->head.tag, sizeof mark.tag);
    status = vtpmmgr_mark_encode(&store->seal, &mark, block, err);
    if (status == VTPM_OK)
        status = vtpm_os_write(&store->file, place * VTPMMGR_BLOCK_SIZE, block,
                               sizeof block, err);
    if (status != VTPM_OK)
        return status;
    store->mark_due = false;
    store->dirty = true;
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_store_sync(struct vtpmmgr_store *store,
                                    struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_os_sync(&store->file, err);

    /* The other mark is written over only when this one is durable. A failed
     * sync may have dropped it. */
    if (status != VTPM_OK)
        store->mark_due = store->head.number > 0;
    else if (store->dirty)
        store->mark_turn = 1 - store->mark_turn;
    store->dirty = store->dirty && status != VTPM_OK;
    return status;
}

/* ---- what a change does in memory; nothing of it can fail ---- */

static void delist(struct vtpmmgr_store *store, struct vtpmmgr_record *record)
{
    if (record->name.type == VTPMMGR_TYPE_VTPM)
        vtpmmgr_members_remove(
            vtpmmgr_groups_find(&store->groups, vtpmmgr_record_group(record)),
            record);
    else if (record->name.part == 0)
        vtpmmgr_groups_remove(&store->groups,
                              vtpmmgr_group_number(&record->name));
}

/* Puts a value in the place of an older one, or of none. */
static struct vtpmmgr_record *replace(struct vtpmmgr_store *store,
                                      struct vtpmmgr_change *change)
{
    struct vtpmmgr_record *record = change->old;

    if (!change->fresh) {
        memcpy(record->value, change->value, record->len);
        vtpmmgr_table_renew(&store->table, record);
        return record;
    }
    if (record) {
        store->bytes -= vtpmmgr_entry_size(record->len);
        vtpmmgr_table_take(&store->table, record);
        vtpmmgr_record_free(record);
    }
    record = change->fresh;
    store->bytes += vtpmmgr_entry_size(record->len);
    vtpmmgr_table_add(&store->table, record);
    return record;
}

static void apply(struct vtpmmgr_store *store, struct vtpmmgr_change *change)
{
    struct vtpmmgr_record *record = change->old;
    bool listed = change->name.type == VTPMMGR_TYPE_VTPM;

    if (change->remove) {
        delist(store, record);
        store->bytes -= vtpmmgr_entry_size(record->len);
        vtpmmgr_table_take(&store->table, record);
        vtpmmgr_record_free(record);
        return;
    }
    if (record && listed)
        delist(store, record);
    listed |= !record;
    record = replace(store, change);
    if (listed)
        (void)vtpmmgr_store_enlist(store, record);
    record->block = store->next.first + change->block;
    record->touched = false;
}

static void apply_all(struct writer *writer, struct vtpmmgr_change *changes,
                      size_t count)
{
    struct vtpmmgr_store *store = writer->store;

    /* in the order of the blocks, as loading does it */
    for (size_t i = 0; i < count; i++)
        apply(store, &changes[i]);
    for (size_t block = 0; block < writer->blocks; block++)
        for (size_t i = 0; i < writer->renewed[block]; i++) {
            struct vtpmmgr_record *record = store->table.oldest;

            record->block = store->next.first + block;
            vtpmmgr_table_renew(&store->table, record);
        }
    store->head = store->next;
}

/* ---- before it ---- */

static enum vtpm_status full(const struct vtpmmgr_store *store,
                             struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_ENOSPACE,
                     "%s is full: it has room for %llu bytes of records; "
                     "remove vTPMs, or restore it into a bigger store",
                     store->path,
                     (unsigned long long)vtpmmgr_store_room(store));
}

static enum vtpm_status out_of_memory(struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
}

/* Finds what is there, and gets all memory that the changes will need. */
static enum vtpm_status prepare(struct vtpmmgr_store *store,
                                struct vtpmmgr_change *change, uint64_t *bytes,
                                size_t *live, struct vtpm_error *err)
{
    struct vtpmmgr_record *old =
        vtpmmgr_table_find(&store->table, &change->name);

    change->fresh = NULL;
    change->old = old;
    if (old) {
        old->touched = true;
        *bytes -= vtpmmgr_entry_size(old->len);
    }
    if (change->remove) {
        (*live)--;
        return VTPM_OK;
    }
    *live += !old;
    *bytes += vtpmmgr_entry_size(change->len);
    if (old && old->len == change->len)
        return VTPM_OK;
    change->fresh =
        vtpmmgr_record_new(&change->name, change->value, change->len);
    return change->fresh ? VTPM_OK : out_of_memory(err);
}

static void give_up(struct vtpmmgr_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].old)
            changes[i].old->touched = false;
        vtpmmgr_record_free(changes[i].fresh);
        changes[i].fresh = NULL;
    }
}

static enum vtpm_status make_durable(struct writer *writer,
                                     struct vtpmmgr_change *changes,
                                     size_t count, size_t live,
                                     struct vtpm_error *err)
{
    struct vtpmmgr_store *store = writer->store;
    enum vtpm_status status = VTPM_OK;

    if (!write_changes(writer, changes, count))
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot change so many records in one commit");
    write_oldest(writer);
    /* nothing that the last commit needs may be written over */
    if (store->head.number + writer->blocks - store->head.tail >=
        store->header.ring_blocks)
        return full(store, err);
    if (store->mark_due)
        status = vtpmmgr_store_write_mark(store, err);
    if (status == VTPM_OK)
        status = seal_blocks(writer, live, err);
    if (status == VTPM_OK)
        status = write_blocks(store, writer->blocks, err);
    return status;
}

enum vtpm_status vtpmmgr_store_commit(struct vtpmmgr_store *store,
                                      struct vtpmmgr_change *changes,
                                      size_t count, struct vtpm_error *err)
{
    struct writer writer = {.store = store};
    uint64_t bytes = store->bytes;
    size_t live = store->table.count, prepared = 0;
    enum vtpm_status status = VTPM_OK;

    if (!vtpmmgr_table_reserve(&store->table, count))
        return out_of_memory(err);
    for (; prepared < count && status == VTPM_OK; prepared++)
        status = prepare(store, &changes[prepared], &bytes, &live, err);
    if (status == VTPM_OK && bytes > store->bytes &&
        bytes > vtpmmgr_store_room(store))
        status = full(store, err);
    if (status == VTPM_OK)
        status = make_durable(&writer, changes, count, live, err);
    /* the blocks have secrets in them until they are encrypted */
    if (status != VTPM_OK)
        vtpm_cleanse(store->buffer, VTPMMGR_COMMIT_MAX * VTPMMGR_BLOCK_SIZE);
    if (status != VTPM_OK) {
        give_up(changes, prepared);
        return status;
    }
    apply_all(&writer, changes, count);
    /* best effort, and not synced: the next sync makes it durable */
    store->mark_due = vtpmmgr_store_write_mark(store, NULL) != VTPM_OK;
    return VTPM_OK;
}
