/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TPM_POLICY_H
#define VTPMMGR_TPM_POLICY_H

/**
 * @file
 * What the platform's state is, and showing the TPM that a sealed root key may
 * be opened in it.
 */

#include "approval.h"
#include "root_envelope.h"
#include "tpm.h"

/**
 * Reads PCRs.
 * @param pcrs bank and mask are set; gets the values
 * @return VTPM_OK; VTPM_EUNSUPPORTED (the TPM does not have that bank, or one
 *         of them); VTPM_EIO
 */
enum vtpm_status vtpmmgr_pcrs_read(struct vtpmmgr_tpm *tpm,
                                   struct vtpmmgr_pcrs *pcrs,
                                   struct vtpm_error *err);

/**
 * Starts a policy session that opens the sealed object, if the platform's state
 * is one that may.
 * @param salt    the storage parent
 * @param folder  with approvals; NULL: none
 * @param session gets it
 * @return VTPM_OK; VTPM_EREFUSED, and which PCRs differ; VTPM_EACCESS (the
 *         folder); VTPM_EIO
 */
enum vtpm_status
vtpmmgr_policy_satisfy(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                       const struct vtpmmgr_root_envelope *envelope,
                       const char *folder, ESYS_TR *session,
                       struct vtpm_error *err);

#endif
