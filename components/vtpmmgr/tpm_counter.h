/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TPM_COUNTER_H
#define VTPMMGR_TPM_COUNTER_H

/**
 * @file
 * A counter in the NV memory of the TPM: it only grows, and a new one at the
 * same index begins above every one that there ever was. It can be read and
 * raised with its own password alone, which is known to who has the root key;
 * wrong passwords do not lock the TPM.
 */

#include "tpm.h"

/** Where an index is looked for unless one is named: the owner's range. */
#define VTPMMGR_COUNTER_FIRST 0x01807600u
#define VTPMMGR_COUNTER_LAST 0x018076ffu
/** The most that one call raises a counter by. */
#define VTPMMGR_COUNTER_STEPS 64u

/**
 * Defines one, and raises it once, as before that it says nothing.
 * @param salt  the storage parent
 * @param index 0: any that is free; gets the one that was taken
 * @return VTPM_OK; VTPM_EEXISTS (the index is in use); VTPM_EINVAL (not in the
 *         owner's range); VTPM_ENOSPACE; VTPM_EREFUSED; VTPM_EIO
 */
enum vtpm_status vtpmmgr_counter_define(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                        const TPM2B_AUTH *auth, uint32_t *index,
                                        uint64_t *value,
                                        struct vtpm_error *err);
/**
 * Reads one. The answer is authenticated by its password.
 * @return VTPM_OK; VTPM_EROLLBACK (there is none, or it is another one);
 *         VTPM_EREFUSED; VTPM_EIO
 */
enum vtpm_status vtpmmgr_counter_read(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                      const TPM2B_AUTH *auth, uint32_t index,
                                      uint64_t *value, struct vtpm_error *err);
/**
 * Raises one until it says at least @p value.
 * @return as vtpmmgr_counter_read(); VTPM_EINVAL (more than
 *         VTPMMGR_COUNTER_STEPS away)
 */
enum vtpm_status vtpmmgr_counter_raise(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                       const TPM2B_AUTH *auth, uint32_t index,
                                       uint64_t value, struct vtpm_error *err);
/** Removes one, as the owner. VTPM_OK; VTPM_EREFUSED; VTPM_EIO */
enum vtpm_status vtpmmgr_counter_undefine(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                          uint32_t index,
                                          struct vtpm_error *err);

#endif
