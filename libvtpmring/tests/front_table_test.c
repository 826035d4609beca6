/* SPDX-License-Identifier: MIT */
#include "table_walk.h"

static const struct table_walk walk = {
    .rows = vtpmring_front_table,
    .count = VTPMRING_FRONT_PHASE_COUNT,
    .action_count = VTPMRING_FRONT_ACTION_COUNT,
    .end = VTPMRING_FRONT_PHASE_END,
    .end_action = VTPMRING_FRONT_END,
    .hold = VTPMRING_FRONT_SHARE,
    .release = VTPMRING_FRONT_UNSHARE,
    .writes = {VTPMRING_FRONT_SET_STATE, VTPMRING_FRONT_PUBLISH},
    .starts = {VTPMRING_FRONT_PHASE_GATE, VTPMRING_FRONT_PHASE_FORGET},
    .restarts = VTPMRING_FRONT_PHASE_GATE,
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

/* A frontend does nothing whose ground the backend could take away. */
static void test_again_is_a_failure(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++)
        assert_int_equal(walk.rows[i].again, walk.rows[i].fail);
}

/* On the way down nothing stops it. */
static void test_the_way_down(void **state)
{
    (void)state;
    for (unsigned i = VTPMRING_FRONT_PHASE_CLOSING; i < walk.count; i++)
        assert_int_equal(walk.rows[i].fail, walk.rows[i].ok);
    /* nothing is shared yet: there is nothing to undo */
    assert_int_equal(walk.rows[VTPMRING_FRONT_PHASE_BEGIN].fail, walk.end);
    assert_int_equal(walk.rows[VTPMRING_FRONT_PHASE_SHARE].fail, walk.end);
    /* an earlier life that cannot be taken back is not lived on */
    assert_int_equal(walk.rows[VTPMRING_FRONT_PHASE_RESET].fail, walk.end);
    /* published nodes go before Closed says that they have gone */
    for (unsigned i = VTPMRING_FRONT_PHASE_OFFERED; i < walk.count; i++) {
        if (i == VTPMRING_FRONT_PHASE_UNPUBLISH ||
            i == VTPMRING_FRONT_PHASE_CLOSED)
            continue;
        assert_int_not_equal(walk.rows[i].ok, VTPMRING_FRONT_PHASE_CLOSED);
        assert_int_not_equal(walk.rows[i].fail, VTPMRING_FRONT_PHASE_CLOSED);
    }
}

/* What the states of a backend mean to a frontend that waits. */
static const struct {
    enum vtpmring_front_phase phase, close;
    const char *meaning; /* of Unknown, Initialising, ... Closed */
} meanings[] = {
    {VTPMRING_FRONT_PHASE_GATE, VTPMRING_FRONT_PHASE_END, ".bb...."},
    {VTPMRING_FRONT_PHASE_OFFERED, VTPMRING_FRONT_PHASE_CLOSING, "u..ccuu"},
    {VTPMRING_FRONT_PHASE_CONNECTED, VTPMRING_FRONT_PHASE_CLOSING, "uuu..uu"},
    {VTPMRING_FRONT_PHASE_DRAIN, VTPMRING_FRONT_PHASE_DRAIN, "rrr...r"},
};

static unsigned meant(unsigned phase, char meaning)
{
    switch (meaning) {
    case 'b': /* it is there and holds nothing: begin */
        return VTPMRING_FRONT_PHASE_BEGIN;
    case 'c': /* it has mapped the pages: look at its features */
        return VTPMRING_FRONT_PHASE_CHECK;
    case 'u': /* it refuses, or has gone: take the nodes back */
        return VTPMRING_FRONT_PHASE_UNPUBLISH;
    case 'r': /* it has let go of the pages: end the grants */
        return VTPMRING_FRONT_PHASE_UNSHARE;
    default:
        return phase;
    }
}

static void test_what_a_backend_means(void **state)
{
    unsigned waits = 0;

    (void)state;
    for (unsigned i = 0; i < walk.count; i++)
        waits += walk.rows[i].action == 0;
    assert_int_equal(waits, sizeof(meanings) / sizeof(meanings[0]));
    for (unsigned i = 0; i < waits; i++) {
        const struct vtpmring_xenbus_row *row = &walk.rows[meanings[i].phase];

        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            assert_int_equal(row->peer[p],
                             meant(meanings[i].phase, meanings[i].meaning[p]));
        assert_int_equal(row->close, meanings[i].close);
    }
}

static void test_every_phase_ends(void **state)
{
    const unsigned any = 0x7f, gone = 1u << VTPMRING_XENBUS_UNKNOWN;

    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        /* closed, with a backend that answers */
        assert_true(table_walk_ends(&walk, i, true, any));
        /* closed, the backend has gone */
        assert_true(table_walk_ends(&walk, i, true, gone));
        /* the backend goes, nobody closes: only GATE waits for a new one */
        assert_int_equal(table_walk_ends(&walk, i, false, gone),
                         i > VTPMRING_FRONT_PHASE_GATE);
    }
}

/* What a frontend looks like in each phase, from its straight way. */
static void arrive(struct support_front *f, unsigned phase)
{
    support_front_to(f, 0, NULL, (enum vtpmring_front_phase)phase);
    assert_int_equal(vtpmring_front_next(&f->machine),
                     vtpmring_front_table[phase].action);
}

/* Performs everything, closes and lets the backend answer: must end. */
static void run_to_end(struct support_front *f, enum vtpmring_status status)
{
    struct vtpmring_front *front = &f->machine;

    vtpmring_front_close(front);
    for (int steps = 0; vtpmring_front_next(front) != VTPMRING_FRONT_END;
         steps++) {
        enum vtpmring_front_action action = vtpmring_front_next(front);

        assert_true(steps < 20);
        if (action == VTPMRING_FRONT_SHARE)
            (void)vtpmring_front_set_page(front, &f->pages, f->refs);
        if (action == VTPMRING_FRONT_WAIT)
            vtpmring_front_on_peer_state(front, VTPMRING_XENBUS_CLOSED);
        else
            assert_int_equal(vtpmring_front_done(front, action, status),
                             VTPMRING_OK);
    }
    assert_false(front->shared);
}

static void test_machine_follows_peer_and_close(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        for (unsigned p = 0; p < 2 * VTPMRING_XENBUS_STATE_COUNT; p++) {
            struct support_front f;
            enum vtpmring_xenbus_state peer =
                (enum vtpmring_xenbus_state)(p / 2);
            bool close = p % 2 != 0;

            arrive(&f, i);
            if (close)
                vtpmring_front_close(&f.machine);
            vtpmring_front_on_peer_state(&f.machine, peer);
            if (walk.rows[i].action != 0)
                assert_int_equal(f.machine.phase, i);
            else if (!close || walk.rows[i].close == i)
                assert_int_equal(f.machine.phase, walk.rows[i].peer[peer]);
            else
                assert_int_equal(f.machine.phase, walk.rows[i].close);
            run_to_end(&f, p % 3 == 0 ? VTPMRING_EPORT : VTPMRING_OK);
            support_free(&f.pages);
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
            struct support_front f;
            enum vtpmring_status status = outcomes[o];
            uint8_t next = nexts[o];

            arrive(&f, i);
            if (row->action == 0 || i == walk.end) {
                support_free(&f.pages);
                continue;
            }
            if (row->action == VTPMRING_FRONT_SHARE)
                (void)vtpmring_front_set_page(&f.machine, &f.pages, NULL);
            support_front_does(&f.machine,
                               (enum vtpmring_front_action)row->action, status);
            assert_int_equal(
                f.machine.phase,
                vtpmring_xenbus_settle(
                    walk.rows, next,
                    (enum vtpmring_xenbus_state)f.machine.peer_state,
                    f.machine.want_close));
            run_to_end(&f, VTPMRING_OK);
            support_free(&f.pages);
        }
    }
}

/* An answer to a question that was not asked changes nothing. */
static void test_done_of_another_action_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < walk.count; i++) {
        for (unsigned a = 0; a < walk.action_count; a++) {
            struct support_front f;
            struct vtpmring_front before;

            arrive(&f, i);
            memcpy(&before, &f.machine, sizeof(before));
            if (a != walk.rows[i].action) {
                assert_int_equal(
                    vtpmring_front_done(
                        &f.machine, (enum vtpmring_front_action)a, VTPMRING_OK),
                    VTPMRING_ESTATE);
                assert_memory_equal(&before, &f.machine, sizeof(before));
            }
            support_free(&f.pages);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_phase_is_reached_and_no_page_leaks),
        cmocka_unit_test(test_again_is_a_failure),
        cmocka_unit_test(test_the_way_down),
        cmocka_unit_test(test_what_a_backend_means),
        cmocka_unit_test(test_every_phase_ends),
        cmocka_unit_test(test_machine_follows_peer_and_close),
        cmocka_unit_test(test_machine_follows_ok_fail_and_again),
        cmocka_unit_test(test_done_of_another_action_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
