/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_ROOT_KEY_FILE_H
#define VTPMMGR_ROOT_KEY_FILE_H

/**
 * @file
 * A root of secrets in a key file (key_file.h), for machines without a hardware
 * TPM. Whoever has the file and the store has everything; and it has no
 * counter, so an old copy of the whole store is as good as the current one.
 *
 * Its envelope is "VTPMKEYF", u32 version, 1, eight bytes that tell the key
 * file, 32 random ones, the root key and a tag of AES-256-GCM. The key of that
 * is the hash of a label, the file's key and the random bytes, so it is used
 * once; what precedes the root key is authenticated.
 */

#include "root.h"

/**
 * @param root to be closed with vtpmmgr_root_close(); NULL on failure
 * @param path of the key file; it is read now, and not kept
 * @return as vtpm_key_file_read(), or VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_root_key_file(struct vtpmmgr_root **root,
                                       const char *path,
                                       struct vtpm_error *err);

#endif
