/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_GROUP_CONTENT_H
#define VTPMMGR_GROUP_CONTENT_H

/**
 * @file
 * What the store keeps of a group, as bytes: u32 version, 1, then fields of u16
 * tag, u16 length, bytes, in the order of their tags, each at most once. Of a
 * field that is not there, the length is 0. Big-endian.
 *
 * What comes from a store is authenticated, and read as if it were not.
 */

#include "crypto.h"
#include "keys.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vtpmmgr_group_content {
    uint8_t uuid[VTPM_UUID_SIZE];
    uint32_t flags;                /**< the caller's */
    struct vtpm_bytes agent_key;   /**< modulus of who approves updates */
    struct vtpm_bytes list;        /**< the approved list, as it was signed */
    struct vtpm_bytes selections;  /**< PCRs for each platform of the list */
    struct vtpm_bytes key_public;  /**< of the group's attestation key */
    struct vtpm_bytes key_private; /**< as the hardware TPM wrapped it */
    struct vtpm_bytes binding;     /**< what ties that key to this TPM */
    struct vtpm_bytes recovery;    /**< for a group that does not open */
    struct vtpm_bytes policy;      /**< under which it is sealed */
};

/**
 * @param out gets at most VTPMMGR_GROUP_MAX bytes
 * @return its bytes; 0 if a field is longer than it may be
 */
size_t vtpmmgr_group_encode(const struct vtpmmgr_group_content *content,
                            uint8_t out[VTPMMGR_GROUP_MAX]);

/**
 * @param content zeroed, then filled; its bytes point into @p in
 * @return VTPM_OK; VTPM_EVERSION (a field or version that this program does not
 *         know); VTPM_ECORRUPT
 */
enum vtpm_status vtpmmgr_group_decode(struct vtpm_bytes in,
                                      struct vtpmmgr_group_content *content,
                                      struct vtpm_error *err);

#endif
