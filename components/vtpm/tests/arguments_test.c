/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static uint32_t list(const char *text, unsigned count)
{
    uint32_t bits = 0x5a5a5a5a;

    assert_int_equal(vtpm_argument_list("test", "--list", text, count, &bits),
                     -1);
    return bits;
}

static void refused(const char *text, unsigned count)
{
    uint32_t bits = 42;

    assert_int_equal(vtpm_argument_list("test", "--list", text, count, &bits),
                     VTPM_EXIT_USAGE);
    assert_int_equal(bits, 42);
}

static void test_lists(void **state)
{
    (void)state;
    assert_int_equal(list("all", 24), 0xffffff);
    assert_int_equal(list("all", 32), 0xffffffff);
    assert_int_equal(list("none", 24), 0);
    assert_int_equal(list("0", 24), 1);
    assert_int_equal(list("23", 24), 0x800000);
    assert_int_equal(list("16,20-22", 24), 0x710000);
    assert_int_equal(list("0-3", 5), 0xf);
    assert_int_equal(list("3,3,3-3", 5), 8);
    assert_int_equal(list("31", 32), 0x80000000);
}

static void test_what_is_none(void **state)
{
    static const char *const wrong[] = {
        "",     ",",   "-",  "1-",   "-1",    "1,",         ",1", "1,,2",
        "1--2", "3-1", "24", "99",   "100",   "4294967296", " 1", "1 ",
        "0x1",  "All", "a",  "1-24", "1-2-3", "all,1",      "+1", "1;2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i], 24);
    refused("5", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_what_is_none),
    };

    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
