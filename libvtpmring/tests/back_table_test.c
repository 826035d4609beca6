/* SPDX-License-Identifier: MIT */
#include "table_walk.h"

static const struct table_walk walk = {
    .rows = vtpmring_back_table,
    .count = VTPMRING_BACK_PHASE_COUNT,
    .action_count = VTPMRING_BACK_ACTION_COUNT,
    .end = VTPMRING_BACK_PHASE_END,
    .end_action = VTPMRING_BACK_END,
    .hold = VTPMRING_BACK_MAP,
    .release = VTPMRING_BACK_UNMAP,
    .writes = {VTPMRING_BACK_SET_STATE, VTPMRING_BACK_SET_STATE},
    .starts = {VTPMRING_BACK_PHASE_ADVERTISE, VTPMRING_BACK_PHASE_ADOPT},
    .restarts = VTPMRING_BACK_PHASE_END,
};

static void test_rows(void **state)
{
    (void)state;
    table_walk_rows(&walk);
    table_walk_unused(&walk);
    table_walk_states(&walk);
    table_walk_settles(&walk);
}

static void test_every_phase_is_reached_and_no_page_leaks(void **state)
{
    (void)state;
    table_walk_reaches(&walk);
}

/* What the frontend published may have changed until it is connected: then the
 * handshake begins anew. Anything else that goes wrong is a failure. */
static void test_again_repeats_the_handshake(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        unsigned again = walk.rows[i].again;

        if (i != VTPMRING_BACK_PHASE_READ && i != VTPMRING_BACK_PHASE_MAP &&
            i != VTPMRING_BACK_PHASE_CONFIRM) {
            assert_int_equal(again, walk.rows[i].fail);
            continue;
        }
        if (walk.rows[again].action == walk.release)
            again = walk.rows[again].ok;
        assert_int_equal(again, VTPMRING_BACK_PHASE_INIT_WAIT);
    }
}

/* On the way down nothing stops it, and it ends by no other way. */
static void test_the_way_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        const struct vtpmring_xenbus_row *row = &walk.rows[i];

        if (i >= VTPMRING_BACK_PHASE_DROP)
            assert_int_equal(row->fail, row->ok);
        if (i == VTPMRING_BACK_PHASE_CLOSED || i == walk.end)
            continue;
        assert_int_not_equal(row->ok, walk.end);
        assert_int_not_equal(row->fail, walk.end);
        assert_int_not_equal(row->close, walk.end);
        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            assert_int_not_equal(row->peer[p], walk.end);
    }
}

/* What the states of a frontend mean to a backend that waits. */
static const struct {
    enum vtpmring_back_phase phase;
    const char *meaning; /* of Unknown, Initialising, ... Closed */
} meanings[] = {
    {VTPMRING_BACK_PHASE_LISTEN, "x..hh.."},
    {VTPMRING_BACK_PHASE_OPEN, "xdd.sld"},
    {VTPMRING_BACK_PHASE_CONNECTED, "xdddsld"},
    {VTPMRING_BACK_PHASE_LINGER, "xnnnn.n"},
    {VTPMRING_BACK_PHASE_REFUSED, "xnn...n"},
};

static unsigned meant(enum vtpmring_back_phase phase, char meaning)
{
    bool held = phase == VTPMRING_BACK_PHASE_OPEN ||
                phase == VTPMRING_BACK_PHASE_CONNECTED;

    switch (meaning) {
    case 'h': /* it has published: the handshake goes on */
        return VTPMRING_BACK_PHASE_READ;
    case 's': /* it is connected: serve */
        return VTPMRING_BACK_PHASE_CONNECTED;
    case 'd': /* it has let go, or has begun anew: let go, begin anew */
        return VTPMRING_BACK_PHASE_DROP;
    case 'l': /* it is about to leave: let go, say so */
        return VTPMRING_BACK_PHASE_LEAVE;
    case 'n': /* another handshake may begin */
        return VTPMRING_BACK_PHASE_INIT_WAIT;
    case 'x': /* gone for good, or the wish to close */
        return held ? VTPMRING_BACK_PHASE_RELEASE : VTPMRING_BACK_PHASE_CLOSED;
    default:
        return phase;
    }
}

static void test_what_a_frontend_means(void **state)
{
    unsigned waits = 0;

    (void)state;
    for (unsigned i = 0; i < walk.count; i++)
        waits += walk.rows[i].action == 0;
    assert_int_equal(waits, sizeof(meanings) / sizeof(meanings[0]));
    for (unsigned i = 0; i < waits; i++) {
        enum vtpmring_back_phase phase = meanings[i].phase;

        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            assert_int_equal(walk.rows[phase].peer[p],
                             meant(phase, meanings[i].meaning[p]));
        assert_int_equal(walk.rows[phase].close, meant(phase, 'x'));
    }
}

static void test_every_phase_ends(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        /* the device is to go: ends whatever the frontend does, even nothing */
        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            assert_true(table_walk_ends(&walk, i, true, 1u << p));
        /* the frontend's directory is gone: the instance goes, too */
        assert_true(table_walk_ends(&walk, i, false, 1u));
    }
}

/* No frontend can end the backend of a device that is to stay, but by going
 * away; and after whatever it did, it can connect again. */
static void test_frontend_cannot_end_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        const struct vtpmring_xenbus_row *row = &walk.rows[i];

        for (unsigned p = 1; p < VTPMRING_XENBUS_STATE_COUNT; p++) {
            if (row->action != 0)
                continue;
            assert_int_not_equal(row->peer[p], VTPMRING_BACK_PHASE_CLOSED);
            assert_int_not_equal(row->peer[p], VTPMRING_BACK_PHASE_RELEASE);
            assert_int_not_equal(row->peer[p], VTPMRING_BACK_PHASE_END);
        }
    }
}

static void arrive(struct support_back *b, unsigned phase)
{
    support_back_to(b, 0, (enum vtpmring_back_phase)phase);
    assert_int_equal(vtpmring_back_next(&b->machine),
                     vtpmring_back_table[phase].action);
}

static void perform(struct support_back *b, enum vtpmring_status status)
{
    struct vtpmring_back *back = &b->machine;
    enum vtpmring_back_action action = vtpmring_back_next(back);

    if (action == VTPMRING_BACK_READ_PEER)
        (void)vtpmring_back_set_peer(back, "8", 1, "5", 1, "1", 1);
    if (action == VTPMRING_BACK_MAP && status == VTPMRING_OK)
        (void)vtpmring_back_set_page(back, b->pages.first);
    support_back_does(back, action, status);
}

static void run_to_end(struct support_back *b, enum vtpmring_status status)
{
    struct vtpmring_back *back = &b->machine;

    vtpmring_back_close(back);
    for (int steps = 0; vtpmring_back_next(back) != VTPMRING_BACK_END;
         steps++) {
        assert_true(steps < 20);
        assert_int_not_equal(vtpmring_back_next(back), VTPMRING_BACK_WAIT);
        perform(b, status);
    }
    assert_false(back->mapped);
}

static void test_machine_follows_peer_and_close(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        for (unsigned p = 0; p < 2 * VTPMRING_XENBUS_STATE_COUNT; p++) {
            struct support_back b;
            enum vtpmring_xenbus_state peer =
                (enum vtpmring_xenbus_state)(p / 2);
            bool close = p % 2 != 0;

            arrive(&b, i);
            if (close)
                vtpmring_back_close(&b.machine);
            vtpmring_back_on_peer_state(&b.machine, peer);
            assert_int_equal(
                b.machine.phase,
                walk.rows[i].action != 0 ? i
                : close                  ? walk.rows[i].close
                                         : vtpmring_xenbus_settle(
                                               walk.rows, walk.rows[i].peer[peer], peer, false));
            run_to_end(&b, p % 3 == 0 ? VTPMRING_EPORT : VTPMRING_OK);
            support_back_free(&b);
        }
    }
}

static const enum vtpmring_status outcomes[] = {VTPMRING_OK, VTPMRING_ENOMEM,
                                                VTPMRING_AGAIN};

static void test_machine_follows_ok_fail_and_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        const struct vtpmring_xenbus_row *row = &walk.rows[i];

        const uint8_t nexts[] = {row->ok, row->fail, row->again};

        for (int o = 0; o < 3; o++) {
            struct support_back b;
            uint8_t next = nexts[o];

            arrive(&b, i);
            if (row->action != 0 && i != walk.end) {
                perform(&b, outcomes[o]);
                assert_int_equal(
                    b.machine.phase,
                    vtpmring_xenbus_settle(
                        walk.rows, next,
                        (enum vtpmring_xenbus_state)b.machine.peer_state,
                        false));
                run_to_end(&b, VTPMRING_OK);
            }
            support_back_free(&b);
        }
    }
}

static void test_done_of_another_action_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        for (unsigned a = 0; a < walk.action_count; a++) {
            struct support_back b;
            struct vtpmring_back before;

            arrive(&b, i);
            memcpy(&before, &b.machine, sizeof(before));
            if (a != walk.rows[i].action) {
                assert_int_equal(
                    vtpmring_back_done(&b.machine, (enum vtpmring_back_action)a,
                                       VTPMRING_OK),
                    VTPMRING_ESTATE);
                assert_memory_equal(&before, &b.machine, sizeof(before));
            }
            support_back_free(&b);
        }
    }
}

/* Whatever the frontend did, and however its connection failed: once it is
 * Closed and publishes again, it is served. */
static void test_every_phase_lets_a_new_frontend_in(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        struct support_back b;

        arrive(&b, i);
        vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CLOSED);
        for (int steps = 0; i < VTPMRING_BACK_PHASE_RELEASE &&
                            b.machine.phase != VTPMRING_BACK_PHASE_CONNECTED;
             steps++) {
            assert_true(steps < 20);
            if (vtpmring_back_next(&b.machine) == VTPMRING_BACK_WAIT)
                vtpmring_back_on_peer_state(&b.machine,
                                            VTPMRING_XENBUS_CONNECTED);
            else
                perform(&b, VTPMRING_OK);
        }
        run_to_end(&b, VTPMRING_OK);
        support_back_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_phase_is_reached_and_no_page_leaks),
        cmocka_unit_test(test_again_repeats_the_handshake),
        cmocka_unit_test(test_the_way_down),
        cmocka_unit_test(test_what_a_frontend_means),
        cmocka_unit_test(test_every_phase_ends),
        cmocka_unit_test(test_frontend_cannot_end_it),
        cmocka_unit_test(test_machine_follows_peer_and_close),
        cmocka_unit_test(test_machine_follows_ok_fail_and_again),
        cmocka_unit_test(test_done_of_another_action_is_refused),
        cmocka_unit_test(test_every_phase_lets_a_new_frontend_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
