/* SPDX-License-Identifier: MIT */
#include "tpm.h"

#include "os.h"

#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

/* A longer one is hashed by the TPM for a key whose names are SHA-256. */
#define AUTH_MAX 32u
/* tpm2-tss has them by shifts that overflow. */
#define TRANSIENT_FIRST 0x80000000u
#define LOADED_SESSION_FIRST 0x02000000u

static enum vtpm_status read_auth(const char *path, TPM2B_AUTH *auth,
                                  struct vtpm_error *err)
{
    uint8_t bytes[AUTH_MAX + 2];
    size_t len = 0;
    enum vtpm_status status;

    if (!path)
        return VTPM_OK;
    status = vtpm_os_read_secret(path, bytes, sizeof bytes, &len, err);
    if (status == VTPM_OK && len > 0 && bytes[len - 1] == '\n')
        len--;
    if (status == VTPM_OK && len > AUTH_MAX)
        status = vtpm_fail(err, VTPM_EINVAL,
                           "cannot use %s: a password of a TPM has at most %u "
                           "bytes; name another file",
                           path, AUTH_MAX);
    /* a TPM does not tell zeros at the end from none */
    while (status == VTPM_OK && len > 0 && bytes[len - 1] == 0)
        len--;
    if (status == VTPM_OK) {
        auth->size = (UINT16)len;
        memcpy(auth->buffer, bytes, len);
    }
    vtpm_cleanse(bytes, sizeof bytes);
    return status == VTPM_EUNPROVISIONED ? VTPM_EINVAL : status;
}

enum vtpm_status vtpmmgr_tpm_init(struct vtpmmgr_tpm *tpm, const char *conf,
                                  const char *owner_auth_file,
                                  const char *parent_auth_file,
                                  struct vtpm_error *err)
{
    enum vtpm_status status;

    memset(tpm, 0, sizeof *tpm);
    /* what fails is told by vtpmmgr_tpm_fail() */
    (void)setenv("TSS2_LOG", "esys+NONE,sys+NONE,marshal+NONE,tcti+ERROR", 0);
    status = read_auth(owner_auth_file, &tpm->owner_auth, err);
    if (status == VTPM_OK)
        status = read_auth(parent_auth_file, &tpm->parent_auth, err);
    if (status == VTPM_OK) {
        tpm->conf = strdup(conf);
        if (!tpm->conf)
            status = vtpm_fail(err, VTPM_ENOMEM,
                               "out of memory; end other programs");
    }
    if (status != VTPM_OK)
        vtpmmgr_tpm_free(tpm);
    return status;
}

void vtpmmgr_tpm_disconnect(struct vtpmmgr_tpm *tpm)
{
    if (tpm->esys)
        Esys_Finalize(&tpm->esys);
    if (tpm->tcti)
        Tss2_TctiLdr_Finalize(&tpm->tcti);
    tpm->esys = NULL;
    tpm->tcti = NULL;
    tpm->lost = false;
}

void vtpmmgr_tpm_free(struct vtpmmgr_tpm *tpm)
{
    vtpmmgr_tpm_disconnect(tpm);
    free(tpm->conf);
    vtpm_cleanse(tpm, sizeof *tpm);
}

/* What a process that died has left would fill the TPM. */
static TSS2_RC flush_all(struct vtpmmgr_tpm *tpm, TPM2_HANDLE first)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more;
    TSS2_RC rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
                                    ESYS_TR_NONE, TPM2_CAP_HANDLES, first,
                                    TPM2_MAX_CAP_HANDLES, &more, &data);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    for (UINT32 i = 0; i < data->data.handles.count; i++) {
        ESYS_TR handle;

        if (Esys_TR_FromTPMPublic(tpm->esys, data->data.handles.handle[i],
                                  ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &handle) == TSS2_RC_SUCCESS)
            vtpmmgr_tpm_flush(tpm, &handle);
    }
    Esys_Free(data);
    return TSS2_RC_SUCCESS;
}

enum vtpm_status vtpmmgr_tpm_connect(struct vtpmmgr_tpm *tpm,
                                     struct vtpm_error *err)
{
    TSS2_RC rc;

    if (tpm->lost)
        vtpmmgr_tpm_disconnect(tpm);
    if (tpm->esys)
        return VTPM_OK;
    rc = Tss2_TctiLdr_Initialize(tpm->conf, &tpm->tcti);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_disconnect(tpm);
        return vtpm_fail(err, VTPM_EIO,
                         "cannot reach the TPM by %.80s: %s; name it right, "
                         "and end what else uses it",
                         tpm->conf, Tss2_RC_Decode(rc));
    }
    rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_INITIALIZE))
        rc = TSS2_RC_SUCCESS;
    if (rc == TSS2_RC_SUCCESS)
        rc = flush_all(tpm, TRANSIENT_FIRST);
    if (rc == TSS2_RC_SUCCESS)
        rc = flush_all(tpm, LOADED_SESSION_FIRST);
    if (rc == TSS2_RC_SUCCESS)
        return VTPM_OK;
    vtpmmgr_tpm_fail(tpm, rc, "cannot start the TPM", err);
    vtpmmgr_tpm_disconnect(tpm);
    return vtpmmgr_tpm_is(rc, 30 /* TPM_BADTAG of TPM 1.2 */)
               ? vtpm_fail(err, VTPM_EUNSUPPORTED,
                           "cannot use the TPM by %.80s: it is a TPM 1.2; a "
                           "TPM 2.0 or a key file is needed",
                           tpm->conf)
               : VTPM_EIO;
}

TSS2_RC vtpmmgr_tpm_session(struct vtpmmgr_tpm *tpm, ESYS_TR salt, TPM2_SE type,
                            ESYS_TR *session)
{
    const TPMT_SYM_DEF aes = {.algorithm = TPM2_ALG_AES,
                              .keyBits = {.aes = 128},
                              .mode = {.aes = TPM2_ALG_CFB}};
    TSS2_RC rc;

    *session = ESYS_TR_NONE;
    rc = Esys_StartAuthSession(tpm->esys, salt, ESYS_TR_NONE, ESYS_TR_NONE,
                               ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes,
                               TPM2_ALG_SHA256, session);
    if (rc != TSS2_RC_SUCCESS)
        *session = ESYS_TR_NONE;
    else
        vtpmmgr_tpm_encrypt(tpm, *session, 0);
    return rc;
}

void vtpmmgr_tpm_encrypt(struct vtpmmgr_tpm *tpm, ESYS_TR session,
                         TPMA_SESSION flags)
{
    (void)Esys_TRSess_SetAttributes(tpm->esys, session,
                                    TPMA_SESSION_CONTINUESESSION | flags, 0xff);
}

void vtpmmgr_tpm_flush(struct vtpmmgr_tpm *tpm, ESYS_TR *handle)
{
    /* a failure below the TPM leaves tpm2-tss waiting for an answer */
    if (*handle != ESYS_TR_NONE && tpm->esys &&
        (Esys_FlushContext(tpm->esys, *handle) & TSS2_RC_LAYER_MASK) != 0)
        tpm->lost = true;
    *handle = ESYS_TR_NONE;
}

void vtpmmgr_tpm_close(struct vtpmmgr_tpm *tpm, ESYS_TR *handle)
{
    if (*handle != ESYS_TR_NONE && tpm->esys)
        (void)Esys_TR_Close(tpm->esys, handle);
    *handle = ESYS_TR_NONE;
}
