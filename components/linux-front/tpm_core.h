/* SPDX-License-Identifier: MIT */
/* What the kernel's TPM core exports to drivers. It is declared in a header of
 * its own folder, which is not among those that modules are built with. */
#ifndef VTPMRING_LINUX_FRONT_TPM_CORE_H
#define VTPMRING_LINUX_FRONT_TPM_CORE_H

#include <linux/tpm.h>

struct tpm_chip *tpm_chip_alloc(struct device *parent,
                                const struct tpm_class_ops *ops);
int tpm_chip_start(struct tpm_chip *chip);
void tpm_chip_stop(struct tpm_chip *chip);
int tpm_chip_register(struct tpm_chip *chip);
void tpm_chip_unregister(struct tpm_chip *chip);
int tpm2_probe(struct tpm_chip *chip);
unsigned long tpm_calc_ordinal_duration(struct tpm_chip *chip, u32 ordinal);

#endif
