/* SPDX-License-Identifier: MIT */
#ifndef VTPM_STORE_H
#define VTPM_STORE_H

/**
 * @file
 * The encrypted, crash-safe home of one vTPM's state: a file or a raw block
 * device with a header and two slots (store_format.h has the layout).
 *
 * Life of a write: a fresh key encrypts the state into the slot that is not
 * current; the slot is synced; the key keeper takes the record that opens it
 * (keys.h); only then vtpm_store_save() returns VTPM_OK and the slot is
 * current. Until then the other slot and its record stay whole, so whatever
 * happens in between, the store loads as the last acknowledged state or as
 * the one that was being written.
 *
 * With a local keeper the slot carries its own record. Then the old slot's
 * record is erased once the new slot is durable: that is what makes damage
 * of the newest state an error instead of a silent step back, and what keeps
 * old states unreadable. Stepping back to the older slot happens only when
 * the newer one was cut off before it was acknowledged.
 *
 * Nothing here makes new state because old state did not load, and a load
 * that fails changes nothing.
 */

#include "keys.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most state that any store takes, bytes. */
#define VTPM_STATE_MAX (1024u * 1024u)
/** The size of each slot of a new file. */
#define VTPM_SLOT_DEFAULT (256u * 1024u)
/** The smallest slot, enough for all of a TPM 2.0's NV memory. */
#define VTPM_SLOT_MIN VTPM_SLOT_DEFAULT

enum vtpm_family {
    VTPM_FAMILY_12 = 12, /**< TPM 1.2 */
    VTPM_FAMILY_20 = 20  /**< TPM 2.0 */
};

struct vtpm_store;

/**
 * Opens a provisioned store and owns it: a second opener gets VTPM_EBUSY.
 * @param store    to be closed with vtpm_store_close(); NULL on failure
 * @param path     regular file or block device; copied
 * @param uuid     the vTPM that must be in it
 * @param keys     stays the caller's, must outlive the store
 * @return VTPM_OK; VTPM_EUNPROVISIONED (absent, empty, or zeros where the
 *         header belongs); VTPM_EBUSY; VTPM_ECORRUPT; VTPM_EVERSION;
 *         VTPM_EOTHER (another vTPM's); VTPM_EACCESS; VTPM_EINVAL (not a
 *         file or block device); VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpm_store_open(struct vtpm_store **store, const char *path,
                                 const uint8_t uuid[VTPM_UUID_SIZE],
                                 struct vtpm_keys *keys,
                                 struct vtpm_error *err);

/**
 * Prepares a place for a new vTPM and owns it. It counts as provisioned only
 * when the first vtpm_store_save() has returned VTPM_OK; closed before that,
 * a new file does not stay.
 *
 * The place must be absent, an empty file, or zeros: a file of zeros and a
 * block device keep their size, half of it for each slot. Of a block device
 * the first MiB and the last 64 KiB are looked at. Anything else is left
 * alone. The keeper must know no record of this vTPM.
 * @return VTPM_OK; VTPM_EEXISTS (something is there, or the keeper has a
 *         record); VTPM_ETOOSMALL; VTPM_ENOSPACE; VTPM_EBUSY; VTPM_EACCESS;
 *         VTPM_EINVAL; VTPM_EREFUSED; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpm_store_provision(struct vtpm_store **store,
                                      const char *path,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      enum vtpm_family family,
                                      struct vtpm_keys *keys,
                                      struct vtpm_error *err);

/** What vtpm_store_load() found. */
struct vtpm_state {
    uint8_t *bytes; /**< free with vtpm_state_free() */
    size_t len;
    uint64_t generation; /**< of the write that it is from */
    bool stepped_back;   /**< a newer write was cut off and is not used */
};

/**
 * Reads, checks and decrypts the current state. Call it once, after
 * vtpm_store_open() and before the first save.
 * @return VTPM_OK; VTPM_EUNPROVISIONED (a remote keeper has no record);
 *         VTPM_EKEY; VTPM_EREFUSED; VTPM_ECORRUPT; VTPM_EROLLBACK (the
 *         keeper knows a newer state than the store has); VTPM_EOTHER;
 *         VTPM_EVERSION; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpm_store_load(struct vtpm_store *store,
                                 struct vtpm_state *state,
                                 struct vtpm_error *err);

/** Wipes and frees the bytes. Also for a zeroed struct. */
void vtpm_state_free(struct vtpm_state *state);

/**
 * Makes a state durable. On any other answer than VTPM_OK the last
 * acknowledged state is intact, and the call may be repeated.
 * @param bytes 1 to vtpm_store_capacity() bytes; not kept
 * @return VTPM_OK; VTPM_ETOOBIG; VTPM_ENOSPACE; VTPM_EIO; VTPM_EREFUSED (by
 *         the keeper); VTPM_EEXISTS (a new file's name was taken meanwhile);
 *         VTPM_EINVAL (not loaded); VTPM_ENOMEM
 */
enum vtpm_status vtpm_store_save(struct vtpm_store *store, const uint8_t *bytes,
                                 size_t len, struct vtpm_error *err);

/** Whether the first save is still to come (vtpm_store_provision()). */
bool vtpm_store_is_new(const struct vtpm_store *store);
enum vtpm_family vtpm_store_family(const struct vtpm_store *store);
/** The longest state that fits, bytes. */
size_t vtpm_store_capacity(const struct vtpm_store *store);
/** Saves that were acknowledged since the store was opened. */
uint64_t vtpm_store_saves(const struct vtpm_store *store);

/** Gives up ownership and wipes secrets. NULL does nothing. */
void vtpm_store_close(struct vtpm_store *store);

/** What can be seen without any key. */
struct vtpm_store_info {
    uint8_t uuid[VTPM_UUID_SIZE];
    enum vtpm_family family;
    uint64_t slot_size;
    struct {
        enum vtpm_slot_condition {
            VTPM_SLOT_EMPTY,   /**< never written, or erased */
            VTPM_SLOT_DAMAGED, /**< cut off or damaged */
            VTPM_SLOT_WHOLE    /**< its checksums are right */
        } condition;
        uint64_t generation; /**< of a whole slot */
        size_t state_len;    /**< bytes, of a whole slot */
    } slot[VTPM_SLOTS];
};

/**
 * Looks at a store without opening its secrets, also while it is in use
 * (then a slot may show as damaged in passing). Never writes.
 * @return VTPM_OK, also with damaged slots; else as vtpm_store_open()
 */
enum vtpm_status vtpm_store_check(const char *path,
                                  struct vtpm_store_info *info,
                                  struct vtpm_error *err);

#endif
