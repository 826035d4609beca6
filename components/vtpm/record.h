/* SPDX-License-Identifier: MIT */
#ifndef VTPM_RECORD_H
#define VTPM_RECORD_H

/**
 * @file
 * What a store hands to the key keeper: the secret that opens one write.
 *
 * | offset | field |
 * |---|---|
 * | 0 | AES-256 key of this write, used once |
 * | 32 | GCM tag of the encrypted state |
 * | 48 | u64 generation, counts the writes, from 1 |
 * | 56 | u32 slot |
 * | 60 | u32 version, 1; not 0, so that a manager returns all 64 bytes |
 */

#include "bytes.h"
#include "crypto.h"
#include "keys.h"

enum {
    VTPM_RECORD_KEY = 0,
    VTPM_RECORD_TAG = VTPM_RECORD_KEY + VTPM_KEY_SIZE,
    VTPM_RECORD_GENERATION = VTPM_RECORD_TAG + VTPM_TAG_SIZE,
    VTPM_RECORD_SLOT = VTPM_RECORD_GENERATION + 8,
    VTPM_RECORD_VERSION = VTPM_RECORD_SLOT + 4
};
_Static_assert(VTPM_RECORD_VERSION + 4 == VTPM_RECORD_SIZE, "record size");

#define VTPM_RECORD_VERSION_1 1u

static inline uint64_t
vtpm_record_generation(const uint8_t record[VTPM_RECORD_SIZE])
{
    return vtpm_get64(record + VTPM_RECORD_GENERATION);
}

static inline uint32_t vtpm_record_slot(const uint8_t record[VTPM_RECORD_SIZE])
{
    return vtpm_get32(record + VTPM_RECORD_SLOT);
}

#endif
