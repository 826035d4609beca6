/* SPDX-License-Identifier: MIT */
#include "tpm_counter.h"

#include "bytes.h"
#include "os_threads.h"

#define OWNER_FIRST 0x01800000u
#define OWNER_LAST 0x01bfffffu
#define ATTRIBUTES                                                             \
    (TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |                    \
     (TPMA_NV)TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT)
#define TRIES 20u
#define PAUSE_MS 100u

static TPM2B_NV_PUBLIC public_of(uint32_t index)
{
    return (TPM2B_NV_PUBLIC){.nvPublic = {.nvIndex = index,
                                          .nameAlg = TPM2_ALG_SHA256,
                                          .attributes = ATTRIBUTES,
                                          .dataSize = sizeof(uint64_t)}};
}

static enum vtpm_status gone(uint32_t index, const char *how,
                             struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EROLLBACK,
                     "the counter 0x%x of the TPM %s: nothing says whether "
                     "this store is the newest; if you know that it is, "
                     "reseal it, ignoring the counter",
                     index, how);
}

/* Whether it is what vtpmmgr_counter_define() makes. */
static bool is_ours(const TPM2B_NV_PUBLIC *public, uint32_t index)
{
    const TPMS_NV_PUBLIC *nv = &public->nvPublic;

    return nv->nvIndex == index && nv->nameAlg == TPM2_ALG_SHA256 &&
           nv->attributes == (ATTRIBUTES | TPMA_NV_WRITTEN) &&
           nv->authPolicy.size == 0 && nv->dataSize == sizeof(uint64_t);
}

static enum vtpm_status find(struct vtpmmgr_tpm *tpm, const TPM2B_AUTH *auth,
                             uint32_t index, ESYS_TR *nv,
                             struct vtpm_error *err)
{
    TPM2B_NV_PUBLIC *public = NULL;
    bool ours;
    TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, nv);

    if (rc != TSS2_RC_SUCCESS) {
        *nv = ESYS_TR_NONE;
        return vtpmmgr_tpm_is(rc, TPM2_RC_HANDLE)
                   ? gone(index, "is gone", err)
                   : vtpmmgr_tpm_fail(tpm, rc, "cannot read the counter", err);
    }
    rc = Esys_NV_ReadPublic(tpm->esys, *nv, ESYS_TR_NONE, ESYS_TR_NONE,
                            ESYS_TR_NONE, &public, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_close(tpm, nv);
        return vtpmmgr_tpm_fail(tpm, rc, "cannot read the counter", err);
    }
    ours = is_ours(public, index);
    Esys_Free(public);
    if (!ours) {
        vtpmmgr_tpm_close(tpm, nv);
        return gone(index, "is not the one of this store", err);
    }
    (void)Esys_TR_SetAuth(tpm->esys, *nv, auth);
    return VTPM_OK;
}

/* A wrong password means that somebody made another counter there. */
static enum vtpm_status refused(struct vtpmmgr_tpm *tpm, TSS2_RC rc,
                                uint32_t index, const char *what,
                                struct vtpm_error *err)
{
    if (vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_NV_UNINITIALIZED))
        return gone(index, "is not the one of this store", err);
    return vtpmmgr_tpm_fail(tpm, rc, what, err);
}

static TSS2_RC read_value(struct vtpmmgr_tpm *tpm, ESYS_TR nv, ESYS_TR session,
                          uint64_t *value)
{
    TPM2B_MAX_NV_BUFFER *data = NULL;
    TSS2_RC rc = Esys_NV_Read(tpm->esys, nv, nv, session, ESYS_TR_NONE,
                              ESYS_TR_NONE, sizeof *value, 0, &data);

    if (rc == TSS2_RC_SUCCESS && data->size != sizeof *value)
        rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
    if (rc == TSS2_RC_SUCCESS)
        *value = vtpm_get64(data->buffer);
    Esys_Free(data);
    return rc;
}

/* A TPM may limit how often its memory is written. */
static TSS2_RC increment(struct vtpmmgr_tpm *tpm, ESYS_TR nv, ESYS_TR session)
{
    TSS2_RC rc;

    for (unsigned i = 0; i < TRIES; i++) {
        rc = Esys_NV_Increment(tpm->esys, nv, nv, session, ESYS_TR_NONE,
                               ESYS_TR_NONE);
        if (!vtpmmgr_tpm_is(rc, TPM2_RC_NV_RATE) &&
            !vtpmmgr_tpm_is(rc, TPM2_RC_NV_UNAVAILABLE))
            break;
        vtpm_os_sleep_ms(PAUSE_MS);
    }
    return rc;
}

enum vtpm_status vtpmmgr_counter_read(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                      const TPM2B_AUTH *auth, uint32_t index,
                                      uint64_t *value, struct vtpm_error *err)
{
    ESYS_TR nv, session = ESYS_TR_NONE;
    enum vtpm_status status = find(tpm, auth, index, &nv, err);
    TSS2_RC rc;

    if (status != VTPM_OK)
        return status;
    rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_HMAC, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = read_value(tpm, nv, session, value);
    vtpmmgr_tpm_flush(tpm, &session);
    vtpmmgr_tpm_close(tpm, &nv);
    return rc == TSS2_RC_SUCCESS
               ? VTPM_OK
               : refused(tpm, rc, index, "cannot read the counter", err);
}

enum vtpm_status vtpmmgr_counter_raise(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                       const TPM2B_AUTH *auth, uint32_t index,
                                       uint64_t value, struct vtpm_error *err)
{
    ESYS_TR nv, session = ESYS_TR_NONE;
    uint64_t now = 0;
    enum vtpm_status status = find(tpm, auth, index, &nv, err);
    TSS2_RC rc;

    if (status != VTPM_OK)
        return status;
    rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_HMAC, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = read_value(tpm, nv, session, &now);
    if (rc == TSS2_RC_SUCCESS && now < value &&
        value - now > VTPMMGR_COUNTER_STEPS)
        status = vtpm_fail(err, VTPM_EINVAL,
                           "the store is too far ahead of the TPM's counter "
                           "0x%x; restore the store from a backup",
                           index);
    for (; status == VTPM_OK && rc == TSS2_RC_SUCCESS && now < value; now++)
        rc = increment(tpm, nv, session);
    vtpmmgr_tpm_flush(tpm, &session);
    vtpmmgr_tpm_close(tpm, &nv);
    return rc == TSS2_RC_SUCCESS
               ? status
               : refused(tpm, rc, index, "cannot raise the counter", err);
}

static enum vtpm_status owner_failed(struct vtpmmgr_tpm *tpm, TSS2_RC rc,
                                     const char *what, struct vtpm_error *err)
{
    if (vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH))
        tpm->owner_refused = true;
    return vtpmmgr_tpm_fail(tpm, rc, what, err);
}

/* Defines the first index that is free of those from *index to last. */
static TSS2_RC define(struct vtpmmgr_tpm *tpm, const TPM2B_AUTH *auth,
                      ESYS_TR session, uint32_t *index, uint32_t last,
                      ESYS_TR *nv)
{
    TSS2_RC rc;

    vtpmmgr_tpm_encrypt(tpm, session, TPMA_SESSION_DECRYPT);
    for (;; (*index)++) {
        const TPM2B_NV_PUBLIC public = public_of(*index);

        rc = Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_OWNER, session,
                                 ESYS_TR_NONE, ESYS_TR_NONE, auth, &public, nv);
        if (*index == last || !vtpmmgr_tpm_is(rc, TPM2_RC_NV_DEFINED))
            break;
    }
    vtpmmgr_tpm_encrypt(tpm, session, 0);
    if (rc != TSS2_RC_SUCCESS)
        *nv = ESYS_TR_NONE;
    return rc;
}

static enum vtpm_status make(struct vtpmmgr_tpm *tpm, const TPM2B_AUTH *auth,
                             ESYS_TR session, uint32_t *index, uint32_t last,
                             uint64_t *value, struct vtpm_error *err)
{
    ESYS_TR nv;
    TSS2_RC rc;

    (void)Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_OWNER, &tpm->owner_auth);
    rc = define(tpm, auth, session, index, last, &nv);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_NV_DEFINED))
        return vtpm_fail(err, VTPM_EEXISTS,
                         "the TPM's NV index 0x%x is in use; name another "
                         "one, or remove it if nothing needs it: "
                         "tpm2_nvundefine 0x%x",
                         *index, *index);
    if (rc != TSS2_RC_SUCCESS)
        return owner_failed(tpm, rc, "cannot make a counter as the TPM's owner",
                            err);
    (void)Esys_TR_SetAuth(tpm->esys, nv, auth);
    rc = increment(tpm, nv, session);
    if (rc == TSS2_RC_SUCCESS)
        rc = read_value(tpm, nv, session, value);
    if (rc == TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_close(tpm, &nv);
        return VTPM_OK;
    }
    (void)Esys_NV_UndefineSpace(tpm->esys, ESYS_TR_RH_OWNER, nv, session,
                                ESYS_TR_NONE, ESYS_TR_NONE);
    return vtpmmgr_tpm_fail(tpm, rc, "cannot use the new counter", err);
}

enum vtpm_status vtpmmgr_counter_define(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                        const TPM2B_AUTH *auth, uint32_t *index,
                                        uint64_t *value, struct vtpm_error *err)
{
    uint32_t last = *index ? *index : VTPMMGR_COUNTER_LAST;
    ESYS_TR session;
    enum vtpm_status status;
    TSS2_RC rc;

    if (tpm->owner_refused)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the TPM has refused the owner's password; name the "
                         "file that has the right one");
    if (last < OWNER_FIRST || last > OWNER_LAST)
        return vtpm_fail(err, VTPM_EINVAL,
                         "the NV index 0x%x is not one of the owner's; name "
                         "one from 0x%x to 0x%x",
                         last, OWNER_FIRST, OWNER_LAST);
    if (*index == 0)
        *index = VTPMMGR_COUNTER_FIRST;
    rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_HMAC, &session);
    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(tpm, rc, "cannot start a session", err);
    status = make(tpm, auth, session, index, last, value, err);
    vtpmmgr_tpm_flush(tpm, &session);
    return status;
}

enum vtpm_status vtpmmgr_counter_undefine(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                                          uint32_t index,
                                          struct vtpm_error *err)
{
    ESYS_TR nv = ESYS_TR_NONE, session = ESYS_TR_NONE;
    TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, &nv);

    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_is(rc, TPM2_RC_HANDLE)
                   ? VTPM_OK
                   : vtpmmgr_tpm_fail(tpm, rc, "cannot read the counter", err);
    (void)Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_OWNER, &tpm->owner_auth);
    rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_HMAC, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_NV_UndefineSpace(tpm->esys, ESYS_TR_RH_OWNER, nv, session,
                                   ESYS_TR_NONE, ESYS_TR_NONE);
    if (rc != TSS2_RC_SUCCESS)
        vtpmmgr_tpm_close(tpm, &nv);
    vtpmmgr_tpm_flush(tpm, &session);
    return rc == TSS2_RC_SUCCESS
               ? VTPM_OK
               : owner_failed(tpm, rc,
                              "cannot remove the counter as the TPM's owner",
                              err);
}
