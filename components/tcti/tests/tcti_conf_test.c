/* SPDX-License-Identifier: MIT */
/* The configuration string: what is accepted, and that the rest is refused with
   a line that helps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf.h"

static struct tcti_conf good(const char *text)
{
    struct tcti_conf conf;
    char error[TCTI_CONF_ERROR_MAX] = "";

    memset(&conf, 0xff, sizeof(conf));
    if (!tcti_conf_parse(text, &conf, error))
        fail_msg("'%s' was refused: %s", text, error);
    assert_string_equal(error, "");
    return conf;
}

static void bad(const char *text, const char *expected)
{
    struct tcti_conf conf;
    char error[TCTI_CONF_ERROR_MAX] = "";

    if (tcti_conf_parse(text, &conf, error))
        fail_msg("'%s' was accepted", text);
    if (strstr(error, expected) == NULL)
        fail_msg("'%s': \"%s\" does not say \"%s\"", text, error, expected);
    for (const char *at = error; *at != '\0'; at++)
        assert_in_range((unsigned char)*at, ' ', '~');
}

static void test_defaults(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tcti_conf conf = good(i == 0 ? NULL : "");

        assert_int_equal(conf.device, 0);
        assert_int_equal(conf.connect_timeout_ms, 10000);
        assert_int_equal(conf.poll_us, 50);
        assert_int_equal(conf.extra_pages, 1);
        assert_int_equal(conf.wait_s, 60);
        assert_int_equal(conf.idle_ms, 250);
        assert_int_equal(conf.flush, 1);
    }
}

static void test_each_key_sets_its_own_value(void **state)
{
    struct tcti_conf conf =
        good("flush=0,idle=6,wait=5,extra=4,poll=3,timeout=2,device=1");

    (void)state;
    assert_int_equal(conf.device, 1);
    assert_int_equal(conf.connect_timeout_ms, 2);
    assert_int_equal(conf.poll_us, 3);
    assert_int_equal(conf.extra_pages, 4);
    assert_int_equal(conf.wait_s, 5);
    assert_int_equal(conf.idle_ms, 6);
    assert_int_equal(conf.flush, 0);
    conf = good("poll=0");
    assert_int_equal(conf.poll_us, 0);
    assert_int_equal(conf.connect_timeout_ms, 10000);
}

static void test_limits(void **state)
{
    static const struct {
        const char *key;
        unsigned min, max;
    } limits[] = {
        {"device", 0, 65535}, {"timeout", 1, 3600000}, {"poll", 0, 1000000},
        {"extra", 0, 255},    {"wait", 0, 86400},      {"idle", 0, 3600000},
        {"flush", 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%s=%u", limits[i].key,
                       limits[i].max);
        (void)good(text);
        (void)snprintf(text, sizeof(text), "%s=%u", limits[i].key,
                       limits[i].min);
        (void)good(text);
        (void)snprintf(text, sizeof(text), "%s=%u", limits[i].key,
                       limits[i].max + 1);
        bad(text, limits[i].key);
        if (limits[i].min > 0) {
            (void)snprintf(text, sizeof(text), "%s=%u", limits[i].key,
                           limits[i].min - 1);
            bad(text, limits[i].key);
        }
    }
}

static void test_bad_numbers(void **state)
{
    (void)state;
    bad("device=", "number from 0 to 65535");
    bad("device", "number from 0 to 65535");
    bad("device=-1", "'-1'");
    bad("device=+1", "'+1'");
    bad("device= 1", "' 1'");
    bad("device=1 ", "'1 '");
    bad("device=0x1", "'0x1'");
    bad("device=1e3", "'1e3'");
    bad("device=1=2", "'1=2'");
    /* 2^32 and 2^64 must not wrap around to 0. */
    bad("device=4294967296", "'4294967296'");
    bad("device=18446744073709551616", "device");
    bad("device=00000000", "device");
}

static void test_bad_shapes(void **state)
{
    (void)state;
    bad("0", "unknown key '0'");
    bad(",", "unknown key ''");
    bad("device=1,", "unknown key ''");
    bad(",device=1", "unknown key ''");
    bad("device=1,,poll=2", "unknown key ''");
    bad("Device=1", "unknown key 'Device'");
    bad("devic=1", "unknown key 'devic'");
    bad("devices=1", "unknown key 'devices'");
    bad(" device=1", "unknown key ' device'");
    bad("=1", "unknown key ''");
    bad("/dev/tpm0", "unknown key '/dev/tpm0'");
    bad("device=1,device=1", "twice");
    bad("device=1;poll=2", "'1;poll=2'");
}

static void test_hostile_text_is_quoted_short_and_clean(void **state)
{
    char text[5000];

    (void)state;
    bad("\x1b[31mred\n=1", "unknown key '\?[31mred\?'");
    bad("device=\x80\xff\t", "'\?\?\?' of");
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    bad(text, "unknown key 'aaaa");
    memcpy(text, "device=", 7);
    memset(text + 7, '9', sizeof(text) - 8);
    bad(text, "number from 0 to 65535");
}

static void test_help_names_every_key(void **state)
{
    static const char *const names[] = {
        "device=", "timeout=", "poll=", "extra=", "wait=", "idle=", "flush="};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(strstr(tcti_conf_help, names[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_each_key_sets_its_own_value),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_bad_shapes),
        cmocka_unit_test(test_hostile_text_is_quoted_short_and_clean),
        cmocka_unit_test(test_help_names_every_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
