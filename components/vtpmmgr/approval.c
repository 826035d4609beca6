/* SPDX-License-Identifier: MIT */
#include "approval.h"

#include "authority.h"
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "vtpmmgr approval 1"

/* All of a string, or nothing. @return its bytes, or 0 */
static size_t unhex(const char *text, uint8_t *to, size_t room)
{
    size_t len = strlen(text);

    if (len == 0 || len % 2 != 0 || len / 2 > room)
        return 0;
    for (size_t i = 0; i < len / 2; i++) {
        int high = vtpm_hex_digit(text[2 * i]);
        int low = vtpm_hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return 0;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return len / 2;
}

bool vtpmmgr_label_parse(const char *text, TPM2B_NONCE *label)
{
    size_t len = strlen(text);

    memset(label, 0, sizeof *label);
    if (len == 0 || len > VTPMMGR_LABEL_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    label->size = (UINT16)len;
    memcpy(label->buffer, text, len);
    return true;
}

static bool take_pcr(struct vtpmmgr_approval *approval, const char *text)
{
    struct vtpmmgr_pcrs *pcrs = &approval->pcrs;
    const char *bank_end = strchr(text, ' ');
    char *end;
    unsigned long n;
    uint16_t bank;

    if (!bank_end || bank_end[1] < '0' || bank_end[1] > '9')
        return false;
    bank = vtpmmgr_bank_find(text, (size_t)(bank_end - text));
    n = strtoul(bank_end + 1, &end, 10);
    if (bank == 0 || n >= VTPMMGR_PCRS || *end != ' ' ||
        (pcrs->bank != 0 && pcrs->bank != bank) || (pcrs->mask >> n & 1) != 0)
        return false;
    pcrs->bank = bank;
    pcrs->mask |= (uint32_t)1 << n;
    return unhex(end + 1, pcrs->value[n], VTPMMGR_PCR_MAX) ==
           vtpmmgr_bank_size(bank);
}

static bool take_line(struct vtpmmgr_approval *approval, const char *line)
{
    if (strncmp(line, "pcr ", 4) == 0)
        return take_pcr(approval, line + 4);
    if (strncmp(line, "label ", 6) == 0)
        return approval->label.size == 0 &&
               vtpmmgr_label_parse(line + 6, &approval->label);
    if (strncmp(line, "policy ", 7) == 0) {
        if (approval->policy.size != 0)
            return false;
        approval->policy.size =
            (UINT16)unhex(line + 7, approval->policy.buffer, VTPM_SHA256_SIZE);
        return approval->policy.size == VTPM_SHA256_SIZE;
    }
    if (strncmp(line, "signature ", 10) == 0) {
        if (approval->signature_len != 0)
            return false;
        approval->signature_len =
            unhex(line + 10, approval->signature, sizeof approval->signature);
        return approval->signature_len != 0;
    }
    return line[0] == '#' || line[0] == '\0';
}

static enum vtpm_status finish(const struct vtpmmgr_approval *approval,
                               struct vtpm_error *err)
{
    TPM2B_DIGEST policy;

    if (approval->pcrs.mask == 0 || approval->label.size == 0 ||
        approval->policy.size == 0)
        return vtpm_fail(err, VTPM_EINVAL,
                         "not an approval: it needs a label, a policy and a "
                         "PCR at least; make it anew");
    if (!vtpmmgr_policy_pcr(&approval->pcrs, &policy))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    if (memcmp(policy.buffer, approval->policy.buffer, policy.size) != 0)
        return vtpm_fail(err, VTPM_EINVAL,
                         "not an approval: its policy is not that of its "
                         "PCRs; make it anew");
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_approval_parse(const char *text, size_t len,
                                        struct vtpmmgr_approval *approval,
                                        struct vtpm_error *err)
{
    char line[1200];
    unsigned count = 0;

    memset(approval, 0, sizeof *approval);
    for (size_t at = 0; at < len; count++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t bytes = end ? (size_t)(end - text) - at : len - at;

        if (bytes >= sizeof line || memchr(text + at, '\0', bytes))
            return vtpm_fail(err, VTPM_EINVAL,
                             "not an approval: line %u is too long, or no "
                             "text; make it anew",
                             count + 1);
        memcpy(line, text + at, bytes);
        line[bytes] = '\0';
        at += bytes + 1;
        if (count == 0 && strcmp(line, FIRST_LINE) != 0)
            return vtpm_fail(err, VTPM_EVERSION,
                             "not an approval: it does not begin with '%s'; "
                             "make it anew",
                             FIRST_LINE);
        if (count > 0 && !take_line(approval, line))
            return vtpm_fail(err, VTPM_EINVAL,
                             "not an approval: line %u is none of it, or not "
                             "the only one; make it anew",
                             count + 1);
    }
    return finish(approval, err);
}

static size_t hex(const uint8_t *bytes, size_t len, char *text)
{
    for (size_t i = 0; i < len; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return 2 * len;
}

size_t vtpmmgr_approval_print(const struct vtpmmgr_approval *approval,
                              char text[VTPMMGR_APPROVAL_MAX])
{
    const struct vtpmmgr_pcrs *pcrs = &approval->pcrs;
    size_t used;

    _Static_assert(sizeof FIRST_LINE + 60 + VTPMMGR_LABEL_MAX +
                           VTPMMGR_PCRS * (20 + 2 * VTPMMGR_PCR_MAX) +
                           2 * VTPM_SHA256_SIZE +
                           2 * sizeof approval->signature <=
                       VTPMMGR_APPROVAL_MAX,
                   "an approval fits its file");
    used = (size_t)snprintf(text, VTPMMGR_APPROVAL_MAX, "%s\nlabel %.*s\n",
                            FIRST_LINE, (int)approval->label.size,
                            (const char *)approval->label.buffer);
    for (unsigned i = 0; i < VTPMMGR_PCRS; i++) {
        if ((pcrs->mask >> i & 1) == 0)
            continue;
        used +=
            (size_t)snprintf(text + used, VTPMMGR_APPROVAL_MAX - used,
                             "pcr %s %u ", vtpmmgr_bank_name(pcrs->bank), i);
        used += hex(pcrs->value[i], vtpmmgr_bank_size(pcrs->bank), text + used);
        text[used++] = '\n';
    }
    used +=
        (size_t)snprintf(text + used, VTPMMGR_APPROVAL_MAX - used, "policy ");
    used += hex(approval->policy.buffer, approval->policy.size, text + used);
    text[used++] = '\n';
    if (approval->signature_len != 0) {
        used += (size_t)snprintf(text + used, VTPMMGR_APPROVAL_MAX - used,
                                 "signature ");
        used += hex(approval->signature, approval->signature_len, text + used);
        text[used++] = '\n';
    }
    text[used] = '\0';
    return used;
}

enum vtpm_status vtpmmgr_approval_request(const struct vtpmmgr_pcrs *pcrs,
                                          const char *label,
                                          struct vtpmmgr_approval *approval,
                                          struct vtpm_error *err)
{
    memset(approval, 0, sizeof *approval);
    approval->pcrs = *pcrs;
    if (!vtpmmgr_label_parse(label, &approval->label))
        return vtpm_fail(err, VTPM_EINVAL,
                         "not a label: '%.40s'; give 1 to %u printable "
                         "characters without a blank",
                         label, VTPMMGR_LABEL_MAX);
    if (!vtpmmgr_policy_pcr(pcrs, &approval->policy))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_approval_sign(struct vtpmmgr_approval *approval,
                                       EVP_PKEY *key, struct vtpm_error *err)
{
    uint8_t message[VTPM_SHA256_SIZE + VTPMMGR_LABEL_MAX];
    size_t len = approval->policy.size + (size_t)approval->label.size;
    EVP_MD_CTX *ctx;
    TPM2B_PUBLIC public;
    enum vtpm_status status = vtpmmgr_authority_of(key, &public, err);

    if (status != VTPM_OK)
        return status;
    memcpy(message, approval->policy.buffer, approval->policy.size);
    memcpy(message + approval->policy.size, approval->label.buffer,
           approval->label.size);
    ctx = EVP_MD_CTX_new();
    approval->signature_len = sizeof approval->signature;
    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, approval->signature, &approval->signature_len,
                       message, len) != 1) {
        approval->signature_len = 0;
        status = vtpm_fail(err, VTPM_EIO,
                           "cannot sign: OpenSSL failed; give a private key");
    }
    EVP_MD_CTX_free(ctx);
    return status;
}
