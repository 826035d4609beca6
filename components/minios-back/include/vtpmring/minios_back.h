/* SPDX-License-Identifier: MIT */
/**
 * @file minios_back.h
 * What there is beyond the entry points of Mini-OS's tpmback.h. To be set
 * before init_tpmback().
 */
#ifndef VTPMRING_MINIOS_BACK_H
#define VTPMRING_MINIOS_BACK_H

#include <vtpmring/tpm.h>

/** The form of responses that the driver gives itself, to a command that is
 * none and to one whose application answered nothing; VTPMRING_TPM_12 at first.
 */
extern enum vtpmring_tpm_family vtpmring_tpmback_family;
/** Most frontends at a time; 1024 at first. */
extern unsigned vtpmring_tpmback_frontends;

#endif
