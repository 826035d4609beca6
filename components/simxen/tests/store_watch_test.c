/* SPDX-License-Identifier: MIT */
/* Watches: who hears of what, when, and how much of it is kept. */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct simxen_store *s;
    struct client dom0, w, g5, g7; /* w watches as Domain-0 */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->s = simxen_store_new();
    assert_non_null(f->s);
    assert_int_equal(simxen_store_introduce(f->s, 0, "Domain-0"), 0);
    assert_int_equal(simxen_store_introduce(f->s, 5, "five"), 0);
    assert_int_equal(simxen_store_introduce(f->s, 7, "seven"), 0);
    client_open(&f->dom0, f->s, 0);
    client_open(&f->w, f->s, 0);
    client_open(&f->g5, f->s, 5);
    client_open(&f->g7, f->s, 7);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    want(0, client_path(&f->dom0, XS_CONTROL, "check"));
    client_close(&f->dom0);
    client_close(&f->w);
    client_close(&f->g5);
    client_close(&f->g7);
    simxen_store_free(f->s);
    free(f);
    return 0;
}

/* Exactly one event waits, this one. */
static void only(struct client *c, const char *path, const char *token)
{
    client_drain(c);
    assert_int_equal(c->event_count, 1);
    assert_string_equal(c->events[0].path, path);
    assert_string_equal(c->events[0].token, token);
    c->event_count = 0;
}

static void none(struct client *c)
{
    client_drain(c);
    assert_int_equal(c->event_count, 0);
}

static void fires_at_registration(void **state)
{
    struct fixture *f = *state;

    /* The node need not exist; the reply comes first. */
    want(0, client_watch(&f->w, "/x/y", "tok"));
    assert_int_equal(f->w.events_before_reply, 0);
    only(&f->w, "/x/y", "tok");
    want(EEXIST, client_watch(&f->w, "/x/y", "tok"));
    none(&f->w);
    want(0, client_watch(&f->w, "/x/y", "tok2"));
    only(&f->w, "/x/y", "tok2");
    want(0, client_watch(&f->w, "/x", "tok"));
    only(&f->w, "/x", "tok");
    want(EINVAL, client_path(&f->w, XS_WATCH, "/x"));
    want(EINVAL, client_watch(&f->w, "/x//", "t"));
    want(EINVAL, client_call(&f->w, XS_WATCH, "/x\0tok", 6));
    /* The same path by another name is the same watch. */
    want(0, client_watch(&f->g5, "data", "t"));
    want(EEXIST, client_watch(&f->g5, "/local/domain/5/data", "t"));
    want(0, client_unwatch(&f->g5, "/local/domain/5/data", "t"));
}

static void each_kind_of_change(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "/n", "t"));
    client_no_events(&f->w);
    want(0, client_mkdir(&f->dom0, "/n"));
    only(&f->w, "/n", "t");
    want(0, client_mkdir(&f->dom0, "/n")); /* changes nothing */
    none(&f->w);
    want(0, client_write(&f->dom0, "/n", "v"));
    only(&f->w, "/n", "t");
    want(0, client_write(&f->dom0, "/n/a/b/c", "v"));
    only(&f->w, "/n/a/b/c", "t");
    want(0, client_set_perms(&f->dom0, "/n/a", "r0"));
    only(&f->w, "/n/a", "t");
    want(0, client_rm(&f->dom0, "/n/a/b/c"));
    only(&f->w, "/n/a/b/c", "t");
    want(0, client_rm(&f->dom0, "/n/a/b/c")); /* was not there */
    none(&f->w);
    want(0, client_read(&f->dom0, "/n"));
    want(ENOENT, client_rm(&f->dom0, "/n/q/r"));
    none(&f->w);
    /* Not its own business. */
    want(0, client_write(&f->dom0, "/nn", "v"));
    want(0, client_write(&f->dom0, "/m", "v"));
    none(&f->w);
    want(0, client_rm(&f->dom0, "/n"));
    only(&f->w, "/n", "t");
}

static void removal_of_parents(void **state)
{
    struct fixture *f = *state;

    want(0, client_write(&f->dom0, "/a/b/c", "v"));
    want(0, client_watch(&f->w, "/a/b/c", "c"));
    want(0, client_watch(&f->w, "/a/b/none", "none"));
    want(0, client_watch(&f->w, "/a", "a"));
    client_no_events(&f->w);
    want(0, client_rm(&f->dom0, "/a"));
    /* The watch on what went hears of that; the one above, once. */
    assert_true(client_event(&f->w, "/a/b/c", "c"));
    only(&f->w, "/a", "a");
}

static void root_watch(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "/", "r"));
    only(&f->w, "/", "r");
    want(0, client_write(&f->dom0, "/q/r", "v"));
    only(&f->w, "/q/r", "r");
    want(0, client_write(&f->dom0, "/", "v"));
    only(&f->w, "/", "r");
}

static void relative_watch(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->g5, "data", "rel"));
    want(0, client_watch(&f->g5, "/local/domain/5/data", "abs"));
    assert_true(client_event(&f->g5, "data", "rel"));
    only(&f->g5, "/local/domain/5/data", "abs");
    want(0, client_write(&f->dom0, "/local/domain/5/data/x/y", "v"));
    assert_true(client_event(&f->g5, "data/x/y", "rel"));
    only(&f->g5, "/local/domain/5/data/x/y", "abs");
}

static void own_change_is_answered_first(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "/o", "t"));
    client_no_events(&f->w);
    want(0, client_write(&f->w, "/o", "v"));
    assert_int_equal(f->w.events_before_reply, 0);
    only(&f->w, "/o", "t");
    want(0, client_begin(&f->w));
    want(0, client_write(&f->w, "/o", "w"));
    none(&f->w);
    want(0, client_end(&f->w, true));
    assert_int_equal(f->w.events_before_reply, 0);
    only(&f->w, "/o", "t");
}

static void unwatch(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "/u", "t"));
    client_no_events(&f->w);
    want(ENOENT, client_unwatch(&f->w, "/u", "other"));
    want(ENOENT, client_unwatch(&f->w, "/v", "t"));
    want(ENOENT, client_unwatch(&f->dom0, "/u", "t"));
    /* An event that was not yet read is forgotten with the watch. */
    want(0, client_write(&f->dom0, "/u", "v"));
    want(0, client_unwatch(&f->w, "/u", "t"));
    none(&f->w);
    want(0, client_write(&f->dom0, "/u", "w"));
    none(&f->w);
    want(ENOENT, client_unwatch(&f->w, "/u", "t"));
    want(0, client_watch(&f->w, "/u", "t"));
    only(&f->w, "/u", "t");
    want(0, client_call(&f->w, XS_RESET_WATCHES, "", 1));
    want(0, client_write(&f->dom0, "/u", "x"));
    none(&f->w);
}

/* A transaction fires when it commits, and only then. */
static void transactions(void **state)
{
    struct fixture *f = *state;

    want(0, client_write(&f->dom0, "/t/gone/deep", "v"));
    want(0, client_watch(&f->w, "/t", "t"));
    want(0, client_watch(&f->w, "/t/gone/deep", "d"));
    client_no_events(&f->w);
    want(0, client_begin(&f->dom0));
    want(0, client_write(&f->dom0, "/t/a", "1"));
    want(0, client_write(&f->dom0, "/t/a", "2"));
    want(0, client_rm(&f->dom0, "/t/gone"));
    none(&f->w);
    want(0, client_end(&f->dom0, true));
    assert_true(client_event(&f->w, "/t/a", "t"));
    assert_true(client_event(&f->w, "/t/gone", "t"));
    only(&f->w, "/t/gone/deep", "d");
    want(0, client_begin(&f->dom0));
    want(0, client_write(&f->dom0, "/t/a", "3"));
    want(0, client_end(&f->dom0, false));
    none(&f->w);
    want(0, client_begin(&f->dom0));
    want(0, client_write(&f->dom0, "/t/b", "1"));
    want(0, client_write(&f->g5, "data/q", "1"));
    want(0, client_write(&f->dom0, "/t/a", "1"));
    {
        uint32_t tx = f->dom0.tx;

        f->dom0.tx = 0;
        want(0, client_write(&f->dom0, "/t/a", "4"));
        client_no_events(&f->w);
        f->dom0.tx = tx;
    }
    want(EAGAIN, client_end(&f->dom0, true));
    none(&f->w);
}

/* Events are for those who may read the node, or could before. */
static void permissions(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->g7, "/local/domain/5/data", "spy"));
    want(0, client_watch(&f->g7, "/", "all"));
    client_no_events(&f->g7);
    want(0, client_write(&f->g5, "data/secret", "v"));
    want(0, client_rm(&f->g5, "data/secret"));
    want(0, client_write(&f->dom0, "/tool/x", "v"));
    none(&f->g7);
    want(0, client_write(&f->g5, "data/open", "v"));
    want(0, client_set_perms(&f->g5, "data/open", "n5 r7"));
    assert_true(client_event(&f->g7, "/local/domain/5/data/open", "spy"));
    client_no_events(&f->g7);
    want(0, client_write(&f->g5, "data/open", "w"));
    assert_true(client_event(&f->g7, "/local/domain/5/data/open", "spy"));
    client_no_events(&f->g7);
    /* Losing the right is told, too; then nothing more. */
    want(0, client_set_perms(&f->g5, "data/open", "n5"));
    assert_true(client_event(&f->g7, "/local/domain/5/data/open", "spy"));
    client_no_events(&f->g7);
    want(0, client_write(&f->g5, "data/open", "x"));
    none(&f->g7);
    /* The removal of what it could read. */
    want(0, client_set_perms(&f->g5, "data/open", "n5 r7"));
    client_no_events(&f->g7);
    want(0, client_rm(&f->dom0, "/local/domain/5/data"));
    none(&f->g7);
    want(0, client_watch(&f->g7, "/local/domain/0/f/state", "st"));
    want(0, client_write(&f->dom0, "f/state", "1"));
    want(0, client_set_perms(&f->dom0, "f/state", "n0 r7"));
    client_no_events(&f->g7);
    want(0, client_begin(&f->dom0));
    want(0, client_rm(&f->dom0, "f"));
    want(0, client_end(&f->dom0, true));
    only(&f->g7, "/local/domain/0/f/state", "st");
    want(0, client_write(&f->dom0, "f/state", "1"));
    none(&f->g7);
}

static void special_watches(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "@introduceDomain", "in"));
    want(0, client_watch(&f->w, "@releaseDomain", "out"));
    want(0, client_watch(&f->g5, "@introduceDomain", "in"));
    want(0, client_watch(&f->g5, "@releaseDomain", "out"));
    assert_true(client_event(&f->w, "@introduceDomain", "in"));
    only(&f->w, "@releaseDomain", "out");
    client_no_events(&f->g5);
    assert_int_equal(simxen_store_introduce(f->s, 9, "nine"), 0);
    only(&f->w, "@introduceDomain", "in");
    none(&f->g5); /* others' arrival is Domain-0's business */
    simxen_store_release(f->s, 9);
    only(&f->w, "@releaseDomain", "out");
    only(&f->g5, "@releaseDomain", "out");
    simxen_store_release(f->s, 9);
    none(&f->w);
    /* By wire, and with other permissions. */
    want_perms(&f->dom0, "@introduceDomain", "n0");
    want(EACCES, client_set_perms(&f->g5, "@introduceDomain", "n0 r5"));
    want(0, client_set_perms(&f->dom0, "@introduceDomain", "n0 r5"));
    want(0, client_call(&f->dom0, XS_INTRODUCE,
                        "9\0"
                        "1\0"
                        "2",
                        6));
    only(&f->w, "@introduceDomain", "in");
    only(&f->g5, "@introduceDomain", "in");
    want(0, client_call(&f->dom0, XS_INTRODUCE,
                        "9\0"
                        "1\0"
                        "2",
                        6));
    none(&f->w);
    /* A released domain has no say any more. */
    simxen_store_release(f->s, 5);
    want_perms(&f->dom0, "@introduceDomain", "n0");
}

static void introduction_is_seen(void **state)
{
    struct fixture *f = *state;

    want(0, client_watch(&f->w, "/local/domain", "d"));
    client_no_events(&f->w);
    assert_int_equal(simxen_store_introduce(f->s, 9, "nine"), 0);
    assert_true(client_event(&f->w, "/local/domain/9", "d"));
    assert_true(client_event(&f->w, "/local/domain/9/name", "d"));
    client_no_events(&f->w);
    simxen_store_release(f->s, 9);
    assert_true(client_event(&f->w, "/local/domain/9", "d"));
}

static void quota(void **state)
{
    struct fixture *f = *state;
    struct client other;
    char path[32];

    client_open(&other, f->s, 5);
    for (int i = 0; i < 128; i++) {
        (void)snprintf(path, sizeof(path), "data/%d", i);
        want(0, client_watch(i % 2 ? &other : &f->g5, path, "t"));
    }
    want(ENOSPC, client_watch(&f->g5, "data/x", "t"));
    want(0, client_unwatch(&f->g5, "data/0", "t"));
    want(0, client_watch(&f->g5, "data/x", "t"));
    want(ENOSPC, client_watch(&other, "data/y", "t"));
    client_close(&other);
    want(0, client_watch(&f->g5, "data/y", "t"));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(path, sizeof(path), "/w/%d", i);
        want(0, client_watch(&f->w, path, "t"));
    }
}

/* A client that does not read: the same event is kept once... */
static void coalescing(void **state)
{
    struct fixture *f = *state;
    size_t len;

    want(0, client_watch(&f->g5, "data", "t"));
    client_no_events(&f->g5);
    for (int i = 0; i < 100000; i++)
        want(0, client_write(&f->dom0, "/local/domain/5/data/x", "v"));
    only(&f->g5, "data/x", "t");
    /* ... but not taken for one that it has begun to read. */
    want(0, client_write(&f->dom0, "/local/domain/5/data/x", "v"));
    assert_non_null(simxen_store_output(f->g5.conn, &len));
    simxen_store_consume(f->g5.conn, 1);
    want(0, client_write(&f->dom0, "/local/domain/5/data/x", "w"));
    assert_non_null(simxen_store_output(f->g5.conn, &len));
    simxen_store_consume(f->g5.conn, len);
    only(&f->g5, "data/x", "t");
}

/* ... and with too many different ones it is dropped, alone. */
static void overflow(void **state)
{
    struct fixture *f = *state;
    char path[64];
    int rc = 0;

    want(0, client_watch(&f->g5, "data", "t"));
    want(0, client_watch(&f->w, "/local/domain/5/data", "t"));
    client_no_events(&f->g5);
    for (int i = 0; i < 20000 && rc == 0; i++) {
        (void)snprintf(path, sizeof(path), "/local/domain/5/data/%d", i);
        want(0, client_write(&f->dom0, path, "v"));
        rc = simxen_store_io(f->g5.conn, 0);
        client_no_events(&f->w);
    }
    assert_int_equal(rc, -1);
    want(CLIENT_DEAD, client_read(&f->g5, "domid"));
    /* Its watches are gone and its quota is free. */
    client_close(&f->g5);
    client_open(&f->g5, f->s, 5);
    for (int i = 0; i < 128; i++) {
        (void)snprintf(path, sizeof(path), "data/%d", i);
        want(0, client_watch(&f->g5, path, "t"));
    }
    want(0, client_write(&f->dom0, "/local/domain/5/data/end", "v"));
    only(&f->w, "/local/domain/5/data/end", "t");
}

/* An event that would not fit a message names the watched node instead. */
static void long_event(void **state)
{
    struct fixture *f = *state;
    static char token[XENSTORE_PAYLOAD_MAX];
    char path[2000];

    memset(token, 'k', sizeof(token));
    token[sizeof(token) - strlen("/l") - 2] = '\0';
    want(0, client_watch(&f->w, "/l", token));
    client_no_events(&f->w);
    memset(path, 'p', sizeof(path));
    memcpy(path, "/l/", 3);
    path[sizeof(path) - 1] = '\0';
    want(0, client_write(&f->dom0, path, "v"));
    only(&f->w, "/l", token);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(fires_at_registration),
        T(each_kind_of_change),
        T(removal_of_parents),
        T(root_watch),
        T(relative_watch),
        T(own_change_is_answered_first),
        T(unwatch),
        T(transactions),
        T(permissions),
        T(special_watches),
        T(introduction_is_seen),
        T(quota),
        T(coalescing),
        T(overflow),
        T(long_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
