/* SPDX-License-Identifier: MIT */
/* When a side looks at the page, and when it goes to sleep at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "poll_time.h"

#include <cmocka.h>

enum { MAX_US = 50, SHORT_US = MAX_US + POLL_WAKE_US, LONG_US };

/* How often one asks for a crowd among short waits. */
static unsigned short_waits(struct vtpmring_link_poll *poll, unsigned count,
                            bool crowd)
{
    unsigned asked = 0;

    for (unsigned i = 0; i < count; i++)
        if (poll_learn(poll, MAX_US, SHORT_US)) {
            poll_asked(poll, MAX_US, crowd);
            asked++;
        }
    return asked;
}

static void test_vain_waits_end_it(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};

    (void)state;
    poll_learn(&poll, MAX_US, LONG_US);
    assert_int_equal(poll.us, MAX_US / 2);
    for (int i = 0; i < 6; i++)
        poll_learn(&poll, MAX_US, LONG_US);
    assert_int_equal(poll.us, 0);
}

/* Who gives its CPU to others while it looks finds all it waits for, late. */
static void test_late_finds_end_it(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};

    (void)state;
    for (int i = 0; i < 7; i++)
        assert_false(poll_found(&poll, MAX_US, LONG_US));
    assert_int_equal(poll.us, 0);
}

static void test_short_waits_in_a_row_bring_it_back(void **state)
{
    struct vtpmring_link_poll poll = {.us = 0};

    (void)state;
    assert_int_equal(short_waits(&poll, POLL_STREAK - 1, false), 0);
    poll_learn(&poll, MAX_US, LONG_US);
    assert_int_equal(short_waits(&poll, POLL_STREAK - 1, false), 0);
    assert_int_equal(poll.us, 0);
    assert_int_equal(short_waits(&poll, 1, false), 1);
    assert_int_equal(poll.us, MAX_US);
    /* who looks does not ask for it again */
    assert_int_equal(short_waits(&poll, 100 * POLL_STREAK, false), 0);
}

/* A side that finds all it waits for: how often it asks for a crowd. */
static unsigned asks(struct vtpmring_link_poll *poll, unsigned found,
                     bool crowd)
{
    unsigned count = 0;

    for (unsigned i = 0; i < found; i++)
        if (poll_found(poll, MAX_US, 0)) {
            poll_asked(poll, MAX_US, crowd);
            count++;
        }
    return count;
}

static void test_a_crowd_is_asked_for(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};

    (void)state;
    assert_int_equal(asks(&poll, 10 * POLL_BURST, false), 10);
    assert_int_equal(poll.us, MAX_US);
    /* a sleep begins the count anew */
    (void)asks(&poll, POLL_BURST - 1, false);
    (void)short_waits(&poll, 1, false);
    assert_int_equal(asks(&poll, POLL_BURST - 1, false), 0);
}

static void test_nobody_looks_in_a_crowd(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};
    unsigned pause = POLL_CROWD;

    (void)state;
    assert_int_equal(asks(&poll, POLL_BURST, true), 1);
    /* each time it takes longer until that is asked again */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(poll.us, 0);
        assert_int_equal(short_waits(&poll, pause - 1, true), 0);
        assert_int_equal(short_waits(&poll, 1, true), 1);
        pause = pause < POLL_CROWD_MAX ? 2 * pause : pause;
    }
    assert_int_equal(pause, POLL_CROWD_MAX);
}

static void test_the_end_of_a_crowd(void **state)
{
    struct vtpmring_link_poll poll = {
        .us = 0, .crowd = POLL_CROWD_MAX, .pause = POLL_CROWD_MAX};

    (void)state;
    /* long waits among the short ones do not put it off */
    for (unsigned i = 0; i < POLL_CROWD_MAX / 4; i++) {
        assert_int_equal(short_waits(&poll, 3, false), 0);
        poll_learn(&poll, MAX_US, LONG_US);
    }
    assert_int_equal(short_waits(&poll, POLL_STREAK, false), 1);
    assert_int_equal(poll.us, MAX_US);
    /* as if there had been none */
    assert_int_equal(asks(&poll, POLL_BURST, true), 1);
    assert_int_equal(short_waits(&poll, POLL_CROWD, false), 1);
    assert_int_equal(poll.us, MAX_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vain_waits_end_it),
        cmocka_unit_test(test_late_finds_end_it),
        cmocka_unit_test(test_short_waits_in_a_row_bring_it_back),
        cmocka_unit_test(test_a_crowd_is_asked_for),
        cmocka_unit_test(test_nobody_looks_in_a_crowd),
        cmocka_unit_test(test_the_end_of_a_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
