/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TESTS_ROOT_RIG_H
#define VTPMMGR_TESTS_ROOT_RIG_H

/**
 * @file
 * A TPM with a root key sealed to it.
 */

#include "tpm_rig.h"

#include "root_envelope.h"

extern struct vtpm_error err;
extern struct rig rig;
extern uint8_t key[VTPM_KEY_SIZE];
extern struct vtpmmgr_envelope envelope;
extern uint64_t anchor;

/** cmocka group setup and teardown. */
int root_rig_setup(void **state);
int root_rig_teardown(void **state);

/** A new TPM. @return options for it */
struct vtpmmgr_root_tpm_options fresh(void);
/** Seals a random key; it goes to the variables above. */
struct vtpmmgr_root *sealed(const struct vtpmmgr_root_tpm_options *options);
/** The envelope opens, and the counter says @p wanted. */
void opens(struct vtpmmgr_root *root, uint64_t wanted);
/** A root of its own opens it. */
void opens_anew(const struct vtpmmgr_root_tpm_options *options,
                uint64_t wanted);
/** It does not open, nothing of the key comes out, and the line says @p text.
 */
void refused(struct vtpmmgr_root *root, enum vtpm_status status,
             const char *text);
/** It does not open for a root of its own. */
void refused_anew(const struct vtpmmgr_root_tpm_options *options,
                  enum vtpm_status status, const char *text);

#endif
