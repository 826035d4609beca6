/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "bytes.h"
#include "crypto.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64u

struct vtpmmgr_record *vtpmmgr_record_new(const struct vtpmmgr_name *name,
                                          const uint8_t *value, uint16_t len)
{
    struct vtpmmgr_record *record = calloc(1, sizeof *record + len);

    if (!record)
        return NULL;
    record->name = *name;
    record->len = len;
    if (len > 0)
        memcpy(record->value, value, len);
    return record;
}

void vtpmmgr_record_free(struct vtpmmgr_record *record)
{
    if (!record)
        return;
    vtpm_cleanse(record->value, record->len);
    free(record);
}

/* Pairs of words multiplied under random keys: names are chosen by those who
 * make vTPMs, their buckets are not. */
static size_t bucket_of(const struct vtpmmgr_table *table,
                        const struct vtpmmgr_name *name)
{
    const uint64_t *r = table->random;
    uint64_t hash = (uint64_t)name->type << 16 | name->part;

    hash *= r[4] | 1;
    for (size_t i = 0; i < 4; i += 2)
        hash += (vtpm_get32(name->id + 4 * i) + r[i]) *
                (vtpm_get32(name->id + 4 * i + 4) + r[i + 1]);
    hash = (hash ^ hash >> 32) * (r[5] | 1);
    return (size_t)(hash >> 32) & (table->bucket_count - 1);
}

static bool same_name(const struct vtpmmgr_name *a,
                      const struct vtpmmgr_name *b)
{
    return a->type == b->type && a->part == b->part &&
           memcmp(a->id, b->id, sizeof a->id) == 0;
}

struct vtpmmgr_record *vtpmmgr_table_find(const struct vtpmmgr_table *table,
                                          const struct vtpmmgr_name *name)
{
    struct vtpmmgr_record *record;

    if (table->bucket_count == 0)
        return NULL;
    record = table->buckets[bucket_of(table, name)];
    while (record && !same_name(&record->name, name))
        record = record->chain;
    return record;
}

bool vtpmmgr_table_reserve(struct vtpmmgr_table *table, size_t more)
{
    size_t want = table->bucket_count ? table->bucket_count : BUCKETS_MIN;
    struct vtpmmgr_record **buckets;

    while (want < table->count + more)
        want *= 2;
    if (want == table->bucket_count)
        return true;
    buckets = calloc(want, sizeof *buckets);
    if (!buckets)
        return false;
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = want;
    for (struct vtpmmgr_record *r = table->oldest; r; r = r->newer) {
        size_t at = bucket_of(table, &r->name);

        r->chain = buckets[at];
        buckets[at] = r;
    }
    return true;
}

static void append(struct vtpmmgr_table *table, struct vtpmmgr_record *record)
{
    record->older = table->newest;
    record->newer = NULL;
    if (table->newest)
        table->newest->newer = record;
    else
        table->oldest = record;
    table->newest = record;
}

static void unlink_record(struct vtpmmgr_table *table,
                          struct vtpmmgr_record *record)
{
    if (record->older)
        record->older->newer = record->newer;
    else
        table->oldest = record->newer;
    if (record->newer)
        record->newer->older = record->older;
    else
        table->newest = record->older;
}

void vtpmmgr_table_add(struct vtpmmgr_table *table,
                       struct vtpmmgr_record *record)
{
    size_t at = bucket_of(table, &record->name);

    record->chain = table->buckets[at];
    table->buckets[at] = record;
    table->count++;
    append(table, record);
}

void vtpmmgr_table_take(struct vtpmmgr_table *table,
                        struct vtpmmgr_record *record)
{
    struct vtpmmgr_record **link =
        &table->buckets[bucket_of(table, &record->name)];

    while (*link != record)
        link = &(*link)->chain;
    *link = record->chain;
    table->count--;
    unlink_record(table, record);
}

void vtpmmgr_table_renew(struct vtpmmgr_table *table,
                         struct vtpmmgr_record *record)
{
    unlink_record(table, record);
    append(table, record);
}

void vtpmmgr_table_free(struct vtpmmgr_table *table)
{
    struct vtpmmgr_record *record = table->oldest;

    while (record) {
        struct vtpmmgr_record *next = record->newer;

        vtpmmgr_record_free(record);
        record = next;
    }
    free(table->buckets);
    memset(table, 0, sizeof *table);
}
