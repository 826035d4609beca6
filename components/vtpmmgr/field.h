/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_FIELD_H
#define VTPMMGR_FIELD_H

/**
 * @file
 * Fields with a u16 length before them, as envelopes and evidence have them.
 */

#include "bytes.h"
#include "crypto.h"

/** Takes the first field off @p in. @return false: it is cut off */
static inline bool vtpmmgr_field_take(struct vtpm_bytes *in,
                                      struct vtpm_bytes *field)
{
    size_t len;

    if (in->len < 2)
        return false;
    len = vtpm_get16(in->at);
    if (len > in->len - 2)
        return false;
    *field = (struct vtpm_bytes){in->at + 2, len};
    *in = (struct vtpm_bytes){in->at + 2 + len, in->len - 2 - len};
    return true;
}

#endif
