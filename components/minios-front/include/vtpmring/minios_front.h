/* SPDX-License-Identifier: MIT */
/**
 * @file minios_front.h
 * What there is beyond the entry points of Mini-OS's tpmfront.h.
 */
#ifndef VTPMRING_MINIOS_FRONT_H
#define VTPMRING_MINIOS_FRONT_H

/** A command that takes longer, in milliseconds, is cancelled, and
 *  tpmfront_cmd() fails; 300000 unless an application sets it. */
extern unsigned vtpmring_tpmfront_limit_ms;

#endif
