/* SPDX-License-Identifier: MIT */
/* Transactions: isolation, conflicts, misuse, limits. */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct simxen_store *s;
    struct client a, b, g5; /* two of Domain-0, one of a guest */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->s = simxen_store_new();
    assert_non_null(f->s);
    assert_int_equal(simxen_store_introduce(f->s, 0, "Domain-0"), 0);
    assert_int_equal(simxen_store_introduce(f->s, 5, "five"), 0);
    client_open(&f->a, f->s, 0);
    client_open(&f->b, f->s, 0);
    client_open(&f->g5, f->s, 5);
    want(0, client_write(&f->a, "/t/x", "x0"));
    want(0, client_write(&f->a, "/t/y", "y0"));
    want(0, client_write(&f->a, "/t/dir/one", "1"));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    f->b.tx = 0;
    want(0, client_path(&f->b, XS_CONTROL, "check"));
    client_close(&f->a);
    client_close(&f->b);
    client_close(&f->g5);
    simxen_store_free(f->s);
    free(f);
    return 0;
}

static void commit_shows_all_at_once(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->a));
    want(0, client_write(&f->a, "/t/x", "x1"));
    want(0, client_write(&f->a, "/t/new/deep", "n"));
    want(0, client_rm(&f->a, "/t/dir"));
    want_value(&f->a, "/t/x", "x1");
    want_value(&f->a, "/t/new/deep", "n");
    want(ENOENT, client_read(&f->a, "/t/dir/one"));
    /* Not so for others, until the end. */
    want_value(&f->b, "/t/x", "x0");
    want(ENOENT, client_read(&f->b, "/t/new"));
    want_value(&f->b, "/t/dir/one", "1");
    want(0, client_end(&f->a, true));
    want_value(&f->b, "/t/x", "x1");
    want_value(&f->b, "/t/new/deep", "n");
    want(ENOENT, client_read(&f->b, "/t/dir"));
}

static void abort_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->a));
    want(0, client_write(&f->a, "/t/x", "x1"));
    want(0, client_write(&f->a, "/t/new", "n"));
    want(0, client_set_perms(&f->a, "/t/y", "b5"));
    want(0, client_rm(&f->a, "/t/dir"));
    want(0, client_end(&f->a, false));
    want_value(&f->a, "/t/x", "x0");
    want(ENOENT, client_read(&f->a, "/t/new"));
    want_perms(&f->a, "/t/y", "n0");
    want_value(&f->a, "/t/dir/one", "1");
}

/* It goes on seeing what was there when it began. */
static void snapshot(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->a));
    want(0, client_write(&f->b, "/t/x", "later"));
    want(0, client_rm(&f->b, "/t/y"));
    want(0, client_write(&f->b, "/t/z", "later"));
    want(0, client_set_perms(&f->b, "/t/dir", "b5"));
    want_value(&f->a, "/t/x", "x0");
    want_value(&f->a, "/t/y", "y0");
    want(ENOENT, client_read(&f->a, "/t/z"));
    want_perms(&f->a, "/t/dir", "n0");
    want(EAGAIN, client_end(&f->a, true));
    want_value(&f->a, "/t/x", "later");
}

enum op { READ, WRITE, MKDIR, RM, CHMOD, LIST, PERMS };

static int do_op(struct client *c, enum op op, const char *path)
{
    switch (op) {
    case READ:
        return client_read(c, path);
    case WRITE:
        return client_write(c, path, "new");
    case MKDIR:
        return client_mkdir(c, path);
    case RM:
        return client_rm(c, path);
    case CHMOD:
        return client_set_perms(c, path, "r0");
    case LIST:
        return client_path(c, XS_DIRECTORY, path);
    case PERMS:
        return client_get_perms(c, path);
    }
    return EINVAL;
}

/* What a transaction did, what another did meanwhile, and the outcome. */
static void conflicts(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum op mine;
        const char *mine_path;
        enum op other;
        const char *other_path;
        int end;
    } row[] = {
        {READ, "/t/x", WRITE, "/t/x", EAGAIN},
        {READ, "/t/x", CHMOD, "/t/x", EAGAIN},
        {READ, "/t/x", RM, "/t/x", EAGAIN},
        {READ, "/t/none", WRITE, "/t/none", EAGAIN},
        {READ, "/t/none/deep", WRITE, "/t/none/deep", EAGAIN},
        {LIST, "/t", WRITE, "/t/none", EAGAIN},
        {LIST, "/t", RM, "/t/x", EAGAIN},
        {PERMS, "/t/x", CHMOD, "/t/x", EAGAIN},
        {WRITE, "/t/x", WRITE, "/t/x", EAGAIN},
        {WRITE, "/t/x", RM, "/t/x", EAGAIN},
        {WRITE, "/t/x", CHMOD, "/t/x", EAGAIN},
        {WRITE, "/t/none", WRITE, "/t/none", EAGAIN},
        {WRITE, "/t/none", RM, "/t", EAGAIN},
        {WRITE, "/t/x", RM, "/t", EAGAIN},
        {RM, "/t/dir", WRITE, "/t/dir/one", EAGAIN},
        {RM, "/t/dir", WRITE, "/t/dir/two", EAGAIN},
        {RM, "/t/dir", WRITE, "/t/dir/one/deep", EAGAIN},
        {RM, "/t/dir", RM, "/t/dir/one", EAGAIN},
        {CHMOD, "/t/x", WRITE, "/t/x", EAGAIN},
        {MKDIR, "/t/none", MKDIR, "/t/none", EAGAIN},
        {MKDIR, "/t/x", RM, "/t/x", EAGAIN},
        /* What it did not touch does not matter. */
        {READ, "/t/x", WRITE, "/t/y", 0},
        {READ, "/t/x", READ, "/t/x", 0},
        {READ, "/t/x", WRITE, "/t/none", 0},
        {READ, "/t/x", WRITE, "/t/x/child/deep", EAGAIN},
        {READ, "/t/dir", WRITE, "/t/dir/one", 0},
        {LIST, "/t", WRITE, "/t/x", 0},
        {LIST, "/t", WRITE, "/t/dir/two", 0},
        {WRITE, "/t/x", WRITE, "/t/y", 0},
        {WRITE, "/t/x", RM, "/t/dir", 0},
        {WRITE, "/t/none", WRITE, "/t/dir/two", 0},
        {RM, "/t/dir", WRITE, "/t/x", 0},
        {CHMOD, "/t/x", WRITE, "/t/y", 0},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        /* Alike if the other's change is a commit of its own. */
        for (int by_commit = 0; by_commit < 2; by_commit++) {
            void *again = NULL;
            int rc;

            want(0, client_begin(&f->a));
            (void)do_op(&f->a, row[i].mine, row[i].mine_path);
            if (by_commit)
                want(0, client_begin(&f->b));
            want(0, do_op(&f->b, row[i].other, row[i].other_path));
            if (by_commit)
                want(0, client_end(&f->b, true));
            rc = client_end(&f->a, true);
            if (rc != row[i].end)
                fail_msg("row %zu: %d instead of %d", i, rc, row[i].end);
            want(0, client_path(&f->b, XS_CONTROL, "check"));
            assert_int_equal(teardown(state), 0);
            assert_int_equal(setup(&again), 0);
            *state = f = again;
        }
    }
}

/* Both sides of a merge survive. */
static void merged_commit(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->a));
    want(0, client_write(&f->a, "/t/x", "x1"));
    want(0, client_write(&f->a, "/t/dir/sub/leaf", "a"));
    want(0, client_set_perms(&f->a, "/t/dir/sub", "n0 r5"));
    want(0, client_write(&f->a, "/t/dir/temp", ""));
    want(0, client_rm(&f->a, "/t/dir/temp"));
    want(0, client_rm(&f->a, "/t/dir/one"));
    want(0, client_write(&f->a, "/t/dir/one/again", "2"));
    want(0, client_set_perms(&f->a, "/t/dir", "n0 r7"));
    want_value(&f->a, "/t/x", "x1"); /* read after it was written */
    want(0, client_write(&f->b, "/t/y", "y1"));
    want(0, client_write(&f->b, "/other", "o"));
    want(0, client_end(&f->a, true));
    want_value(&f->b, "/t/x", "x1");
    want_value(&f->b, "/t/y", "y1");
    want_value(&f->b, "/other", "o");
    want_value(&f->b, "/t/dir/sub/leaf", "a");
    want_perms(&f->b, "/t/dir/sub", "n0 r5");
    want_perms(&f->b, "/t/dir", "n0 r7");
    want(ENOENT, client_read(&f->b, "/t/dir/temp"));
    want_value(&f->b, "/t/dir/one", "");
    want_value(&f->b, "/t/dir/one/again", "2");
}

static void misuse(void **state)
{
    struct fixture *f = *state;
    uint32_t first;

    /* An id that is not a transaction of this connection. */
    f->a.tx = 4711;
    want(ENOENT, client_read(&f->a, "/t/x"));
    want(ENOENT, client_write(&f->a, "/t/x", "v"));
    want(ENOENT, client_end(&f->a, true));
    want(ENOENT, client_end(&f->a, true)); /* tx is 0 now */
    want(0, client_begin(&f->a));
    first = f->a.tx;
    f->b.tx = first;
    want(ENOENT, client_write(&f->b, "/t/x", "stolen"));
    f->b.tx = 0;
    /* No nesting, but as many side by side as one likes. */
    want(EBUSY, client_call(&f->a, XS_TRANSACTION_START, "", 1));
    f->a.tx = 0;
    want(0, client_begin(&f->a));
    assert_int_not_equal(f->a.tx, first);
    want(EINVAL, client_path(&f->a, XS_TRANSACTION_END, "X"));
    want(EINVAL, client_call(&f->a, XS_TRANSACTION_END, "T", 1));
    want(0, client_end(&f->a, true));
    f->a.tx = first;
    want(0, client_end(&f->a, false));
    f->a.tx = first;
    want(ENOENT, client_end(&f->a, true));
    /* Watches are not part of transactions. */
    f->a.tx = 99;
    want(0, client_watch(&f->a, "/t", "w"));
    want(0, client_unwatch(&f->a, "/t", "w"));
    want(ENOENT, client_call(&f->a, XS_RESET_WATCHES, "", 1));
}

static void reset_ends_them(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    want(0, client_begin(&f->a));
    tx = f->a.tx;
    want(0, client_write(&f->a, "/t/x", "x1"));
    f->a.tx = 0;
    want(0, client_call(&f->a, XS_RESET_WATCHES, "", 1));
    f->a.tx = tx;
    want(ENOENT, client_end(&f->a, true));
    want_value(&f->a, "/t/x", "x0");
}

static void permissions_within(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->g5));
    want(EACCES, client_write(&f->g5, "/t/x", "v"));
    want(EACCES, client_write(&f->g5, "name", "v"));
    want(0, client_write(&f->g5, "data/x", "v"));
    want(0, client_end(&f->g5, true));
    want_perms(&f->g5, "data/x", "n5");
    /* A right that is taken away meanwhile is gone at the end. */
    want(0, client_set_perms(&f->a, "/t/x", "n0 b5"));
    want(0, client_begin(&f->g5));
    want(0, client_write(&f->g5, "/t/x", "v"));
    want(0, client_set_perms(&f->a, "/t/x", "n0"));
    want(EAGAIN, client_end(&f->g5, true));
    want_value(&f->a, "/t/x", "x0");
    /* So is the ground on which it was told that a node does not exist. */
    want(0, client_set_perms(&f->a, "/t/dir", "n0 r5"));
    want(0, client_begin(&f->g5));
    want(ENOENT, client_read(&f->g5, "/t/dir/none"));
    want(0, client_set_perms(&f->a, "/t/dir", "n0"));
    want(EAGAIN, client_end(&f->g5, true));
}

static void limits(void **state)
{
    struct fixture *f = *state;
    struct client other;
    char path[64];
    int rc = 0;

    /* Ten per domain, over all its connections. */
    client_open(&other, f->s, 5);
    for (int i = 0; i < 10; i++) {
        struct client *c = i % 2 ? &other : &f->g5;

        c->tx = 0;
        want(0, client_begin(c));
    }
    f->g5.tx = 0;
    want(ENOSPC, client_begin(&f->g5));
    client_close(&other);
    want(0, client_begin(&f->g5));
    /* A guest's transaction touches 1024 nodes at most, and one that wanted
     * more does not commit in part. */
    want(0, client_write(&f->g5, "data/first", "v"));
    for (int i = 0; i < 2000 && rc != ENOSPC; i++) {
        (void)snprintf(path, sizeof(path), "data/%d", i);
        rc = client_read(&f->g5, path);
    }
    assert_int_equal(rc, ENOSPC);
    want(ENOSPC, client_end(&f->g5, true));
    want(ENOENT, client_read(&f->g5, "data/first"));
    /* Domain-0's may be as big as it needs. */
    want(0, client_begin(&f->a));
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(path, sizeof(path), "/t/many/%d", i);
        want(0, client_write(&f->a, path, "v"));
    }
    want(0, client_end(&f->a, true));
    want_value(&f->b, "/t/many/1999", "v");
}

/* One that stays open for ever must not keep every old version alive. */
static void too_old(void **state)
{
    struct fixture *f = *state;

    want(0, client_begin(&f->g5));
    want(0, client_write(&f->g5, "data/x", "v"));
    for (int i = 0; i < 65536; i++)
        want(0, client_write(&f->a, "/t/x", "again"));
    want(EAGAIN, client_read(&f->g5, "data/x"));
    want(EAGAIN, client_end(&f->g5, true));
    want(0, client_begin(&f->g5));
    want(0, client_write(&f->g5, "data/x", "v"));
    want(0, client_end(&f->g5, true));
    want_value(&f->g5, "data/x", "v");
}

/*
 * Four clients increment four counters in overlapping transactions, each
 * also keeping their sum. Whatever commits must have been serial.
 */
static void counters(void **state)
{
    struct fixture *f = *state;
    struct client c[4];
    int committed[4] = {0};
    int open_counter[4];
    bool open[4] = {false};
    int total = 0;
    int again = 0;
    char path[32], value[16];

    srand(20240229);
    for (int i = 0; i < 4; i++) {
        client_open(&c[i], f->s, 0);
        (void)snprintf(path, sizeof(path), "/c/%d", i);
        want(0, client_write(&f->a, path, "0"));
    }
    for (int step = 0; step < 4000; step++) {
        int i = rand() % 4;
        int rc;

        if (!open[i]) {
            open_counter[i] = rand() % 4;
            (void)snprintf(path, sizeof(path), "/c/%d", open_counter[i]);
            want(0, client_begin(&c[i]));
            want(0, client_read(&c[i], path));
            (void)snprintf(value, sizeof(value), "%d", atoi(c[i].reply) + 1);
            want(0, client_write(&c[i], path, value));
            open[i] = true;
            continue;
        }
        rc = client_end(&c[i], true);
        open[i] = false;
        if (rc == 0) {
            committed[open_counter[i]]++;
            total++;
        } else {
            assert_int_equal(rc, EAGAIN);
            again++;
        }
    }
    for (int i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof(path), "/c/%d", i);
        (void)snprintf(value, sizeof(value), "%d", committed[i]);
        want_value(&f->a, path, value);
        client_close(&c[i]);
    }
    /* Both outcomes were really tried. */
    assert_true(total > 500);
    assert_true(again > 100);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(commit_shows_all_at_once),
        T(abort_leaves_nothing),
        T(snapshot),
        T(conflicts),
        T(merged_commit),
        T(misuse),
        T(reset_ends_them),
        T(permissions_within),
        T(limits),
        T(too_old),
        T(counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
