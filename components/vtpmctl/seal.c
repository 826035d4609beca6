/* SPDX-License-Identifier: MIT */
/* seal status, seal request: to what the root key of a store is sealed, and the
 * state that this machine is in. */
#include "approval.h"
#include "authority.h"
#include "command.h"
#include "output.h"
#include "root_envelope.h"
#include "root_open.h"
#include "store.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

static const struct ctl_column fields[] = {
    {"root", "root"},
    {"parent", "storage parent"},
    {"counter", "counter"},
    {"pcrs", "PCRs"},
    {"label", "label"},
    {"approved_by", "approved by"},
    {"approvals", "approvals"},
    {"opens", "opens now"},
    {"differing", "differing PCRs"},
    {NULL, NULL},
};

static void add_hex32(struct json_object *object, const char *key,
                      uint32_t value)
{
    char text[16];

    (void)snprintf(text, sizeof text, "0x%08x", (unsigned)value);
    ctl_add_text(object, key, text);
}

static void add_values(struct json_object *object, const char *key,
                       const struct vtpmmgr_pcrs *pcrs)
{
    struct json_object *values = json_object_new_object();

    for (unsigned n = 0; n < VTPMMGR_PCRS; n++) {
        char name[16], text[2 * VTPMMGR_PCR_MAX + 1];

        if (!(pcrs->mask & 1u << n))
            continue;
        (void)snprintf(name, sizeof name, "%u", n);
        ctl_hex(pcrs->value[n], vtpmmgr_bank_size(pcrs->bank), text,
                sizeof text);
        ctl_add_text(values, name, text);
    }
    json_object_object_add(object, key, values);
}

/* SHA-256 of the key, as openssl pkey -pubin -outform DER | sha256sum. */
static void add_agent(struct json_object *object, const TPMT_PUBLIC *agent)
{
    EVP_PKEY *key = vtpmmgr_authority_key(agent);
    unsigned char *der = NULL, digest[VTPM_SHA256_SIZE];
    char text[2 * VTPM_SHA256_SIZE + 1];
    int len = key ? i2d_PUBKEY(key, &der) : -1;

    if (len > 0 &&
        EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1) {
        ctl_hex(digest, sizeof digest, text, sizeof text);
        ctl_add_text(object, "approved_by", text);
    }
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static void add_envelope(struct json_object *object,
                         const struct vtpmmgr_root_envelope *envelope)
{
    char text[80];

    ctl_add_text(object, "root", "tpm");
    add_hex32(object, "parent", envelope->parent);
    if (envelope->counter)
        add_hex32(object, "counter", envelope->counter);
    else
        ctl_add_text(object, "counter", "");
    vtpmmgr_pcrs_print(&envelope->pcrs, text, sizeof text);
    ctl_add_text(object, "pcrs", text);
    add_values(object, "values", &envelope->pcrs);
    if (!vtpmmgr_envelope_approved(envelope))
        return;
    ctl_clean(envelope->label.buffer, envelope->label.size, text, sizeof text);
    ctl_add_text(object, "label", text);
    add_agent(object, &envelope->agent.publicArea);
}

/* ---- what the folder with approvals says ---- */

/* Signed by the agent of this envelope, for its label. */
static bool is_genuine(const struct vtpmmgr_root_envelope *envelope,
                       const struct vtpmmgr_approval *approval)
{
    uint8_t message[sizeof(TPM2B_DIGEST) + sizeof(TPM2B_NONCE)];
    size_t len = approval->policy.size;
    EVP_PKEY *key = vtpmmgr_authority_key(&envelope->agent.publicArea);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok;

    memcpy(message, approval->policy.buffer, len);
    memcpy(message + len, envelope->label.buffer, envelope->label.size);
    len += envelope->label.size;
    ok = key && ctx && approval->signature_len > 0 &&
         approval->label.size == envelope->label.size &&
         memcmp(approval->label.buffer, envelope->label.buffer,
                envelope->label.size) == 0 &&
         EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(ctx, approval->signature, approval->signature_len,
                          message, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

/* Approvals that count. */
static enum vtpm_status
read_approvals(const struct ctl_args *args,
               const struct vtpmmgr_root_envelope *envelope,
               struct vtpmmgr_approvals *all, struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpmmgr_approvals_read(ctl_value(args, "approvals"), all, err);
    size_t kept = 0;

    for (size_t i = 0; status == VTPM_OK && i < all->count; i++)
        if (is_genuine(envelope, &all->at[i]))
            all->at[kept++] = all->at[i];
    if (status == VTPM_OK)
        all->count = kept;
    return status;
}

/* ---- the state of the machine ---- */

/* Its values of these PCRs, from the TPM that --root names. */
static enum vtpm_status state_of(const struct ctl_args *args, const char *pcrs,
                                 const char *label,
                                 struct vtpmmgr_approval *now,
                                 struct vtpm_error *err)
{
    const char *name = ctl_value(args, "root");
    const struct vtpmmgr_root_tpm_options options = {.pcrs = pcrs,
                                                     .label = label};
    struct vtpmmgr_opened_root opened;
    enum vtpm_status status;

    if (!vtpmmgr_root_is_tpm(name))
        return vtpm_fail(err, VTPM_EINVAL,
                         "only a hardware TPM has a state: name --root "
                         "tpm:TCTI");
    status = vtpmmgr_root_open(&opened, name, &options, err);
    if (status != VTPM_OK)
        return status;
    status = vtpmmgr_root_tpm_request(opened.root, now, err);
    vtpmmgr_root_shut(&opened);
    return status;
}

static bool is_state(const struct vtpmmgr_pcrs *wanted,
                     const struct vtpmmgr_pcrs *now)
{
    return wanted->bank == now->bank && wanted->mask == now->mask &&
           vtpmmgr_pcrs_differ(wanted, now) == 0;
}

/* Approvals may be of other PCRs than those that were sealed to. */
static enum vtpm_status is_approved(const struct ctl_args *args,
                                    const struct vtpmmgr_approvals *all,
                                    bool *approved, struct vtpm_error *err)
{
    *approved = false;
    for (size_t i = 0; i < all->count && !*approved; i++) {
        struct vtpmmgr_approval now;
        char pcrs[80];
        enum vtpm_status status;

        vtpmmgr_pcrs_print(&all->at[i].pcrs, pcrs, sizeof pcrs);
        status = state_of(args, pcrs, NULL, &now, err);
        if (status != VTPM_OK)
            return status;
        *approved = is_state(&all->at[i].pcrs, &now.pcrs);
    }
    return VTPM_OK;
}

static enum vtpm_status add_state(const struct ctl_args *args,
                                  const struct vtpmmgr_root_envelope *envelope,
                                  const struct vtpmmgr_approvals *all,
                                  struct json_object *object,
                                  struct vtpm_error *err)
{
    struct vtpmmgr_approval now;
    char text[120];
    bool approved = false, as_sealed;
    enum vtpm_status status;

    vtpmmgr_pcrs_print(&envelope->pcrs, text, sizeof text);
    status = state_of(args, text, NULL, &now, err);
    if (status == VTPM_OK)
        status = is_approved(args, all, &approved, err);
    if (status != VTPM_OK)
        return status;
    as_sealed = is_state(&envelope->pcrs, &now.pcrs);
    /* with an agent, the state at the time counts only if it was approved */
    ctl_add_bool(object, "opens",
                 approved ||
                     (as_sealed && !vtpmmgr_envelope_approved(envelope)));
    if (!as_sealed) {
        vtpmmgr_mask_print(vtpmmgr_pcrs_differ(&envelope->pcrs, &now.pcrs),
                           text, sizeof text);
        ctl_add_text(object, "differing", text);
    }
    add_values(object, "values_now", &now.pcrs);
    return VTPM_OK;
}

static enum vtpm_status describe(const struct ctl_args *args,
                                 struct json_object *object,
                                 struct vtpm_error *err)
{
    struct vtpmmgr_envelope bytes;
    struct vtpmmgr_root_envelope envelope;
    struct vtpmmgr_approvals all = {0};
    enum vtpm_status status =
        vtpmmgr_envelope_read(args->operand[0], bytes.at, &bytes.len, err);

    if (status != VTPM_OK)
        return status;
    if (bytes.len >= 8 && memcmp(bytes.at, "VTPMKEYF", 8) == 0) {
        ctl_add_text(object, "root", "key-file");
        return VTPM_OK;
    }
    status = vtpmmgr_envelope_decode(&bytes, &envelope, err);
    if (status != VTPM_OK)
        return status;
    add_envelope(object, &envelope);
    status = read_approvals(args, &envelope, &all, err);
    if (status == VTPM_OK && ctl_value(args, "approvals"))
        ctl_add_number(object, "approvals", all.count);
    if (status == VTPM_OK && ctl_value(args, "root"))
        status = add_state(args, &envelope, &all, object, err);
    vtpmmgr_approvals_free(&all);
    return status;
}

enum ctl_code ctl_seal_status(const struct ctl_args *args,
                              struct vtpm_error *err)
{
    struct json_object *object = json_object_new_object();
    enum vtpm_status status = describe(args, object, err);

    if (status == VTPM_OK)
        return ctl_print(args, object, fields, err);
    json_object_put(object);
    return ctl_code_of(status);
}

enum ctl_code ctl_seal_request(const struct ctl_args *args,
                               struct vtpm_error *err)
{
    struct vtpmmgr_approval now;
    char text[VTPMMGR_APPROVAL_MAX];

    if (!ctl_value(args, "root"))
        return ctl_mistake(err, "--root is missing: which TPM");
    if (state_of(args, ctl_value(args, "pcrs"), ctl_value(args, "label"), &now,
                 err) != VTPM_OK)
        return CTL_FAILED;
    if (vtpmmgr_approval_print(&now, text) == 0)
        return ctl_fail(err, CTL_FAILED, "too many PCRs for an approval");
    fputs(text, stdout);
    return CTL_OK;
}
