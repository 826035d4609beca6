/* SPDX-License-Identifier: MIT */
/**
 * @file rc.h
 * What a status of the library is to a caller of a TCTI.
 */
#ifndef VTPMRING_TCTI_RC_H
#define VTPMRING_TCTI_RC_H

#include <tss2/tss2_tcti.h>
#include <vtpmring/status.h>

/**
 * What a status of the library is for callers of a TCTI.
 * @param status any
 * @return the code
 */
TSS2_RC tcti_rc(enum vtpmring_status status);

#endif
