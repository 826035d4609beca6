/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_ROOT_OPEN_H
#define VTPMMGR_ROOT_OPEN_H

/**
 * @file
 * Roots of secrets by name, as --root has it: "key-file:PATH" or "tpm:TCTI".
 */

#include "hardware.h"
#include "root.h"
#include "root_tpm.h"

/** A root, and what else the same name opens. */
struct vtpmmgr_opened_root {
    const char *kind; /**< "key-file" or "tpm": static storage */
    struct vtpmmgr_root *root;
    struct vtpmmgr_hardware *hardware; /**< NULL: none */
};

/**
 * @param opened to be closed with vtpmmgr_root_shut(); zeroed on failure
 * @param name   KIND:WHERE
 * @param tpm    how to use a TPM; its tcti is WHERE's
 * @return VTPM_OK; VTPM_EINVAL (no such kind); as the root's own open
 */
enum vtpm_status vtpmmgr_root_open(struct vtpmmgr_opened_root *opened,
                                   const char *name,
                                   const struct vtpmmgr_root_tpm_options *tpm,
                                   struct vtpm_error *err);

/** Closes what is open; a zeroed struct does nothing. */
void vtpmmgr_root_shut(struct vtpmmgr_opened_root *opened);

/** The path in "key-file:PATH", or NULL for another root. */
const char *vtpmmgr_root_key_path(const char *name);
/** Whether it is "tpm:TCTI". */
bool vtpmmgr_root_is_tpm(const char *name);

#endif
