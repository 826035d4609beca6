/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include "bytes.h"

#include <string.h>

#define PCRS 24u
#define SHA1_SIZE 20u
#define ALG_SHA1 0x0004u
/* What a TPM 2.0 gives at once; more than a digest it does not. */
#define RANDOM_MAX 32u

enum {
    TAG_12 = 0x00c1,
    TAG_12_AUTH1 = 0x00c2,
    TAG_12_AUTH2 = 0x00c3,
    TAG_12_RESPONSE = 0x00c4,
    TAG_20 = 0x8001,
    TAG_20_SESSIONS = 0x8002
};

enum {
    ORD_EXTEND = 0x14,
    ORD_READ = 0x15,
    ORD_RANDOM = 0x46,
    CC_READ = 0x17e,
    CC_RANDOM = 0x17b,
    CC_EXTEND = 0x182
};

enum {
    FAIL_12 = 0x09,
    SIZE_12 = 0x19,
    DISABLED_12 = 0x08,
    BADTAG_12 = 0x1e,
    BAD_TAG_20 = 0x01e,
    SIZE_20 = 0x142,
    CODE_20 = 0x143
};

/* The authorization of a PCR: 9 bytes, TPM_RS_PW, no nonce, attributes, no
 * password. Of the attributes, continueSession means nothing here. */
#define PASSWORD_SIZE 13u
#define PASSWORD_ATTRIBUTES 10u

static bool is_empty_password(const uint8_t *at)
{
    static const uint8_t wanted[PASSWORD_SIZE] = {0, 0, 0, 9, 0x40, 0, 0, 9};

    return memcmp(at, wanted, PASSWORD_ATTRIBUTES) == 0 &&
           at[PASSWORD_ATTRIBUTES] <= 1 &&
           vtpm_get16(at + PASSWORD_ATTRIBUTES + 1) == 0;
}

static size_t write_header(uint8_t *to, uint16_t tag, size_t len, uint32_t code)
{
    vtpm_put16(to, tag);
    vtpm_put32(to + 2, (uint32_t)len);
    vtpm_put32(to + 6, code);
    return len;
}

/* TPM 1.2. @return 0, or why not */
static uint32_t judge_12(const uint8_t *command, size_t len,
                         enum vtpmmgr_family hardware,
                         struct vtpmmgr_raw_rights rights,
                         struct vtpmmgr_raw *raw)
{
    size_t wanted = VTPMMGR_RAW_HEADER + 4;

    switch (vtpm_get32(command + 6)) {
    case ORD_RANDOM:
        raw->kind = VTPMMGR_RAW_RANDOM;
        break;
    case ORD_READ:
        raw->kind = VTPMMGR_RAW_READ;
        break;
    case ORD_EXTEND:
        /* its answer is the PCR's new value: no one command of TPM 2.0 */
        if (!rights.admin || hardware != VTPMMGR_FAMILY_12)
            return DISABLED_12;
        raw->kind = VTPMMGR_RAW_EXTEND;
        wanted += SHA1_SIZE;
        break;
    default:
        return DISABLED_12;
    }
    if (len != wanted)
        return SIZE_12;
    raw->number = vtpm_get32(command + VTPMMGR_RAW_HEADER);
    if (raw->kind == VTPMMGR_RAW_RANDOM)
        return 0;
    if (raw->number >= PCRS)
        return DISABLED_12;
    if (raw->kind == VTPMMGR_RAW_EXTEND && !(rights.extend >> raw->number & 1))
        return DISABLED_12;
    return 0;
}

/* The banks and PCRs of a PCR_Read. */
static uint32_t judge_read(const uint8_t *body, size_t left,
                           struct vtpmmgr_raw *raw)
{
    uint32_t banks;

    if (left < 4)
        return SIZE_20;
    banks = vtpm_get32(body);
    body += 4;
    left -= 4;
    if (banks == 0 || banks > 16)
        return SIZE_20;
    for (uint32_t i = 0; i < banks; i++) {
        size_t len = left < 3 ? 0 : 3u + body[2];

        if (len == 0 || len > left || body[2] > 4)
            return SIZE_20;
        body += len;
        left -= len;
    }
    raw->kind = VTPMMGR_RAW_READ;
    raw->number = banks;
    return left == 0 ? 0 : SIZE_20;
}

static size_t digest_size(uint16_t algorithm)
{
    switch (algorithm) {
    case ALG_SHA1:
        return SHA1_SIZE;
    case 0x000b: /* SHA-256 */
    case 0x0012: /* SM3-256 */
    case 0x0027: /* SHA3-256 */
        return 32;
    case 0x000c: /* SHA-384 */
    case 0x0028: /* SHA3-384 */
        return 48;
    case 0x000d: /* SHA-512 */
    case 0x0029: /* SHA3-512 */
        return 64;
    default:
        return 0;
    }
}

/* Handle, authorization, digests of a PCR_Extend. */
static uint32_t judge_extend(const uint8_t *body, size_t left,
                             struct vtpmmgr_raw_rights rights,
                             struct vtpmmgr_raw *raw)
{
    uint32_t digests;

    if (!rights.admin)
        return CODE_20;
    if (left < 4 + PASSWORD_SIZE + 4)
        return SIZE_20;
    raw->kind = VTPMMGR_RAW_EXTEND;
    raw->number = vtpm_get32(body);
    if (raw->number >= PCRS || !(rights.extend >> raw->number & 1) ||
        !is_empty_password(body + 4))
        return CODE_20;
    body += 4 + PASSWORD_SIZE;
    left -= 4 + PASSWORD_SIZE;
    digests = vtpm_get32(body);
    body += 4;
    left -= 4;
    if (digests == 0 || digests > 16)
        return SIZE_20;
    for (uint32_t i = 0; i < digests; i++) {
        size_t len = left < 2 ? 0 : digest_size(vtpm_get16(body));

        if (len == 0 || 2 + len > left)
            return SIZE_20;
        body += 2 + len;
        left -= 2 + len;
    }
    return left == 0 ? 0 : SIZE_20;
}

static uint32_t judge_20(const uint8_t *command, size_t len,
                         struct vtpmmgr_raw_rights rights,
                         struct vtpmmgr_raw *raw)
{
    const uint8_t *body = command + VTPMMGR_RAW_HEADER;
    bool sessions = vtpm_get16(command) == TAG_20_SESSIONS;
    size_t left = len - VTPMMGR_RAW_HEADER;

    switch (vtpm_get32(command + 6)) {
    case CC_RANDOM:
        if (sessions)
            return CODE_20;
        if (left != 2)
            return SIZE_20;
        raw->kind = VTPMMGR_RAW_RANDOM;
        raw->number = vtpm_get16(body);
        return 0;
    case CC_READ:
        return sessions ? CODE_20 : judge_read(body, left, raw);
    case CC_EXTEND:
        return sessions ? judge_extend(body, left, rights, raw) : CODE_20;
    default:
        return CODE_20;
    }
}

/* An error carries no session, so its tag is the same for all three. */
static bool refuse_12(uint32_t code, uint8_t *refusal)
{
    (void)write_header(refusal, TAG_12_RESPONSE, VTPMMGR_RAW_HEADER, code);
    return false;
}

static bool refuse_20(uint32_t code, uint8_t *refusal)
{
    (void)write_header(refusal, TAG_20, VTPMMGR_RAW_HEADER, code);
    return false;
}

bool vtpmmgr_raw_allowed(const uint8_t *command, size_t len,
                         enum vtpmmgr_family hardware,
                         struct vtpmmgr_raw_rights rights,
                         struct vtpmmgr_raw *raw,
                         uint8_t refusal[VTPMMGR_RAW_HEADER])
{
    uint16_t tag = len < 2 ? 0 : vtpm_get16(command);
    bool whole = len >= VTPMMGR_RAW_HEADER && vtpm_get32(command + 2) == len;
    uint32_t why;

    memset(raw, 0, sizeof *raw);
    switch (tag) {
    case TAG_20:
    case TAG_20_SESSIONS:
        raw->family = VTPMMGR_FAMILY_20;
        why = hardware != VTPMMGR_FAMILY_20 ? BAD_TAG_20
              : whole ? judge_20(command, len, rights, raw)
                      : SIZE_20;
        return why == 0 || refuse_20(why, refusal);
    case TAG_12:
        raw->family = VTPMMGR_FAMILY_12;
        why = whole ? judge_12(command, len, hardware, rights, raw) : SIZE_12;
        return why == 0 || refuse_12(why, refusal);
    case TAG_12_AUTH1:
    case TAG_12_AUTH2:
        return refuse_12(whole ? DISABLED_12 : SIZE_12, refusal);
    default:
        if (hardware == VTPMMGR_FAMILY_20)
            return refuse_20(BAD_TAG_20, refusal);
        return refuse_12(BADTAG_12, refusal);
    }
}

/* ---- TPM 1.2 on a TPM 2.0 ---- */

size_t vtpmmgr_raw_translate(const struct vtpmmgr_raw *raw,
                             uint8_t command[VTPMMGR_RAW_MAX])
{
    uint8_t *body = command + VTPMMGR_RAW_HEADER;

    if (raw->kind == VTPMMGR_RAW_RANDOM) {
        vtpm_put16(body, (uint16_t)(raw->number < RANDOM_MAX ? raw->number
                                                             : RANDOM_MAX));
        return write_header(command, TAG_20, VTPMMGR_RAW_HEADER + 2, CC_RANDOM);
    }
    vtpm_put32(body, 1);
    vtpm_put16(body + 4, ALG_SHA1);
    body[6] = 3;
    memset(body + 7, 0, 3);
    body[7 + raw->number / 8] = (uint8_t)(1u << raw->number % 8);
    return write_header(command, TAG_20, VTPMMGR_RAW_HEADER + 10, CC_READ);
}

/* The bytes that a TPM 2.0 answered, if it is the answer that was wanted. */
static const uint8_t *bytes_of(const struct vtpmmgr_raw *raw,
                               const uint8_t *response, size_t len,
                               size_t *count)
{
    const uint8_t *body = response + VTPMMGR_RAW_HEADER;
    size_t left;

    if (len < VTPMMGR_RAW_HEADER || vtpm_get16(response) != TAG_20 ||
        vtpm_get32(response + 2) != len || vtpm_get32(response + 6) != 0)
        return NULL;
    left = len - VTPMMGR_RAW_HEADER;
    if (raw->kind == VTPMMGR_RAW_RANDOM) {
        *count = left < 2 ? 0 : vtpm_get16(body);
        return left >= 2 && left == 2 + *count ? body + 2 : NULL;
    }
    /* u32 update counter, one bank with one PCR, one digest */
    *count = SHA1_SIZE;
    if (left != 4 + 4 + 6 + 4 + 2 + SHA1_SIZE || vtpm_get32(body + 4) != 1 ||
        vtpm_get16(body + 8) != ALG_SHA1 || body[10] != 3 ||
        body[11 + raw->number / 8] != 1u << raw->number % 8 ||
        vtpm_get32(body + 14) != 1 || vtpm_get16(body + 18) != SHA1_SIZE)
        return NULL;
    return body + 20;
}

size_t vtpmmgr_raw_answer(const struct vtpmmgr_raw *raw,
                          const uint8_t *response, size_t len, uint8_t *out,
                          size_t room)
{
    size_t count = 0, head = VTPMMGR_RAW_HEADER;
    const uint8_t *bytes = bytes_of(raw, response, len, &count);

    if (raw->kind == VTPMMGR_RAW_RANDOM)
        head += 4;
    if (!bytes || count > RANDOM_MAX || head + count > room)
        return write_header(out, TAG_12_RESPONSE, VTPMMGR_RAW_HEADER, FAIL_12);
    if (raw->kind == VTPMMGR_RAW_RANDOM)
        vtpm_put32(out + VTPMMGR_RAW_HEADER, (uint32_t)count);
    memcpy(out + head, bytes, count);
    return write_header(out, TAG_12_RESPONSE, head + count, 0);
}
