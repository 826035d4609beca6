/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "bytes.h"
#include "field.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#define VERSION 1u
#define HEAD_SIZE 12u

static const uint8_t magic[8] = {'v', 'T', 'P', 'M', 'e', 'v', 'i', 'd'};
static const char statement_magic[16] = "vtpmmgr quote 1";

enum {
    AT_NONCE = 16,
    AT_UUID = AT_NONCE + VTPM_SHA256_SIZE,
    AT_GROUP = AT_UUID + 16,
    AT_ENDORSEMENT = AT_GROUP + 16,
    AT_LABEL = AT_ENDORSEMENT + VTPM_SHA256_SIZE,
    AT_SEQUENCE = AT_LABEL + 20,
    AT_KEY = AT_SEQUENCE + 8,
    AT_END = AT_KEY + VTPM_SHA256_SIZE
};
_Static_assert(AT_END == VTPMMGR_STATEMENT_SIZE, "as verify.h has it");

void vtpmmgr_statement_encode(const struct vtpmmgr_statement *statement,
                              uint8_t out[VTPMMGR_STATEMENT_SIZE])
{
    memcpy(out, statement_magic, sizeof statement_magic);
    memcpy(out + AT_NONCE, statement->nonce, sizeof statement->nonce);
    memcpy(out + AT_UUID, statement->uuid, sizeof statement->uuid);
    memcpy(out + AT_GROUP, statement->group, sizeof statement->group);
    memcpy(out + AT_ENDORSEMENT, statement->endorsement,
           sizeof statement->endorsement);
    memcpy(out + AT_LABEL, statement->label, sizeof statement->label);
    vtpm_put64(out + AT_SEQUENCE, statement->sequence);
    memcpy(out + AT_KEY, statement->key, sizeof statement->key);
}

bool vtpmmgr_statement_digest(const struct vtpmmgr_statement *statement,
                              uint8_t digest[VTPM_SHA256_SIZE])
{
    uint8_t bytes[VTPMMGR_STATEMENT_SIZE];

    vtpmmgr_statement_encode(statement, bytes);
    return EVP_Digest(bytes, sizeof bytes, digest, NULL, EVP_sha256(), NULL) ==
           1;
}

bool vtpmmgr_nonce_digest(struct vtpm_bytes nonce,
                          uint8_t digest[VTPM_SHA256_SIZE])
{
    return EVP_Digest(nonce.at, nonce.len, digest, NULL, EVP_sha256(), NULL) ==
           1;
}

bool vtpmmgr_public_digest(const TPMT_PUBLIC *public,
                           uint8_t digest[VTPM_SHA256_SIZE])
{
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t len = 0;

    return Tss2_MU_TPMT_PUBLIC_Marshal(public, bytes, sizeof bytes, &len) ==
               TSS2_RC_SUCCESS &&
           EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL) == 1;
}

static bool decode_statement(struct vtpm_bytes in,
                             struct vtpmmgr_statement *statement)
{
    if (in.len != VTPMMGR_STATEMENT_SIZE ||
        memcmp(in.at, statement_magic, sizeof statement_magic) != 0)
        return false;
    memcpy(statement->nonce, in.at + AT_NONCE, sizeof statement->nonce);
    memcpy(statement->uuid, in.at + AT_UUID, sizeof statement->uuid);
    memcpy(statement->group, in.at + AT_GROUP, sizeof statement->group);
    memcpy(statement->endorsement, in.at + AT_ENDORSEMENT,
           sizeof statement->endorsement);
    memcpy(statement->label, in.at + AT_LABEL, sizeof statement->label);
    statement->sequence = vtpm_get64(in.at + AT_SEQUENCE);
    memcpy(statement->key, in.at + AT_KEY, sizeof statement->key);
    return true;
}

/* What is written, and how much of it. */
struct out {
    uint8_t *at;
    size_t len;
    bool ok;
};

static void put(struct out *out, const uint8_t *bytes, size_t len)
{
    out->ok = out->ok && len <= UINT16_MAX &&
              len + 2 <= VTPMMGR_EVIDENCE_MAX - out->len;
    if (!out->ok)
        return;
    vtpm_put16(out->at + out->len, (uint16_t)len);
    memcpy(out->at + out->len + 2, bytes, len);
    out->len += 2 + len;
}

size_t vtpmmgr_evidence_encode(const struct vtpmmgr_statement *statement,
                               struct vtpm_bytes attest,
                               const TPMT_SIGNATURE *signature,
                               const TPMT_PUBLIC *key,
                               const struct vtpmmgr_pcrs *pcrs,
                               uint8_t out[VTPMMGR_EVIDENCE_MAX])
{
    uint8_t bytes[VTPMMGR_PCRS_BYTES + sizeof(TPMT_PUBLIC) +
                  sizeof(TPMT_SIGNATURE)];
    struct out to = {out, HEAD_SIZE, true};
    size_t len = 0;

    memcpy(out, magic, sizeof magic);
    vtpm_put32(out + 8, VERSION);
    vtpmmgr_statement_encode(statement, bytes);
    put(&to, bytes, VTPMMGR_STATEMENT_SIZE);
    put(&to, attest.at, attest.len);
    to.ok =
        to.ok && Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes,
                                                &len) == TSS2_RC_SUCCESS;
    put(&to, bytes, len);
    len = 0;
    to.ok = to.ok && Tss2_MU_TPMT_PUBLIC_Marshal(key, bytes, sizeof bytes,
                                                 &len) == TSS2_RC_SUCCESS;
    put(&to, bytes, len);
    put(&to, bytes, vtpmmgr_pcrs_encode(pcrs, bytes));
    return to.ok ? to.len : 0;
}

static bool decode_attest(struct vtpm_bytes in,
                          struct vtpmmgr_evidence *evidence)
{
    size_t used = 0;

    evidence->attest_bytes = in;
    return Tss2_MU_TPMS_ATTEST_Unmarshal(
               in.at, in.len, &used, &evidence->attest) == TSS2_RC_SUCCESS &&
           used == in.len;
}

/* Only one form of each key and signature is taken, the one that a TPM writes,
 * so that evidence cannot be changed and stay the same. */
static bool decode_signature(struct vtpm_bytes in, TPMT_SIGNATURE *signature)
{
    uint8_t again[sizeof(TPMT_SIGNATURE)];
    size_t used = 0, len = 0;

    return Tss2_MU_TPMT_SIGNATURE_Unmarshal(in.at, in.len, &used, signature) ==
               TSS2_RC_SUCCESS &&
           used == in.len &&
           Tss2_MU_TPMT_SIGNATURE_Marshal(signature, again, sizeof again,
                                          &len) == TSS2_RC_SUCCESS &&
           len == in.len && memcmp(again, in.at, len) == 0;
}

static bool decode_key(struct vtpm_bytes in, TPMT_PUBLIC *key)
{
    uint8_t again[sizeof(TPMT_PUBLIC)];
    size_t used = 0, len = 0;

    return Tss2_MU_TPMT_PUBLIC_Unmarshal(in.at, in.len, &used, key) ==
               TSS2_RC_SUCCESS &&
           used == in.len &&
           Tss2_MU_TPMT_PUBLIC_Marshal(key, again, sizeof again, &len) ==
               TSS2_RC_SUCCESS &&
           len == in.len && memcmp(again, in.at, len) == 0;
}

static bool decode_parts(struct vtpm_bytes in,
                         struct vtpmmgr_evidence *evidence)
{
    struct vtpm_bytes part[5];

    for (size_t i = 0; i < 5; i++)
        if (!vtpmmgr_field_take(&in, &part[i]))
            return false;
    return in.len == 0 && decode_statement(part[0], &evidence->statement) &&
           decode_attest(part[1], evidence) &&
           decode_signature(part[2], &evidence->signature) &&
           decode_key(part[3], &evidence->key) &&
           vtpmmgr_pcrs_decode(part[4].at, part[4].len, &evidence->pcrs);
}

enum vtpm_status vtpmmgr_evidence_decode(struct vtpm_bytes in,
                                         struct vtpmmgr_evidence *evidence,
                                         struct vtpm_error *err)
{
    memset(evidence, 0, sizeof *evidence);
    if (in.len < HEAD_SIZE || in.len > VTPMMGR_EVIDENCE_MAX ||
        memcmp(in.at, magic, sizeof magic) != 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "not evidence of a manager; ask for it anew");
    if (vtpm_get32(in.at + 8) != VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version of evidence; another program "
                         "made it");
    if (decode_parts((struct vtpm_bytes){in.at + HEAD_SIZE, in.len - HEAD_SIZE},
                     evidence))
        return VTPM_OK;
    memset(evidence, 0, sizeof *evidence);
    return vtpm_fail(err, VTPM_ECORRUPT,
                     "the evidence is damaged; ask for it anew");
}
