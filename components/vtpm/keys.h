/* SPDX-License-Identifier: MIT */
#ifndef VTPM_KEYS_H
#define VTPM_KEYS_H

/**
 * @file
 * The key keeper: who remembers, for each vTPM, the one secret record that
 * opens its store.
 *
 * A store (store.h) encrypts every write with a fresh key. That key, the
 * authentication tag, the generation and the slot of the write make a record
 * of 64 bytes, the size that Xen's manager keeps for a vTPM (SAVEHASHKEY and
 * LOADHASHKEY). To the keeper the record is opaque. Two kinds of keeper fit
 * this interface, and the store's code is the same for both:
 *
 * - A remote keeper (the manager) stores the record itself. It sets `save`
 *   and leaves `wrap` NULL; `load` returns the one record that it has. It
 *   alone can tell an old copy of the store from the current one.
 * - A local keeper (keys_file.h) remembers nothing. It sets `wrap`, which
 *   encrypts the record into an area of the slot that is being written;
 *   `load` gets the areas of the slots back. Such a record is on the disk
 *   with the very write that holds the state: one write, one sync.
 */

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define VTPM_UUID_SIZE 16
#define VTPM_RECORD_SIZE 64
/** Room in each slot for a local keeper, bytes. */
#define VTPM_AREA_SIZE 128
#define VTPM_SLOTS 2

/** Records that the keeper vouches for, the newest first. */
struct vtpm_records {
    uint8_t record[VTPM_SLOTS][VTPM_RECORD_SIZE];
    size_t count;
};

/** What the slots carry for a local keeper; zeros where there is nothing. */
struct vtpm_areas {
    uint8_t area[VTPM_SLOTS][VTPM_AREA_SIZE];
};

struct vtpm_keys;

struct vtpm_keys_ops {
    /**
     * Local keepers only, else NULL: makes the bytes that are stored with
     * the slot which @p record describes.
     * @return VTPM_OK or VTPM_EIO
     */
    enum vtpm_status (*wrap)(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const uint8_t record[VTPM_RECORD_SIZE],
                             uint8_t area[VTPM_AREA_SIZE],
                             struct vtpm_error *err);

    /**
     * Finds the records of a vTPM. Remote keepers ignore @p areas and pad a
     * shorter answer with zeros; a record of zeros only counts as none.
     * @return VTPM_OK with one or two records; VTPM_EUNPROVISIONED when
     *         there never was one; VTPM_EKEY or VTPM_ECORRUPT when an area
     *         does not open; VTPM_EREFUSED when the keeper says no or cannot
     *         be reached; VTPM_EIO
     */
    enum vtpm_status (*load)(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const struct vtpm_areas *areas,
                             struct vtpm_records *records,
                             struct vtpm_error *err);

    /**
     * Remote keepers only, else NULL: replaces the record. VTPM_OK means
     * that it is durable and every older record is gone. Any other answer
     * leaves open which of the two the keeper has; the store sends the same
     * record again until the answer is VTPM_OK, and keeps both slots whole
     * meanwhile.
     */
    enum vtpm_status (*save)(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const uint8_t record[VTPM_RECORD_SIZE],
                             struct vtpm_error *err);

    /** Frees the keeper and wipes its secrets. */
    void (*close)(struct vtpm_keys *keys);
};

/** The first member of every keeper. Used by one thread at a time. */
struct vtpm_keys {
    const struct vtpm_keys_ops *ops;
};

static inline void vtpm_keys_close(struct vtpm_keys *keys)
{
    if (keys)
        keys->ops->close(keys);
}

#endif
