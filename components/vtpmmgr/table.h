/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TABLE_H
#define VTPMMGR_TABLE_H

/**
 * @file
 * The records of a store in memory: found by name, and in the order in which
 * they were last written, the oldest first.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VTPMMGR_NAME_SIZE 16u

enum vtpmmgr_type {
    VTPMMGR_TYPE_VTPM = 1, /**< name: the UUID */
    VTPMMGR_TYPE_GROUP = 2 /**< name: u32 number, zeros; in parts */
};

/** What a record is found by. */
struct vtpmmgr_name {
    uint8_t type;
    uint16_t part;
    uint8_t id[VTPMMGR_NAME_SIZE];
};

struct vtpmmgr_record {
    struct vtpmmgr_record *chain; /**< of its bucket */
    struct vtpmmgr_record *older; /**< written before it, or NULL */
    struct vtpmmgr_record *newer;
    uint64_t block; /**< that it was last written to */
    uint32_t place; /**< in the list of its group */
    bool touched;   /**< part of the commit that is being made */
    uint16_t len;
    struct vtpmmgr_name name;
    uint8_t value[];
};

/** Zeroed at first but for the random keys. */
struct vtpmmgr_table {
    uint64_t random[6]; /**< so that nobody can aim at one bucket */
    struct vtpmmgr_record **buckets;
    size_t bucket_count; /**< a power of two, or 0 */
    size_t count;
    struct vtpmmgr_record *oldest;
    struct vtpmmgr_record *newest;
};

/** A record that is in no table, or NULL. */
struct vtpmmgr_record *vtpmmgr_record_new(const struct vtpmmgr_name *name,
                                          const uint8_t *value, uint16_t len);
/** Wipes and frees. NULL does nothing. */
void vtpmmgr_record_free(struct vtpmmgr_record *record);

struct vtpmmgr_record *vtpmmgr_table_find(const struct vtpmmgr_table *table,
                                          const struct vtpmmgr_name *name);
/** Makes room for @p more records. @return false: out of memory */
bool vtpmmgr_table_reserve(struct vtpmmgr_table *table, size_t more);
/** Adds a record as the newest; there is room, and none of its name. */
void vtpmmgr_table_add(struct vtpmmgr_table *table,
                       struct vtpmmgr_record *record);
/** Takes a record out; it is the caller's then. */
void vtpmmgr_table_take(struct vtpmmgr_table *table,
                        struct vtpmmgr_record *record);
/** Makes it the newest. */
void vtpmmgr_table_renew(struct vtpmmgr_table *table,
                         struct vtpmmgr_record *record);
/** Wipes and frees every record. */
void vtpmmgr_table_free(struct vtpmmgr_table *table);

#endif
