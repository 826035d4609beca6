/* SPDX-License-Identifier: MIT */
/* Pages shared between programs of different domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "rig.h"

enum { READ = 1, READ_WRITE = 3 }; /* PROT_READ and PROT_READ | PROT_WRITE */

/* Domains by the order of their first program: front 1, back 2, other 3. */
struct trio {
    struct agent front;
    struct agent back;
    struct agent other;
};

static struct trio started(void)
{
    struct trio t;

    t.front = agent_start("front");
    t.back = agent_start("back");
    t.other = agent_start("other");
    return t;
}

static void stop(struct trio *t)
{
    agent_stop(&t->front);
    agent_stop(&t->back);
    agent_stop(&t->other);
}

/* front shares pages with back, slot 0. */
static uint32_t share(struct trio *t, unsigned count, bool writable,
                      uint32_t *refs)
{
    agent_tell(&t->front, "share 2 %u %d", count, writable);
    assert_int_equal(agent_hear(&t->front, refs, count), 0);
    return refs[0];
}

static void both_sides_see_one_page(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    assert_true(share(&t, 1, true, &ref) >= 8);
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ_WRITE, ref), 0);
    assert_int_equal(agent_ask(&t.back, "get 0 0"), 0);
    (void)agent_ask(&t.front, "put 0 17 200");
    assert_int_equal(agent_ask(&t.back, "get 0 17"), 200);
    (void)agent_ask(&t.back, "put 0 4095 7");
    assert_int_equal(agent_ask(&t.front, "get 0 4095"), 7);
    stop(&t);
}

static void a_third_domain_cannot_map(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    (void)share(&t, 1, true, &ref);
    for (unsigned guess = 0; guess < 20; guess++) {
        assert_int_equal(agent_refused(&t.other, "map 1 %d %u", READ, guess),
                         EINVAL);
        assert_int_equal(agent_refused(&t.other, "map 2 %d %u", READ, guess),
                         EINVAL);
    }
    /* Not the granting domain either, and copies are no way round. */
    assert_int_equal(agent_refused(&t.front, "map 1 %d %u", READ, ref), EINVAL);
    assert_int_not_equal(agent_ask(&t.other, "copy-in 1 %u 0", ref), 0);
    assert_int_not_equal(agent_ask(&t.other, "copy-out 1 %u 0 9", ref), 0);
    assert_int_equal(agent_ask(&t.front, "get 0 0"), 0);
    /* While the right one is mapped, too. */
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, ref), 0);
    assert_int_equal(agent_refused(&t.other, "map 1 %d %u", READ, ref), EINVAL);
    stop(&t);
}

static void read_only_stays_read_only(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    (void)share(&t, 1, false, &ref);
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u", READ_WRITE, ref),
                     EINVAL);
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, ref), 0);
    assert_int_equal(agent_refused(&t.back, "make-writable 0"), EACCES);
    (void)agent_ask(&t.front, "put 0 1 5");
    assert_int_equal(agent_ask(&t.back, "get 0 1"), 5);
    assert_int_not_equal(agent_ask(&t.back, "copy-out 1 %u 1 9", ref), 0);
    assert_int_equal(agent_ask(&t.front, "get 0 1"), 5);
    stop(&t);
}

static void many_pages_are_side_by_side(void **state)
{
    enum { PAGES = 256 };
    struct trio t = started();
    uint32_t refs[PAGES];

    (void)state;
    (void)share(&t, PAGES, true, refs);
    assert_int_equal(rig_grants("front"), PAGES);
    for (unsigned i = 0; i < PAGES; i++)
        (void)agent_ask(&t.front, "put 0 %u %u", i * 4096 + i, i & 255);
    (void)fprintf(t.back.in, "map 1 %d", READ);
    for (unsigned i = 0; i < PAGES; i++) /* the other way round */
        (void)fprintf(t.back.in, " %u", refs[PAGES - 1 - i]);
    agent_tell(&t.back, "%s", "");
    assert_int_equal(agent_hear(&t.back, NULL, 0), 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(
            agent_ask(&t.back, "get 0 %u", (PAGES - 1 - i) * 4096 + i),
            i & 255);
    assert_int_equal(agent_refused(&t.back, "unmap 0 255 0"), EINVAL);
    assert_int_equal(agent_refused(&t.back, "unmap 0 255 1"), EINVAL);
    assert_int_equal(agent_ask(&t.back, "unmap 0 256 0"), 0);
    assert_int_equal(agent_refused(&t.back, "unmap 0 256 0"), EINVAL);
    assert_int_equal(agent_ask(&t.front, "unshare 0 256 0"), 0);
    assert_int_equal(rig_grants("front"), 0);
    stop(&t);
}

static void failure_half_way_is_undone(void **state)
{
    struct trio t = started();
    uint32_t refs[40];

    (void)state;
    (void)share(&t, 40, true, refs);
    (void)fprintf(t.back.in, "map 1 %d", READ);
    for (unsigned i = 0; i < 40; i++)
        (void)fprintf(t.back.in, " %u", refs[i]);
    assert_int_equal(agent_refused(&t.back, " 4711"), EINVAL);
    /* Nothing is left mapped: all grants go as soon as they end. */
    assert_int_equal(agent_ask(&t.front, "unshare 0 40 0"), 0);
    assert_int_equal(rig_grants("front"), 0);
    stop(&t);
}

static void an_ended_grant_lives_on_where_it_is_mapped(void **state)
{
    struct trio t = started();
    uint32_t refs[2];

    (void)state;
    (void)share(&t, 2, true, refs);
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, refs[0]), 0);
    (void)agent_ask(&t.front, "put 0 3 33");
    assert_int_equal(agent_refused(&t.front, "unshare 0 3 0"), EINVAL);
    assert_int_equal(agent_ask(&t.front, "unshare 0 1 0"), 0);
    assert_int_equal(agent_refused(&t.front, "unshare 0 1 0"), EINVAL);
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u", READ, refs[0]),
                     EINVAL);
    assert_int_equal(agent_ask(&t.back, "get 0 3"), 33);
    /* Its number is not given to another page meanwhile. */
    assert_int_equal(rig_grants("front"), 2);
    assert_int_equal(agent_ask(&t.back, "unmap 0 1 0"), 0);
    assert_int_equal(rig_grants("front"), 1);
    assert_int_equal(agent_ask(&t.front, "unshare 0 1 1"), 0);
    assert_int_equal(rig_grants("front"), 0);
    stop(&t);
}

static void killed_granter_ends_its_grants(void **state)
{
    struct trio t = started();
    uint32_t refs[3];

    (void)state;
    (void)share(&t, 3, true, refs);
    (void)agent_ask(&t.front, "put 0 9 90");
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ_WRITE, refs[0]), 0);
    agent_kill(&t.front);
    assert_int_equal(agent_ask(&t.back, "get 0 9"), 90);
    (void)agent_ask(&t.back, "put 0 9 91"); /* no SIGBUS */
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u", READ, refs[1]),
                     EINVAL);
    assert_int_equal(rig_grants("front"), 1);
    assert_int_equal(agent_ask(&t.back, "unmap 0 1 0"), 0);
    assert_int_equal(rig_grants("front"), 0);
    t.front = agent_start("front");
    stop(&t);
}

static void killed_mapper_unmaps(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    (void)share(&t, 1, true, &ref);
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, ref), 0);
    assert_int_equal(agent_ask(&t.front, "unshare 0 1 0"), 0);
    assert_int_equal(rig_grants("front"), 1);
    agent_kill(&t.back);
    assert_int_equal(rig_grants("front"), 0);
    t.back = agent_start("back");
    stop(&t);
}

static void destroyed_granter_leaves_mappings_alone(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    (void)share(&t, 1, true, &ref);
    (void)agent_ask(&t.front, "put 0 0 1");
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, ref), 0);
    assert_int_equal(rig_shell("$S destroy front"), 0);
    assert_int_equal(agent_ask(&t.back, "get 0 0"), 1);
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u", READ, ref), EINVAL);
    assert_int_equal(agent_ask(&t.back, "unmap 0 1 0"), 0);
    stop(&t);
}

/* A mapping or share with notification; the byte at 100 is the "alive" flag. */
static void mapper_says_farewell(struct trio *t, bool killed)
{
    uint32_t ref;
    long front_port = agent_ask(&t->front, "unbound 2");
    long back_port = agent_ask(&t->back, "inter 1 %ld", front_port);

    (void)share(t, 1, true, &ref);
    assert_int_equal(
        agent_ask(&t->back, "map-notify 1 %u 100 %ld", ref, back_port), 0);
    (void)agent_ask(&t->back, "put 0 100 1");
    (void)agent_ask(&t->back, "put 0 101 1");
    assert_int_equal(agent_ask(&t->front, "take 0"), 0);
    if (killed)
        agent_kill(&t->back);
    else
        assert_int_equal(agent_ask(&t->back, "unmap 0 1 0"), 0);
    assert_int_equal(agent_ask(&t->front, "take 5000"), front_port);
    assert_int_equal(agent_ask(&t->front, "get 0 100"), 0);
    assert_int_equal(agent_ask(&t->front, "get 0 101"), 1);
}

static void unmap_notifies(void **state)
{
    struct trio t = started();

    (void)state;
    mapper_says_farewell(&t, false);
    stop(&t);
}

static void death_of_the_mapper_notifies(void **state)
{
    struct trio t = started();

    (void)state;
    mapper_says_farewell(&t, true);
    t.back = agent_start("back");
    stop(&t);
}

static void death_of_the_granter_notifies(void **state)
{
    struct trio t = started();
    long front_port = agent_ask(&t.front, "unbound 2");
    long back_port = agent_ask(&t.back, "inter 1 %ld", front_port);
    uint32_t ref;

    (void)state;
    assert_int_equal(agent_ask(&t.back, "take 5000"), back_port);
    (void)agent_ask(&t.back, "unmask %ld", back_port);
    agent_tell(&t.front, "share-notify 2 0 %ld", front_port);
    assert_int_equal(agent_hear(&t.front, &ref, 1), 0);
    (void)agent_ask(&t.front, "put 0 0 1");
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, ref), 0);
    assert_int_equal(agent_ask(&t.back, "get 0 0"), 1);
    assert_int_equal(agent_ask(&t.back, "take 0"), 0);
    agent_kill(&t.front);
    assert_int_equal(agent_ask(&t.back, "take 5000"), back_port);
    assert_int_equal(agent_ask(&t.back, "get 0 0"), 0);
    t.front = agent_start("front");
    stop(&t);
}

static void bad_notifications_are_refused(void **state)
{
    struct trio t = started();
    uint32_t ref;

    (void)state;
    (void)share(&t, 1, true, &ref);
    assert_int_equal(
        agent_refused(&t.back, "map-notify 1 %u 4096 4294967295", ref), EINVAL);
    assert_int_equal(agent_refused(&t.back, "map-notify 1 %u 0 77", ref),
                     EINVAL);
    assert_int_equal(agent_refused(&t.front, "share-notify 2 0 77"), EINVAL);
    assert_int_equal(rig_grants("front"), 1);
    stop(&t);
}

static void copies_reach_granted_pages(void **state)
{
    struct trio t = started();
    uint32_t ref;
    uint32_t byte;

    (void)state;
    (void)share(&t, 1, true, &ref);
    (void)agent_ask(&t.front, "put 0 4095 77");
    agent_tell(&t.back, "copy-in 1 %u 4095", ref);
    assert_int_equal(agent_hear(&t.back, &byte, 1), 0);
    assert_int_equal(byte, 77);
    assert_int_equal(agent_ask(&t.back, "copy-out 1 %u 5 78", ref), 0);
    assert_int_equal(agent_ask(&t.front, "get 0 5"), 78);
    assert_int_equal(agent_refused(&t.back, "copy-in 1 %u 4096", ref), EINVAL);
    stop(&t);
}

static void a_handle_keeps_to_its_limit(void **state)
{
    struct trio t = started();
    uint32_t refs[3];

    (void)state;
    (void)share(&t, 3, true, refs);
    (void)agent_ask(&t.back, "max-grants 2");
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u %u %u", READ, refs[0],
                                   refs[1], refs[2]),
                     ENOMEM);
    assert_int_equal(
        agent_ask(&t.back, "map 1 %d %u %u", READ, refs[0], refs[1]), 0);
    assert_int_equal(agent_refused(&t.back, "map 1 %d %u", READ, refs[2]),
                     ENOMEM);
    assert_int_equal(agent_ask(&t.back, "unmap 0 2 0"), 0);
    assert_int_equal(agent_ask(&t.back, "map 1 %d %u", READ, refs[2]), 1);
    stop(&t);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(both_sides_see_one_page),
        RIGGED(a_third_domain_cannot_map),
        RIGGED(read_only_stays_read_only),
        RIGGED(many_pages_are_side_by_side),
        RIGGED(failure_half_way_is_undone),
        RIGGED(an_ended_grant_lives_on_where_it_is_mapped),
        RIGGED(killed_granter_ends_its_grants),
        RIGGED(killed_mapper_unmaps),
        RIGGED(destroyed_granter_leaves_mappings_alone),
        RIGGED(unmap_notifies),
        RIGGED(death_of_the_mapper_notifies),
        RIGGED(death_of_the_granter_notifies),
        RIGGED(bad_notifications_are_refused),
        RIGGED(copies_reach_granted_pages),
        RIGGED(a_handle_keeps_to_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
