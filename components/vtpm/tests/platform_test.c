/* SPDX-License-Identifier: MIT */
/* What a manager may say of the hardware TPM's PCRs, and what of it counts. */
#include "store_support.h"

#include "bytes.h"
#include "fake_manager.h"
#include "platform.h"

#include <string.h>

#define PCR 10u

static struct vtpm_manager *manager;
static struct vtpm_error err;

/* The answer of a TPM 2.0 about PCR 10, from the reference's tables. */
static const uint8_t good_20[62] = {
    0x80, 0x01, 0, 0, 0, 62, 0,    0,    0, 0, /* header */
    0,    0,    0, 9,                          /* update counter */
    0,    0,    0, 1, 0, 11, 3,    0,    4, 0, /* one bank, PCR 10 */
    0,    0,    0, 1, 0, 32, 0xaa, 0xaa,       /* one digest */
};
static const uint8_t good_12[30] = {0, 0xc4, 0, 0, 0, 30, 0, 0, 0, 0, 0xbb};

static int set_up(void **state)
{
    const struct vtpm_manager_options options = {.timeout_ms = 60};

    (void)state;
    fake_manager_reset();
    return vtpm_manager_open(&manager, &options, &err) != VTPM_OK;
}

static int tear_down(void **state)
{
    (void)state;
    vtpm_manager_close(manager);
    return fake_manager.links != 0 || fake_manager.ports != 0;
}

static enum vtpm_status read_pcr(const uint8_t *answer, size_t len,
                                 uint8_t *value, size_t value_len)
{
    fake_manager.bytes = answer;
    fake_manager.bytes_len = len;
    fake_manager_fault(FAKE_BYTES, 1);
    memset(&err, 0, sizeof err);
    return vtpm_platform_pcr(manager, PCR, value, value_len, &err);
}

static void values_are_read(void **state)
{
    uint8_t value[32];

    (void)state;
    assert_status(read_pcr(good_20, sizeof good_20, value, 32), VTPM_OK, &err);
    assert_memory_equal(value, good_20 + 30, 32);
    assert_status(read_pcr(good_12, sizeof good_12, value, 20), VTPM_OK, &err);
    assert_memory_equal(value, good_12 + 10, 20);
}

/* No byte that says which PCR it is, or how long, may be another. */
static void other_answers_are_refused(void **state)
{
    uint8_t answer[70], value[32] = {0x55};

    (void)state;
    for (size_t at = 6; at < 30; at++) {
        if (at >= 10 && at < 14)
            continue;
        memcpy(answer, good_20, sizeof good_20);
        answer[at] ^= 1;
        assert_status(read_pcr(answer, sizeof good_20, value, 32),
                      VTPM_EREFUSED, &err);
        assert_non_null(strstr(err.text, "PCR 10"));
    }
    for (size_t len = 10; len < sizeof good_20; len++) {
        memcpy(answer, good_20, len);
        vtpm_put32(answer + 2, (uint32_t)len);
        assert_status(read_pcr(answer, len, value, 32), VTPM_EREFUSED, &err);
        if (len != sizeof good_12)
            assert_status(read_pcr(answer, len, value, 20), VTPM_EREFUSED,
                          &err);
    }
    assert_int_equal(value[0], 0x55);
}

static void a_refusal_is_one(void **state)
{
    static const uint8_t refused[10] = {0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x43};
    uint8_t value[32];

    (void)state;
    assert_status(read_pcr(refused, sizeof refused, value, 32), VTPM_EREFUSED,
                  &err);
    assert_non_null(strstr(err.text, "refuses"));
    assert_status(read_pcr(refused, sizeof refused, value, 20), VTPM_EREFUSED,
                  &err);
}

static void silence_ends(void **state)
{
    uint8_t value[32];

    (void)state;
    fake_manager_fault(FAKE_SILENT, 100);
    assert_status(vtpm_platform_pcr(manager, PCR, value, 32, &err),
                  VTPM_EREFUSED, &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_read),
        TEST(other_answers_are_refused),
        TEST(a_refusal_is_one),
        TEST(silence_ends),
    };

    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
