/* SPDX-License-Identifier: MIT */
#include "root_envelope.h"

#include "bytes.h"
#include "field.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <tss2/tss2_mu.h>

#define VERSION 1u
#define HEAD_SIZE (20u + VTPMMGR_ENVELOPE_ID_SIZE)
#define TAIL_SIZE (2u * VTPM_SHA256_SIZE)

static const uint8_t magic[8] = {'v', 'T', 'P', 'M', 'r', 'o', 'o', 't'};
static const char tag_label[] = "vtpmmgr envelope: tag, version 1";
static const char auth_label[] = "vtpmmgr envelope: counter, version 1";

/* HMAC-SHA-256 of a label, with its NUL, and bytes. */
static bool mac(const uint8_t key[VTPM_KEY_SIZE], const char *label,
                struct vtpm_bytes bytes, uint8_t out[VTPM_SHA256_SIZE])
{
    uint8_t derived[VTPM_SHA256_SIZE];
    bool ok = HMAC(EVP_sha256(), key, VTPM_KEY_SIZE, (const uint8_t *)label,
                   strlen(label) + 1, derived, NULL) != NULL &&
              HMAC(EVP_sha256(), derived, sizeof derived, bytes.at, bytes.len,
                   out, NULL) != NULL;

    vtpm_cleanse(derived, sizeof derived);
    return ok;
}

static bool checksum(const uint8_t *at, size_t len,
                     uint8_t out[VTPM_SHA256_SIZE])
{
    return EVP_Digest(at, len, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool put(struct vtpmmgr_envelope *out, const uint8_t *bytes, size_t len)
{
    if (len > UINT16_MAX || out->len + 2 + len > sizeof out->at)
        return false;
    vtpm_put16(out->at + out->len, (uint16_t)len);
    memcpy(out->at + out->len + 2, bytes, len);
    out->len += 2 + len;
    return true;
}

static bool put_public(struct vtpmmgr_envelope *out, const TPMT_PUBLIC *public)
{
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t len = 0;

    if (public->type != 0 &&
        Tss2_MU_TPMT_PUBLIC_Marshal(public, bytes, sizeof bytes, &len) !=
            TSS2_RC_SUCCESS)
        return false;
    return put(out, bytes, len);
}

static bool put_pcrs(struct vtpmmgr_envelope *out,
                     const struct vtpmmgr_pcrs *pcrs)
{
    uint8_t bytes[VTPMMGR_PCRS_BYTES];

    return put(out, bytes, vtpmmgr_pcrs_encode(pcrs, bytes));
}

static bool put_tail(struct vtpmmgr_envelope *out,
                     const uint8_t key[VTPM_KEY_SIZE])
{
    uint8_t *tag = out->at + out->len;

    if (out->len + TAIL_SIZE > sizeof out->at ||
        !mac(key, tag_label, (struct vtpm_bytes){out->at, out->len}, tag))
        return false;
    out->len += TAIL_SIZE;
    return checksum(out->at, out->len - VTPM_SHA256_SIZE,
                    tag + VTPM_SHA256_SIZE);
}

enum vtpm_status
vtpmmgr_envelope_encode(const struct vtpmmgr_root_envelope *envelope,
                        const uint8_t key[VTPM_KEY_SIZE],
                        struct vtpmmgr_envelope *out, struct vtpm_error *err)
{
    memset(out, 0, sizeof *out);
    memcpy(out->at, magic, sizeof magic);
    vtpm_put32(out->at + 8, VERSION);
    vtpm_put32(out->at + 12, envelope->parent);
    vtpm_put32(out->at + 16, envelope->counter);
    memcpy(out->at + 20, envelope->id, sizeof envelope->id);
    out->len = HEAD_SIZE;
    if (put(out, envelope->name.name, envelope->name.size) &&
        put(out, envelope->label.buffer, envelope->label.size) &&
        put_public(out, &envelope->agent.publicArea) &&
        put_public(out, &envelope->public.publicArea) &&
        put(out, envelope->secret.buffer, envelope->secret.size) &&
        put_pcrs(out, &envelope->pcrs) && put_tail(out, key))
        return VTPM_OK;
    memset(out, 0, sizeof *out);
    return vtpm_fail(err, VTPM_EIO,
                     "cannot write the sealed root key: OpenSSL or tpm2-tss "
                     "failed; check their configuration");
}

static bool take_buffer(struct vtpm_bytes *in, uint8_t *to, UINT16 *size,
                        size_t max)
{
    struct vtpm_bytes field;

    if (!vtpmmgr_field_take(in, &field) || field.len > max)
        return false;
    memcpy(to, field.at, field.len);
    *size = (UINT16)field.len;
    return true;
}

static bool take_public(struct vtpm_bytes *in, TPMT_PUBLIC *public)
{
    struct vtpm_bytes field;
    size_t used = 0;

    if (!vtpmmgr_field_take(in, &field))
        return false;
    return field.len == 0 ||
           (Tss2_MU_TPMT_PUBLIC_Unmarshal(field.at, field.len, &used, public) ==
                TSS2_RC_SUCCESS &&
            used == field.len);
}

static bool take_pcrs(struct vtpm_bytes *in, struct vtpmmgr_pcrs *pcrs)
{
    struct vtpm_bytes field;

    return vtpmmgr_field_take(in, &field) &&
           vtpmmgr_pcrs_decode(field.at, field.len, pcrs);
}

/* What is behind the head, and before the tail. */
static bool take_fields(struct vtpm_bytes in,
                        struct vtpmmgr_root_envelope *envelope)
{
    return take_buffer(&in, envelope->name.name, &envelope->name.size,
                       sizeof envelope->name.name) &&
           take_buffer(&in, envelope->label.buffer, &envelope->label.size,
                       sizeof envelope->label.buffer) &&
           take_public(&in, &envelope->agent.publicArea) &&
           take_public(&in, &envelope->public.publicArea) &&
           take_buffer(&in, envelope->secret.buffer, &envelope->secret.size,
                       sizeof envelope->secret.buffer) &&
           take_pcrs(&in, &envelope->pcrs) && in.len == 0 &&
           envelope->public.publicArea.type == TPM2_ALG_KEYEDHASH;
}

enum vtpm_status vtpmmgr_envelope_decode(const struct vtpmmgr_envelope *in,
                                         struct vtpmmgr_root_envelope *envelope,
                                         struct vtpm_error *err)
{
    uint8_t sum[VTPM_SHA256_SIZE];
    size_t end;

    memset(envelope, 0, sizeof *envelope);
    if (in->len < sizeof magic || memcmp(in->at, magic, sizeof magic) != 0)
        return vtpm_fail(err, VTPM_EKEY,
                         "the root key of this store was not sealed by a TPM; "
                         "name the key file instead");
    if (in->len < HEAD_SIZE + TAIL_SIZE || in->len > sizeof in->at ||
        !checksum(in->at, in->len - sizeof sum, sum) ||
        memcmp(sum, in->at + in->len - sizeof sum, sizeof sum) != 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the sealed root key is damaged; restore "
                         "the store from a backup");
    if (vtpm_get32(in->at + 8) != VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version of the sealed root key; another "
                         "program wrote it");
    end = in->len - TAIL_SIZE;
    envelope->parent = vtpm_get32(in->at + 12);
    envelope->counter = vtpm_get32(in->at + 16);
    memcpy(envelope->id, in->at + 20, sizeof envelope->id);
    memcpy(envelope->tag, in->at + end, sizeof envelope->tag);
    if (take_fields((struct vtpm_bytes){in->at + HEAD_SIZE, end - HEAD_SIZE},
                    envelope))
        return VTPM_OK;
    memset(envelope, 0, sizeof *envelope);
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "corrupt: the sealed root key was tampered with; restore "
                     "the store from a backup");
}

bool vtpmmgr_envelope_authentic(const struct vtpmmgr_envelope *in,
                                const uint8_t key[VTPM_KEY_SIZE])
{
    size_t end = in->len - TAIL_SIZE;
    uint8_t tag[VTPM_SHA256_SIZE];

    return mac(key, tag_label, (struct vtpm_bytes){in->at, end}, tag) &&
           vtpm_same(tag, in->at + end, sizeof tag);
}

bool vtpmmgr_envelope_counter_auth(const uint8_t id[VTPMMGR_ENVELOPE_ID_SIZE],
                                   const uint8_t key[VTPM_KEY_SIZE],
                                   TPM2B_AUTH *auth)
{
    auth->size = VTPM_SHA256_SIZE;
    if (!mac(key, auth_label, (struct vtpm_bytes){id, VTPMMGR_ENVELOPE_ID_SIZE},
             auth->buffer))
        return false;
    /* a TPM drops zeros at the end */
    if (auth->buffer[VTPM_SHA256_SIZE - 1] == 0)
        auth->buffer[VTPM_SHA256_SIZE - 1] = 1;
    return true;
}
