/* SPDX-License-Identifier: MIT */
#include "times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vtpm_times times;

static int set_up(void **state)
{
    (void)state;
    memset(&times, 0, sizeof(times));
    return 0;
}

static void test_nothing(void **state)
{
    char line[VTPM_TIMES_LINE_SIZE];
    size_t length;

    (void)state;
    assert_int_equal(vtpm_times_count(&times), 0);
    assert_int_equal(vtpm_times_percentile(&times, 50), 0);
    assert_int_equal(vtpm_times_percentile(&times, 100), 0);
    length = vtpm_times_line(&times, "vtpm", line);
    assert_int_equal(length, strlen(line));
    assert_string_equal(line, "vtpm: service time of 0 commands: p50 0 us, "
                              "p99 0 us, longest 0 us\n");
}

static void test_short_ones_are_exact(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 32; us++) {
        memset(&times, 0, sizeof(times));
        vtpm_times_add(&times, us);
        vtpm_times_add(&times, 100);
        assert_int_equal(vtpm_times_percentile(&times, 50), us);
    }
}

/* Every duration that begins or ends a slot, and its neighbours. */
static void test_long_ones_are_a_sixteenth_off_at_most(void **state)
{
    (void)state;
    for (unsigned bit = 4; bit < 32; bit++) {
        for (uint64_t step = 16; step < 32; step++) {
            const uint64_t begin = step << (bit - 4);

            for (uint64_t us = begin - 1; us <= begin + 1; us++) {
                uint64_t said;

                memset(&times, 0, sizeof(times));
                vtpm_times_add(&times, us);
                vtpm_times_add(&times, UINT32_MAX);
                said = vtpm_times_percentile(&times, 50);
                assert_true(said >= us);
                assert_true(said <= us + us / 16);
            }
        }
    }
}

static void test_too_long(void **state)
{
    (void)state;
    vtpm_times_add(&times, UINT64_MAX);
    vtpm_times_add(&times, (uint64_t)UINT32_MAX + 1);
    assert_int_equal(vtpm_times_count(&times), 2);
    assert_int_equal(vtpm_times_percentile(&times, 50), UINT32_MAX);
    assert_int_equal(vtpm_times_percentile(&times, 99), UINT32_MAX);
}

static int by_size(const void *one, const void *other)
{
    const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

    return (a > b) - (a < b);
}

/* Beside sorted durations, of all magnitudes. */
static void test_percentiles(void **state)
{
    enum { N = 1237 };
    static uint64_t all[N];
    uint64_t random = 1;

    (void)state;
    for (int i = 0; i < N; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        all[i] = (random >> 32) >> (random >> 27 & 31);
        vtpm_times_add(&times, all[i]);
    }
    qsort(all, N, sizeof(all[0]), by_size);
    assert_int_equal(vtpm_times_count(&times), N);
    for (unsigned percent = 1; percent <= 100; percent++) {
        const uint64_t is = all[(N * percent + 99) / 100 - 1];
        const uint64_t said = vtpm_times_percentile(&times, percent);

        assert_true(said >= is);
        assert_true(said <= is + is / 16);
    }
    assert_int_equal(vtpm_times_percentile(&times, 100), all[N - 1]);
}

static void test_line(void **state)
{
    char line[VTPM_TIMES_LINE_SIZE];
    size_t length;

    (void)state;
    for (int i = 0; i < 98; i++)
        vtpm_times_add(&times, 7);
    vtpm_times_add(&times, 64);
    vtpm_times_add(&times, 1234567);
    length = vtpm_times_line(&times, "vtpm", line);
    assert_int_equal(length, strlen(line));
    assert_string_equal(line, "vtpm: service time of 100 commands: p50 7 us, "
                              "p99 67 us, longest 1234567 us\n");
}

static void test_longest_line_fits(void **state)
{
    char line[VTPM_TIMES_LINE_SIZE];

    (void)state;
    atomic_store(&times.count[VTPM_TIMES_SLOTS - 1], UINT64_MAX);
    atomic_store(&times.longest, UINT64_MAX);
    assert_true(vtpm_times_line(&times, "vtpm", line) < sizeof(line));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),
        TEST(test_short_ones_are_exact),
        TEST(test_long_ones_are_a_sixteenth_off_at_most),
        TEST(test_too_long),
        TEST(test_percentiles),
        TEST(test_line),
        TEST(test_longest_line_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
