/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "session.h"

enum { SECOND = 1000000, LIMIT = 2 * SECOND, CANCEL = SECOND };

static const unsigned char command[12] = {0x80, 1, 0, 0,    0, 12,
                                          0,    0, 1, 0x7b, 0, 8};

static struct session s;
static _Alignas(4) unsigned char pages[2][VTPMRING_PAGE_SIZE];
static const uint32_t ref = 5;
static uint64_t now;
static unsigned notified, shared;

/* Carries out what the session wants, until it waits or has ended. */
static enum vtpmring_front_action run(void)
{
    struct vtpmring_page page = {pages[0], pages[1], 1};
    enum vtpmring_front_action action;
    enum vtpmring_status status;

    while ((action = session_next(&s)) != VTPMRING_FRONT_WAIT &&
           action != VTPMRING_FRONT_END) {
        status = VTPMRING_OK;
        if (action == VTPMRING_FRONT_SHARE) {
            memset(pages, 0, sizeof(pages));
            status = vtpmring_front_set_page(&s.machine, &page, &ref);
            shared++;
        }
        if (action == VTPMRING_FRONT_CHECK_PEER)
            status = vtpmring_front_set_features(&s.machine, "1", 1, "1", 1);
        notified += action == VTPMRING_FRONT_NOTIFY;
        session_done(&s, action, status, now);
    }
    return action;
}

static void peer(enum vtpmring_xenbus_state state)
{
    session_peer(&s, state, now);
    (void)run();
}

static void connect(void)
{
    peer(VTPMRING_XENBUS_INIT_WAIT);
    peer(VTPMRING_XENBUS_CONNECTED);
    assert_true(s.connected);
}

static int begin(void **state)
{
    (void)state;
    memset(&s, 0, sizeof(s));
    now = 1000 * (uint64_t)SECOND;
    notified = shared = 0;
    session_begin(&s, 1, VTPMRING_XENBUS_INITIALISING);
    connect();
    return 0;
}

static int send(void)
{
    int rc = session_send(&s, command, sizeof(command), now, LIMIT, CANCEL);

    (void)run();
    return rc;
}

/* The backend answers with a response of so many bytes. */
static void answer(uint32_t length)
{
    unsigned char *packet = pages[0] + 8 + 4;

    memset(packet, 0, 10);
    packet[0] = 0x80;
    packet[1] = 1;
    packet[4] = (unsigned char)(length >> 8);
    packet[5] = (unsigned char)length;
    memcpy(pages[0], &length, sizeof(length));
    pages[0][VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_FINISH;
}

static int receive(void)
{
    static unsigned char response[VTPMRING_TPM_COMMAND_MAX];

    return session_receive(&s, response, sizeof(response));
}

static void a_command_and_its_response(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    assert_int_equal(notified, 1);
    assert_int_equal(receive(), -EAGAIN);
    answer(28);
    assert_true(session_event(&s, now));
    assert_int_equal(receive(), 28);
    assert_int_equal(receive(), -EAGAIN);
    assert_int_equal(send(), 0);
    answer(4096);
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), 4096);
}

/* The event of a response that was seen without it is no storm. */
static void only_events_without_a_reason_are_a_storm(void **state)
{
    (void)state;
    assert_false(session_event(&s, now));
    assert_int_equal(send(), 0);
    answer(10);
    assert_true(session_look(&s, now));
    assert_true(session_event(&s, now));
    assert_false(session_event(&s, now));
    assert_int_equal(receive(), 10);
    /* an early event takes the place of the one that is owed, but the response
     * is a reason of its own */
    assert_int_equal(send(), 0);
    assert_true(session_event(&s, now));
    assert_false(session_event(&s, now));
    answer(10);
    assert_true(session_event(&s, now));
}

static void a_bad_response_is_an_error(void **state)
{
    uint32_t length = 12;

    (void)state;
    assert_int_equal(send(), 0);
    answer(10);
    memcpy(pages[0], &length, sizeof(length)); /* not what its header says */
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), -EIO);
    /* it fits the pages, but no TPM sends it */
    assert_int_equal(send(), 0);
    answer(5000);
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), -EIO);
    assert_int_equal(send(), 0);
    answer(10);
    pages[0][VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_IDLE;
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), -EIO); /* refused, not cancelled */
    assert_true(s.connected);
    assert_int_equal(send(), 0);
    pages[0][VTPMRING_PAGE_STATE_OFFSET] = 77;
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), -EIO);
    assert_false(s.connected);
}

static void a_late_command_is_cancelled_then_given_up(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    assert_int_equal(session_deadline(&s), now + LIMIT);
    now += LIMIT - 1;
    session_tick(&s, now);
    assert_int_equal(pages[0][VTPMRING_PAGE_STATE_OFFSET],
                     VTPMRING_PAGE_SUBMIT);
    now++;
    session_tick(&s, now);
    (void)run();
    assert_int_equal(pages[0][VTPMRING_PAGE_STATE_OFFSET],
                     VTPMRING_PAGE_CANCEL);
    assert_int_equal(notified, 2);
    assert_int_equal(session_deadline(&s), now + CANCEL);
    now += CANCEL;
    session_tick(&s, now);
    assert_int_equal(receive(), -ETIME);
    assert_false(s.connected);
    assert_int_equal(send(), -ENOTCONN);
}

static void a_late_command_that_is_dropped_was_late(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    now += LIMIT;
    session_tick(&s, now);
    (void)run();
    pages[0][VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_IDLE;
    assert_true(session_event(&s, now));
    assert_int_equal(receive(), -ETIME);
    assert_true(s.connected);
    assert_int_equal(send(), 0);
}

static void a_cancelled_command_may_have_a_response(void **state)
{
    (void)state;
    session_cancel(&s, now); /* of nothing */
    assert_int_equal(send(), 0);
    session_cancel(&s, now);
    (void)run();
    answer(10);
    assert_true(session_event(&s, now));
    assert_int_equal(receive(), 10);
    assert_int_equal(send(), 0);
    session_cancel(&s, now);
    (void)run();
    pages[0][VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_IDLE;
    assert_true(session_event(&s, now));
    assert_int_equal(receive(), -ECANCELED);
}

/* The next command waits for the end of the abandoned one, and gets no response
 * but its own. */
static void nobody_receives_an_abandoned_command(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    session_abandon(&s, now);
    (void)run();
    assert_int_equal(pages[0][VTPMRING_PAGE_STATE_OFFSET],
                     VTPMRING_PAGE_CANCEL);
    assert_int_equal(send(), -EBUSY);
    answer(20);
    assert_false(session_look(&s, now));
    assert_int_equal(receive(), -EAGAIN);
    assert_int_equal(send(), 0);
    answer(10);
    assert_true(session_look(&s, now));
    assert_int_equal(receive(), 10);
    /* one that had just ended is dropped */
    assert_int_equal(send(), 0);
    answer(10);
    assert_true(session_look(&s, now));
    session_abandon(&s, now);
    assert_int_equal(send(), 0);
    /* and one that never ends is given up */
    session_abandon(&s, now);
    now += CANCEL;
    session_tick(&s, now);
    assert_int_equal(send(), -ENOTCONN);
}

static void a_response_outlives_its_connection(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    answer(20);
    assert_true(session_look(&s, now));
    peer(VTPMRING_XENBUS_CLOSED);
    assert_false(s.connected);
    memset(pages, 0xff, sizeof(pages));
    assert_int_equal(receive(), 20);
}

static void a_backend_that_comes_back_is_taken(void **state)
{
    uint32_t generation = s.generation;

    (void)state;
    assert_int_equal(send(), 0);
    peer(VTPMRING_XENBUS_CLOSED);
    assert_int_equal(receive(), -EIO);
    assert_int_equal(run(), VTPMRING_FRONT_END);
    session_peer(&s, VTPMRING_XENBUS_CLOSED, now);
    assert_true(session_reopen(&s, now));
    assert_int_equal(run(), VTPMRING_FRONT_WAIT);
    connect();
    assert_int_equal(s.generation, generation + 1);
    assert_int_equal(send(), 0);
}

/* One that comes and goes gets pauses, each twice as long. */
static void short_connections_get_pauses(void **state)
{
    uint64_t pause = 0, start;

    (void)state;
    for (int i = 0; i < 14; i++) {
        peer(VTPMRING_XENBUS_CLOSED);
        assert_int_equal(run(), VTPMRING_FRONT_END);
        start = now;
        if (pause > 0) {
            assert_false(session_reopen(&s, now + pause - 1));
            assert_int_equal(session_deadline(&s), now + pause);
        }
        now += pause;
        session_peer(&s, VTPMRING_XENBUS_CLOSED, now);
        assert_true(session_reopen(&s, now));
        assert_int_equal(now - start, pause);
        connect();
        pause = pause == 0 ? SESSION_PAUSE_US : pause * 2;
        if (pause > SESSION_PAUSE_MAX_US)
            pause = SESSION_PAUSE_MAX_US;
    }
    assert_int_equal(pause, SESSION_PAUSE_MAX_US);
    now += SESSION_LASTING_US;
    peer(VTPMRING_XENBUS_CLOSED);
    assert_true(session_reopen(&s, now));
}

static void a_suspend_ends_the_command(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    session_begin(&s, 1, VTPMRING_XENBUS_INITIALISING);
    assert_false(s.connected);
    assert_int_equal(receive(), -EIO);
    connect();
    assert_int_equal(send(), 0);
    session_abandon(&s, now);
    session_begin(&s, 1, VTPMRING_XENBUS_INITIALISING);
    connect();
    assert_int_equal(send(), 0);
}

static void closing_ends_even_without_the_backend(void **state)
{
    (void)state;
    assert_int_equal(send(), 0);
    session_close(&s, now);
    assert_false(s.connected);
    assert_int_equal(run(), VTPMRING_FRONT_WAIT);
    assert_int_equal(receive(), -EIO);
    session_give_up(&s, now);
    assert_int_equal(run(), VTPMRING_FRONT_END);
    assert_false(session_reopen(&s, now));
}

static void what_is_no_command_is_refused(void **state)
{
    static unsigned char large[VTPMRING_TPM_COMMAND_MAX * 3];

    (void)state;
    assert_int_equal(session_send(&s, command, 11, now, LIMIT, CANCEL),
                     -EINVAL);
    large[4] = sizeof(large) >> 8;
    assert_int_equal(session_send(&s, large, sizeof(large), now, LIMIT, CANCEL),
                     -E2BIG);
    assert_int_equal(send(), 0);
    assert_int_equal(send(), -EBUSY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_command_and_its_response),
        TEST(only_events_without_a_reason_are_a_storm),
        TEST(a_bad_response_is_an_error),
        TEST(a_late_command_is_cancelled_then_given_up),
        TEST(a_late_command_that_is_dropped_was_late),
        TEST(a_cancelled_command_may_have_a_response),
        TEST(nobody_receives_an_abandoned_command),
        TEST(a_response_outlives_its_connection),
        TEST(a_backend_that_comes_back_is_taken),
        TEST(short_connections_get_pauses),
        TEST(a_suspend_ends_the_command),
        TEST(closing_ends_even_without_the_backend),
        TEST(what_is_no_command_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
