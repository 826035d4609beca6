/* SPDX-License-Identifier: MIT */
#include "tpm.h"

#include <string.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

#define ALWAYS                                                                 \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |                          \
     TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |              \
     TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define MAYBE (TPMA_OBJECT_NODA | TPMA_OBJECT_ADMINWITHPOLICY)

static const TPMT_SYM_DEF_OBJECT aes = {.algorithm = TPM2_ALG_AES,
                                        .keyBits = {.aes = 128},
                                        .mode = {.aes = TPM2_ALG_CFB}};

static TPM2B_PUBLIC template_of(enum vtpmmgr_tpm_template how)
{
    TPM2B_PUBLIC public = {
        .publicArea = {.nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = ALWAYS | TPMA_OBJECT_NODA}};
    TPMT_PUBLIC *area = &public.publicArea;

    if (how == VTPMMGR_TPM_RSA) {
        area->type = TPM2_ALG_RSA;
        area->parameters.rsaDetail.symmetric = aes;
        area->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        area->parameters.rsaDetail.keyBits = 2048;
        area->unique.rsa.size = 256; /* zeros, as the template has it */
    } else {
        area->type = TPM2_ALG_ECC;
        area->parameters.eccDetail.symmetric = aes;
        area->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
        area->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
        area->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
        area->unique.ecc.x.size = 32;
        area->unique.ecc.y.size = 32;
    }
    return public;
}

bool vtpmmgr_tpm_name(const TPMT_PUBLIC *public, TPM2B_NAME *name)
{
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    const EVP_MD *md = public->nameAlg == TPM2_ALG_SHA256   ? EVP_sha256()
                       : public->nameAlg == TPM2_ALG_SHA384 ? EVP_sha384()
                                                            : NULL;
    size_t len = 0;
    unsigned size = 0;

    name->name[0] = (uint8_t)(public->nameAlg >> 8);
    name->name[1] = (uint8_t) public->nameAlg;
    if (!md ||
        Tss2_MU_TPMT_PUBLIC_Marshal(public, bytes, sizeof bytes, &len) !=
            TSS2_RC_SUCCESS ||
        EVP_Digest(bytes, len, name->name + 2, &size, md, NULL) != 1)
        return false;
    name->size = (UINT16)(2 + size);
    return true;
}

bool vtpmmgr_tpm_same_name(const TPM2B_NAME *a, const TPM2B_NAME *b)
{
    return a->size == b->size && memcmp(a->name, b->name, a->size) == 0;
}

TSS2_RC vtpmmgr_tpm_temporary(struct vtpmmgr_tpm *tpm, ESYS_TR *key)
{
    const TPM2B_SENSITIVE_CREATE secret = {0};
    const TPM2B_PUBLIC public = template_of(VTPMMGR_TPM_ECC);
    const TPM2B_DATA none = {0};
    const TPML_PCR_SELECTION nothing = {0};
    TSS2_RC rc =
        Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD,
                           ESYS_TR_NONE, ESYS_TR_NONE, &secret, &public, &none,
                           &nothing, key, NULL, NULL, NULL, NULL);

    if (rc != TSS2_RC_SUCCESS)
        *key = ESYS_TR_NONE;
    return rc;
}

/* Why a key is not fit to be the parent, or NULL. */
static const char *flaw_of(const TPMT_PUBLIC *public)
{
    const TPMT_SYM_DEF_OBJECT *symmetric;

    if ((public->objectAttributes & ALWAYS) != ALWAYS)
        return "it is no storage key that the TPM made and that stays in it";
    if ((public->objectAttributes & ~(TPMA_OBJECT)(ALWAYS | MAYBE)) != 0)
        return "it is good for more than storage";
    if (public->nameAlg != TPM2_ALG_SHA256 &&
        public->nameAlg != TPM2_ALG_SHA384)
        return "its hash algorithm is neither SHA-256 nor SHA-384";
    if (public->type == TPM2_ALG_ECC &&
        (public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ||
         public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P384))
        symmetric = &public->parameters.eccDetail.symmetric;
    else if (public->type == TPM2_ALG_RSA &&
             public->parameters.rsaDetail.keyBits >= 2048)
        symmetric = &public->parameters.rsaDetail.symmetric;
    else
        return "it is neither ECC P-256 or P-384 nor RSA of 2048 bits or more";
    if (symmetric->algorithm != TPM2_ALG_AES ||
        symmetric->mode.aes != TPM2_ALG_CFB || symmetric->keyBits.aes < 128)
        return "it does not encrypt with AES";
    return NULL;
}

/* Looks at the public area that the handle's name is made from, as that is what
 * sessions are salted with. */
static enum vtpm_status check(struct vtpmmgr_tpm *tpm, ESYS_TR parent,
                              const TPM2B_NAME *wanted, struct vtpm_error *err)
{
    TPM2B_PUBLIC *public = NULL;
    TPM2B_NAME *name = NULL, computed;
    enum vtpm_status status = VTPM_OK;
    const char *flaw;
    TSS2_RC rc = Esys_ReadPublic(tpm->esys, parent, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &public, NULL, NULL);

    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_TR_GetName(tpm->esys, parent, &name);
    if (rc != TSS2_RC_SUCCESS) {
        Esys_Free(public);
        return vtpmmgr_tpm_fail(tpm, rc, "cannot read the storage parent", err);
    }
    flaw = flaw_of(&public->publicArea);
    if (wanted && !vtpmmgr_tpm_same_name(wanted, name))
        status = vtpm_fail(err, VTPM_EKEY,
                           "another TPM: its storage parent 0x%x is not the "
                           "one that the root key was sealed under; use the "
                           "TPM of this store, or restore a backup",
                           VTPMMGR_TPM_PARENT);
    else if (flaw)
        status = vtpm_fail(err, VTPM_EREFUSED,
                           "cannot use the TPM's storage parent 0x%x: %s; "
                           "remove it with tpm2_evictcontrol -c 0x%x if "
                           "nothing needs it",
                           VTPMMGR_TPM_PARENT, flaw, VTPMMGR_TPM_PARENT);
    else if (!vtpmmgr_tpm_name(&public->publicArea, &computed) ||
             !vtpmmgr_tpm_same_name(&computed, name))
        status = vtpm_fail(err, VTPM_EIO,
                           "the TPM's storage parent 0x%x changes between two "
                           "looks; check what is between the TPM and this "
                           "program",
                           VTPMMGR_TPM_PARENT);
    Esys_Free(name);
    Esys_Free(public);
    return status;
}

enum vtpm_status vtpmmgr_tpm_parent_find(struct vtpmmgr_tpm *tpm,
                                         const TPM2B_NAME *name,
                                         ESYS_TR *parent,
                                         struct vtpm_error *err)
{
    enum vtpm_status status;
    TSS2_RC rc;

    *parent = ESYS_TR_NONE;
    if (tpm->parent_refused)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the TPM has refused the password of the storage "
                         "parent; name the file that has the right one");
    rc = Esys_TR_FromTPMPublic(tpm->esys, VTPMMGR_TPM_PARENT, ESYS_TR_NONE,
                               ESYS_TR_NONE, ESYS_TR_NONE, parent);
    if (rc != TSS2_RC_SUCCESS) {
        *parent = ESYS_TR_NONE;
        if (vtpmmgr_tpm_is(rc, TPM2_RC_HANDLE))
            return vtpm_fail(err, VTPM_EUNPROVISIONED,
                             "the TPM has no storage parent 0x%x: it is "
                             "another TPM, or was cleared; use the TPM of this "
                             "store, or restore a backup",
                             VTPMMGR_TPM_PARENT);
        return vtpmmgr_tpm_fail(tpm, rc, "cannot read the storage parent", err);
    }
    status = check(tpm, *parent, name, err);
    if (status == VTPM_OK)
        (void)Esys_TR_SetAuth(tpm->esys, *parent, &tpm->parent_auth);
    else
        vtpmmgr_tpm_close(tpm, parent);
    return status;
}

/* Makes the key and gives it its handle; both passwords go through a session
 * whose secret is encrypted. */
static TSS2_RC make(struct vtpmmgr_tpm *tpm, enum vtpmmgr_tpm_template how)
{
    const TPM2B_PUBLIC public = template_of(how);
    TPM2B_SENSITIVE_CREATE secret = {
        .sensitive = {.userAuth = tpm->parent_auth}};
    const TPM2B_DATA none = {0};
    const TPML_PCR_SELECTION nothing = {0};
    ESYS_TR salt = ESYS_TR_NONE, session = ESYS_TR_NONE, key = ESYS_TR_NONE;
    ESYS_TR persistent = ESYS_TR_NONE;
    TSS2_RC rc = vtpmmgr_tpm_temporary(tpm, &salt);

    if (rc == TSS2_RC_SUCCESS)
        rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_HMAC, &session);
    vtpmmgr_tpm_flush(tpm, &salt);
    if (rc == TSS2_RC_SUCCESS) {
        (void)Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_OWNER, &tpm->owner_auth);
        vtpmmgr_tpm_encrypt(tpm, session, TPMA_SESSION_DECRYPT);
        rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, session,
                                ESYS_TR_NONE, ESYS_TR_NONE, &secret, &public,
                                &none, &nothing, &key, NULL, NULL, NULL, NULL);
    }
    vtpm_cleanse(&secret, sizeof secret);
    if (rc == TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_encrypt(tpm, session, 0);
        rc = Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, key, session,
                               ESYS_TR_NONE, ESYS_TR_NONE, VTPMMGR_TPM_PARENT,
                               &persistent);
        vtpmmgr_tpm_flush(tpm, &key);
    }
    if (rc == TSS2_RC_SUCCESS)
        vtpmmgr_tpm_close(tpm, &persistent);
    vtpmmgr_tpm_flush(tpm, &session);
    return rc;
}

enum vtpm_status vtpmmgr_tpm_parent_make(struct vtpmmgr_tpm *tpm,
                                         enum vtpmmgr_tpm_template how,
                                         ESYS_TR *parent,
                                         struct vtpm_error *err)
{
    enum vtpm_status status = vtpmmgr_tpm_parent_find(tpm, NULL, parent, err);
    TSS2_RC rc;

    if (status != VTPM_EUNPROVISIONED)
        return status;
    if (tpm->owner_refused)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the TPM has refused the owner's password; name the "
                         "file that has the right one");
    rc = make(tpm, how);
    if (rc == TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_parent_find(tpm, NULL, parent, err);
    tpm->owner_refused = vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) ||
                         vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL);
    return vtpmmgr_tpm_fail(
        tpm, rc, "cannot make a storage parent as the TPM's owner", err);
}
