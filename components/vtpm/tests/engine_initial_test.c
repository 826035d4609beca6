/* SPDX-License-Identifier: MIT */
/* PCRs that do not begin at their reset values, and localities that a guest may
 * not use. */
#include "tpm_support.h"

#include <openssl/sha.h>
#include <string.h>

#define RC_FAILURE_20 0x101u
#define RC_FAILURE_12 9u
#define RC_LOCALITY_20 0x907u
#define RC_LOCALITY_12 61u

/* What the platform says: the same in all PCRs, or nothing. */
static struct {
    uint8_t value;
    bool silent;
    uint32_t asked;
} platform;

static enum vtpm_status initial(void *context, uint32_t pcr, uint8_t *value,
                                size_t len, struct vtpm_error *err)
{
    assert_ptr_equal(context, &platform);
    platform.asked |= UINT32_C(1) << pcr;
    if (platform.silent)
        return vtpm_fail(err, VTPM_EREFUSED, "silent");
    memset(value, platform.value, len);
    return VTPM_OK;
}

static int set_up(void **state)
{
    (void)state;
    memset(&platform, 0, sizeof platform);
    platform.value = 0x17;
    memset(&tpm_options, 0, sizeof tpm_options);
    return 0;
}

/* Of a TPM that is made already. */
static void begin(struct tpm *tpm, enum vtpm_family family, uint32_t pcrs)
{
    struct vtpm_error err;

    tpm_made(tpm, family);
    tpm_stop(tpm);
    tpm_options = (struct vtpm_engine_options){
        .initial_pcrs = pcrs, .initial = initial, .initial_context = &platform};
    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
}

/* What PCR that began at zeros is after the platform has said that. */
static void expect(struct tpm *tpm, enum vtpm_family family, uint32_t pcr,
                   uint8_t fill)
{
    uint8_t is[32], data[64] = {0}, wanted[32];

    if (family == VTPM_FAMILY_20) {
        memset(is, fill, 32);
        SHA256(is, 32, data + 32);
        SHA256(data, 64, wanted);
        assert_int_equal(pcr_read(tpm, pcr, is), 0);
        assert_memory_equal(is, wanted, 32);
    } else {
        memset(data + 20, fill, 20);
        SHA1(data, 40, wanted);
        assert_int_equal(pcr_read_12(tpm, pcr, is), 0);
        assert_memory_equal(is, wanted, 20);
    }
}

static void expect_zeros(struct tpm *tpm, enum vtpm_family family, uint32_t pcr)
{
    static const uint8_t zeros[32];
    uint8_t is[32];

    if (family == VTPM_FAMILY_20)
        assert_int_equal(pcr_read(tpm, pcr, is), 0);
    else
        assert_int_equal(pcr_read_12(tpm, pcr, is), 0);
    assert_memory_equal(is, zeros, family == VTPM_FAMILY_20 ? 32 : 20);
}

static void pcrs_begin_with_the_platform(enum vtpm_family family)
{
    struct tpm tpm;

    begin(&tpm, family, 0x81);
    assert_int_equal(platform.asked, 0x81);
    expect(&tpm, family, 0, 0x17);
    expect(&tpm, family, 7, 0x17);
    expect_zeros(&tpm, family, 1);
    expect_zeros(&tpm, family, 16);
    assert_int_equal(extend(&tpm, 7, 1), 0);
    power_cycle(&tpm);
    expect(&tpm, family, 7, 0x17);
    tpm_end(&tpm);
}

/* What the platform says counts when the guest boots, not when vtpm began. */
static void a_boot_asks_anew(enum vtpm_family family)
{
    struct tpm tpm;

    begin(&tpm, family, 0x80);
    platform.value = 0x18;
    power_cycle(&tpm);
    expect(&tpm, family, 7, 0x18);
    tpm_end(&tpm);
}

static void a_restart_asks_nothing(enum vtpm_family family)
{
    struct tpm tpm;

    begin(&tpm, family, 0x80);
    expect(&tpm, family, 7, 0x17);
    platform.value = 0x18;
    tpm_restart(&tpm);
    expect(&tpm, family, 7, 0x17);
    tpm_end(&tpm);
}

static void without_an_answer_nothing_begins(enum vtpm_family family)
{
    struct vtpm_error err;
    struct tpm tpm;

    begin(&tpm, family, 0x80);
    platform.silent = true;
    assert_status(vtpm_engine_power_cycle(tpm.engine, &err), VTPM_EREFUSED,
                  &err);
    assert_string_equal(err.text, "silent");
    assert_int_equal(extend(&tpm, 3, 1),
                     family == VTPM_FAMILY_20 ? RC_FAILURE_20 : RC_FAILURE_12);
    platform.silent = false;
    power_cycle(&tpm);
    expect(&tpm, family, 7, 0x17);
    tpm_end(&tpm);
}

static void without_an_answer_no_start(enum vtpm_family family)
{
    struct vtpm_error err;
    struct tpm tpm;

    tpm_made(&tpm, family);
    tpm_stop(&tpm);
    platform.silent = true;
    tpm_options = (struct vtpm_engine_options){
        .initial_pcrs = 1, .initial = initial, .initial_context = &platform};
    assert_status(tpm_start(&tpm, &err), VTPM_EREFUSED, &err);
    platform.silent = false;
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    tpm_end(&tpm);
}

static void localities_are_refused(enum vtpm_family family)
{
    const bool is_20 = family == VTPM_FAMILY_20;
    const uint32_t rc = is_20 ? RC_LOCALITY_20 : RC_LOCALITY_12;
    struct packet packet =
        is_20 ? command(0x8001, 0x17b) : command(TAG_12, 0x46);
    struct vtpm_error err;
    struct tpm tpm;

    tpm_made(&tpm, family);
    tpm_stop(&tpm);
    tpm_options = (struct vtpm_engine_options){.localities = 0x05};
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    if (is_20)
        add16(&packet, 8);
    else
        add32(&packet, 8);
    assert_int_equal(run(&tpm, &packet), 0);
    for (unsigned locality = 0; locality < 256; locality++)
        assert_int_equal(
            run_raw(&tpm, packet.bytes, packet.len, (uint8_t)locality),
            locality == 0 || locality == 2 ? 0 : rc);
    tpm_end(&tpm);
}

#define BOTH(name)                                                             \
    static void name##_20(void **state)                                        \
    {                                                                          \
        (void)state;                                                           \
        name(VTPM_FAMILY_20);                                                  \
    }                                                                          \
    static void name##_12(void **state)                                        \
    {                                                                          \
        (void)state;                                                           \
        name(VTPM_FAMILY_12);                                                  \
    }

BOTH(pcrs_begin_with_the_platform)
BOTH(a_boot_asks_anew)
BOTH(a_restart_asks_nothing)
BOTH(without_an_answer_nothing_begins)
BOTH(without_an_answer_no_start)
BOTH(localities_are_refused)

#define TESTS(name)                                                            \
    cmocka_unit_test_setup(name##_20, set_up),                                 \
        cmocka_unit_test_setup(name##_12, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TESTS(pcrs_begin_with_the_platform),
        TESTS(a_boot_asks_anew),
        TESTS(a_restart_asks_nothing),
        TESTS(without_an_answer_nothing_begins),
        TESTS(without_an_answer_no_start),
        TESTS(localities_are_refused),
    };

    return cmocka_run_group_tests_name("engine_initial", tests, folder_setup,
                                       folder_teardown);
}
