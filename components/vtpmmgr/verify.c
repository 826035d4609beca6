/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "authority.h"
#include "bytes.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

static enum vtpm_status forged(const char *what, struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "the evidence is damaged or forged: %s; ask for it anew",
                     what);
}

static bool is_zero(const uint8_t *at, size_t len)
{
    return vtpm_all_zero(at, len);
}

/* A signature of a TPM as OpenSSL takes it. @return its bytes, 0 if none */
static size_t der_of(const TPMT_SIGNATURE *signature, uint8_t *out, size_t room)
{
    const TPMS_SIGNATURE_ECC *ecc = &signature->signature.ecdsa;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(ecc->signatureR.buffer, ecc->signatureR.size, NULL);
    BIGNUM *s = BN_bin2bn(ecc->signatureS.buffer, ecc->signatureS.size, NULL);
    uint8_t *at = out;
    int len = 0;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = NULL;
        s = NULL;
        len = i2d_ECDSA_SIG(sig, NULL);
        if (len > 0 && (size_t)len <= room)
            len = i2d_ECDSA_SIG(sig, &at);
        else
            len = 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return len > 0 ? (size_t)len : 0;
}

static bool signed_by(EVP_PKEY *key, const struct vtpmmgr_evidence *evidence)
{
    const TPMT_SIGNATURE *signature = &evidence->signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t bytes[512];
    size_t len = 0;
    bool ok;

    if (signature->sigAlg == TPM2_ALG_RSASSA &&
        signature->signature.rsassa.hash == TPM2_ALG_SHA256 &&
        EVP_PKEY_is_a(key, "RSA")) {
        len = signature->signature.rsassa.sig.size;
        memcpy(bytes, signature->signature.rsassa.sig.buffer, len);
    } else if (signature->sigAlg == TPM2_ALG_ECDSA &&
               signature->signature.ecdsa.hash == TPM2_ALG_SHA256 &&
               EVP_PKEY_is_a(key, "EC")) {
        len = der_of(signature, bytes, sizeof bytes);
    }
    ok = ctx && len > 0 &&
         EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(ctx, bytes, len, evidence->attest_bytes.at,
                          evidence->attest_bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* A key that a TPM uses for nothing but what it made itself. */
static bool is_attestation_key(const TPMT_PUBLIC *key)
{
    const TPMA_OBJECT wanted = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                               TPMA_OBJECT_SENSITIVEDATAORIGIN |
                               TPMA_OBJECT_RESTRICTED |
                               TPMA_OBJECT_SIGN_ENCRYPT;

    return (key->objectAttributes & (wanted | TPMA_OBJECT_DECRYPT)) == wanted;
}

static enum vtpm_status check_signature(const struct vtpmmgr_evidence *evidence,
                                        const EVP_PKEY *wanted,
                                        struct vtpm_error *err)
{
    EVP_PKEY *key = vtpmmgr_authority_key(&evidence->key);
    enum vtpm_status status = VTPM_OK;

    if (!key || EVP_PKEY_eq(key, wanted) != 1)
        status = vtpm_fail(err, VTPM_EKEY,
                           "another key signed the evidence; it is not from "
                           "this group on this machine");
    else if (!is_attestation_key(&evidence->key))
        status = vtpm_fail(err, VTPM_EKEY,
                           "the key signs more than what a TPM made; do not "
                           "trust it");
    else if (!signed_by(key, evidence))
        status = forged("the signature does not fit", err);
    EVP_PKEY_free(key);
    return status;
}

static enum vtpm_status check_attest(const struct vtpmmgr_evidence *evidence,
                                     struct vtpm_error *err)
{
    const TPMS_ATTEST *attest = &evidence->attest;
    const TPMS_QUOTE_INFO *quote = &attest->attested.quote;
    uint8_t digest[VTPM_SHA256_SIZE];
    TPML_PCR_SELECTION selection;
    TPM2B_DIGEST values;

    if (attest->magic != TPM2_GENERATED_VALUE ||
        attest->type != TPM2_ST_ATTEST_QUOTE)
        return forged("it is no quote of a TPM", err);
    if (!vtpmmgr_statement_digest(&evidence->statement, digest) ||
        attest->extraData.size != sizeof digest ||
        memcmp(attest->extraData.buffer, digest, sizeof digest) != 0)
        return forged("the quote is about something else", err);
    if (!vtpmmgr_public_digest(&evidence->key, digest) ||
        memcmp(evidence->statement.key, digest, sizeof digest) != 0)
        return forged("the quote is by another key", err);
    vtpmmgr_pcrs_select(&evidence->pcrs, &selection);
    if (quote->pcrSelect.count != 1 ||
        quote->pcrSelect.pcrSelections[0].hash != evidence->pcrs.bank ||
        quote->pcrSelect.pcrSelections[0].sizeofSelect !=
            selection.pcrSelections[0].sizeofSelect ||
        memcmp(quote->pcrSelect.pcrSelections[0].pcrSelect,
               selection.pcrSelections[0].pcrSelect,
               selection.pcrSelections[0].sizeofSelect) != 0)
        return forged("the quote is of other PCRs", err);
    if (!vtpmmgr_pcrs_digest(&evidence->pcrs, &values) ||
        quote->pcrDigest.size != values.size ||
        memcmp(quote->pcrDigest.buffer, values.buffer, values.size) != 0)
        return forged("the values of the PCRs are not those of the quote", err);
    return VTPM_OK;
}

static enum vtpm_status check_nonce(const struct vtpmmgr_evidence *evidence,
                                    struct vtpm_bytes nonce,
                                    struct vtpm_error *err)
{
    uint8_t digest[VTPM_SHA256_SIZE];

    if (!vtpmmgr_nonce_digest(nonce, digest) ||
        memcmp(digest, evidence->statement.nonce, sizeof digest) != 0)
        return vtpm_fail(err, VTPM_EROLLBACK,
                         "the evidence is not for this nonce: it is an old "
                         "one, or somebody else's; ask for it anew");
    return VTPM_OK;
}

static enum vtpm_status check_statement(const struct vtpmmgr_statement *is,
                                        const struct vtpmmgr_demand *wanted,
                                        struct vtpm_error *err)
{
    const struct {
        const uint8_t *is, *wanted;
        size_t len;
        const char *what;
    } parts[] = {
        {is->uuid, wanted->uuid, sizeof is->uuid, "vTPM"},
        {is->group, wanted->group, sizeof is->group, "group"},
        {is->endorsement, wanted->endorsement, sizeof is->endorsement,
         "endorsement key"},
        {is->label, wanted->label, sizeof is->label, "label"},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].wanted &&
            memcmp(parts[i].is, parts[i].wanted, parts[i].len) != 0)
            return vtpm_fail(err, VTPM_EOTHER, "the evidence is about %s %s",
                             is_zero(parts[i].is, parts[i].len) ? "no"
                                                                : "another",
                             parts[i].what);
    if (is->sequence < wanted->sequence)
        return vtpm_fail(err, VTPM_EROLLBACK,
                         "the group has list %llu, and %llu is demanded; "
                         "update the group",
                         (unsigned long long)is->sequence,
                         (unsigned long long)wanted->sequence);
    return VTPM_OK;
}

static enum vtpm_status check_pcrs(const struct vtpmmgr_pcrs *is,
                                   const struct vtpmmgr_demand *wanted,
                                   struct vtpm_error *err)
{
    uint32_t bad = wanted->mask & ~is->mask;
    char text[80];

    if (wanted->pcrs && wanted->pcrs->bank != is->bank)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the evidence is of bank %s, and %s is demanded",
                         vtpmmgr_bank_name(is->bank),
                         vtpmmgr_bank_name(wanted->pcrs->bank));
    if (bad != 0) {
        vtpmmgr_mask_print(bad, text, sizeof text);
        return vtpm_fail(err, VTPM_EREFUSED,
                         "PCR %s is demanded, and not in the evidence; ask for "
                         "it",
                         text);
    }
    bad = wanted->pcrs ? vtpmmgr_pcrs_differ(is, wanted->pcrs) : 0;
    if (bad == 0)
        return VTPM_OK;
    vtpmmgr_mask_print(bad, text, sizeof text);
    return vtpm_fail(err, VTPM_EREFUSED,
                     "the platform is in another state than demanded: %s PCR "
                     "%s",
                     vtpmmgr_bank_name(is->bank), text);
}

enum vtpm_status vtpmmgr_evidence_verify(struct vtpm_bytes in,
                                         const struct vtpmmgr_demand *demand,
                                         struct vtpmmgr_evidence *evidence,
                                         struct vtpm_error *err)
{
    enum vtpm_status status;

    if (!demand->key || demand->nonce.len == 0 ||
        demand->nonce.len > VTPMMGR_NONCE_MAX) {
        memset(evidence, 0, sizeof *evidence);
        return vtpm_fail(err, VTPM_EINVAL,
                         "a verifier needs the group's key, and the nonce of 1 "
                         "to %u bytes that it sent",
                         VTPMMGR_NONCE_MAX);
    }
    status = vtpmmgr_evidence_decode(in, evidence, err);
    if (status == VTPM_OK)
        status = check_signature(evidence, demand->key, err);
    if (status == VTPM_OK)
        status = check_attest(evidence, err);
    if (status == VTPM_OK)
        status = check_nonce(evidence, demand->nonce, err);
    if (status == VTPM_OK)
        status = check_statement(&evidence->statement, demand, err);
    if (status == VTPM_OK)
        status = check_pcrs(&evidence->pcrs, demand, err);
    if (status != VTPM_OK)
        memset(evidence, 0, sizeof *evidence);
    return status;
}
