/* SPDX-License-Identifier: MIT */
/* What is kept of a group: there and back, and nothing that is malformed. */
#include "group_content.h"

#include "bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static uint8_t pool[8][4096];

static struct vtpm_bytes some(unsigned i, size_t len)
{
    memset(pool[i], (int)(0x50 + i), len);
    return (struct vtpm_bytes){pool[i], len};
}

static struct vtpmmgr_group_content sample(void)
{
    return (struct vtpmmgr_group_content){.uuid = {1, 2, 3},
                                          .flags = 0x01020304,
                                          .agent_key = some(0, 256),
                                          .list = some(1, 56),
                                          .selections = some(2, 5),
                                          .key_public = some(3, 280),
                                          .key_private = some(4, 180),
                                          .binding = some(5, 256),
                                          .recovery = some(6, 32),
                                          .policy = some(7, 32)};
}

static enum vtpm_status decode(const uint8_t *bytes, size_t len,
                               struct vtpmmgr_group_content *content)
{
    struct vtpm_error err = {{0}};
    enum vtpm_status status =
        vtpmmgr_group_decode((struct vtpm_bytes){bytes, len}, content, &err);

    assert_true((status == VTPM_OK) == (err.text[0] == 0));
    return status;
}

static void there_and_back(void **state)
{
    static uint8_t bytes[VTPMMGR_GROUP_MAX], again[VTPMMGR_GROUP_MAX];
    struct vtpmmgr_group_content content = sample(), got;
    size_t len = vtpmmgr_group_encode(&content, bytes);

    (void)state;
    assert_int_equal(len, 4 + 20 + 8 + 8 * 4 + 256 + 56 + 5 + 280 + 180 + 256 +
                              32 + 32);
    assert_int_equal(decode(bytes, len, &got), VTPM_OK);
    assert_memory_equal(got.uuid, content.uuid, sizeof got.uuid);
    assert_int_equal(got.flags, content.flags);
    assert_int_equal(got.policy.len, 32);
    assert_memory_equal(got.policy.at, content.policy.at, 32);
    assert_int_equal(got.agent_key.at[255], 0x50);
    assert_int_equal(got.key_private.at[0], 0x54);
    assert_int_equal(vtpmmgr_group_encode(&got, again), len);
    assert_memory_equal(bytes, again, len);
    /* nothing but what has to be there */
    memset(&content.agent_key, 0,
           sizeof content - offsetof(struct vtpmmgr_group_content, agent_key));
    len = vtpmmgr_group_encode(&content, bytes);
    assert_int_equal(len, 4 + 20 + 8);
    assert_int_equal(decode(bytes, len, &got), VTPM_OK);
    assert_int_equal(got.list.len, 0);
}

static void everything_at_its_longest_fits(void **state)
{
    static uint8_t bytes[VTPMMGR_GROUP_MAX];
    struct vtpmmgr_group_content content = sample(), got;
    size_t len;

    (void)state;
    content.agent_key = some(0, 512);
    content.list = some(1, 3800);
    content.selections = some(2, 1200);
    content.key_public = some(3, 1024);
    content.key_private = some(4, 1024);
    content.binding = some(5, 2048);
    content.recovery = some(6, 512);
    content.policy = some(7, 1024);
    len = vtpmmgr_group_encode(&content, bytes);
    assert_in_range(len, 11000, VTPMMGR_GROUP_MAX);
    assert_int_equal(decode(bytes, len, &got), VTPM_OK);
    content.policy = some(7, 1025);
    assert_int_equal(vtpmmgr_group_encode(&content, bytes), 0);
}

/* Cut off anywhere, it is refused, but where a field ends. */
static void truncation(void **state)
{
    static uint8_t bytes[VTPMMGR_GROUP_MAX + 1];
    struct vtpmmgr_group_content content = sample(), got;
    size_t len = vtpmmgr_group_encode(&content, bytes);
    unsigned taken = 0;

    (void)state;
    for (size_t n = 0; n < len; n++)
        taken += decode(bytes, n, &got) == VTPM_OK;
    assert_int_equal(taken, 8);
    assert_int_equal(decode(bytes, len + 1, &got), VTPM_ECORRUPT);
}

static void malformed(void **state)
{
    static uint8_t bytes[VTPMMGR_GROUP_MAX];
    struct vtpmmgr_group_content content = sample(), got;
    size_t len;

    (void)state;
    memset(&content.list, 0,
           sizeof content - offsetof(struct vtpmmgr_group_content, list));
    content.list = some(1, 8);
    len = vtpmmgr_group_encode(&content, bytes);
    assert_int_equal(decode(bytes, len, &got), VTPM_OK);
    vtpm_put32(bytes, 2);
    assert_int_equal(decode(bytes, len, &got), VTPM_EVERSION);
    vtpm_put32(bytes, 1);
    vtpm_put16(bytes + len - 12, 3); /* twice */
    assert_int_equal(decode(bytes, len, &got), VTPM_ECORRUPT);
    vtpm_put16(bytes + len - 12, 2); /* out of order */
    assert_int_equal(decode(bytes, len, &got), VTPM_ECORRUPT);
    vtpm_put16(bytes + len - 12, 11); /* unknown */
    assert_int_equal(decode(bytes, len, &got), VTPM_EVERSION);
    vtpm_put16(bytes + len - 12, 4);
    assert_int_equal(decode(bytes, len, &got), VTPM_OK);
    vtpm_put16(bytes + len - 10, 0xffff); /* too long */
    assert_int_equal(decode(bytes, len, &got), VTPM_ECORRUPT);
    vtpm_put16(bytes + len - 10, 0); /* and nothing in it */
    assert_int_equal(decode(bytes, len - 8, &got), VTPM_ECORRUPT);
    /* no UUID, no flags */
    len = vtpmmgr_group_encode(&content, bytes);
    vtpm_put32(bytes + 20, 1);
    assert_int_equal(decode(bytes + 20, len - 20, &got), VTPM_ECORRUPT);
    vtpm_put16(bytes + 24, 3);
    assert_int_equal(decode(bytes, len, &got), VTPM_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(everything_at_its_longest_fits),
        cmocka_unit_test(truncation),
        cmocka_unit_test(malformed),
    };

    return cmocka_run_group_tests_name("manager's groups", tests, NULL, NULL);
}
