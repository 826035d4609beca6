/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_WIRE_TABLE_H
#define VTPMMGR_WIRE_TABLE_H

/**
 * @file
 * How the bodies of frames are described. For wire.c and wire_table.c.
 */

#include "wire.h"

enum vtpmmgr_field_kind {
    VTPMMGR_FIELD_END,
    VTPMMGR_FIELD_U32,
    VTPMMGR_FIELD_U64,
    VTPMMGR_FIELD_BYTES,      /* max of them */
    VTPMMGR_FIELD_SIZED,      /* u32 length, at most max, and bytes */
    VTPMMGR_FIELD_HASH_KEY,   /* to the end, min to max; zeros cut off */
    VTPMMGR_FIELD_UUID_MAYBE, /* 16 bytes or nothing; or 17, the last one 0 */
    VTPMMGR_FIELD_SELECTION,  /* u16 length, at most 4, and bytes */
    VTPMMGR_FIELD_SELECTIONS, /* as many of them as the list has platforms */
    VTPMMGR_FIELD_LIST,       /* u64, u32 n, n digests, u32 k, k digests */
    VTPMMGR_FIELD_VALUES,     /* a digest for each flag and PCR asked for */
    VTPMMGR_FIELD_ITEMS,      /* to the end, max bytes each */
    VTPMMGR_FIELD_KEY,        /* TPM_KEY, TPM_KEY12, or of TPM 2.0 */
    VTPMMGR_FIELD_SYMMETRIC   /* TPM_SYMMETRIC_KEY */
};

struct vtpmmgr_field {
    enum vtpmmgr_field_kind kind;
    size_t where; /* in struct vtpmmgr_message */
    size_t min;
    size_t max;
};

#endif
