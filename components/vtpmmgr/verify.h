/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_VERIFY_H
#define VTPMMGR_VERIFY_H

/**
 * @file
 * Evidence: what a hardware TPM signed about its PCRs and a vTPM, and how
 * somebody far away checks it, without a TPM.
 *
 * Big-endian: "vTPMevid", u32 version 1, then with a u16 length each:
 *
 * | part      | bytes                                                         |
 * |-----------|---------------------------------------------------------------|
 * | statement | struct vtpmmgr_statement, 172 bytes, below                    |
 * | attest    | TPMS_ATTEST, type TPM_ST_ATTEST_QUOTE, that the TPM made      |
 * | signature | TPMT_SIGNATURE over it, by the group's attestation key        |
 * | key       | TPMT_PUBLIC of that key                                       |
 * | PCRs      | u16 bank, u32 mask (bit n: PCR n), the values in their order  |
 *
 * The extraData of the attest is the SHA-256 of the statement:
 *
 * | at  | bytes | what                                                       |
 * |-----|-------|------------------------------------------------------------|
 * | 0   | 16    | "vtpmmgr quote 1" and a zero                               |
 * | 16  | 32    | SHA-256 of the nonce                                       |
 * | 48  | 16    | UUID of the vTPM; zeros: the quote is about none           |
 * | 64  | 16    | UUID of its group                                          |
 * | 80  | 32    | SHA-256 of the vTPM's endorsement key, its TPMT_PUBLIC (a  |
 * |     |       | TPM 2.0) or modulus (1.2); zeros: not said                 |
 * | 112 | 20    | SHA-1 of the label of the vTPM's domain; zeros: none       |
 * | 132 | 8     | sequence of the group's approved list; 0: none             |
 * | 140 | 32    | SHA-256 of the attestation key, its TPMT_PUBLIC            |
 *
 * That the key is one of a TPM is not in the evidence: it is shown once, with
 * the endorsement key, when the key is activated (docs/manager-root.md). The
 * verifier has the key from there.
 */

#include "crypto.h"
#include "pcrs.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#define VTPMMGR_STATEMENT_SIZE 172u
/** The longest evidence, bytes. */
#define VTPMMGR_EVIDENCE_MAX 3500u
#define VTPMMGR_NONCE_MAX 64u

/** What the manager says of a vTPM, and has the TPM sign. */
struct vtpmmgr_statement {
    uint8_t nonce[VTPM_SHA256_SIZE]; /**< its SHA-256 */
    uint8_t uuid[16];
    uint8_t group[16];
    uint8_t endorsement[VTPM_SHA256_SIZE];
    uint8_t label[20];
    uint64_t sequence;
    uint8_t key[VTPM_SHA256_SIZE];
};

/** Evidence, taken apart. */
struct vtpmmgr_evidence {
    struct vtpmmgr_statement statement;
    TPMS_ATTEST attest;
    struct vtpm_bytes attest_bytes; /**< that are signed; in the evidence */
    TPMT_SIGNATURE signature;
    TPMT_PUBLIC key;
    struct vtpmmgr_pcrs pcrs;
};

/** What a verifier demands. NULL: anything will do, but for key and nonce. */
struct vtpmmgr_demand {
    const EVP_PKEY *key;     /**< the group's, from its activation */
    struct vtpm_bytes nonce; /**< that was sent; 1 to VTPMMGR_NONCE_MAX bytes */
    const uint8_t *uuid;
    const uint8_t *group;
    const uint8_t *endorsement;
    const uint8_t *label;
    uint64_t sequence; /**< the least */
    /** Values that the PCRs must have; those that only one side has are not
     * looked at, unless @p mask has them. */
    const struct vtpmmgr_pcrs *pcrs;
    uint32_t mask; /**< PCRs that must be in the evidence */
};

/**
 * Writes a statement; its SHA-256 is what the TPM signs.
 */
void vtpmmgr_statement_encode(const struct vtpmmgr_statement *statement,
                              uint8_t out[VTPMMGR_STATEMENT_SIZE]);

/** The SHA-256 of a verifier's nonce. @return false: OpenSSL failed */
bool vtpmmgr_nonce_digest(struct vtpm_bytes nonce,
                          uint8_t digest[VTPM_SHA256_SIZE]);
/** The SHA-256 of a public area. @return false: it is none, or OpenSSL failed
 */
bool vtpmmgr_public_digest(const TPMT_PUBLIC *public,
                           uint8_t digest[VTPM_SHA256_SIZE]);
/** The SHA-256 of a statement. @return false: OpenSSL failed */
bool vtpmmgr_statement_digest(const struct vtpmmgr_statement *statement,
                              uint8_t digest[VTPM_SHA256_SIZE]);

/**
 * Puts evidence together.
 * @param attest as the TPM made it
 * @return its bytes; 0: they do not fit
 */
size_t vtpmmgr_evidence_encode(const struct vtpmmgr_statement *statement,
                               struct vtpm_bytes attest,
                               const TPMT_SIGNATURE *signature,
                               const TPMT_PUBLIC *key,
                               const struct vtpmmgr_pcrs *pcrs,
                               uint8_t out[VTPMMGR_EVIDENCE_MAX]);

/**
 * Takes evidence apart, and believes nothing of it.
 * @return VTPM_OK; VTPM_EVERSION; VTPM_ECORRUPT (not evidence, or damaged)
 */
enum vtpm_status vtpmmgr_evidence_decode(struct vtpm_bytes in,
                                         struct vtpmmgr_evidence *evidence,
                                         struct vtpm_error *err);

/**
 * Checks evidence: that a TPM made it, with this key, for this nonce, and that
 * what it says is what is demanded.
 * @param evidence gets what it says; zeros unless VTPM_OK
 * @return VTPM_OK; VTPM_EKEY (another key, or one that signs more than what a
 *         TPM made); VTPM_ECORRUPT (damaged, forged); VTPM_EROLLBACK (another
 *         nonce: it is an old one; or an older list); VTPM_EOTHER (another
 *         vTPM's, group's, label's); VTPM_EREFUSED (other PCRs than demanded);
 *         VTPM_EVERSION; VTPM_EINVAL (no key or nonce given)
 */
enum vtpm_status vtpmmgr_evidence_verify(struct vtpm_bytes in,
                                         const struct vtpmmgr_demand *demand,
                                         struct vtpmmgr_evidence *evidence,
                                         struct vtpm_error *err);

#endif
