/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_PCRS_H
#define VTPMMGR_PCRS_H

/**
 * @file
 * PCRs of a TPM 2.0: a selection, values, and the policies on them. Computes,
 * and speaks with no TPM.
 */

#include "crypto.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tss2/tss2_tpm2_types.h>

/** PCRs of a bank. */
#define VTPMMGR_PCRS 24u
/** Room for the value of one. */
#define VTPMMGR_PCR_MAX 64u
/** What is sealed to if nothing else is asked for: firmware, its
 * configuration, option ROMs, loader and its configuration, the machine's
 * maker, Secure Boot. */
#define VTPMMGR_PCRS_DEFAULT "sha256:0,1,2,3,4,5,7"

/** PCRs of one bank, and maybe their values. */
struct vtpmmgr_pcrs {
    /** TPM2_ALG_SHA256, _SHA384 or _SHA512; _SHA1 is read for the frames of
     * Xen's manager, and nothing is sealed to it. */
    uint16_t bank;
    uint32_t mask; /**< bit n: PCR n */
    uint8_t value[VTPMMGR_PCRS][VTPMMGR_PCR_MAX];
};

/** Bytes of a value in a bank; 0: no bank. */
size_t vtpmmgr_bank_size(uint16_t bank);
/** "sha256" and the like; "?" for others. */
const char *vtpmmgr_bank_name(uint16_t bank);
/** The bank of that name; 0 if there is none, or it is SHA-1's. */
uint16_t vtpmmgr_bank_find(const char *name, size_t len);

/**
 * Reads "BANK:N,N,N-N".
 * @param pcrs gets bank and mask, and zeros
 * @return VTPM_OK; VTPM_EINVAL
 */
enum vtpm_status vtpmmgr_pcrs_parse(const char *text, struct vtpmmgr_pcrs *pcrs,
                                    struct vtpm_error *err);
/** The inverse. @param room 80 bytes are enough. */
void vtpmmgr_pcrs_print(const struct vtpmmgr_pcrs *pcrs, char *text,
                        size_t room);

/** The PCRs that are in both and not the same. The banks are the same. */
uint32_t vtpmmgr_pcrs_differ(const struct vtpmmgr_pcrs *a,
                             const struct vtpmmgr_pcrs *b);
/** "0, 4, 7", cut if there is no room. */
void vtpmmgr_mask_print(uint32_t mask, char *text, size_t room);

/** Room for what vtpmmgr_pcrs_encode() writes. */
#define VTPMMGR_PCRS_BYTES (6u + VTPMMGR_PCRS * VTPMMGR_PCR_MAX)
/** u16 bank, u32 mask, and the values in their order. @return bytes */
size_t vtpmmgr_pcrs_encode(const struct vtpmmgr_pcrs *pcrs,
                           uint8_t out[VTPMMGR_PCRS_BYTES]);
/** The inverse. @return whether it is exactly that */
bool vtpmmgr_pcrs_decode(const uint8_t *in, size_t len,
                         struct vtpmmgr_pcrs *pcrs);

/** As a TPM has it. */
void vtpmmgr_pcrs_select(const struct vtpmmgr_pcrs *pcrs,
                         TPML_PCR_SELECTION *selection);
/** The hash of all values (TPM 2.0 Library, part 3, PolicyPCR and Quote; with
 * SHA-256). @return false: OpenSSL failed */
bool vtpmmgr_pcrs_digest(const struct vtpmmgr_pcrs *pcrs, TPM2B_DIGEST *digest);
/** The policy that demands these values: a single PolicyPCR. */
bool vtpmmgr_policy_pcr(const struct vtpmmgr_pcrs *pcrs, TPM2B_DIGEST *policy);
/** The policy that demands what a key has signed: a single PolicyAuthorize. */
bool vtpmmgr_policy_authorize(const TPM2B_NAME *key, const TPM2B_NONCE *label,
                              TPM2B_DIGEST *policy);

#endif
