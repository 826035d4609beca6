/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_STORE_IMPL_H
#define VTPMMGR_STORE_IMPL_H

/**
 * @file
 * What store.c (what is in it), store_commit.c (changes), store_load.c and
 * store_provision.c share. Not for others.
 */

#include "block.h"
#include "groups.h"
#include "os.h"
#include "store.h"
#include "table.h"

/** The most bytes in one record; a group is in parts of this size. */
#define VTPMMGR_VALUE_MAX 512u
#define VTPMMGR_PARTS_MAX (VTPMMGR_GROUP_MAX / VTPMMGR_VALUE_MAX)
/** The head of a record in a block: u8 type, u8 removed, u16 length, u16 part,
 * u16 zero, name. */
#define VTPMMGR_ENTRY_HEAD 24u
/** The head of a payload: u32 records in the store, u32 bytes used. */
#define VTPMMGR_PAYLOAD_HEAD 8u
/** The most blocks of the changes of one commit: a group of the longest. */
#define VTPMMGR_CHANGES_MAX 5u
/** The most blocks of one commit. */
#define VTPMMGR_COMMIT_MAX (3u * VTPMMGR_CHANGES_MAX)

/** A vTPM's record: u32 group, u32 flags, u64 saves, key. */
#define VTPMMGR_VTPM_VALUE (16u + VTPMMGR_KEY_SIZE)

struct vtpmmgr_store {
    struct vtpm_os_file file;
    char *path;
    struct vtpmmgr_seal seal;
    struct vtpmmgr_header header;
    struct vtpmmgr_block head; /* the newest block, acknowledged */
    struct vtpmmgr_block next; /* while a commit is made: its newest */
    uint64_t anchor;           /* of the next commit */
    unsigned mark_turn;        /* which mark is written next */
    bool mark_due;             /* the mark of the head is not written */
    bool dirty;                /* a mark is written and not synced */
    struct vtpmmgr_table table;
    struct vtpmmgr_groups groups;
    uint64_t bytes;  /* of all records, with their heads */
    uint8_t *buffer; /* VTPMMGR_COMMIT_MAX blocks */
};

/** One record of a commit. */
struct vtpmmgr_change {
    struct vtpmmgr_name name;
    bool remove;
    uint16_t len;
    const uint8_t *value;
    /* these are for vtpmmgr_store_commit() */
    struct vtpmmgr_record *old;
    struct vtpmmgr_record *fresh;
    size_t block; /* of the commit */
};

/**
 * Makes changes durable, then real. No name twice; what is removed is there.
 * @return as vtpmmgr_store_put()
 */
enum vtpm_status vtpmmgr_store_commit(struct vtpmmgr_store *store,
                                      struct vtpmmgr_change *changes,
                                      size_t count, struct vtpm_error *err);

/** A closed store with its buffers, or NULL. */
struct vtpmmgr_store *vtpmmgr_store_new(const char *path,
                                        struct vtpm_error *err);

/** Makes all that was written durable. */
enum vtpm_status vtpmmgr_store_sync(struct vtpmmgr_store *store,
                                    struct vtpm_error *err);

/** Writes the mark of the head in the place whose turn it is. */
enum vtpm_status vtpmmgr_store_write_mark(struct vtpmmgr_store *store,
                                          struct vtpm_error *err);

/** Finds the head and reads all records. Never writes. */
enum vtpm_status vtpmmgr_store_load(struct vtpmmgr_store *store,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err);

/**
 * Puts a vTPM into the list of its group, a group into the list of groups.
 * @return false: there is no such group, or no memory that was not reserved
 */
bool vtpmmgr_store_enlist(struct vtpmmgr_store *store,
                          struct vtpmmgr_record *record);

/** The bytes of records that may be added up to. */
static inline uint64_t vtpmmgr_store_room(const struct vtpmmgr_store *store)
{
    return store->header.ring_blocks / 4 *
           (VTPMMGR_PAYLOAD_SIZE - VTPMMGR_PAYLOAD_HEAD);
}

/** The bytes that a record takes in a block. */
static inline size_t vtpmmgr_entry_size(size_t len)
{
    return VTPMMGR_ENTRY_HEAD + len;
}

/** Where block @p number of the log is. */
static inline uint64_t vtpmmgr_ring_offset(const struct vtpmmgr_store *store,
                                           uint64_t number)
{
    return (VTPMMGR_RING_AT + number % store->header.ring_blocks) *
           VTPMMGR_BLOCK_SIZE;
}

/** The group that a vTPM's record names. */
uint32_t vtpmmgr_record_group(const struct vtpmmgr_record *record);
/** The name of a part of a group; its number. */
struct vtpmmgr_name vtpmmgr_group_name(uint32_t number, uint16_t part);
uint32_t vtpmmgr_group_number(const struct vtpmmgr_name *name);

#endif
