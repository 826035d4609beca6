/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_ROOT_KEY_H
#define VTPMCTL_ROOT_KEY_H

/**
 * @file
 * The root of a store, for those commands that look into it.
 */

#include "command.h"
#include "crypto.h"
#include "root.h"

/** A root key, and what the root remembers. */
struct ctl_root_key {
    uint8_t key[VTPM_KEY_SIZE];
    uint64_t anchor;  /**< the least that the store's may be */
    bool has_counter; /**< if not, the anchor is 0 */
};

/**
 * Opens the envelope of the store at @p path with the root that --root names,
 * with --approvals and --parent-auth. Changes nothing.
 * @param key to be wiped with ctl_root_key_wipe()
 */
enum vtpm_status ctl_root_key_open(struct ctl_root_key *key,
                                   const struct ctl_args *args,
                                   const char *path, struct vtpm_error *err);
void ctl_root_key_wipe(struct ctl_root_key *key);

#endif
