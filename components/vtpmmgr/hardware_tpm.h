/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_HARDWARE_TPM_H
#define VTPMMGR_HARDWARE_TPM_H

/**
 * @file
 * A hardware TPM 2.0 for the manager's commands: the one that the root key is
 * sealed to.
 */

#include "hardware.h"
#include "tpm.h"

/**
 * @param hardware for its ops->close()
 * @param tpm      used between the calls of its root; outlives it
 * @return VTPM_OK; VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_hardware_tpm(struct vtpmmgr_hardware **hardware,
                                      struct vtpmmgr_tpm *tpm,
                                      struct vtpm_error *err);

#endif
