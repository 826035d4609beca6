/* SPDX-License-Identifier: MIT */
#include "tpm_nv.h"

#include "tpm_counter.h"

#include <string.h>

#define OWNER_FIRST 0x01800000u
#define OWNER_LAST 0x01bfffffu
#define TCG_FIRST 0x01c00000u
#define TCG_LAST 0x01c07fffu
/* What every TPM takes at a time. */
#define STEP 512u

static bool is_owners(uint32_t index)
{
    return index >= OWNER_FIRST && index <= OWNER_LAST &&
           (index < VTPMMGR_COUNTER_FIRST || index > VTPMMGR_COUNTER_LAST);
}

static enum vtpm_status not_ours(uint32_t index, struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EINVAL,
                     "the NV index 0x%x is not for this; use one from 0x%x to "
                     "0x%x, without those from 0x%x to 0x%x",
                     index, OWNER_FIRST, OWNER_LAST, VTPMMGR_COUNTER_FIRST,
                     VTPMMGR_COUNTER_LAST);
}

/* A session salted with the storage parent, if the TPM has it. */
static TSS2_RC begin(struct vtpmmgr_tpm *tpm, ESYS_TR *session)
{
    struct vtpm_error err;
    ESYS_TR parent;
    TSS2_RC rc;

    *session = ESYS_TR_NONE;
    if (vtpmmgr_tpm_parent_find(tpm, NULL, &parent, &err) != VTPM_OK)
        return TPM2_RC_HANDLE;
    (void)Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_OWNER, &tpm->owner_auth);
    rc = vtpmmgr_tpm_session(tpm, parent, TPM2_SE_HMAC, session);
    vtpmmgr_tpm_close(tpm, &parent);
    return rc;
}

static enum vtpm_status answer(struct vtpmmgr_tpm *tpm, TSS2_RC rc,
                               uint32_t index, struct vtpm_error *err)
{
    if (rc == TSS2_RC_SUCCESS)
        return VTPM_OK;
    if (vtpmmgr_tpm_is(rc, TPM2_RC_HANDLE) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_NV_UNINITIALIZED))
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "there is no NV index 0x%x, or nothing in it", index);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_NV_DEFINED))
        return vtpm_fail(err, VTPM_EEXISTS, "the NV index 0x%x is in use",
                         index);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_NV_RANGE) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_SIZE) || vtpmmgr_tpm_is(rc, TPM2_RC_VALUE))
        return vtpm_fail(err, VTPM_EINVAL, "the NV index 0x%x is shorter",
                         index);
    tpm->owner_refused = tpm->owner_refused ||
                         vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) ||
                         vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL);
    return vtpmmgr_tpm_fail(tpm, rc, "cannot use the TPM's NV memory", err);
}

static enum vtpm_status ready(struct vtpmmgr_tpm *tpm, struct vtpm_error *err)
{
    if (tpm->owner_refused)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the TPM has refused the owner's password; name the "
                         "file that has the right one");
    return vtpmmgr_tpm_connect(tpm, err);
}

/* Reads from an index as its owner, or as itself. */
static TSS2_RC read_part(struct vtpmmgr_tpm *tpm, ESYS_TR as, ESYS_TR nv,
                         ESYS_TR session, uint32_t offset, uint8_t *bytes,
                         size_t len)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    for (size_t at = 0; at < len && rc == TSS2_RC_SUCCESS;) {
        UINT16 step = (UINT16)(len - at < STEP ? len - at : STEP);
        TPM2B_MAX_NV_BUFFER *data = NULL;

        rc = Esys_NV_Read(tpm->esys, as, nv, session, ESYS_TR_NONE,
                          ESYS_TR_NONE, step, (UINT16)(offset + at), &data);
        if (rc == TSS2_RC_SUCCESS && data->size != step)
            rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
        if (rc == TSS2_RC_SUCCESS)
            memcpy(bytes + at, data->buffer, step);
        Esys_Free(data);
        at += step;
    }
    return rc;
}

TSS2_RC vtpmmgr_nv_read_all(struct vtpmmgr_tpm *tpm, uint32_t index,
                            uint8_t *bytes, size_t room, size_t *len)
{
    TPM2B_NV_PUBLIC *public = NULL;
    ESYS_TR nv = ESYS_TR_NONE;
    size_t size = 0;
    TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, &nv);

    *len = 0;
    if (vtpmmgr_tpm_is(rc, TPM2_RC_HANDLE))
        return TSS2_RC_SUCCESS;
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    rc = Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE,
                            ESYS_TR_NONE, &public, NULL);
    if (rc == TSS2_RC_SUCCESS &&
        (public->nvPublic.attributes & TPMA_NV_WRITTEN) != 0 &&
        (public->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0 &&
        public->nvPublic.dataSize <= room)
        size = public->nvPublic.dataSize;
    Esys_Free(public);
    if (rc == TSS2_RC_SUCCESS)
        rc = read_part(tpm, nv, nv, ESYS_TR_PASSWORD, 0, bytes, size);
    vtpmmgr_tpm_close(tpm, &nv);
    if (rc == TSS2_RC_SUCCESS)
        *len = size;
    return rc;
}

enum vtpm_status vtpmmgr_nv_define(struct vtpmmgr_tpm *tpm, uint32_t index,
                                   uint32_t size, uint32_t attributes,
                                   struct vtpm_error *err)
{
    const uint32_t needed = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE;
    const uint32_t may = needed | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
    TPM2B_NV_PUBLIC public = {
        .nvPublic = {.nvIndex = index, .nameAlg = TPM2_ALG_SHA256}};
    const TPM2B_AUTH none = {0};
    ESYS_TR session, nv = ESYS_TR_NONE;
    enum vtpm_status status;
    TSS2_RC rc;

    if (attributes == 0)
        attributes = needed | TPMA_NV_NO_DA;
    if (!is_owners(index))
        return not_ours(index, err);
    if (size == 0 || size > VTPMMGR_NV_MAX || (attributes & ~may) != 0 ||
        (attributes & needed) != needed)
        return vtpm_fail(err, VTPM_EINVAL,
                         "an NV index has 1 to %u bytes, and is the owner's to "
                         "read and to write",
                         VTPMMGR_NV_MAX);
    status = ready(tpm, err);
    if (status != VTPM_OK)
        return status;
    public.nvPublic.attributes = attributes;
    public.nvPublic.dataSize = (UINT16)size;
    rc = begin(tpm, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_OWNER, session,
                                 ESYS_TR_NONE, ESYS_TR_NONE, &none, &public,
                                 &nv);
    if (rc == TSS2_RC_SUCCESS)
        vtpmmgr_tpm_close(tpm, &nv);
    vtpmmgr_tpm_flush(tpm, &session);
    return answer(tpm, rc, index, err);
}

static TSS2_RC write_part(struct vtpmmgr_tpm *tpm, ESYS_TR nv, ESYS_TR session,
                          uint32_t offset, struct vtpm_bytes bytes)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    for (size_t at = 0; at < bytes.len && rc == TSS2_RC_SUCCESS;) {
        size_t step = bytes.len - at < STEP ? bytes.len - at : STEP;
        TPM2B_MAX_NV_BUFFER data = {.size = (UINT16)step};

        memcpy(data.buffer, bytes.at + at, step);
        rc = Esys_NV_Write(tpm->esys, ESYS_TR_RH_OWNER, nv, session,
                           ESYS_TR_NONE, ESYS_TR_NONE, &data,
                           (UINT16)(offset + at));
        at += step;
    }
    return rc;
}

/* An index in use, with a session of the owner's that encrypts. */
struct use {
    struct vtpmmgr_tpm *tpm;
    uint32_t index;
    ESYS_TR nv, session;
};

/* @param flags what the session encrypts
 * @return VTPM_OK: to be ended with end_use() */
static enum vtpm_status begin_use(struct use *use, TPMA_SESSION flags,
                                  struct vtpm_error *err)
{
    struct vtpmmgr_tpm *tpm = use->tpm;
    enum vtpm_status status = ready(tpm, err);
    TSS2_RC rc;

    if (status != VTPM_OK)
        return status;
    rc = Esys_TR_FromTPMPublic(tpm->esys, use->index, ESYS_TR_NONE,
                               ESYS_TR_NONE, ESYS_TR_NONE, &use->nv);
    if (rc != TSS2_RC_SUCCESS)
        return answer(tpm, rc, use->index, err);
    rc = begin(tpm, &use->session);
    if (rc == TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_encrypt(tpm, use->session, flags);
        return VTPM_OK;
    }
    vtpmmgr_tpm_close(tpm, &use->nv);
    return answer(tpm, rc, use->index, err);
}

static enum vtpm_status end_use(struct use *use, TSS2_RC rc,
                                struct vtpm_error *err)
{
    vtpmmgr_tpm_flush(use->tpm, &use->session);
    vtpmmgr_tpm_close(use->tpm, &use->nv);
    return answer(use->tpm, rc, use->index, err);
}

static enum vtpm_status check_range(uint32_t index, uint32_t offset, size_t len,
                                    struct vtpm_error *err)
{
    if (offset <= VTPMMGR_NV_MAX && len <= VTPMMGR_NV_MAX - offset)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EINVAL, "the NV index 0x%x is shorter", index);
}

enum vtpm_status vtpmmgr_nv_write(struct vtpmmgr_tpm *tpm, uint32_t index,
                                  uint32_t offset, struct vtpm_bytes bytes,
                                  struct vtpm_error *err)
{
    struct use use = {tpm, index, ESYS_TR_NONE, ESYS_TR_NONE};
    enum vtpm_status status;

    if (!is_owners(index))
        return not_ours(index, err);
    status = check_range(index, offset, bytes.len, err);
    if (status == VTPM_OK)
        status = begin_use(&use, TPMA_SESSION_DECRYPT, err);
    if (status != VTPM_OK)
        return status;
    return end_use(&use, write_part(tpm, use.nv, use.session, offset, bytes),
                   err);
}

enum vtpm_status vtpmmgr_nv_read(struct vtpmmgr_tpm *tpm, uint32_t index,
                                 uint32_t offset, uint8_t *bytes, size_t len,
                                 struct vtpm_error *err)
{
    const bool tcg = index >= TCG_FIRST && index <= TCG_LAST;
    struct use use = {tpm, index, ESYS_TR_NONE, ESYS_TR_NONE};
    enum vtpm_status status;

    if (!tcg && !is_owners(index))
        return not_ours(index, err);
    status = check_range(index, offset, len, err);
    if (status == VTPM_OK)
        status = begin_use(&use, TPMA_SESSION_ENCRYPT, err);
    if (status != VTPM_OK)
        return status;
    return end_use(&use,
                   read_part(tpm, ESYS_TR_RH_OWNER, use.nv, use.session, offset,
                             bytes, len),
                   err);
}
