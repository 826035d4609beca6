/* SPDX-License-Identifier: MIT */
/* The configuration string: what is accepted, and that the rest is refused with
   a line that helps. And what mapping says of files that are no registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <vtpmring/tis_mem.h>

#include "conf.h"

static struct tis_conf good(const char *text)
{
    struct tis_conf conf;
    char error[TIS_CONF_ERROR_MAX] = "";

    memset(&conf, 0xff, sizeof(conf));
    if (!tis_conf_parse(text, &conf, error))
        fail_msg("'%s' was refused: %s", text, error);
    assert_string_equal(error, "");
    return conf;
}

static void bad(const char *text, const char *expected)
{
    struct tis_conf conf;
    char error[TIS_CONF_ERROR_MAX] = "";

    if (tis_conf_parse(text, &conf, error))
        fail_msg("'%s' was accepted", text);
    if (strstr(error, expected) == NULL)
        fail_msg("'%s': \"%s\" does not say \"%s\"", text, error, expected);
    for (const char *at = error; *at != '\0'; at++)
        assert_in_range((unsigned char)*at, ' ', '~');
}

static void test_defaults(void **state)
{
    const struct vtpmring_tis_config standard = VTPMRING_TIS_CONFIG_DEFAULT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tis_conf conf = good(i == 0 ? NULL : "");

        assert_string_equal(conf.path, "/dev/mem");
        assert_int_equal(conf.driver.base, 0xfed40000);
        assert_memory_equal(conf.driver.limit_us, standard.limit_us,
                            sizeof(standard.limit_us));
        assert_int_equal(conf.locality, 0);
        assert_int_equal(conf.wait_s, 60);
        assert_int_equal(conf.idle_ms, 1);
        assert_int_equal(conf.flush, 1);
        assert_int_equal(conf.seize, 0);
    }
}

static void test_each_key_sets_its_own_value(void **state)
{
    struct tis_conf conf =
        good("mem=/x,address=0xfed45000,locality=3,wait=5,idle=6,flush=0,a=1,"
             "b=2,c=3,d=4,transfer=5,short=6,medium=7,long=3600000");

    (void)state;
    assert_string_equal(conf.path, "/x");
    assert_int_equal(conf.driver.base, 0xfed45000);
    assert_int_equal(conf.locality, 3);
    assert_int_equal(conf.wait_s, 5);
    assert_int_equal(conf.idle_ms, 6);
    assert_int_equal(conf.flush, 0);
    for (unsigned i = 0; i < VTPMRING_TIS_LONG; i++)
        assert_int_equal(conf.driver.limit_us[i], (i + 1) * 1000);
    assert_true(conf.driver.limit_us[VTPMRING_TIS_LONG] == 3600000000);
    assert_int_equal(conf.driver.retries, 3);
    conf = good("address=ffffffffff000");
    assert_true(conf.driver.base == 0xffffffffff000);
}

static void test_refused(void **state)
{
    char path[300];

    (void)state;
    bad("device=0", "unknown key 'device'");
    bad("a", "'' of 'a' is wrong");
    bad("a=", "milliseconds from 1");
    bad("a=0", "'0' of 'a'");
    bad("long=3600001", "milliseconds");
    bad("a=1,a=1", "twice");
    bad("a=1,", "unknown key ''");
    bad("locality=5", "0 to 4");
    bad("locality=-1", "0 to 4");
    bad("flush=2", "0 or 1");
    bad("address=fed40001", "multiple of 0x1000");
    bad("address=0x", "multiple of 0x1000");
    bad("address=fed4g000", "hexadecimal");
    bad("address=1000000000000000", "hexadecimal");
    bad("wait=99999999999999999999", "seconds");
    bad("mem=", "a path");
    bad("a=\033[2J", "'?[2J'");
    memset(path, 'x', sizeof(path));
    memcpy(path, "mem=", 4);
    path[4 + TIS_CONF_PATH_MAX] = '\0';
    bad(path, "a path");
}

static void refuses(const char *path, uint64_t address,
                    enum vtpmring_status status, const char *expected)
{
    char error[VTPMRING_TIS_MEM_ERROR_MAX] = "";
    struct vtpmring_tis_mem mem;

    assert_int_equal(vtpmring_tis_mem_open(&mem, path, address, error), status);
    if (strstr(error, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error, expected);
    assert_null(mem.registers);
    vtpmring_tis_mem_close(&mem);
}

static void test_mapping(void **state)
{
    const struct vtpmring_tis_access *access = &vtpmring_tis_mem_access;
    char path[64], error[VTPMRING_TIS_MEM_ERROR_MAX];
    int fd = memfd_create("registers", 0);
    struct vtpmring_tis_mem mem;
    uint64_t then;

    (void)state;
    assert_true(fd >= 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    refuses("/does/not/exist", 0, VTPMRING_EPORT, "is there such a file?");
    refuses(path, 0, VTPMRING_EPORT, "ends before");
    assert_int_equal(ftruncate(fd, 0x5fff), 0);
    refuses(path, 0x1000, VTPMRING_EPORT, "ends before");
    assert_int_equal(ftruncate(fd, 0x6000), 0);
    refuses(path, 0x800, VTPMRING_EINVAL, "multiple of");
    refuses(path, UINT64_MAX - 0xfff, VTPMRING_EINVAL, "multiple of");
    assert_int_equal(vtpmring_tis_mem_open(&mem, path, 0x1000, error),
                     VTPMRING_OK);
    access->write32(&mem, 0x1008, 0x01020304);
    assert_int_equal(access->read8(&mem, 0x1008), 4);
    access->write8(&mem, 0x1009, 9);
    assert_int_equal(access->read32(&mem, 0x1008), 0x01020904);
    then = access->now_us(&mem);
    access->delay_us(&mem, 1500);
    assert_true(access->now_us(&mem) - then >= 1500);
    vtpmring_tis_mem_close(&mem);
    vtpmring_tis_mem_close(&mem);
    (void)close(fd);
    refuses("/dev/null", 0, VTPMRING_EPORT, "iomem=relaxed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_each_key_sets_its_own_value),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
