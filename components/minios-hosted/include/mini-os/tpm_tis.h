/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_TPM_TIS_H
#define MINIOS_HOSTED_TPM_TIS_H

#include <mini-os/types.h>

#define TPM_TIS_EN_LOCL0 1
#define TPM_TIS_EN_LOCL2 (1 << 2)

struct tpm_chip;

struct tpm_chip *init_tpm_tis(unsigned long baseaddr, int localities,
                              unsigned int irq);
struct tpm_chip *init_tpm2_tis(unsigned long baseaddr, int localities,
                               unsigned int irq);
int tpm_tis_open(struct tpm_chip *chip);
/* The locality, or less than 0. */
int tpm_tis_request_locality(struct tpm_chip *chip, int locality);
/* The caller frees the response. */
int tpm_tis_cmd(struct tpm_chip *chip, uint8_t *req, size_t reqlen,
                uint8_t **resp, size_t *resplen);

#endif
