/* SPDX-License-Identifier: MIT */
#include "tpm_identity.h"

#include "tpm_policy.h"

#include "bytes.h"

#include <string.h>

#include <tss2/tss2_mu.h>

/* How often PCRs may change while they are quoted. */
#define TRIES 5u

static TPM2B_PUBLIC template(void)
{
    TPM2B_PUBLIC public = {
        .publicArea = {.type = TPM2_ALG_RSA,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes =
                           TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                           TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                           TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT}};
    TPMS_RSA_PARMS *parms = &public.publicArea.parameters.rsaDetail;

    parms->symmetric.algorithm = TPM2_ALG_NULL;
    parms->scheme.scheme = TPM2_ALG_RSASSA;
    parms->scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
    parms->keyBits = 2048;
    return public;
}

static bool is_password(TSS2_RC rc)
{
    return vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) ||
           vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL);
}

enum vtpm_status vtpmmgr_identity_make(struct vtpmmgr_tpm *tpm,
                                       struct vtpmmgr_identity *identity,
                                       struct vtpm_error *err)
{
    const TPM2B_PUBLIC public = template();
    const TPM2B_SENSITIVE_CREATE secret = {0};
    const TPM2B_DATA none = {0};
    const TPML_PCR_SELECTION nothing = {0};
    TPM2B_PRIVATE *out_private = NULL;
    TPM2B_PUBLIC *out_public = NULL;
    ESYS_TR parent = ESYS_TR_NONE, session = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_tpm_connect(tpm, err);
    TSS2_RC rc;

    if (status == VTPM_OK)
        status = vtpmmgr_tpm_parent_find(tpm, NULL, &parent, err);
    if (status != VTPM_OK)
        return status;
    rc = vtpmmgr_tpm_session(tpm, parent, TPM2_SE_HMAC, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Create(tpm->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE,
                         &secret, &public, &none, &nothing, &out_private,
                         &out_public, NULL, NULL, NULL);
    vtpmmgr_tpm_flush(tpm, &session);
    vtpmmgr_tpm_close(tpm, &parent);
    if (rc != TSS2_RC_SUCCESS) {
        tpm->parent_refused = tpm->parent_refused || is_password(rc);
        return vtpmmgr_tpm_fail(tpm, rc, "cannot make an attestation key", err);
    }
    identity->public = *out_public;
    identity->secret = *out_private;
    Esys_Free(out_public);
    Esys_Free(out_private);
    return VTPM_OK;
}

/* A key in the TPM, and the session that it is used in. */
struct loaded {
    ESYS_TR key;
    ESYS_TR session;
};

static void unload(struct vtpmmgr_tpm *tpm, struct loaded *loaded)
{
    vtpmmgr_tpm_flush(tpm, &loaded->session);
    vtpmmgr_tpm_flush(tpm, &loaded->key);
}

static enum vtpm_status load(struct vtpmmgr_tpm *tpm,
                             const struct vtpmmgr_identity *identity,
                             struct loaded *loaded, struct vtpm_error *err)
{
    ESYS_TR parent = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_tpm_connect(tpm, err);
    TSS2_RC rc;

    *loaded = (struct loaded){ESYS_TR_NONE, ESYS_TR_NONE};
    if (status == VTPM_OK)
        status = vtpmmgr_tpm_parent_find(tpm, NULL, &parent, err);
    if (status != VTPM_OK)
        return status == VTPM_EUNPROVISIONED ? VTPM_EKEY : status;
    rc = vtpmmgr_tpm_session(tpm, parent, TPM2_SE_HMAC, &loaded->session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Load(tpm->esys, parent, loaded->session, ESYS_TR_NONE,
                       ESYS_TR_NONE, &identity->secret, &identity->public,
                       &loaded->key);
    if (rc != TSS2_RC_SUCCESS)
        loaded->key = ESYS_TR_NONE;
    vtpmmgr_tpm_close(tpm, &parent);
    if (rc == TSS2_RC_SUCCESS)
        return VTPM_OK;
    vtpmmgr_tpm_flush(tpm, &loaded->session);
    tpm->parent_refused = tpm->parent_refused || is_password(rc);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_INTEGRITY))
        return vtpm_fail(err, VTPM_EKEY,
                         "the attestation key is another TPM's; make the group "
                         "anew on this machine");
    return vtpmmgr_tpm_fail(tpm, rc, "cannot load the attestation key", err);
}

/* Whether the values that were read are those that were signed. */
static bool is_quoted(const struct vtpmmgr_quote *quote)
{
    TPMS_ATTEST attest;
    TPM2B_DIGEST digest;
    size_t used = 0;

    return Tss2_MU_TPMS_ATTEST_Unmarshal(quote->attest.attestationData,
                                         quote->attest.size, &used,
                                         &attest) == TSS2_RC_SUCCESS &&
           vtpmmgr_pcrs_digest(&quote->pcrs, &digest) &&
           attest.type == TPM2_ST_ATTEST_QUOTE &&
           attest.attested.quote.pcrDigest.size == digest.size &&
           memcmp(attest.attested.quote.pcrDigest.buffer, digest.buffer,
                  digest.size) == 0;
}

static enum vtpm_status quote_once(struct vtpmmgr_tpm *tpm,
                                   const struct loaded *loaded,
                                   const TPM2B_DATA *qualifying,
                                   struct vtpmmgr_quote *quote,
                                   struct vtpm_error *err)
{
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
    TPML_PCR_SELECTION selection;
    TPMT_SIGNATURE *signature = NULL;
    TPM2B_ATTEST *attest = NULL;
    enum vtpm_status status;
    TSS2_RC rc;

    status = vtpmmgr_pcrs_read(tpm, &quote->pcrs, err);
    if (status != VTPM_OK)
        return status;
    vtpmmgr_pcrs_select(&quote->pcrs, &selection);
    rc = Esys_Quote(tpm->esys, loaded->key, loaded->session, ESYS_TR_NONE,
                    ESYS_TR_NONE, qualifying, &scheme, &selection, &attest,
                    &signature);
    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(tpm, rc, "cannot quote", err);
    quote->attest = *attest;
    quote->signature = *signature;
    Esys_Free(attest);
    Esys_Free(signature);
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_identity_quote(struct vtpmmgr_tpm *tpm,
                                        const struct vtpmmgr_identity *identity,
                                        const TPM2B_DATA *qualifying,
                                        struct vtpmmgr_quote *quote,
                                        struct vtpm_error *err)
{
    struct loaded loaded;
    enum vtpm_status status = load(tpm, identity, &loaded, err);

    if (status != VTPM_OK)
        return status;
    for (unsigned i = 0; i < TRIES; i++) {
        status = quote_once(tpm, &loaded, qualifying, quote, err);
        if (status != VTPM_OK || is_quoted(quote))
            break;
        status = vtpm_fail(err, VTPM_EIO,
                           "cannot quote: the PCRs change all the time; quote "
                           "those that do not");
    }
    unload(tpm, &loaded);
    return status;
}

enum vtpm_status vtpmmgr_identity_evidence(
    struct vtpmmgr_tpm *tpm, const struct vtpmmgr_identity *identity,
    const struct vtpmmgr_statement *statement, const struct vtpmmgr_pcrs *pcrs,
    uint8_t out[VTPMMGR_EVIDENCE_MAX], size_t *len, struct vtpm_error *err)
{
    TPM2B_DATA qualifying = {.size = VTPM_SHA256_SIZE};
    struct vtpmmgr_quote quote = {.pcrs = *pcrs};
    struct vtpmmgr_statement whole = *statement;
    enum vtpm_status status;

    *len = 0;
    if (!vtpmmgr_public_digest(&identity->public.publicArea, whole.key) ||
        !vtpmmgr_statement_digest(&whole, qualifying.buffer))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    status = vtpmmgr_identity_quote(tpm, identity, &qualifying, &quote, err);
    if (status != VTPM_OK)
        return status;
    *len = vtpmmgr_evidence_encode(
        &whole,
        (struct vtpm_bytes){quote.attest.attestationData, quote.attest.size},
        &quote.signature, &identity->public.publicArea, &quote.pcrs, out);
    return *len ? VTPM_OK
                : vtpm_fail(err, VTPM_EINVAL,
                            "evidence of so many PCRs is too long; ask for "
                            "fewer");
}

bool vtpmmgr_identity_decode(struct vtpm_bytes public, struct vtpm_bytes secret,
                             struct vtpmmgr_identity *identity)
{
    size_t used = 0, also = 0;

    memset(identity, 0, sizeof *identity);
    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(public.at, public.len, &used,
                                          &identity->public) ==
               TSS2_RC_SUCCESS &&
           used == public.len &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(secret.at, secret.len, &also,
                                           &identity->secret) ==
               TSS2_RC_SUCCESS &&
           also == secret.len;
}

/* tpm2_makecredential writes a magic number and a version before the blob. */
static bool take_blob(struct vtpm_bytes blob, TPM2B_ID_OBJECT *object,
                      TPM2B_ENCRYPTED_SECRET *secret)
{
    size_t at = 0;

    if (blob.len >= 8 && vtpm_get32(blob.at) == 0xbadcc0de &&
        vtpm_get32(blob.at + 4) == 1)
        at = 8;
    return Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(blob.at, blob.len, &at, object) ==
               TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
               blob.at, blob.len, &at, secret) == TSS2_RC_SUCCESS &&
           at == blob.len;
}

/* A session that may use the endorsement key: it asks for the hierarchy's
 * password. */
static TSS2_RC endorse(struct vtpmmgr_tpm *tpm, ESYS_TR salt, ESYS_TR *session)
{
    const TPM2B_NONCE none = {0};
    TSS2_RC rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_POLICY, session);

    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session,
                               ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                               &none, &none, &none, 0, NULL, NULL);
    return rc;
}

static enum vtpm_status activate(struct vtpmmgr_tpm *tpm,
                                 const struct loaded *loaded,
                                 const TPM2B_ID_OBJECT *object,
                                 const TPM2B_ENCRYPTED_SECRET *encrypted,
                                 TPM2B_DIGEST *secret, struct vtpm_error *err)
{
    ESYS_TR endorsement = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TPM2B_DIGEST *out = NULL;
    TSS2_RC rc = vtpmmgr_endorsement_load(tpm, &endorsement);

    if (rc == TSS2_RC_SUCCESS)
        rc = endorse(tpm, endorsement, &session);
    if (rc == TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_encrypt(tpm, loaded->session, TPMA_SESSION_ENCRYPT);
        rc = Esys_ActivateCredential(tpm->esys, loaded->key, endorsement,
                                     loaded->session, session, ESYS_TR_NONE,
                                     object, encrypted, &out);
    }
    vtpmmgr_tpm_flush(tpm, &session);
    vtpmmgr_tpm_flush(tpm, &endorsement);
    if (rc == TSS2_RC_SUCCESS) {
        *secret = *out;
        vtpm_cleanse(out, sizeof *out);
        Esys_Free(out);
        return VTPM_OK;
    }
    if (vtpmmgr_tpm_is(rc, TPM2_RC_INTEGRITY) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_VALUE) || vtpmmgr_tpm_is(rc, TPM2_RC_SIZE))
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the credential is for another attestation key, or "
                         "another TPM");
    return vtpmmgr_tpm_fail(tpm, rc, "cannot activate the attestation key",
                            err);
}

enum vtpm_status vtpmmgr_identity_activate(
    struct vtpmmgr_tpm *tpm, const struct vtpmmgr_identity *identity,
    struct vtpm_bytes blob, TPM2B_DIGEST *secret, struct vtpm_error *err)
{
    TPM2B_ENCRYPTED_SECRET encrypted = {0};
    TPM2B_ID_OBJECT object = {0};
    struct loaded loaded;
    enum vtpm_status status;

    memset(secret, 0, sizeof *secret);
    if (!take_blob(blob, &object, &encrypted))
        return vtpm_fail(err, VTPM_EINVAL,
                         "not a credential: it is neither what "
                         "tpm2_makecredential writes nor the two structures "
                         "in it");
    status = load(tpm, identity, &loaded, err);
    if (status != VTPM_OK)
        return status;
    status = activate(tpm, &loaded, &object, &encrypted, secret, err);
    unload(tpm, &loaded);
    return status;
}
