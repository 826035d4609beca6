/* SPDX-License-Identifier: MIT */
/**
 * @file minios_tis.h
 * What there is beyond the entry points of Mini-OS's tpm_tis.h, which has none
 * that ends the use of a chip.
 */
#ifndef VTPMRING_MINIOS_TIS_H
#define VTPMRING_MINIOS_TIS_H

struct tpm_chip;

/** Lets go of the chip. @param chip the chip; NULL is harmless */
void vtpmring_shutdown_tpm_tis(struct tpm_chip *chip);

#endif
