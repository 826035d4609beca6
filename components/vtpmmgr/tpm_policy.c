/* SPDX-License-Identifier: MIT */
#include "tpm_policy.h"

#include "authority.h"

#include <string.h>

static enum vtpm_status no_bank(const struct vtpmmgr_pcrs *pcrs,
                                struct vtpm_error *err)
{
    char text[96];

    vtpmmgr_pcrs_print(pcrs, text, sizeof text);
    return vtpm_fail(err, VTPM_EUNSUPPORTED,
                     "the TPM does not have PCRs %s; choose others: "
                     "tpm2_getcap pcrs shows what it has",
                     text);
}

/* Takes the values that came; a TPM gives eight or so at a time. */
static uint32_t take(struct vtpmmgr_pcrs *pcrs,
                     const TPML_PCR_SELECTION *selection,
                     const TPML_DIGEST *values)
{
    const TPMS_PCR_SELECTION *got = &selection->pcrSelections[0];
    size_t size = vtpmmgr_bank_size(pcrs->bank);
    uint32_t taken = 0;
    UINT32 next = 0;

    if (selection->count != 1 || got->hash != pcrs->bank ||
        got->sizeofSelect > VTPMMGR_PCRS / 8)
        return 0;
    for (unsigned i = 0; i < 8u * got->sizeofSelect; i++) {
        if ((got->pcrSelect[i / 8] >> (i % 8) & 1) == 0)
            continue;
        if (next >= values->count || values->digests[next].size != size)
            return 0;
        memcpy(pcrs->value[i], values->digests[next++].buffer, size);
        taken |= (uint32_t)1 << i;
    }
    return next == values->count ? taken : 0;
}

enum vtpm_status vtpmmgr_pcrs_read(struct vtpmmgr_tpm *tpm,
                                   struct vtpmmgr_pcrs *pcrs,
                                   struct vtpm_error *err)
{
    struct vtpmmgr_pcrs left = *pcrs;

    while (left.mask != 0) {
        TPML_PCR_SELECTION selection, *got = NULL;
        TPML_DIGEST *values = NULL;
        uint32_t taken;
        TSS2_RC rc;

        vtpmmgr_pcrs_select(&left, &selection);
        rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           &selection, NULL, &got, &values);
        if (vtpmmgr_tpm_is(rc, TPM2_RC_HASH) ||
            vtpmmgr_tpm_is(rc, TPM2_RC_VALUE))
            return no_bank(pcrs, err);
        if (rc != TSS2_RC_SUCCESS)
            return vtpmmgr_tpm_fail(tpm, rc, "cannot read PCRs", err);
        taken = take(pcrs, got, values) & left.mask;
        Esys_Free(got);
        Esys_Free(values);
        if (taken == 0)
            return no_bank(pcrs, err);
        left.mask &= ~taken;
    }
    return VTPM_OK;
}

static enum vtpm_status other_state(uint32_t differ,
                                    const struct vtpmmgr_root_envelope *sealed,
                                    const struct vtpmmgr_approvals *all,
                                    struct vtpm_error *err)
{
    char text[80];

    vtpmmgr_mask_print(differ, text, sizeof text);
    if (!vtpmmgr_envelope_approved(sealed))
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the platform is in another state than the root key "
                         "was sealed for: %s PCR %s changed; boot what it was "
                         "sealed for, or restore a backup",
                         vtpmmgr_bank_name(sealed->pcrs.bank), text);
    return vtpm_fail(err, VTPM_EREFUSED,
                     "no approval for the platform's state: %s PCR %s changed "
                     "since sealing, %zu approvals read, %zu unreadable; have "
                     "this state approved for '%.*s', or boot an approved one",
                     vtpmmgr_bank_name(sealed->pcrs.bank),
                     differ ? text : "none", all->count, all->bad,
                     (int)sealed->label.size,
                     (const char *)sealed->label.buffer);
}

static enum vtpm_status demand(struct vtpmmgr_tpm *tpm, ESYS_TR session,
                               const struct vtpmmgr_pcrs *pcrs,
                               struct vtpm_error *err)
{
    TPML_PCR_SELECTION selection;
    TPM2B_DIGEST digest;
    TSS2_RC rc;

    if (!vtpmmgr_pcrs_digest(pcrs, &digest))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    vtpmmgr_pcrs_select(pcrs, &selection);
    rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
                        ESYS_TR_NONE, &digest, &selection);
    if (vtpmmgr_tpm_is(rc, TPM2_RC_VALUE))
        return vtpm_fail(err, VTPM_EREFUSED,
                         "a PCR changed in the middle of it; try again");
    return rc == TSS2_RC_SUCCESS
               ? VTPM_OK
               : vtpmmgr_tpm_fail(tpm, rc, "cannot show the platform's state",
                                  err);
}

/* The TPM's word that the agent signed an approval. */
static TSS2_RC verify(struct vtpmmgr_tpm *tpm, const TPM2B_PUBLIC *agent,
                      const struct vtpmmgr_approval *approval, TPM2B_NAME *name,
                      TPMT_TK_VERIFIED *ticket)
{
    uint8_t
        message[sizeof approval->policy.buffer + sizeof approval->label.buffer];
    size_t len = approval->policy.size + (size_t)approval->label.size;
    TPM2B_DIGEST digest = {.size = VTPM_SHA256_SIZE};
    TPMT_TK_VERIFIED *got = NULL;
    TPMT_SIGNATURE signature;
    ESYS_TR key;
    TSS2_RC rc;

    memcpy(message, approval->policy.buffer, approval->policy.size);
    memcpy(message + approval->policy.size, approval->label.buffer,
           approval->label.size);
    if (EVP_Digest(message, len, digest.buffer, NULL, EVP_sha256(), NULL) !=
            1 ||
        !vtpmmgr_tpm_name(&agent->publicArea, name) ||
        !vtpmmgr_authority_signature(&agent->publicArea, approval->signature,
                                     approval->signature_len, &signature))
        return TPM2_RC_SIGNATURE;
    rc = Esys_LoadExternal(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           NULL, agent, ESYS_TR_RH_OWNER, &key);
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    rc = Esys_VerifySignature(tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, &digest, &signature, &got);
    if (rc == TSS2_RC_SUCCESS)
        *ticket = *got;
    Esys_Free(got);
    vtpmmgr_tpm_flush(tpm, &key);
    return rc;
}

static bool is_forged(TSS2_RC rc)
{
    return vtpmmgr_tpm_is(rc, TPM2_RC_SIGNATURE) ||
           vtpmmgr_tpm_is(rc, TPM2_RC_VALUE) ||
           vtpmmgr_tpm_is(rc, TPM2_RC_SIZE) ||
           vtpmmgr_tpm_is(rc, TPM2_RC_ECC_POINT);
}

/* Tries one; *used says whether it was any good. */
static enum vtpm_status authorize(struct vtpmmgr_tpm *tpm, ESYS_TR session,
                                  const struct vtpmmgr_root_envelope *envelope,
                                  const struct vtpmmgr_approval *approval,
                                  bool *used, struct vtpm_error *err)
{
    TPMT_TK_VERIFIED ticket;
    TPM2B_NAME name;
    enum vtpm_status status;
    TSS2_RC rc = verify(tpm, &envelope->agent, approval, &name, &ticket);

    *used = false;
    if (is_forged(rc))
        return VTPM_OK;
    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(tpm, rc, "cannot verify an approval", err);
    status = demand(tpm, session, &approval->pcrs, err);
    if (status != VTPM_OK)
        return status;
    rc = Esys_PolicyAuthorize(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, &approval->policy, &approval->label,
                              &name, &ticket);
    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(tpm, rc, "cannot use an approval", err);
    *used = true;
    return VTPM_OK;
}

/* Whether an approval is for this store and for the state as it is. */
static enum vtpm_status fits(struct vtpmmgr_tpm *tpm,
                             const struct vtpmmgr_root_envelope *envelope,
                             const struct vtpmmgr_approval *approval, bool *fit,
                             struct vtpm_error *err)
{
    struct vtpmmgr_pcrs now = approval->pcrs;
    enum vtpm_status status;

    *fit = false;
    if (approval->signature_len == 0 ||
        approval->label.size != envelope->label.size ||
        memcmp(approval->label.buffer, envelope->label.buffer,
               approval->label.size) != 0)
        return VTPM_OK;
    status = vtpmmgr_pcrs_read(tpm, &now, err);
    if (status == VTPM_EUNSUPPORTED)
        return VTPM_OK; /* of another machine */
    *fit = status == VTPM_OK && vtpmmgr_pcrs_differ(&now, &approval->pcrs) == 0;
    return status;
}

static enum vtpm_status
find_approval(struct vtpmmgr_tpm *tpm, ESYS_TR session,
              const struct vtpmmgr_root_envelope *envelope,
              const struct vtpmmgr_approvals *all, bool *found,
              struct vtpm_error *err)
{
    *found = false;
    for (size_t i = 0; i < all->count && !*found; i++) {
        bool fit;
        enum vtpm_status status = fits(tpm, envelope, &all->at[i], &fit, err);

        if (status == VTPM_OK && fit)
            status = authorize(tpm, session, envelope, &all->at[i], found, err);
        if (status != VTPM_OK)
            return status;
    }
    return VTPM_OK;
}

static enum vtpm_status satisfy(struct vtpmmgr_tpm *tpm,
                                const struct vtpmmgr_root_envelope *envelope,
                                const struct vtpmmgr_approvals *all,
                                ESYS_TR session, struct vtpm_error *err)
{
    struct vtpmmgr_pcrs now = envelope->pcrs;
    bool found;
    enum vtpm_status status = vtpmmgr_pcrs_read(tpm, &now, err);
    uint32_t differ;

    if (status != VTPM_OK)
        return status;
    differ = vtpmmgr_pcrs_differ(&now, &envelope->pcrs);
    if (!vtpmmgr_envelope_approved(envelope))
        return differ ? other_state(differ, envelope, all, err)
                      : demand(tpm, session, &now, err);
    status = find_approval(tpm, session, envelope, all, &found, err);
    if (status == VTPM_OK && !found)
        status = other_state(differ, envelope, all, err);
    return status;
}

enum vtpm_status
vtpmmgr_policy_satisfy(struct vtpmmgr_tpm *tpm, ESYS_TR salt,
                       const struct vtpmmgr_root_envelope *envelope,
                       const char *folder, ESYS_TR *session,
                       struct vtpm_error *err)
{
    struct vtpmmgr_approvals all = {NULL, 0, 0};
    enum vtpm_status status = VTPM_OK;
    TSS2_RC rc;

    *session = ESYS_TR_NONE;
    if (vtpmmgr_envelope_approved(envelope))
        status = vtpmmgr_approvals_read(folder, &all, err);
    if (status != VTPM_OK)
        return status;
    rc = vtpmmgr_tpm_session(tpm, salt, TPM2_SE_POLICY, session);
    status = rc == TSS2_RC_SUCCESS
                 ? satisfy(tpm, envelope, &all, *session, err)
                 : vtpmmgr_tpm_fail(tpm, rc, "cannot start a session", err);
    if (status != VTPM_OK)
        vtpmmgr_tpm_flush(tpm, session);
    vtpmmgr_approvals_free(&all);
    return status;
}
