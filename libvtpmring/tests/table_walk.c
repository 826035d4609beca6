/* SPDX-License-Identifier: MIT */
#include "table_walk.h"

enum { MAX_PHASES = 32 };

static bool waits(const struct vtpmring_xenbus_row *row)
{
    return row->action == 0;
}

void table_walk_rows(const struct table_walk *walk)
{
    assert_true(walk->count <= MAX_PHASES);
    for (unsigned i = 0; i < walk->count; i++) {
        const struct vtpmring_xenbus_row *row = &walk->rows[i];

        assert_non_null(row->name);
        assert_true(row->action < walk->action_count);
        assert_true(row->ok < walk->count);
        assert_true(row->fail < walk->count);
        assert_true(row->again < walk->count);
        assert_true(row->close < walk->count);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(row->name, walk->rows[j].name);
        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            assert_true(row->peer[p] < walk->count);
        assert_int_equal(row->action == walk->end_action, i == walk->end);
        if (!waits(row) && i != walk->end) {
            /* an action that leads back to itself would be done for ever */
            assert_int_not_equal(row->ok, i);
            assert_int_not_equal(row->fail, i);
            assert_int_not_equal(row->again, i);
        }
    }
}

void table_walk_unused(const struct table_walk *walk)
{
    for (unsigned i = 0; i < walk->count; i++) {
        const struct vtpmring_xenbus_row *row = &walk->rows[i];

        if (waits(row) || i == walk->end) {
            assert_int_equal(row->ok, i);
            assert_int_equal(row->fail, i);
            assert_int_equal(row->again, i);
        }
        if (!waits(row)) {
            assert_int_equal(row->close, i);
            for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
                assert_int_equal(row->peer[p], 0);
        }
    }
}

void table_walk_states(const struct table_walk *walk)
{
    for (unsigned i = 0; i < walk->count; i++) {
        const struct vtpmring_xenbus_row *row = &walk->rows[i];

        if (row->action == walk->writes[0] || row->action == walk->writes[1]) {
            assert_true(row->state >= VTPMRING_XENBUS_INITIALISING);
            assert_true(row->state <= VTPMRING_XENBUS_CLOSED);
        } else {
            assert_int_equal(row->state, 0);
        }
    }
}

void table_walk_settles(const struct table_walk *walk)
{
    for (unsigned i = 0; i < walk->count; i++) {
        for (int p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++) {
            for (int close = 0; close < 2; close++) {
                enum vtpmring_xenbus_state peer = (enum vtpmring_xenbus_state)p;
                uint8_t rest = vtpmring_xenbus_settle(walk->rows, (uint8_t)i,
                                                      peer, close != 0);

                assert_true(rest < walk->count);
                assert_int_equal(
                    vtpmring_xenbus_settle(walk->rows, rest, peer, close != 0),
                    rest);
                if (!waits(&walk->rows[i]))
                    assert_int_equal(rest, i);
            }
        }
    }
}

struct reach {
    const struct table_walk *walk;
    bool seen[MAX_PHASES][2];
    bool changed;
};

static void mark(struct reach *r, unsigned phase, bool held)
{
    if (!r->seen[phase][held]) {
        r->seen[phase][held] = true;
        r->changed = true;
    }
}

static void reach_from(struct reach *r, unsigned phase, bool held)
{
    const struct vtpmring_xenbus_row *row = &r->walk->rows[phase];

    if (phase == r->walk->end) {
        assert_false(held); /* over, with the pages still held */
        mark(r, r->walk->restarts, false);
    } else if (waits(row)) {
        mark(r, row->close, held);
        for (unsigned p = 0; p < VTPMRING_XENBUS_STATE_COUNT; p++)
            mark(r, row->peer[p], held);
    } else if (row->action == r->walk->hold) {
        assert_false(held); /* would lose the pages held before */
        mark(r, row->ok, true);
        mark(r, row->fail, false);
        mark(r, row->again, false);
    } else if (row->action == r->walk->release) {
        assert_true(held);
        mark(r, row->ok, false);
        mark(r, row->fail, false);
        mark(r, row->again, false);
    } else {
        mark(r, row->ok, held);
        mark(r, row->fail, held);
        mark(r, row->again, held);
    }
}

void table_walk_reaches(const struct table_walk *walk)
{
    struct reach r = {.walk = walk, .changed = true};

    mark(&r, walk->starts[0], false);
    mark(&r, walk->starts[1], false);
    while (r.changed) {
        r.changed = false;
        for (unsigned i = 0; i < walk->count; i++)
            for (unsigned held = 0; held < 2; held++)
                if (r.seen[i][held])
                    reach_from(&r, i, held != 0);
    }
    for (unsigned i = 0; i < walk->count; i++)
        assert_true(r.seen[i][0] || r.seen[i][1]);
}

/* One round of growing the set of phases from which the machine ends. */
static bool grow(const struct table_walk *walk, bool *ends, bool close,
                 unsigned peers)
{
    bool grown = false;

    for (unsigned i = 0; i < walk->count; i++) {
        const struct vtpmring_xenbus_row *row = &walk->rows[i];
        bool good = ends[i];

        if (!waits(row) && i != walk->end)
            good =
                good || (ends[row->ok] && ends[row->fail] && ends[row->again]);
        for (int p = 0; waits(row) && p < VTPMRING_XENBUS_STATE_COUNT; p++)
            if ((peers >> p & 1) != 0)
                good = good || ends[vtpmring_xenbus_settle(
                                   walk->rows, (uint8_t)i,
                                   (enum vtpmring_xenbus_state)p, close)];
        grown = grown || good != ends[i];
        ends[i] = good;
    }
    return grown;
}

bool table_walk_ends(const struct table_walk *walk, unsigned phase, bool close,
                     unsigned peers)
{
    bool ends[MAX_PHASES] = {false};

    ends[walk->end] = true;
    while (grow(walk, ends, close, peers))
        ;
    return ends[phase];
}
