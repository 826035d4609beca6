/* SPDX-License-Identifier: MIT */
#include "tpm_identity.h"

#include "tpm_nv.h"

#include <string.h>

#include <tss2/tss2_mu.h>

/* TCG EK Credential Profile for TPM 2.0, 2.2.1.4 and 2.2.1.5: where a TPM keeps
 * what belongs to its RSA 2048 endorsement key. */
#define CERTIFICATE 0x01c00002u
#define NONCE 0x01c00003u
#define TEMPLATE 0x01c00004u

/* The policy of the template L-1: PolicySecret of the endorsement hierarchy. */
static const uint8_t policy[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
    0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
    0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

static TPM2B_PUBLIC template(void)
{
    TPM2B_PUBLIC public = {
        .publicArea = {.type = TPM2_ALG_RSA,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes =
                           TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                           TPMA_OBJECT_ADMINWITHPOLICY |
                           TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
                       .authPolicy = {.size = sizeof policy}}};
    TPMS_RSA_PARMS *parms = &public.publicArea.parameters.rsaDetail;

    memcpy(public.publicArea.authPolicy.buffer, policy, sizeof policy);
    parms->symmetric.algorithm = TPM2_ALG_AES;
    parms->symmetric.keyBits.aes = 128;
    parms->symmetric.mode.aes = TPM2_ALG_CFB;
    parms->scheme.scheme = TPM2_ALG_NULL;
    parms->keyBits = 2048;
    public.publicArea.unique.rsa.size = 256;
    return public;
}

/* A TPM may name its own template, or a nonce for the usual one. */
static TSS2_RC template_of(struct vtpmmgr_tpm *tpm, TPM2B_PUBLIC *public)
{
    uint8_t bytes[1024];
    size_t len = 0, used = 0;
    TSS2_RC rc = vtpmmgr_nv_read_all(tpm, TEMPLATE, bytes, sizeof bytes, &len);

    *public = template();
    if (rc == TSS2_RC_SUCCESS && len > 0) {
        memset(public, 0, sizeof *public);
        rc = Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes, len, &used,
                                           &public->publicArea);
    }
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    rc = vtpmmgr_nv_read_all(tpm, NONCE, bytes, sizeof bytes, &len);
    if (rc == TSS2_RC_SUCCESS && len > 0 &&
        public->publicArea.type == TPM2_ALG_RSA && len <= 256)
        memcpy(public->publicArea.unique.rsa.buffer, bytes, len);
    return rc;
}

TSS2_RC vtpmmgr_endorsement_load(struct vtpmmgr_tpm *tpm, ESYS_TR *key)
{
    const TPM2B_SENSITIVE_CREATE secret = {0};
    const TPM2B_DATA none = {0};
    const TPML_PCR_SELECTION nothing = {0};
    TPM2B_PUBLIC public;
    TSS2_RC rc = template_of(tpm, &public);

    *key = ESYS_TR_NONE;
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT,
                                ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                &secret, &public, &none, &nothing, key, NULL,
                                NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        *key = ESYS_TR_NONE;
    return rc;
}

enum vtpm_status vtpmmgr_endorsement_read(struct vtpmmgr_tpm *tpm,
                                          struct vtpmmgr_endorsement *key,
                                          struct vtpm_error *err)
{
    TPM2B_PUBLIC *public = NULL;
    ESYS_TR handle = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_tpm_connect(tpm, err);
    TSS2_RC rc;

    memset(key, 0, sizeof *key);
    if (status != VTPM_OK)
        return status;
    rc = vtpmmgr_endorsement_load(tpm, &handle);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_ReadPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE,
                             ESYS_TR_NONE, &public, NULL, NULL);
    vtpmmgr_tpm_flush(tpm, &handle);
    if (rc == TSS2_RC_SUCCESS) {
        key->public = *public;
        Esys_Free(public);
        rc =
            vtpmmgr_nv_read_all(tpm, CERTIFICATE, key->certificate,
                                sizeof key->certificate, &key->certificate_len);
    }
    if (rc == TSS2_RC_SUCCESS)
        return VTPM_OK;
    return vtpmmgr_tpm_fail(tpm, rc, "cannot read the endorsement key", err);
}
