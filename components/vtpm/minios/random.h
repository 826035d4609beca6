/* SPDX-License-Identifier: MIT */
#ifndef VTPM_MINIOS_RANDOM_H
#define VTPM_MINIOS_RANDOM_H

/**
 * @file
 * Random bytes for OpenSSL, and with it for libtpms. A domain of Mini-OS has no
 * device, no file and no clock that nobody can foresee: the source is the
 * processor's, RDSEED. Without it, whatever needs random bytes fails.
 */

/** Gives OpenSSL the source. Before it is used. */
void vtpm_minios_random_begin(void);

#endif
