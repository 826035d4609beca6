/* SPDX-License-Identifier: MIT */
/**
 * @file minios_tis.h
 * What not every tpm_tis.h of Mini-OS declares.
 */
#ifndef VTPMRING_MINIOS_TIS_H
#define VTPMRING_MINIOS_TIS_H

struct tpm_chip;

/** Lets go of the chip; one that has a descriptor is closed instead.
 *  @param chip the chip; NULL is harmless */
void shutdown_tpm_tis(struct tpm_chip *chip);

#endif
