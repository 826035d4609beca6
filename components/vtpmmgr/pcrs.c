/* SPDX-License-Identifier: MIT */
#include "pcrs.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

static const struct {
    uint16_t bank;
    size_t size;
    const char *name;
} banks[] = {
    {TPM2_ALG_SHA1, 20, "sha1"},
    {TPM2_ALG_SHA256, 32, "sha256"},
    {TPM2_ALG_SHA384, 48, "sha384"},
    {TPM2_ALG_SHA512, 64, "sha512"},
};
#define BANKS (sizeof banks / sizeof banks[0])

size_t vtpmmgr_bank_size(uint16_t bank)
{
    for (size_t i = 0; i < BANKS; i++)
        if (banks[i].bank == bank)
            return banks[i].size;
    return 0;
}

const char *vtpmmgr_bank_name(uint16_t bank)
{
    for (size_t i = 0; i < BANKS; i++)
        if (banks[i].bank == bank)
            return banks[i].name;
    return "?";
}

uint16_t vtpmmgr_bank_find(const char *name, size_t len)
{
    for (size_t i = 0; i < BANKS; i++)
        if (banks[i].bank != TPM2_ALG_SHA1 && strlen(banks[i].name) == len &&
            strncmp(banks[i].name, name, len) == 0)
            return banks[i].bank;
    return 0;
}

/* A number below VTPMMGR_PCRS at *at, or -1. */
static int number(const char **at)
{
    int n = 0, digits = 0;

    for (; **at >= '0' && **at <= '9' && digits < 3; digits++)
        n = 10 * n + *(*at)++ - '0';
    return digits == 0 || n >= (int)VTPMMGR_PCRS ? -1 : n;
}

/* "N,N,N-N" to the end; 0 if it is not. */
static uint32_t mask_of(const char *at)
{
    uint32_t mask = 0;

    for (;;) {
        int first = number(&at), last = first;

        if (*at == '-') {
            at++;
            last = number(&at);
        }
        if (first < 0 || last < first)
            return 0;
        for (int i = first; i <= last; i++)
            mask |= (uint32_t)1 << i;
        if (*at == '\0')
            return mask;
        if (*at++ != ',')
            return 0;
    }
}

enum vtpm_status vtpmmgr_pcrs_parse(const char *text, struct vtpmmgr_pcrs *pcrs,
                                    struct vtpm_error *err)
{
    const char *colon = strchr(text, ':');

    memset(pcrs, 0, sizeof *pcrs);
    if (colon) {
        pcrs->bank = vtpmmgr_bank_find(text, (size_t)(colon - text));
        pcrs->mask = mask_of(colon + 1);
    }
    if (pcrs->bank != 0 && pcrs->mask != 0)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EINVAL,
                     "not PCRs: '%.60s'; give a bank, sha256, sha384 or "
                     "sha512, and numbers from 0 to 23, as in %s",
                     text, VTPMMGR_PCRS_DEFAULT);
}

static void list(uint32_t mask, const char *between, char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < VTPMMGR_PCRS && used < room; i++)
        if ((mask >> i & 1) != 0)
            used += (size_t)snprintf(text + used, room - used, "%s%u",
                                     used ? between : "", i);
}

void vtpmmgr_mask_print(uint32_t mask, char *text, size_t room)
{
    list(mask, ", ", text, room);
}

void vtpmmgr_pcrs_print(const struct vtpmmgr_pcrs *pcrs, char *text,
                        size_t room)
{
    size_t used =
        (size_t)snprintf(text, room, "%s:", vtpmmgr_bank_name(pcrs->bank));

    if (used < room)
        list(pcrs->mask, ",", text + used, room - used);
}

uint32_t vtpmmgr_pcrs_differ(const struct vtpmmgr_pcrs *a,
                             const struct vtpmmgr_pcrs *b)
{
    uint32_t differ = 0;

    for (unsigned i = 0; i < VTPMMGR_PCRS; i++)
        if ((a->mask & b->mask) >> i & 1 &&
            memcmp(a->value[i], b->value[i], vtpmmgr_bank_size(a->bank)) != 0)
            differ |= (uint32_t)1 << i;
    return differ;
}

size_t vtpmmgr_pcrs_encode(const struct vtpmmgr_pcrs *pcrs,
                           uint8_t out[VTPMMGR_PCRS_BYTES])
{
    size_t size = vtpmmgr_bank_size(pcrs->bank), len = 6;

    vtpm_put16(out, pcrs->bank);
    vtpm_put32(out + 2, pcrs->mask);
    for (unsigned i = 0; i < VTPMMGR_PCRS; i++)
        if ((pcrs->mask >> i & 1) != 0) {
            memcpy(out + len, pcrs->value[i], size);
            len += size;
        }
    return len;
}

bool vtpmmgr_pcrs_decode(const uint8_t *in, size_t len,
                         struct vtpmmgr_pcrs *pcrs)
{
    size_t size, at = 6;

    memset(pcrs, 0, sizeof *pcrs);
    if (len < 6)
        return false;
    pcrs->bank = vtpm_get16(in);
    pcrs->mask = vtpm_get32(in + 2);
    size = vtpmmgr_bank_size(pcrs->bank);
    if (size == 0 || pcrs->bank == TPM2_ALG_SHA1 || pcrs->mask == 0 ||
        pcrs->mask >> VTPMMGR_PCRS != 0)
        return false;
    for (unsigned i = 0; i < VTPMMGR_PCRS; i++) {
        if ((pcrs->mask >> i & 1) == 0)
            continue;
        if (len - at < size)
            return false;
        memcpy(pcrs->value[i], in + at, size);
        at += size;
    }
    return at == len;
}

void vtpmmgr_pcrs_select(const struct vtpmmgr_pcrs *pcrs,
                         TPML_PCR_SELECTION *selection)
{
    *selection = (TPML_PCR_SELECTION){.count = 1};
    selection->pcrSelections[0].hash = pcrs->bank;
    selection->pcrSelections[0].sizeofSelect = VTPMMGR_PCRS / 8;
    for (unsigned i = 0; i < VTPMMGR_PCRS / 8; i++)
        selection->pcrSelections[0].pcrSelect[i] =
            (uint8_t)(pcrs->mask >> (8 * i));
}

bool vtpmmgr_pcrs_digest(const struct vtpmmgr_pcrs *pcrs, TPM2B_DIGEST *digest)
{
    uint8_t bytes[VTPMMGR_PCRS * VTPMMGR_PCR_MAX];
    size_t size = vtpmmgr_bank_size(pcrs->bank), len = 0;

    for (unsigned i = 0; i < VTPMMGR_PCRS; i++)
        if ((pcrs->mask >> i & 1) != 0) {
            memcpy(bytes + len, pcrs->value[i], size);
            len += size;
        }
    digest->size = VTPM_SHA256_SIZE;
    return EVP_Digest(bytes, len, digest->buffer, NULL, EVP_sha256(), NULL) ==
           1;
}

bool vtpmmgr_policy_pcr(const struct vtpmmgr_pcrs *pcrs, TPM2B_DIGEST *policy)
{
    uint8_t bytes[VTPM_SHA256_SIZE + 4 + sizeof(TPML_PCR_SELECTION) +
                  VTPM_SHA256_SIZE] = {0};
    TPML_PCR_SELECTION selection;
    TPM2B_DIGEST values;
    size_t len = VTPM_SHA256_SIZE; /* a policy begins with zeros */

    vtpm_put32(bytes + len, TPM2_CC_PolicyPCR);
    len += 4;
    vtpmmgr_pcrs_select(pcrs, &selection);
    if (!vtpmmgr_pcrs_digest(pcrs, &values) ||
        Tss2_MU_TPML_PCR_SELECTION_Marshal(&selection, bytes, sizeof bytes,
                                           &len) != TSS2_RC_SUCCESS)
        return false;
    memcpy(bytes + len, values.buffer, values.size);
    len += values.size;
    policy->size = VTPM_SHA256_SIZE;
    return EVP_Digest(bytes, len, policy->buffer, NULL, EVP_sha256(), NULL) ==
           1;
}

bool vtpmmgr_policy_authorize(const TPM2B_NAME *key, const TPM2B_NONCE *label,
                              TPM2B_DIGEST *policy)
{
    uint8_t bytes[VTPM_SHA256_SIZE + 4 + sizeof key->name] = {0};
    size_t len = VTPM_SHA256_SIZE;

    vtpm_put32(bytes + len, TPM2_CC_PolicyAuthorize);
    len += 4;
    memcpy(bytes + len, key->name, key->size);
    len += key->size;
    if (EVP_Digest(bytes, len, policy->buffer, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(bytes, policy->buffer, VTPM_SHA256_SIZE);
    memcpy(bytes + VTPM_SHA256_SIZE, label->buffer, label->size);
    policy->size = VTPM_SHA256_SIZE;
    return EVP_Digest(bytes, VTPM_SHA256_SIZE + (size_t)label->size,
                      policy->buffer, NULL, EVP_sha256(), NULL) == 1;
}
