/* SPDX-License-Identifier: MIT */
/* What passes to the hardware TPM is exactly what may. */
#include "filter.h"

#include "bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static const struct vtpmmgr_raw_rights nobody = {false, 0xffffffff};
static const struct vtpmmgr_raw_rights admin = {true, 1u << 16 | 1u << 23};

static const uint8_t random_20[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
static const uint8_t read_20[] = {0x80, 1, 0, 0,  0, 26, 0, 0, 1,
                                  0x7e, 0, 0, 0,  2, 0,  4, 3, 1,
                                  0,    0, 0, 11, 3, 0,  0, 1};
static const uint8_t extend_20[] = {
    0x80, 2,    0,  0,  0,  65, 0,  0,  1,  0x82, 0,  0,  0,  16, 0,  0,  0,
    9,    0x40, 0,  0,  9,  0,  0,  0,  0,  0,    0,  0,  0,  1,  0,  11, 1,
    2,    3,    4,  5,  6,  7,  8,  9,  10, 11,   12, 13, 14, 15, 16, 17, 18,
    19,   20,   21, 22, 23, 24, 25, 26, 27, 28,   29, 30, 31, 32};
static const uint8_t random_12[] = {0, 0xc1, 0,    0, 0, 14, 0,
                                    0, 0,    0x46, 0, 0, 0,  20};
static const uint8_t read_12[] = {0, 0xc1, 0,    0, 0, 14, 0,
                                  0, 0,    0x15, 0, 0, 0,  5};
static const uint8_t extend_12[34] = {0, 0xc1, 0,    0, 0, 34, 0,
                                      0, 0,    0x14, 0, 0, 0,  23};

/* Judges a copy whose size field is its length. @return 0 or the error */
static uint32_t judge(const uint8_t *command, size_t len,
                      enum vtpmmgr_family hardware,
                      struct vtpmmgr_raw_rights rights)
{
    uint8_t copy[4096] = {0}, refusal[10];
    struct vtpmmgr_raw raw;
    uint16_t tag;

    memcpy(copy, command, len);
    if (len >= 6)
        vtpm_put32(copy + 2, (uint32_t)len);
    memset(refusal, 0xee, sizeof refusal);
    if (vtpmmgr_raw_allowed(copy, len, hardware, rights, &raw, refusal))
        return 0;
    tag = vtpm_get16(refusal);
    assert_true(tag == 0x00c4 || tag == 0x8001);
    assert_int_equal(vtpm_get32(refusal + 2), 10);
    assert_int_not_equal(vtpm_get32(refusal + 6), 0);
    return vtpm_get32(refusal + 6);
}

/* One byte less or more, and it does not pass. */
static void exactly(const uint8_t *command, size_t len,
                    enum vtpmmgr_family hardware,
                    struct vtpmmgr_raw_rights rights)
{
    uint8_t longer[256] = {0};

    assert_int_equal(judge(command, len, hardware, rights), 0);
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(judge(command, n, hardware, rights), 0);
    memcpy(longer, command, len);
    for (size_t n = 1; n < 100; n++)
        assert_int_not_equal(judge(longer, len + n, hardware, rights), 0);
}

static void what_all_may(void **state)
{
    (void)state;
    exactly(random_20, sizeof random_20, VTPMMGR_FAMILY_20, nobody);
    exactly(read_20, sizeof read_20, VTPMMGR_FAMILY_20, nobody);
    exactly(random_12, sizeof random_12, VTPMMGR_FAMILY_12, nobody);
    exactly(read_12, sizeof read_12, VTPMMGR_FAMILY_12, nobody);
    /* translated */
    exactly(random_12, sizeof random_12, VTPMMGR_FAMILY_20, nobody);
    exactly(read_12, sizeof read_12, VTPMMGR_FAMILY_20, nobody);
    /* not to a TPM 1.2 */
    assert_int_equal(
        judge(random_20, sizeof random_20, VTPMMGR_FAMILY_12, nobody), 0x1e);
}

static void what_an_administrator_may(void **state)
{
    uint8_t copy[sizeof extend_20];
    static const size_t handle = 13, attributes = 24, algorithm = 32;

    (void)state;
    assert_int_equal(
        judge(extend_20, sizeof extend_20, VTPMMGR_FAMILY_20, nobody), 0x143);
    assert_int_equal(
        judge(extend_12, sizeof extend_12, VTPMMGR_FAMILY_12, nobody), 8);
    exactly(extend_20, sizeof extend_20, VTPMMGR_FAMILY_20, admin);
    exactly(extend_12, sizeof extend_12, VTPMMGR_FAMILY_12, admin);
    assert_int_equal(
        judge(extend_12, sizeof extend_12, VTPMMGR_FAMILY_20, admin), 8);
    /* only these PCRs, and nothing that is none */
    for (unsigned i = 0; i < 256; i++) {
        memcpy(copy, extend_20, sizeof copy);
        copy[handle] = (uint8_t)i;
        assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, admin),
                         i == 16 || i == 23 ? 0 : 0x143);
        memcpy(copy, extend_12, sizeof extend_12);
        copy[handle] = (uint8_t)i;
        assert_int_equal(
            judge(copy, sizeof extend_12, VTPMMGR_FAMILY_12, admin),
            i == 16 || i == 23 ? 0 : 8);
    }
    /* only the empty password */
    for (size_t i = 10; i < 27; i++) {
        memcpy(copy, extend_20, sizeof copy);
        copy[i] ^= 2;
        assert_int_not_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, admin),
                             0);
    }
    memcpy(copy, extend_20, sizeof copy);
    copy[attributes] = 1;
    assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, admin), 0);
    /* digests have the length of their algorithm */
    for (unsigned i = 0; i < 256; i++) {
        memcpy(copy, extend_20, sizeof copy);
        copy[algorithm] = (uint8_t)i;
        assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, admin),
                         i == 0x0b || i == 0x12 || i == 0x27 ? 0 : 0x142);
    }
}

/* Every ordinal of both families, under every tag. */
static void nothing_else(void **state)
{
    static const uint16_t tags[] = {0x00c1, 0x00c2, 0x00c3, 0x8001, 0x8002,
                                    0x00c4, 0x0000, 0xffff, 0x01c1};
    uint8_t command[14] = {0};
    unsigned passed = 0;

    (void)state;
    for (size_t t = 0; t < sizeof tags / sizeof tags[0]; t++)
        for (uint32_t ordinal = 0; ordinal < 0x400; ordinal++)
            for (int family = 12; family <= 20; family += 8)
                for (size_t len = 10; len <= 14; len += 2) {
                    vtpm_put16(command, tags[t]);
                    vtpm_put32(command + 6, ordinal);
                    passed += judge(command, len, (enum vtpmmgr_family)family,
                                    admin) == 0;
                }
    /* 1.2's GetRandom and PcrRead for both, 2.0's GetRandom */
    assert_int_equal(passed, 2 * 2 + 1);
}

static void banks(void **state)
{
    uint8_t copy[sizeof read_20];

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        memcpy(copy, read_20, sizeof copy);
        copy[13] = (uint8_t)i;
        assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, nobody),
                         i == 2 ? 0 : 0x142);
        memcpy(copy, read_20, sizeof copy);
        copy[16] = (uint8_t)i;
        assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, nobody),
                         i == 3 ? 0 : 0x142);
    }
    memcpy(copy, read_20, sizeof copy);
    copy[1] = 2; /* a session */
    assert_int_equal(judge(copy, sizeof copy, VTPMMGR_FAMILY_20, nobody),
                     0x143);
}

static void parse(const uint8_t *command, size_t len, struct vtpmmgr_raw *raw)
{
    uint8_t refusal[10];

    assert_true(vtpmmgr_raw_allowed(command, len, VTPMMGR_FAMILY_20, admin, raw,
                                    refusal));
}

static void fields(void **state)
{
    struct vtpmmgr_raw raw;

    (void)state;
    parse(random_20, sizeof random_20, &raw);
    assert_int_equal(raw.kind, VTPMMGR_RAW_RANDOM);
    assert_int_equal(raw.family, VTPMMGR_FAMILY_20);
    assert_int_equal(raw.number, 16);
    parse(extend_20, sizeof extend_20, &raw);
    assert_int_equal(raw.kind, VTPMMGR_RAW_EXTEND);
    assert_int_equal(raw.number, 16);
    parse(read_12, sizeof read_12, &raw);
    assert_int_equal(raw.kind, VTPMMGR_RAW_READ);
    assert_int_equal(raw.family, VTPMMGR_FAMILY_12);
    assert_int_equal(raw.number, 5);
}

static void random_bytes_are_translated(void **state)
{
    uint8_t command[VTPMMGR_RAW_MAX], out[64];
    uint8_t response[32] = {0x80, 1, 0, 0, 0, 32, 0, 0, 0, 0, 0, 20, 9, 8, 7};
    struct vtpmmgr_raw raw;

    (void)state;
    parse(random_12, sizeof random_12, &raw);
    assert_int_equal(vtpmmgr_raw_translate(&raw, command), sizeof random_20);
    assert_memory_equal(command, random_20, sizeof random_20 - 1);
    assert_int_equal(command[11], 20);
    assert_int_equal(vtpmmgr_raw_answer(&raw, response, 32, out, sizeof out),
                     34);
    assert_int_equal(vtpm_get16(out), 0x00c4);
    assert_int_equal(vtpm_get32(out + 2), 34);
    assert_int_equal(vtpm_get32(out + 6), 0);
    assert_int_equal(vtpm_get32(out + 10), 20);
    assert_memory_equal(out + 14, response + 12, 20);
    /* what is not that is an error, as is what does not fit */
    for (size_t n = 0; n < 32; n++)
        assert_int_equal(vtpmmgr_raw_answer(&raw, response, n, out, 64), 10);
    assert_int_equal(vtpmmgr_raw_answer(&raw, response, 32, out, 33), 10);
    response[11] = 19;
    assert_int_equal(vtpmmgr_raw_answer(&raw, response, 32, out, 64), 10);
    assert_int_equal(vtpm_get32(out + 6), 9);
    raw.number = 0xffffffff;
    (void)vtpmmgr_raw_translate(&raw, command);
    assert_int_equal(vtpm_get16(command + 10), 32);
}

static void a_pcr_is_translated(void **state)
{
    static const uint8_t wanted[] = {0x80, 1, 0, 0, 0, 20, 0, 0, 1,    0x7e,
                                     0,    0, 0, 1, 0, 4,  3, 0, 0x20, 0};
    uint8_t command[VTPMMGR_RAW_MAX], out[64];
    uint8_t response[50] = {0x80, 1, 0, 0, 0, 50, 0, 0,  0, 0, 0,
                            0,    0, 9, 0, 0, 0,  1, 0,  4, 3, 0,
                            0x20, 0, 0, 0, 0, 1,  0, 20, 5, 5, 5};
    struct vtpmmgr_raw raw;

    (void)state;
    parse(read_12, sizeof read_12, &raw);
    raw.number = 13;
    assert_int_equal(vtpmmgr_raw_translate(&raw, command), sizeof wanted);
    assert_memory_equal(command, wanted, sizeof wanted);
    assert_int_equal(vtpmmgr_raw_answer(&raw, response, 50, out, 64), 30);
    assert_int_equal(vtpm_get32(out + 2), 30);
    assert_memory_equal(out + 10, response + 30, 20);
    /* no such bank, another PCR, another algorithm, an error, cut off */
    for (size_t n = 0; n < 50; n++)
        assert_int_equal(vtpmmgr_raw_answer(&raw, response, n, out, 64), 10);
    for (size_t at = 0; at < 30; at++) {
        if (at >= 10 && at < 14) /* the update counter may be anything */
            continue;
        response[at] ^= 0x40;
        if (at != 21 && at != 23)
            assert_int_equal(vtpmmgr_raw_answer(&raw, response, 50, out, 64),
                             10);
        response[at] ^= 0x40;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_may),
        cmocka_unit_test(what_an_administrator_may),
        cmocka_unit_test(nothing_else),
        cmocka_unit_test(banks),
        cmocka_unit_test(fields),
        cmocka_unit_test(random_bytes_are_translated),
        cmocka_unit_test(a_pcr_is_translated),
    };

    return cmocka_run_group_tests_name("manager's filter", tests, NULL, NULL);
}
