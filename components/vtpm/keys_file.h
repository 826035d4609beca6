/* SPDX-License-Identifier: MIT */
#ifndef VTPM_KEYS_FILE_H
#define VTPM_KEYS_FILE_H

/**
 * @file
 * A local key keeper over a file with a 256-bit master key (key_file.h). One
 * file may serve many vTPMs: the key that wraps is derived from the master key
 * and the UUID.
 *
 * A master key remembers no generations: who can write the store can put an
 * old copy of all of it back. Only a remote keeper prevents that.
 */

#include "keys.h"

/**
 * @param keys to be closed with vtpm_keys_close()
 * @return VTPM_OK; VTPM_EUNPROVISIONED (no such file); VTPM_EACCESS (owner
 *         or mode); VTPM_EINVAL (not a regular file, not a key); VTPM_EIO;
 *         VTPM_ENOMEM
 */
enum vtpm_status vtpm_keys_file_open(struct vtpm_keys **keys, const char *path,
                                     struct vtpm_error *err);

#endif
