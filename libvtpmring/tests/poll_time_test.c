/* SPDX-License-Identifier: MIT */
/* When a side looks at the page, and when it goes to sleep at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "poll_time.h"

#include <cmocka.h>

enum { MAX_US = 50 };

static void short_waits(struct vtpmring_link_poll *poll, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        poll_learn(poll, MAX_US, 10);
}

static void test_vain_waits_end_it(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};

    (void)state;
    poll_learn(&poll, MAX_US, MAX_US + 1);
    assert_int_equal(poll.us, MAX_US / 2);
    for (int i = 0; i < 6; i++)
        poll_learn(&poll, MAX_US, MAX_US + 1);
    assert_int_equal(poll.us, 0);
}

static void test_short_waits_in_a_row_bring_it_back(void **state)
{
    struct vtpmring_link_poll poll = {.us = 0};

    (void)state;
    short_waits(&poll, POLL_STREAK - 1);
    poll_learn(&poll, MAX_US, MAX_US + 1);
    short_waits(&poll, POLL_STREAK - 1);
    assert_int_equal(poll.us, 0);
    short_waits(&poll, 1);
    assert_int_equal(poll.us, MAX_US);
}

/* A side that finds all it waits for: how often it asks for a crowd. */
static unsigned asks(struct vtpmring_link_poll *poll, unsigned found,
                     bool crowd)
{
    unsigned count = 0;

    for (unsigned i = 0; i < found; i++)
        if (poll_found(poll, MAX_US)) {
            poll_asked(poll, crowd);
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
    short_waits(&poll, 1);
    assert_int_equal(asks(&poll, POLL_BURST - 1, false), 0);
}

static void test_a_crowd_ends_it_for_longer_each_time(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US};
    unsigned need = POLL_STREAK, burst = POLL_BURST;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(asks(&poll, burst - 1, true), 0);
        assert_int_equal(asks(&poll, 1, true), 1);
        assert_int_equal(poll.us, 0);
        need = need < POLL_STREAK_MAX ? 2 * need : need;
        short_waits(&poll, need - 1);
        assert_int_equal(poll.us, 0);
        short_waits(&poll, 1);
        assert_int_equal(poll.us, MAX_US);
        burst = POLL_BURST_CROWD;
    }
    assert_int_equal(need, POLL_STREAK_MAX);
}

static void test_the_end_of_a_crowd(void **state)
{
    struct vtpmring_link_poll poll = {.us = MAX_US, .need = POLL_STREAK_MAX};

    (void)state;
    assert_int_equal(asks(&poll, POLL_BURST_CROWD, false), 1);
    poll.us = 0;
    poll.streak = 0;
    short_waits(&poll, POLL_STREAK);
    assert_int_equal(poll.us, MAX_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vain_waits_end_it),
        cmocka_unit_test(test_short_waits_in_a_row_bring_it_back),
        cmocka_unit_test(test_a_crowd_is_asked_for),
        cmocka_unit_test(test_a_crowd_ends_it_for_longer_each_time),
        cmocka_unit_test(test_the_end_of_a_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
