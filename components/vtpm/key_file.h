/* SPDX-License-Identifier: MIT */
#ifndef VTPM_KEY_FILE_H
#define VTPM_KEY_FILE_H

/**
 * @file
 * A file with a 256-bit master key: 32 raw bytes, or 64 hexadecimal digits and
 * at most one newline. It must be a regular file that belongs to the caller or
 * to root and that nobody else may read or write.
 */

#include "crypto.h"
#include "status.h"

#include <stdint.h>

/**
 * @param key to be wiped by the caller; zeros on failure
 * @return VTPM_OK; VTPM_EUNPROVISIONED (no such file); VTPM_EACCESS (owner
 *         or mode); VTPM_EINVAL (not a regular file, not a key); VTPM_EIO
 */
enum vtpm_status vtpm_key_file_read(const char *path,
                                    uint8_t key[VTPM_KEY_SIZE],
                                    struct vtpm_error *err);

/**
 * Makes a key file with a random key, mode 0600, and returns when it is
 * durable. Never replaces anything.
 * @return VTPM_OK; VTPM_EEXISTS; VTPM_ENOSPACE; VTPM_EACCESS; VTPM_EIO
 */
enum vtpm_status vtpm_key_file_create(const char *path, struct vtpm_error *err);

#endif
