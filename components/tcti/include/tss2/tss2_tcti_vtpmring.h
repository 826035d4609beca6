/* SPDX-License-Identifier: MIT */
/**
 * @file tss2_tcti_vtpmring.h
 * The tpm2-tss TCTI that reaches a Xen vTPM from user space of its guest, for
 * programs that link it instead of loading it by name ("vtpmring:...").
 */
#ifndef TSS2_TCTI_VTPMRING_H
#define TSS2_TCTI_VTPMRING_H

#include <tss2/tss2_tcti.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a context. It connects with the first command, not here, and keeps the
 * connection until it is finalized; see tss2-tcti-vtpmring(7).
 * @param tctiContext memory of the caller, aligned as malloc() aligns; NULL
 *        only asks for the size
 * @param size gets the bytes needed if tctiContext is NULL; else, if not NULL,
 *        the bytes that are there
 * @param conf "device=N,timeout=MS,poll=US,extra=PAGES,wait=S,idle=MS", each
 *        optional; NULL or "" for the defaults
 * @retval TSS2_RC_SUCCESS made
 * @retval TSS2_TCTI_RC_BAD_VALUE both are NULL, or conf is wrong
 * @retval TSS2_TCTI_RC_INSUFFICIENT_BUFFER size is too small
 * @retval TSS2_TCTI_RC_IO_ERROR there is no Xen, no such device, or no place
 *         for the lock file
 * @retval TSS2_TCTI_RC_MEMORY no memory
 * After a failure nothing is held, and finalizing the context is harmless.
 */
TSS2_RC Tss2_Tcti_Vtpmring_Init(TSS2_TCTI_CONTEXT *tctiContext, size_t *size,
                                const char *conf);

/**
 * Describes this TCTI to loaders.
 * @return a constant
 */
const TSS2_TCTI_INFO *Tss2_Tcti_Info(void);

#ifdef __cplusplus
}
#endif

#endif
