/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

struct vtpmmgr_store *vtpmmgr_store_new(const char *path,
                                        struct vtpm_error *err)
{
    struct vtpmmgr_store *store = calloc(1, sizeof *store);

    if (store) {
        store->file.fd = -1;
        store->path = strdup(path);
        store->buffer = malloc(VTPMMGR_COMMIT_MAX * VTPMMGR_BLOCK_SIZE);
    }
    if (store && store->path && store->buffer) {
        if (vtpm_random((uint8_t *)store->table.random,
                        sizeof store->table.random, err) == VTPM_OK)
            return store;
    } else {
        (void)vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    }
    vtpmmgr_store_close(store);
    return NULL;
}

static enum vtpm_status open_as(enum vtpm_os_mode mode,
                                struct vtpmmgr_store **out, const char *path,
                                const uint8_t root[VTPM_KEY_SIZE],
                                uint64_t anchor, struct vtpm_error *err)
{
    struct vtpmmgr_store *store = vtpmmgr_store_new(path, err);
    enum vtpm_status status;

    *out = NULL;
    if (!store)
        return VTPM_ENOMEM;
    status = vtpm_os_open(&store->file, store->path, mode, err);
    if (status == VTPM_EUNPROVISIONED)
        status = vtpm_fail(err, status,
                           "not provisioned: %s is not there; provision a "
                           "manager's store first",
                           path);
    if (status == VTPM_OK)
        status = vtpmmgr_store_load(store, root, anchor, err);
    if (status != VTPM_OK) {
        vtpm_error_locate(err, path);
        vtpmmgr_store_close(store);
        return status;
    }
    *out = store;
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_store_open(struct vtpmmgr_store **store,
                                    const char *path,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err)
{
    return open_as(VTPM_OS_OWN, store, path, root, anchor, err);
}

enum vtpm_status vtpmmgr_store_peek(struct vtpmmgr_store **store,
                                    const char *path,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err)
{
    return open_as(VTPM_OS_PEEK, store, path, root, anchor, err);
}

void vtpmmgr_store_close(struct vtpmmgr_store *store)
{
    if (!store)
        return;
    if (store->file.fd >= 0 && store->dirty)
        (void)vtpm_os_sync(&store->file, NULL);
    vtpm_os_close(&store->file);
    vtpmmgr_seal_free(&store->seal);
    vtpmmgr_groups_free(&store->groups);
    vtpmmgr_table_free(&store->table);
    if (store->buffer)
        vtpm_cleanse(store->buffer, VTPMMGR_COMMIT_MAX * VTPMMGR_BLOCK_SIZE);
    free(store->buffer);
    free(store->path);
    vtpm_cleanse(store, sizeof *store);
    free(store);
}

uint64_t vtpmmgr_store_anchor(const struct vtpmmgr_store *store)
{
    return store->head.anchor;
}

enum vtpm_status vtpmmgr_store_set_anchor(struct vtpmmgr_store *store,
                                          uint64_t anchor,
                                          struct vtpm_error *err)
{
    if (anchor < store->head.anchor)
        return vtpm_fail(
            err, VTPM_EINVAL, "cannot set the anchor back from %llu to %llu",
            (unsigned long long)store->head.anchor, (unsigned long long)anchor);
    store->anchor = anchor;
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_store_commit_anchor(struct vtpmmgr_store *store,
                                             struct vtpm_error *err)
{
    return vtpmmgr_store_commit(store, NULL, 0, err);
}

uint64_t vtpmmgr_store_generation(const struct vtpmmgr_store *store)
{
    return store->head.number;
}

/* ---- vTPMs ---- */

static struct vtpmmgr_name vtpm_name(const uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpmmgr_name name = {.type = VTPMMGR_TYPE_VTPM};

    memcpy(name.id, uuid, sizeof name.id);
    return name;
}

uint32_t vtpmmgr_record_group(const struct vtpmmgr_record *record)
{
    return vtpm_get32(record->value);
}

bool vtpmmgr_store_get(const struct vtpmmgr_store *store,
                       const uint8_t uuid[VTPM_UUID_SIZE],
                       struct vtpmmgr_vtpm *vtpm)
{
    struct vtpmmgr_name name = vtpm_name(uuid);
    const struct vtpmmgr_record *record =
        vtpmmgr_table_find(&store->table, &name);

    memset(vtpm, 0, sizeof *vtpm);
    if (!record)
        return false;
    memcpy(vtpm->uuid, uuid, sizeof vtpm->uuid);
    vtpm->group = vtpmmgr_record_group(record);
    vtpm->flags = vtpm_get32(record->value + 4);
    vtpm->saves = vtpm_get64(record->value + 8);
    memcpy(vtpm->key, record->value + 16, sizeof vtpm->key);
    return true;
}

static void encode_vtpm(const struct vtpmmgr_vtpm *vtpm,
                        uint8_t value[VTPMMGR_VTPM_VALUE])
{
    vtpm_put32(value, vtpm->group);
    vtpm_put32(value + 4, vtpm->flags);
    vtpm_put64(value + 8, vtpm->saves);
    memcpy(value + 16, vtpm->key, sizeof vtpm->key);
}

static enum vtpm_status no_such_group(uint32_t number, struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EINVAL, "there is no group %u",
                     (unsigned)number);
}

/* A change of one record is one change. */
static bool is_twice(const struct vtpmmgr_vtpm *vtpms, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (memcmp(vtpms[k].uuid, vtpms[i].uuid, VTPM_UUID_SIZE) == 0)
            return true;
    return false;
}

enum vtpm_status vtpmmgr_store_put(struct vtpmmgr_store *store,
                                   const struct vtpmmgr_vtpm *vtpms,
                                   size_t count, struct vtpm_error *err)
{
    struct vtpmmgr_change changes[VTPMMGR_BATCH_MAX] = {0};
    uint8_t values[VTPMMGR_BATCH_MAX][VTPMMGR_VTPM_VALUE];
    enum vtpm_status status;

    if (count == 0 || count > VTPMMGR_BATCH_MAX)
        return vtpm_fail(err, VTPM_EINVAL, "cannot put %zu vTPMs at once",
                         count);
    for (size_t i = 0; i < count; i++) {
        struct vtpmmgr_group *group =
            vtpmmgr_groups_find(&store->groups, vtpms[i].group);

        if (!group)
            return no_such_group(vtpms[i].group, err);
        if (is_twice(vtpms, i))
            return vtpm_fail(err, VTPM_EINVAL,
                             "cannot put a vTPM twice at once");
        if (!vtpmmgr_members_reserve(group, count))
            return vtpm_fail(err, VTPM_ENOMEM,
                             "out of memory; end other programs");
        encode_vtpm(&vtpms[i], values[i]);
        changes[i].name = vtpm_name(vtpms[i].uuid);
        changes[i].value = values[i];
        changes[i].len = VTPMMGR_VTPM_VALUE;
    }
    status = vtpmmgr_store_commit(store, changes, count, err);
    vtpm_cleanse(values, sizeof values[0] * count);
    return status;
}

enum vtpm_status vtpmmgr_store_remove(struct vtpmmgr_store *store,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      struct vtpm_error *err)
{
    struct vtpmmgr_change change = {.name = vtpm_name(uuid), .remove = true};

    if (!vtpmmgr_table_find(&store->table, &change.name))
        return vtpm_fail(err, VTPM_EINVAL, "there is no such vTPM");
    return vtpmmgr_store_commit(store, &change, 1, err);
}

size_t vtpmmgr_store_count(const struct vtpmmgr_store *store)
{
    size_t count = 0;

    for (size_t i = 0; i < store->groups.count; i++)
        count += store->groups.at[i].count;
    return count;
}

size_t vtpmmgr_store_members(const struct vtpmmgr_store *store, uint32_t group)
{
    const struct vtpmmgr_group *found =
        vtpmmgr_groups_find(&store->groups, group);

    return found ? found->count : 0;
}

size_t vtpmmgr_store_list(const struct vtpmmgr_store *store, uint32_t group,
                          size_t offset, uint8_t (*uuids)[VTPM_UUID_SIZE],
                          size_t room)
{
    const struct vtpmmgr_group *found =
        vtpmmgr_groups_find(&store->groups, group);
    size_t n = 0;

    while (found && n < room && offset < found->count)
        memcpy(uuids[n++], found->members[offset++]->name.id, VTPM_UUID_SIZE);
    return n;
}

/* ---- groups ---- */

struct vtpmmgr_name vtpmmgr_group_name(uint32_t number, uint16_t part)
{
    struct vtpmmgr_name name = {.type = VTPMMGR_TYPE_GROUP, .part = part};

    vtpm_put32(name.id, number);
    return name;
}

uint32_t vtpmmgr_group_number(const struct vtpmmgr_name *name)
{
    return vtpm_get32(name->id);
}

bool vtpmmgr_store_enlist(struct vtpmmgr_store *store,
                          struct vtpmmgr_record *record)
{
    struct vtpmmgr_group *group;

    if (record->name.type == VTPMMGR_TYPE_GROUP) {
        if (record->name.part != 0)
            return true;
        if (!vtpmmgr_groups_reserve(&store->groups))
            return false;
        vtpmmgr_groups_add(&store->groups, vtpmmgr_group_number(&record->name));
        return true;
    }
    group = vtpmmgr_groups_find(&store->groups, vtpmmgr_record_group(record));
    if (!group || !vtpmmgr_members_reserve(group, 1))
        return false;
    vtpmmgr_members_add(group, record);
    return true;
}

size_t vtpmmgr_store_groups(const struct vtpmmgr_store *store)
{
    return store->groups.count;
}

bool vtpmmgr_store_group_at(const struct vtpmmgr_store *store, size_t index,
                            uint32_t *number)
{
    if (index >= store->groups.count)
        return false;
    *number = store->groups.at[index].number;
    return true;
}

bool vtpmmgr_store_get_group(const struct vtpmmgr_store *store, uint32_t number,
                             uint8_t *bytes, size_t *len)
{
    *len = 0;
    for (uint16_t part = 0; part < VTPMMGR_PARTS_MAX; part++) {
        struct vtpmmgr_name name = vtpmmgr_group_name(number, part);
        const struct vtpmmgr_record *record =
            vtpmmgr_table_find(&store->table, &name);

        if (!record)
            break;
        memcpy(bytes + *len, record->value, record->len);
        *len += record->len;
    }
    return *len > 0;
}

/* The parts of a group that are there, as removals. */
static size_t remove_parts(const struct vtpmmgr_store *store, uint32_t number,
                           uint16_t from, struct vtpmmgr_change *changes)
{
    size_t n = 0;

    for (uint16_t part = from; part < VTPMMGR_PARTS_MAX; part++) {
        struct vtpmmgr_name name = vtpmmgr_group_name(number, part);

        if (!vtpmmgr_table_find(&store->table, &name))
            break;
        changes[n].name = name;
        changes[n++].remove = true;
    }
    return n;
}

enum vtpm_status vtpmmgr_store_put_group(struct vtpmmgr_store *store,
                                         uint32_t number, const uint8_t *bytes,
                                         size_t len, struct vtpm_error *err)
{
    struct vtpmmgr_change changes[2 * VTPMMGR_PARTS_MAX] = {0};
    size_t n = 0;

    if (len == 0 || len > VTPMMGR_GROUP_MAX)
        return vtpm_fail(err, VTPM_EINVAL, "a group cannot have %zu bytes",
                         len);
    if (!vtpmmgr_groups_reserve(&store->groups))
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    for (size_t at = 0; at < len; at += VTPMMGR_VALUE_MAX, n++) {
        size_t left = len - at;

        changes[n].name = vtpmmgr_group_name(number, (uint16_t)n);
        changes[n].value = bytes + at;
        changes[n].len =
            (uint16_t)(left < VTPMMGR_VALUE_MAX ? left : VTPMMGR_VALUE_MAX);
    }
    n += remove_parts(store, number, (uint16_t)n, changes + n);
    return vtpmmgr_store_commit(store, changes, n, err);
}

enum vtpm_status vtpmmgr_store_remove_group(struct vtpmmgr_store *store,
                                            uint32_t number,
                                            struct vtpm_error *err)
{
    struct vtpmmgr_change changes[VTPMMGR_PARTS_MAX] = {0};
    const struct vtpmmgr_group *group =
        vtpmmgr_groups_find(&store->groups, number);

    if (!group)
        return no_such_group(number, err);
    if (group->count > 0)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot remove group %u: it has %zu vTPMs; remove "
                         "them first",
                         (unsigned)number, group->count);
    return vtpmmgr_store_commit(store, changes,
                                remove_parts(store, number, 0, changes), err);
}
