/* SPDX-License-Identifier: MIT */
#ifndef VTPM_PLATFORM_H
#define VTPM_PLATFORM_H

/**
 * @file
 * The PCRs of the hardware TPM, read through the manager.
 */

#include "manager.h"

#include <stddef.h>
#include <stdint.h>

/**
 * Reads a PCR: TPM2_PCR_Read of the SHA-256 bank, or TPM_PCRRead, which a
 * manager with a TPM 2.0 answers from its SHA-1 bank.
 * @param context the struct vtpm_manager
 * @param pcr     its number, 0 to 23
 * @param value   gets len bytes
 * @param len     32 for the one, 20 for the other
 * @return VTPM_OK; as vtpm_manager_ask(); VTPM_EREFUSED (the manager or its
 *         TPM does not give it)
 */
enum vtpm_status vtpm_platform_pcr(void *context, uint32_t pcr, uint8_t *value,
                                   size_t len, struct vtpm_error *err);

#endif
