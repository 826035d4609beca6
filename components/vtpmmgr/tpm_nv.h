/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TPM_NV_H
#define VTPMMGR_TPM_NV_H

/**
 * @file
 * NV memory of the hardware TPM, for an administrator: indices of the owner's
 * range but for those where counters are looked for, and to be read those of
 * the TCG, which have certificates.
 */

#include "tpm.h"

/** The longest index, bytes. */
#define VTPMMGR_NV_MAX 2048u

/**
 * Reads all of an index whose password is empty.
 * @param len gets its bytes; 0 if there is none, it was never written, or it
 *            is longer than @p room
 */
TSS2_RC vtpmmgr_nv_read_all(struct vtpmmgr_tpm *tpm, uint32_t index,
                            uint8_t *bytes, size_t room, size_t *len);

/**
 * Defines an index that the owner reads and writes.
 * @param attributes 0; or of TPMA_NV: OWNERREAD and OWNERWRITE, and maybe
 *                   AUTHREAD (everybody reads it) and NO_DA
 * @return VTPM_OK; VTPM_EEXISTS; VTPM_EINVAL (another range, size or
 *         attribute); VTPM_ENOSPACE; VTPM_EREFUSED; VTPM_EIO
 */
enum vtpm_status vtpmmgr_nv_define(struct vtpmmgr_tpm *tpm, uint32_t index,
                                   uint32_t size, uint32_t attributes,
                                   struct vtpm_error *err);
/**
 * Writes a part of one.
 * @return VTPM_OK; VTPM_EUNPROVISIONED (there is none); VTPM_EINVAL (another
 *         range, or beyond its end); VTPM_EREFUSED; VTPM_EIO
 */
enum vtpm_status vtpmmgr_nv_write(struct vtpmmgr_tpm *tpm, uint32_t index,
                                  uint32_t offset, struct vtpm_bytes bytes,
                                  struct vtpm_error *err);
/** Reads @p len bytes of one. As vtpmmgr_nv_write(). */
enum vtpm_status vtpmmgr_nv_read(struct vtpmmgr_tpm *tpm, uint32_t index,
                                 uint32_t offset, uint8_t *bytes, size_t len,
                                 struct vtpm_error *err);

#endif
