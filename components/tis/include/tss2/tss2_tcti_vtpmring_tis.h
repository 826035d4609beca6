/* SPDX-License-Identifier: MIT */
/**
 * @file tss2_tcti_vtpmring_tis.h
 * The tpm2-tss TCTI that reaches a hardware TPM by its registers, for programs
 * that link it instead of loading it by name ("vtpmring-tis:...").
 */
#ifndef TSS2_TCTI_VTPMRING_TIS_H
#define TSS2_TCTI_VTPMRING_TIS_H

#include <tss2/tss2_tcti.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a context: maps the registers and looks whether there is a TPM. See
 * tss2-tcti-vtpmring-tis(7).
 * @param tctiContext memory of the caller, aligned as malloc() aligns; NULL
 *        only asks for the size
 * @param size gets the bytes needed if tctiContext is NULL; else, if not NULL,
 *        the bytes that are there
 * @param conf settings "key=value,..."; NULL or "" for the defaults
 * @retval TSS2_RC_SUCCESS made
 * @retval TSS2_TCTI_RC_BAD_VALUE both are NULL, or conf is wrong
 * @retval TSS2_TCTI_RC_INSUFFICIENT_BUFFER size is too small
 * @retval TSS2_TCTI_RC_IO_ERROR there is no TPM, or no access to it
 * After a failure nothing is held, and finalizing the context is harmless.
 */
TSS2_RC Tss2_Tcti_Vtpmring_Tis_Init(TSS2_TCTI_CONTEXT *tctiContext,
                                    size_t *size, const char *conf);

/**
 * Describes this TCTI to loaders.
 * @return a constant
 */
const TSS2_TCTI_INFO *Tss2_Tcti_Info(void);

#ifdef __cplusplus
}
#endif

#endif
