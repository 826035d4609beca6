/* SPDX-License-Identifier: MIT */
#include "root_tpm.h"

#include "authority.h"
#include "root_envelope.h"
#include "tpm_counter.h"
#include "tpm_policy.h"

#include <stdlib.h>
#include <string.h>

struct root_tpm {
    struct vtpmmgr_root root; /* first: see root.h */
    struct vtpmmgr_tpm tpm;
    struct vtpmmgr_pcrs pcrs; /* without values */
    TPM2B_PUBLIC agent;       /* type 0: none */
    TPM2B_NONCE label;
    char *label_text;
    char *approvals;
    enum vtpmmgr_tpm_template parent;
    bool no_counter, ignore_counter;
    uint32_t counter_index;
    /* of the envelope that was opened or made last */
    bool has;
    TPM2B_NAME parent_name;
    uint32_t counter;
    TPM2B_AUTH counter_auth;
};

static struct root_tpm *of(struct vtpmmgr_root *root)
{
    return (struct root_tpm *)root;
}

/* A password that the TPM refused once is not tried again. */
static enum vtpm_status failed(struct root_tpm *self, TSS2_RC rc,
                               const char *what, struct vtpm_error *err)
{
    if (vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) ||
        vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL))
        self->tpm.parent_refused = true;
    return vtpmmgr_tpm_fail(&self->tpm, rc, what, err);
}

static bool policy_of(const struct vtpmmgr_root_envelope *envelope,
                      TPM2B_DIGEST *policy)
{
    TPM2B_NAME name;

    if (!vtpmmgr_envelope_approved(envelope))
        return vtpmmgr_policy_pcr(&envelope->pcrs, policy);
    return vtpmmgr_tpm_name(&envelope->agent.publicArea, &name) &&
           vtpmmgr_policy_authorize(&name, &envelope->label, policy);
}

/* The TPM seals the key; it goes there encrypted. */
static enum vtpm_status seal(struct root_tpm *self, ESYS_TR parent,
                             const uint8_t key[VTPM_KEY_SIZE],
                             struct vtpmmgr_root_envelope *envelope,
                             struct vtpm_error *err)
{
    TPM2B_PUBLIC public = {
        .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM |
                                           TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_NODA}};
    TPM2B_SENSITIVE_CREATE secret = {
        .sensitive = {.data = {.size = VTPM_KEY_SIZE}}};
    const TPM2B_DATA none = {0};
    const TPML_PCR_SELECTION nothing = {0};
    TPM2B_PRIVATE *out_private = NULL;
    TPM2B_PUBLIC *out_public = NULL;
    ESYS_TR session;
    TSS2_RC rc;

    public.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    if (!policy_of(envelope, &public.publicArea.authPolicy))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    memcpy(secret.sensitive.data.buffer, key, VTPM_KEY_SIZE);
    rc = vtpmmgr_tpm_session(&self->tpm, parent, TPM2_SE_HMAC, &session);
    if (rc == TSS2_RC_SUCCESS) {
        vtpmmgr_tpm_encrypt(&self->tpm, session, TPMA_SESSION_DECRYPT);
        rc = Esys_Create(self->tpm.esys, parent, session, ESYS_TR_NONE,
                         ESYS_TR_NONE, &secret, &public, &none, &nothing,
                         &out_private, &out_public, NULL, NULL, NULL);
    }
    vtpm_cleanse(&secret, sizeof secret);
    vtpmmgr_tpm_flush(&self->tpm, &session);
    if (rc != TSS2_RC_SUCCESS)
        return failed(self, rc, "cannot seal the root key", err);
    envelope->public = *out_public;
    envelope->secret = *out_private;
    Esys_Free(out_public);
    Esys_Free(out_private);
    return VTPM_OK;
}

/* What a TPM says of a sealed object that is not one of this parent. */
static bool is_damaged(TSS2_RC rc)
{
    return (rc & TSS2_RC_LAYER_MASK) == 0 && (rc & TPM2_RC_FMT1) != 0 &&
           !vtpmmgr_tpm_is(rc, TPM2_RC_BAD_AUTH) &&
           !vtpmmgr_tpm_is(rc, TPM2_RC_AUTH_FAIL);
}

static TSS2_RC load(struct root_tpm *self, ESYS_TR parent,
                    const struct vtpmmgr_root_envelope *envelope,
                    ESYS_TR *object)
{
    ESYS_TR session;
    TSS2_RC rc =
        vtpmmgr_tpm_session(&self->tpm, parent, TPM2_SE_HMAC, &session);

    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Load(self->tpm.esys, parent, session, ESYS_TR_NONE,
                       ESYS_TR_NONE, &envelope->secret, &envelope->public,
                       object);
    vtpmmgr_tpm_flush(&self->tpm, &session);
    return rc;
}

/* The TPM gives the key out; it comes encrypted. */
static enum vtpm_status take_out(struct root_tpm *self, ESYS_TR parent,
                                 const struct vtpmmgr_root_envelope *envelope,
                                 ESYS_TR policy, uint8_t key[VTPM_KEY_SIZE],
                                 struct vtpm_error *err)
{
    ESYS_TR object = ESYS_TR_NONE;
    TPM2B_SENSITIVE_DATA *data = NULL;
    enum vtpm_status status = VTPM_OK;
    TSS2_RC rc = load(self, parent, envelope, &object);

    if (is_damaged(rc))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the TPM does not take the sealed root key; "
                         "restore the store from a backup");
    if (rc != TSS2_RC_SUCCESS)
        return failed(self, rc, "cannot load the sealed root key", err);
    vtpmmgr_tpm_encrypt(&self->tpm, policy, TPMA_SESSION_ENCRYPT);
    rc = Esys_Unseal(self->tpm.esys, object, policy, ESYS_TR_NONE, ESYS_TR_NONE,
                     &data);
    vtpmmgr_tpm_flush(&self->tpm, &object);
    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(&self->tpm, rc, "cannot unseal the root key",
                                err);
    if (data->size == VTPM_KEY_SIZE)
        memcpy(key, data->buffer, VTPM_KEY_SIZE);
    else
        status = vtpm_fail(err, VTPM_ECORRUPT,
                           "corrupt: what the TPM sealed is not a root key; "
                           "restore the store from a backup");
    vtpm_cleanse(data, sizeof *data);
    Esys_Free(data);
    return status;
}

static enum vtpm_status unseal(struct root_tpm *self, ESYS_TR parent,
                               const struct vtpmmgr_envelope *in,
                               const struct vtpmmgr_root_envelope *envelope,
                               uint8_t key[VTPM_KEY_SIZE],
                               struct vtpm_error *err)
{
    ESYS_TR policy;
    enum vtpm_status status = vtpmmgr_policy_satisfy(
        &self->tpm, parent, envelope, self->approvals, &policy, err);

    if (status == VTPM_OK)
        status = take_out(self, parent, envelope, policy, key, err);
    vtpmmgr_tpm_flush(&self->tpm, &policy);
    if (status == VTPM_OK && !vtpmmgr_envelope_authentic(in, key)) {
        vtpm_cleanse(key, VTPM_KEY_SIZE);
        status = vtpm_fail(err, VTPM_ECORRUPT,
                           "corrupt: the sealed root key was tampered with; "
                           "restore the store from a backup");
    }
    return status;
}

static enum vtpm_status remember(struct root_tpm *self,
                                 const struct vtpmmgr_root_envelope *envelope,
                                 const uint8_t key[VTPM_KEY_SIZE],
                                 struct vtpm_error *err)
{
    self->parent_name = envelope->name;
    self->counter = envelope->counter;
    self->has =
        vtpmmgr_envelope_counter_auth(envelope->id, key, &self->counter_auth);
    return self->has ? VTPM_OK
                     : vtpm_fail(err, VTPM_EIO,
                                 "cannot hash: OpenSSL failed; check its "
                                 "configuration");
}

static enum vtpm_status find_parent(struct root_tpm *self,
                                    const TPM2B_NAME *name, ESYS_TR *parent,
                                    struct vtpm_error *err)
{
    enum vtpm_status status = vtpmmgr_tpm_connect(&self->tpm, err);

    *parent = ESYS_TR_NONE;
    if (status == VTPM_OK)
        status = vtpmmgr_tpm_parent_find(&self->tpm, name, parent, err);
    return status == VTPM_EUNPROVISIONED ? VTPM_EKEY : status;
}

static enum vtpm_status open_envelope(struct vtpmmgr_root *root,
                                      const struct vtpmmgr_envelope *in,
                                      uint8_t key[VTPM_KEY_SIZE],
                                      uint64_t *anchor, struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    struct vtpmmgr_root_envelope envelope;
    ESYS_TR parent = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_envelope_decode(in, &envelope, err);

    *anchor = 0;
    self->has = false;
    if (status == VTPM_OK)
        status = find_parent(self, &envelope.name, &parent, err);
    if (status == VTPM_OK)
        status = unseal(self, parent, in, &envelope, key, err);
    if (status == VTPM_OK)
        status = remember(self, &envelope, key, err);
    if (status == VTPM_OK && envelope.counter != 0 && !self->ignore_counter)
        status = vtpmmgr_counter_read(&self->tpm, parent, &self->counter_auth,
                                      envelope.counter, anchor, err);
    vtpmmgr_tpm_close(&self->tpm, &parent);
    if (status != VTPM_OK) {
        self->has = false;
        vtpm_cleanse(key, VTPM_KEY_SIZE);
    }
    return status;
}

/* Fills in what is asked for now. */
static enum vtpm_status describe(struct root_tpm *self, ESYS_TR parent,
                                 struct vtpmmgr_root_envelope *envelope,
                                 struct vtpm_error *err)
{
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_TR_GetName(self->tpm.esys, parent, &name);

    if (rc != TSS2_RC_SUCCESS)
        return vtpmmgr_tpm_fail(&self->tpm, rc,
                                "cannot read the storage parent", err);
    envelope->parent = VTPMMGR_TPM_PARENT;
    envelope->name = *name;
    Esys_Free(name);
    envelope->agent = self->agent;
    envelope->label = self->label;
    envelope->pcrs = self->pcrs;
    return vtpmmgr_pcrs_read(&self->tpm, &envelope->pcrs, err);
}

/* Seals, and opens it as it will be opened later, so that what cannot be opened
 * is never taken for a success. */
static enum vtpm_status make_envelope(struct root_tpm *self, ESYS_TR parent,
                                      const uint8_t key[VTPM_KEY_SIZE],
                                      struct vtpmmgr_root_envelope *envelope,
                                      struct vtpmmgr_envelope *out,
                                      struct vtpm_error *err)
{
    uint8_t again[VTPM_KEY_SIZE] = {0};
    enum vtpm_status status = seal(self, parent, key, envelope, err);

    if (status == VTPM_OK)
        status = vtpmmgr_envelope_encode(envelope, key, out, err);
    if (status == VTPM_OK)
        status = unseal(self, parent, out, envelope, again, err);
    if (status == VTPM_OK && !vtpm_same(key, again, VTPM_KEY_SIZE))
        status = vtpm_fail(err, VTPM_EIO,
                           "the TPM opens another root key than it sealed; "
                           "check the TPM");
    vtpm_cleanse(again, sizeof again);
    return status;
}

static enum vtpm_status make_counter(struct root_tpm *self, ESYS_TR parent,
                                     const uint8_t key[VTPM_KEY_SIZE],
                                     struct vtpmmgr_root_envelope *envelope,
                                     uint64_t *anchor, struct vtpm_error *err)
{
    TPM2B_AUTH auth;
    enum vtpm_status status =
        vtpm_random(envelope->id, sizeof envelope->id, err);

    *anchor = 0;
    envelope->counter = 0;
    if (status != VTPM_OK || self->no_counter)
        return status;
    if (!vtpmmgr_envelope_counter_auth(envelope->id, key, &auth))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    envelope->counter = self->counter_index;
    status = vtpmmgr_counter_define(&self->tpm, parent, &auth,
                                    &envelope->counter, anchor, err);
    vtpm_cleanse(&auth, sizeof auth);
    if (status != VTPM_OK)
        envelope->counter = 0;
    return status;
}

static enum vtpm_status provision(struct vtpmmgr_root *root,
                                  const uint8_t key[VTPM_KEY_SIZE],
                                  struct vtpmmgr_envelope *out,
                                  uint64_t *anchor, struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    struct vtpmmgr_root_envelope envelope = {0};
    ESYS_TR parent = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_tpm_connect(&self->tpm, err);

    self->has = false;
    if (status == VTPM_OK)
        status =
            vtpmmgr_tpm_parent_make(&self->tpm, self->parent, &parent, err);
    if (status == VTPM_OK)
        status = describe(self, parent, &envelope, err);
    if (status == VTPM_OK)
        status = make_counter(self, parent, key, &envelope, anchor, err);
    if (status == VTPM_OK)
        status = make_envelope(self, parent, key, &envelope, out, err);
    if (status == VTPM_OK)
        status = remember(self, &envelope, key, err);
    if (status != VTPM_OK && envelope.counter != 0 && self->tpm.esys)
        (void)vtpmmgr_counter_undefine(&self->tpm, parent, envelope.counter,
                                       NULL);
    vtpmmgr_tpm_close(&self->tpm, &parent);
    return status;
}

/* The counter of the old envelope, or a new one if that is lost. */
static enum vtpm_status keep_counter(struct root_tpm *self, ESYS_TR parent,
                                     const uint8_t key[VTPM_KEY_SIZE],
                                     const struct vtpmmgr_root_envelope *was,
                                     struct vtpmmgr_root_envelope *envelope,
                                     struct vtpm_error *err)
{
    uint64_t anchor;

    if (self->ignore_counter)
        return make_counter(self, parent, key, envelope, &anchor, err);
    envelope->counter = was->counter;
    memcpy(envelope->id, was->id, sizeof was->id);
    return VTPM_OK;
}

static enum vtpm_status reseal(struct vtpmmgr_root *root,
                               const uint8_t key[VTPM_KEY_SIZE],
                               const struct vtpmmgr_envelope *old,
                               struct vtpmmgr_envelope *out,
                               struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    struct vtpmmgr_root_envelope was, envelope = {0};
    ESYS_TR parent = ESYS_TR_NONE;
    enum vtpm_status status = vtpmmgr_envelope_decode(old, &was, err);

    if (status == VTPM_OK && !vtpmmgr_envelope_authentic(old, key))
        status = vtpm_fail(err, VTPM_EKEY,
                           "the envelope that is there holds another root "
                           "key; use its own");
    if (status == VTPM_OK)
        status = find_parent(self, &was.name, &parent, err);
    if (status == VTPM_OK)
        status = describe(self, parent, &envelope, err);
    if (status == VTPM_OK)
        status = keep_counter(self, parent, key, &was, &envelope, err);
    if (status == VTPM_OK)
        status = make_envelope(self, parent, key, &envelope, out, err);
    if (status == VTPM_OK)
        status = remember(self, &envelope, key, err);
    if (status != VTPM_OK && envelope.counter != 0 && self->ignore_counter &&
        self->tpm.esys)
        (void)vtpmmgr_counter_undefine(&self->tpm, parent, envelope.counter,
                                       NULL);
    vtpmmgr_tpm_close(&self->tpm, &parent);
    return status;
}

static enum vtpm_status raise_counter(struct vtpmmgr_root *root,
                                      uint64_t anchor, struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    ESYS_TR parent;
    enum vtpm_status status;

    if (!self->has)
        return vtpm_fail(err, VTPM_EINVAL, "no envelope is open");
    if (self->counter == 0)
        return VTPM_OK;
    status = find_parent(self, &self->parent_name, &parent, err);
    if (status == VTPM_OK)
        status = vtpmmgr_counter_raise(&self->tpm, parent, &self->counter_auth,
                                       self->counter, anchor, err);
    vtpmmgr_tpm_close(&self->tpm, &parent);
    return status;
}

static enum vtpm_status forget(struct vtpmmgr_root *root,
                               struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    ESYS_TR parent;
    enum vtpm_status status;

    if (!self->has || self->counter == 0)
        return VTPM_OK;
    status = find_parent(self, &self->parent_name, &parent, err);
    if (status == VTPM_OK)
        status =
            vtpmmgr_counter_undefine(&self->tpm, parent, self->counter, err);
    vtpmmgr_tpm_close(&self->tpm, &parent);
    if (status == VTPM_OK)
        self->has = false;
    return status;
}

static void close_root(struct vtpmmgr_root *root)
{
    struct root_tpm *self = of(root);

    vtpmmgr_tpm_free(&self->tpm);
    free(self->approvals);
    free(self->label_text);
    vtpm_cleanse(self, sizeof *self);
    free(self);
}

static const struct vtpmmgr_root_ops ops = {
    .provision = provision,
    .open = open_envelope,
    .reseal = reseal,
    .raise = raise_counter,
    .forget = forget,
    .close = close_root,
};

static enum vtpm_status
take_options(struct root_tpm *self,
             const struct vtpmmgr_root_tpm_options *options,
             struct vtpm_error *err)
{
    const char *label = options->label ? options->label : "vtpmmgr";
    enum vtpm_status status;

    self->parent = options->parent;
    self->no_counter = options->no_counter;
    self->ignore_counter = options->ignore_counter;
    self->counter_index = options->counter_index;
    if (!vtpmmgr_label_parse(label, &self->label))
        return vtpm_fail(err, VTPM_EINVAL,
                         "not a label: '%.40s'; give 1 to %u printable "
                         "characters without a blank",
                         label, VTPMMGR_LABEL_MAX);
    self->label_text = strdup(label);
    if (options->approvals)
        self->approvals = strdup(options->approvals);
    if (!self->label_text || (options->approvals && !self->approvals))
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    status = vtpmmgr_pcrs_parse(
        options->pcrs ? options->pcrs : VTPMMGR_PCRS_DEFAULT, &self->pcrs, err);
    if (status == VTPM_OK && options->authority)
        status = vtpmmgr_authority_read(options->authority, &self->agent, err);
    return status;
}

enum vtpm_status
vtpmmgr_root_tpm_open(struct vtpmmgr_root **root,
                      const struct vtpmmgr_root_tpm_options *options,
                      struct vtpm_error *err)
{
    struct root_tpm *self = calloc(1, sizeof *self);
    enum vtpm_status status;

    *root = NULL;
    if (!self)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    self->root.ops = &ops;
    status = take_options(self, options, err);
    if (status == VTPM_OK)
        status = vtpmmgr_tpm_init(&self->tpm, options->tcti,
                                  options->owner_auth_file,
                                  options->parent_auth_file, err);
    if (status != VTPM_OK) {
        close_root(&self->root);
        return status;
    }
    *root = &self->root;
    return VTPM_OK;
}

struct vtpmmgr_tpm *vtpmmgr_root_tpm_of(struct vtpmmgr_root *root)
{
    return root->ops == &ops ? &of(root)->tpm : NULL;
}

enum vtpm_status vtpmmgr_root_tpm_request(struct vtpmmgr_root *root,
                                          struct vtpmmgr_approval *approval,
                                          struct vtpm_error *err)
{
    struct root_tpm *self = of(root);
    struct vtpmmgr_pcrs pcrs = self->pcrs;
    enum vtpm_status status = vtpmmgr_tpm_connect(&self->tpm, err);

    if (status == VTPM_OK)
        status = vtpmmgr_pcrs_read(&self->tpm, &pcrs, err);
    if (status == VTPM_OK)
        status =
            vtpmmgr_approval_request(&pcrs, self->label_text, approval, err);
    return status;
}
