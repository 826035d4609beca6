/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_STORE_H
#define VTPMMGR_STORE_H

/**
 * @file
 * The manager's store: what is known of each vTPM and each group, in one file
 * or on one block device, under a root key that the caller has.
 *
 * A call that changes something returns VTPM_OK when the change is durable;
 * then no crash takes it back. On any other answer the store is as it was, and
 * the call may be repeated; after a crash either state may be found. Each
 * change costs one write of one block (more for a group) and one flush,
 * however many vTPMs there are. All records are in memory while the store is
 * open, about 190 bytes for each vTPM; see docs/manager-store.md.
 *
 * Nothing here makes a store because another one did not load, and opening one
 * never writes.
 *
 * Used by one thread at a time.
 */

#include "crypto.h"
#include "keys.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a vTPM's keeper of keys remembers for it: keys.h. */
#define VTPMMGR_KEY_SIZE VTPM_RECORD_SIZE
/** The longest content of a group, bytes. */
#define VTPMMGR_GROUP_MAX 12288u
/** The most vTPMs that one call may put. */
#define VTPMMGR_BATCH_MAX 128u
/** The smallest store, bytes; enough for more than 4000 vTPMs. */
#define VTPMMGR_STORE_MIN (2u * 1024u * 1024u)
/** A new file, if nothing else is asked for; enough for 140,000 vTPMs. */
#define VTPMMGR_STORE_DEFAULT (64u * 1024u * 1024u)

/** The longest envelope, bytes. */
#define VTPMMGR_ENVELOPE_MAX 16000u

/** What the manager knows of a vTPM. */
struct vtpmmgr_vtpm {
    uint8_t uuid[VTPM_UUID_SIZE];
    uint32_t group; /**< number of its group */
    uint32_t flags; /**< the caller's */
    uint64_t saves; /**< the caller's: how often the key was saved */
    uint8_t key[VTPMMGR_KEY_SIZE];
};

struct vtpmmgr_store;

/**
 * Opens a store and owns it: a second opener gets VTPM_EBUSY.
 * @param store  to be closed with vtpmmgr_store_close(); NULL on failure
 * @param root   the root key; not kept
 * @param anchor what a counter outside of the store says: a store whose anchor
 *               is less is an old copy
 * @return VTPM_OK; VTPM_EUNPROVISIONED (absent, or zeros where the header
 *         belongs); VTPM_EKEY (another root key); VTPM_EROLLBACK (an old copy,
 *         or an old block in it); VTPM_ECORRUPT (damaged, cut off, moved
 *         about, tampered with); VTPM_EOTHER (blocks of another store);
 *         VTPM_EVERSION; VTPM_EBUSY; VTPM_EACCESS; VTPM_EINVAL; VTPM_EIO;
 *         VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_store_open(struct vtpmmgr_store **store,
                                    const char *path,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err);

/**
 * As vtpmmgr_store_open(), but only to read, and without owning it: for a copy,
 * or for a store that nobody uses. Beside an owner it may fail although the
 * store is good. Calls that change something fail with VTPM_EIO.
 */
enum vtpm_status vtpmmgr_store_peek(struct vtpmmgr_store **store,
                                    const char *path,
                                    const uint8_t root[VTPM_KEY_SIZE],
                                    uint64_t anchor, struct vtpm_error *err);

/** What a new store is made from. */
struct vtpmmgr_new_store {
    /** Bytes of a new file, at least VTPMMGR_STORE_MIN; 0 is the default. A
     * block device and a file of zeros keep theirs. */
    uint64_t size;
    const uint8_t *root; /**< VTPM_KEY_SIZE bytes; not kept */
    uint64_t anchor;     /**< of the first, empty commit */
    /** The envelope, so that a store without one is never left behind; may be
     * none. */
    struct vtpm_bytes envelope;
};

/**
 * Makes a new, empty store in a place that must be absent, an empty file, or
 * blank, as vtpm_store_provision() wants it, and opens it. A new file does not
 * stay unless this succeeds.
 * @return VTPM_OK; VTPM_EEXISTS (something is there); VTPM_ETOOSMALL;
 *         VTPM_ENOSPACE; VTPM_EBUSY; VTPM_EACCESS; VTPM_EINVAL; VTPM_EIO;
 *         VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_store_provision(struct vtpmmgr_store **store,
                                         const char *path,
                                         const struct vtpmmgr_new_store *what,
                                         struct vtpm_error *err);

/**
 * Reads the envelope, before the root key is known and beside an owner: the
 * root key as somebody else, a hardware TPM, sealed it. Whoever has the disk
 * may have changed it; what it opens to is checked by vtpmmgr_store_open().
 * @return VTPM_OK; VTPM_ECORRUPT (none, or damaged); VTPM_EOTHER (another
 *         store's); VTPM_EUNPROVISIONED; VTPM_EVERSION; VTPM_EACCESS;
 *         VTPM_EINVAL; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_envelope_read(const char *path,
                                       uint8_t bytes[VTPMMGR_ENVELOPE_MAX],
                                       size_t *len, struct vtpm_error *err);

/**
 * Replaces the envelope, and erases the old one when the new one is durable.
 * A crash leaves the old one, the new one, or both.
 * @return VTPM_OK; VTPM_EINVAL (no or too many bytes); VTPM_ENOSPACE; VTPM_EIO
 */
enum vtpm_status vtpmmgr_store_put_envelope(struct vtpmmgr_store *store,
                                            const uint8_t *bytes, size_t len,
                                            struct vtpm_error *err);

/** Gives up ownership and wipes secrets. NULL does nothing. */
void vtpmmgr_store_close(struct vtpmmgr_store *store);

/** The anchor of the last commit. */
uint64_t vtpmmgr_store_anchor(const struct vtpmmgr_store *store);
/**
 * The anchor of the commits that follow; it never goes back. To have old
 * copies refused, raise it with a commit, and the counter outside after it.
 * @return VTPM_OK; VTPM_EINVAL (less than it was)
 */
enum vtpm_status vtpmmgr_store_set_anchor(struct vtpmmgr_store *store,
                                          uint64_t anchor,
                                          struct vtpm_error *err);
/** Commits a change of nothing but the anchor. As vtpmmgr_store_put(). */
enum vtpm_status vtpmmgr_store_commit_anchor(struct vtpmmgr_store *store,
                                             struct vtpm_error *err);
/** The number of the newest block: it grows with each commit. */
uint64_t vtpmmgr_store_generation(const struct vtpmmgr_store *store);

/** Finds a vTPM. @return whether it is there; @p vtpm is wiped if not */
bool vtpmmgr_store_get(const struct vtpmmgr_store *store,
                       const uint8_t uuid[VTPM_UUID_SIZE],
                       struct vtpmmgr_vtpm *vtpm);

/**
 * Adds or replaces vTPMs, all in one commit.
 * @param count 1 to VTPMMGR_BATCH_MAX, no UUID twice; their groups exist
 * @return VTPM_OK; VTPM_ENOSPACE (the store is full, or the disk); VTPM_EIO;
 *         VTPM_EINVAL; VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_store_put(struct vtpmmgr_store *store,
                                   const struct vtpmmgr_vtpm *vtpms,
                                   size_t count, struct vtpm_error *err);

/** Removes a vTPM. VTPM_EINVAL: there is none. */
enum vtpm_status vtpmmgr_store_remove(struct vtpmmgr_store *store,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      struct vtpm_error *err);

/** All vTPMs. */
size_t vtpmmgr_store_count(const struct vtpmmgr_store *store);
/** The vTPMs of a group; 0 if there is no such group. */
size_t vtpmmgr_store_members(const struct vtpmmgr_store *store, uint32_t group);
/**
 * Lists vTPMs of a group, from an offset on. The order changes only when one
 * is removed or moved, or the store is opened again.
 * @return how many UUIDs were written, at most @p room
 */
size_t vtpmmgr_store_list(const struct vtpmmgr_store *store, uint32_t group,
                          size_t offset, uint8_t (*uuids)[VTPM_UUID_SIZE],
                          size_t room);

/** How many groups there are. */
size_t vtpmmgr_store_groups(const struct vtpmmgr_store *store);
/** The number of a group, by its place in the order of their numbers. */
bool vtpmmgr_store_group_at(const struct vtpmmgr_store *store, size_t index,
                            uint32_t *number);
/**
 * Reads a group.
 * @param bytes room for VTPMMGR_GROUP_MAX
 * @return whether it is there
 */
bool vtpmmgr_store_get_group(const struct vtpmmgr_store *store, uint32_t number,
                             uint8_t *bytes, size_t *len);
/**
 * Adds or replaces a group, in one commit.
 * @param len 1 to VTPMMGR_GROUP_MAX
 * @return as vtpmmgr_store_put()
 */
enum vtpm_status vtpmmgr_store_put_group(struct vtpmmgr_store *store,
                                         uint32_t number, const uint8_t *bytes,
                                         size_t len, struct vtpm_error *err);
/** Removes an empty group. VTPM_EINVAL: there is none, or it has vTPMs. */
enum vtpm_status vtpmmgr_store_remove_group(struct vtpmmgr_store *store,
                                            uint32_t number,
                                            struct vtpm_error *err);

#endif
