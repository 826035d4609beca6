/* SPDX-License-Identifier: MIT */
/* Event channels between two domains, from one thread and from many. */
#include "domains.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static struct domain front, back, stranger;
static uint32_t front_channel, back_channel;

static int open_all(void **state)
{
    (void)state;
    must_end_within_s(30);
    open_domain(&front, "front", 0);
    open_domain(&back, "back", 0);
    open_domain(&stranger, "stranger", 0);
    connect_domains(&front, &back, &front_channel, &back_channel);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    close_domain(&front);
    close_domain(&back);
    close_domain(&stranger);
    return 0;
}

static void expect_event(struct domain *domain, uint32_t expected)
{
    uint32_t channel = 0;

    assert_int_equal(
        domain->ops->wait(domain->port, VTPMRING_PORT_CHANNEL, 2000),
        VTPMRING_PORT_CHANNEL);
    assert_int_equal(domain->ops->channel_next(domain->port, &channel),
                     VTPMRING_OK);
    assert_int_equal(channel, expected);
}

static void expect_no_event(struct domain *domain)
{
    uint32_t channel;

    assert_int_equal(domain->ops->channel_next(domain->port, &channel),
                     VTPMRING_AGAIN);
    assert_int_equal(domain->ops->wait(domain->port, VTPMRING_PORT_CHANNEL, 0),
                     0);
}

static void notify(struct domain *domain, uint32_t channel)
{
    assert_int_equal(domain->ops->channel_notify(domain->port, channel),
                     VTPMRING_OK);
}

static void events_go_both_ways(void **state)
{
    (void)state;
    expect_no_event(&front);
    expect_no_event(&back);
    for (int i = 0; i < 100; i++) {
        notify(&front, front_channel);
        expect_event(&back, back_channel);
        expect_no_event(&back);
        expect_no_event(&front);
        notify(&back, back_channel);
        expect_event(&front, front_channel);
        expect_no_event(&front);
    }
}

static void events_before_the_first_look_are_one(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        notify(&front, front_channel);
    expect_event(&back, back_channel);
    expect_no_event(&back);
    notify(&front, front_channel);
    expect_event(&back, back_channel);
}

static void an_event_can_be_taken_without_a_wait(void **state)
{
    uint32_t channel = 0;

    (void)state;
    notify(&front, front_channel);
    assert_int_equal(back.ops->channel_next(back.port, &channel), VTPMRING_OK);
    assert_int_equal(channel, back_channel);
    expect_no_event(&back);
}

static void several_channels_come_one_by_one(void **state)
{
    uint32_t front_second, back_second, first, second;

    (void)state;
    connect_domains(&front, &back, &front_second, &back_second);
    notify(&front, front_second);
    notify(&front, front_channel);
    assert_int_equal(back.ops->wait(back.port, VTPMRING_PORT_CHANNEL, 2000),
                     VTPMRING_PORT_CHANNEL);
    assert_int_equal(back.ops->channel_next(back.port, &first), VTPMRING_OK);
    assert_int_equal(back.ops->channel_next(back.port, &second), VTPMRING_OK);
    assert_int_equal(first + second, back_channel + back_second);
    assert_int_not_equal(first, second);
    expect_no_event(&back);
}

static void only_the_named_peer_binds(void **state)
{
    uint32_t channel, bound;

    (void)state;
    assert_int_equal(front.ops->channel_open(front.port, back.domid, &channel),
                     VTPMRING_OK);
    assert_int_equal(
        stranger.ops->channel_bind(stranger.port, front.domid, channel, &bound),
        VTPMRING_EPORT);
    assert_int_equal(
        back.ops->channel_bind(back.port, front.domid, channel + 100, &bound),
        VTPMRING_EPORT);
    assert_int_equal(
        back.ops->channel_bind(back.port, front.domid, channel, &bound),
        VTPMRING_OK);
}

static void a_closed_channel_sends_nothing(void **state)
{
    (void)state;
    front.ops->channel_close(front.port, front_channel);
    assert_int_equal(front.ops->channel_notify(front.port, front_channel),
                     VTPMRING_EPORT);
    expect_no_event(&back);
}

/* What wait() has seen is gone when channel_next() comes: it must not sleep. */
static void an_event_that_vanishes_blocks_nobody(void **state)
{
    uint32_t channel;

    (void)state;
    notify(&front, front_channel);
    assert_int_equal(back.ops->wait(back.port, VTPMRING_PORT_CHANNEL, 2000),
                     VTPMRING_PORT_CHANNEL);
    back.ops->channel_close(back.port, back_channel);
    /* A kernel may still deliver it; what matters is that this returns. */
    while (back.ops->channel_next(back.port, &channel) == VTPMRING_OK)
        assert_int_equal(channel, back_channel);
    expect_no_event(&back);
}

static void the_descriptor_tells_of_events(void **state)
{
    struct pollfd look = {.fd = vtpmring_port_xen_user_channel_fd(back.port),
                          .events = POLLIN};

    (void)state;
    assert_int_equal(poll(&look, 1, 0), 0);
    notify(&front, front_channel);
    assert_int_equal(poll(&look, 1, 2000), 1);
    expect_event(&back, back_channel);
    assert_int_equal(poll(&look, 1, 0), 0);
}

/* Two threads wait for and take the same events; none is lost or doubled. */
enum { TAKERS = 2, EVENTS = 5000 };
static _Atomic unsigned taken, wrong;
static _Atomic bool stop;

static void *take_events(void *unused)
{
    uint32_t channel;

    while (!stop) {
        unsigned there = back.ops->wait(
            back.port, VTPMRING_PORT_CHANNEL | VTPMRING_PORT_SERVER, -1);

        if (!(there & VTPMRING_PORT_CHANNEL))
            continue;
        while (back.ops->channel_next(back.port, &channel) == VTPMRING_OK) {
            if (channel != back_channel)
                wrong++;
            taken++;
        }
    }
    return unused;
}

static void many_threads_share_the_events(void **state)
{
    pthread_t takers[TAKERS];
    const int64_t start = now_ms();

    (void)state;
    taken = wrong = 0;
    stop = false;
    for (int i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_create(&takers[i], NULL, take_events, NULL),
                         0);
    for (unsigned i = 0; i < EVENTS; i++) {
        notify(&front, front_channel);
        while (taken == i && now_ms() - start < 20000)
            (void)sched_yield();
        assert_int_equal(taken, i + 1);
    }
    stop = true;
    /* A wake reaches one thread; who has ended needs none. */
    for (int i = 0; i < TAKERS; i++)
        while (pthread_tryjoin_np(takers[i], NULL) != 0) {
            back.ops->wake(back.port, VTPMRING_PORT_SERVER);
            (void)sched_yield();
        }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_go_both_ways, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(events_before_the_first_look_are_one,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(an_event_can_be_taken_without_a_wait,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(several_channels_come_one_by_one,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(only_the_named_peer_binds, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_closed_channel_sends_nothing,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(an_event_that_vanishes_blocks_nobody,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(the_descriptor_tells_of_events,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(many_threads_share_the_events, open_all,
                                        close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
