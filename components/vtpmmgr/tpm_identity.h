/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TPM_IDENTITY_H
#define VTPMMGR_TPM_IDENTITY_H

/**
 * @file
 * Keys that vouch for the platform: attestation keys, which sign quotes and
 * nothing else, and the endorsement key, which shows that they are of this TPM.
 */

#include "tpm.h"
#include "verify.h"

/** An attestation key, as it is kept outside of the TPM. RSA of 2048 bits, PKCS
 * #1 v1.5 with SHA-256, so that its signatures fit the frames of Xen's manager.
 * The private area is encrypted by the storage parent, which no other TPM has.
 */
struct vtpmmgr_identity {
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE secret;
};

/** The bytes of a quote. */
struct vtpmmgr_quote {
    TPM2B_ATTEST attest; /**< a TPMS_ATTEST */
    TPMT_SIGNATURE signature;
    struct vtpmmgr_pcrs pcrs; /**< the values that were signed */
};

/** The endorsement key, and its certificate. */
struct vtpmmgr_endorsement {
    TPM2B_PUBLIC public;
    uint8_t certificate[2048]; /**< DER */
    size_t certificate_len;    /**< 0: the TPM has none */
};

/**
 * Makes an attestation key under the storage parent.
 * @return VTPM_OK; VTPM_EUNPROVISIONED (there is no parent); VTPM_EREFUSED;
 *         VTPM_EIO
 */
enum vtpm_status vtpmmgr_identity_make(struct vtpmmgr_tpm *tpm,
                                       struct vtpmmgr_identity *identity,
                                       struct vtpm_error *err);

/**
 * Has the TPM sign PCRs and a digest.
 * @param quote its pcrs has bank and mask; gets the rest
 * @return VTPM_OK; VTPM_EKEY (another TPM's key); VTPM_EUNSUPPORTED (the TPM
 *         does not have the PCRs); VTPM_EREFUSED; VTPM_EIO (also: the PCRs do
 *         not come to rest)
 */
enum vtpm_status vtpmmgr_identity_quote(struct vtpmmgr_tpm *tpm,
                                        const struct vtpmmgr_identity *identity,
                                        const TPM2B_DATA *qualifying,
                                        struct vtpmmgr_quote *quote,
                                        struct vtpm_error *err);

/**
 * Has the TPM sign PCRs and a statement, and puts the evidence together.
 * @param statement its key need not be set
 * @param pcrs bank and mask
 * @param out  gets it
 * @return as vtpmmgr_identity_quote()
 */
enum vtpm_status vtpmmgr_identity_evidence(
    struct vtpmmgr_tpm *tpm, const struct vtpmmgr_identity *identity,
    const struct vtpmmgr_statement *statement, const struct vtpmmgr_pcrs *pcrs,
    uint8_t out[VTPMMGR_EVIDENCE_MAX], size_t *len, struct vtpm_error *err);

/** An attestation key as bytes: TPM2B_PUBLIC and TPM2B_PRIVATE.
 * @return whether it is one, and for decode exactly one */
bool vtpmmgr_identity_decode(struct vtpm_bytes public, struct vtpm_bytes secret,
                             struct vtpmmgr_identity *identity);

/**
 * Reads what somebody encrypted for an attestation key and the endorsement key
 * of one TPM (TPM2_MakeCredential), and so shows that both are in this one.
 * @param blob a TPM2B_ID_OBJECT and a TPM2B_ENCRYPTED_SECRET, as they are or in
 *             a file of tpm2_makecredential
 * @return VTPM_OK; VTPM_EINVAL (no such blob); VTPM_EREFUSED (it is for other
 *         keys); VTPM_EKEY; VTPM_EIO
 */
enum vtpm_status vtpmmgr_identity_activate(
    struct vtpmmgr_tpm *tpm, const struct vtpmmgr_identity *identity,
    struct vtpm_bytes blob, TPM2B_DIGEST *secret, struct vtpm_error *err);

/**
 * Reads the endorsement key: RSA of 2048 bits by the TCG's template (EK
 * Credential Profile, template L-1, or the one that the TPM names), and its
 * certificate.
 * @return VTPM_OK; VTPM_EREFUSED (the hierarchy is disabled, or has a
 * password); VTPM_EIO
 */
enum vtpm_status vtpmmgr_endorsement_read(struct vtpmmgr_tpm *tpm,
                                          struct vtpmmgr_endorsement *key,
                                          struct vtpm_error *err);
/** Loads it. For tpm_identity.c. */
TSS2_RC vtpmmgr_endorsement_load(struct vtpmmgr_tpm *tpm, ESYS_TR *key);

#endif
