/* SPDX-License-Identifier: MIT */
/* Event channels between programs of different domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "rig.h"

/* Domains by the order of their first program: front 1, back 2, other 3. */
struct pair {
    struct agent front;
    struct agent back;
    long front_port;
    long back_port;
};

static struct pair connected(void)
{
    struct pair p = {.front = agent_start("front"),
                     .back = agent_start("back")};

    p.front_port = agent_ask(&p.front, "unbound 2");
    p.back_port = agent_ask(&p.back, "inter 1 %ld", p.front_port);
    return p;
}

static void stop(struct pair *p)
{
    agent_stop(&p->front);
    agent_stop(&p->back);
}

/* The event that binding itself makes. */
static void take_first(struct pair *p)
{
    assert_int_equal(agent_ask(&p->back, "take 5000"), p->back_port);
    (void)agent_ask(&p->back, "unmask %ld", p->back_port);
}

static void events_go_both_ways(void **state)
{
    struct pair p = connected();

    (void)state;
    assert_int_equal(p.front_port, 1);
    take_first(&p);
    assert_int_equal(agent_ask(&p.front, "take 0"), 0);
    assert_int_equal(agent_ask(&p.back, "take 0"), 0);
    (void)agent_ask(&p.back, "notify %ld", p.back_port);
    assert_int_equal(agent_ask(&p.front, "take 5000"), p.front_port);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    stop(&p);
}

static void event_sent_before_binding_arrives(void **state)
{
    struct agent front = agent_start("front");
    struct agent back = agent_start("back");
    long port = agent_ask(&front, "unbound 2");
    long bound;

    (void)state;
    (void)agent_ask(&front, "notify %ld", port);
    bound = agent_ask(&back, "inter 1 %ld", port);
    assert_int_equal(agent_ask(&back, "take 5000"), bound);
    assert_int_equal(agent_ask(&back, "take 50"), 0);
    agent_stop(&front);
    agent_stop(&back);
}

static void masked_event_waits_for_unmask(void **state)
{
    struct pair p = connected();

    (void)state;
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    /* Masked now. Events come, and the descriptor stays silent. */
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "take 100"), 0);
    (void)agent_ask(&p.back, "unmask %ld", p.back_port);
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    /* Both were one. */
    (void)agent_ask(&p.back, "unmask %ld", p.back_port);
    assert_int_equal(agent_ask(&p.back, "take 100"), 0);
    stop(&p);
}

static void a_masked_port_does_not_hold_up_another(void **state)
{
    struct pair p = connected();
    long second = agent_ask(&p.front, "unbound 2");
    long second_back = agent_ask(&p.back, "inter 1 %ld", second);
    long one = agent_ask(&p.back, "take 5000");
    long two = agent_ask(&p.back, "take 5000");

    (void)state;
    assert_true((one == p.back_port && two == second_back) ||
                (two == p.back_port && one == second_back));
    (void)agent_ask(&p.back, "unmask %ld", second_back);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    (void)agent_ask(&p.front, "notify %ld", second);
    assert_int_equal(agent_ask(&p.back, "take 5000"), second_back);
    assert_int_equal(agent_ask(&p.back, "take 100"), 0);
    stop(&p);
}

static void non_blocking_descriptor_says_again(void **state)
{
    struct pair p = connected();

    (void)state;
    take_first(&p);
    (void)agent_ask(&p.back, "nonblock");
    assert_int_equal(agent_refused(&p.back, "pending"), EAGAIN);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "pending"), p.back_port);
    stop(&p);
}

static void thousands_of_round_trips(void **state)
{
    /* More than a pipe holds bytes: the drain is in there. */
    enum { ROUNDS = 10000 };
    struct pair p = connected();

    (void)state;
    take_first(&p);
    agent_tell(&p.back, "echo %ld %d", p.back_port, ROUNDS);
    assert_int_equal(agent_ask(&p.front, "ping %ld %d", p.front_port, ROUNDS),
                     ROUNDS);
    assert_int_equal(agent_hear(&p.back, NULL, 0), ROUNDS);
    stop(&p);
}

static void two_threads_lose_no_event(void **state)
{
    enum { LAST = 200000 };
    struct pair p = connected();
    uint32_t ref;
    long slot;

    (void)state;
    agent_tell(&p.front, "share 2 1 1");
    slot = agent_hear(&p.front, &ref, 1);
    assert_int_equal(agent_ask(&p.back, "map 1 3 %u", ref), 0);
    agent_tell(&p.back, "sink 0 %d 20000", LAST);
    (void)agent_ask(&p.front, "source %ld %ld %d", slot, p.front_port, LAST);
    /* The last event was taken after the last value was written. */
    assert_int_equal(agent_hear(&p.back, NULL, 0), LAST);
    stop(&p);
}

static void only_the_domain_named_may_bind(void **state)
{
    struct pair p = {.front = agent_start("front"),
                     .back = agent_start("back")};
    struct agent other = agent_start("other");

    (void)state;
    p.front_port = agent_ask(&p.front, "unbound 2");
    assert_int_equal(agent_refused(&other, "inter 1 %ld", p.front_port),
                     EINVAL);
    assert_int_equal(agent_refused(&p.front, "inter 1 %ld", p.front_port),
                     EINVAL);
    assert_int_equal(agent_refused(&p.back, "inter 1 99"), EINVAL);
    assert_int_equal(agent_refused(&p.back, "inter 1 4000000000"), EINVAL);
    assert_int_equal(agent_refused(&p.back, "inter 55 1"), ESRCH);
    p.back_port = agent_ask(&p.back, "inter 1 %ld", p.front_port);
    /* Taken: nobody else, not even the same domain again. */
    assert_int_equal(agent_refused(&p.back, "inter 1 %ld", p.front_port),
                     EINVAL);
    assert_int_equal(agent_refused(&other, "inter 1 %ld", p.front_port),
                     EINVAL);
    /* A stranger's port numbers are not those of others. */
    assert_int_equal(agent_refused(&other, "notify %ld", p.front_port),
                     ENOTCONN);
    assert_int_equal(agent_refused(&other, "unbind %ld", p.front_port),
                     ENOTCONN);
    agent_stop(&other);
    stop(&p);
}

static void port_is_bound_again_after_unbind(void **state)
{
    struct pair p = connected();

    (void)state;
    take_first(&p);
    assert_int_equal(agent_ask(&p.back, "unbind %ld", p.back_port), 0);
    assert_int_equal(rig_ports("back"), 0);
    /* Nobody listens: silently fine. */
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    p.back_port = agent_ask(&p.back, "inter 1 %ld", p.front_port);
    take_first(&p);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    (void)agent_ask(&p.back, "notify %ld", p.back_port);
    assert_int_equal(agent_ask(&p.front, "take 5000"), p.front_port);
    stop(&p);
}

static void killed_backend_is_replaced(void **state)
{
    struct pair p = connected();
    struct agent other = agent_start("other");

    (void)state;
    agent_kill(&p.back); /* with its port masked by nobody, pending */
    assert_int_equal(rig_ports("back"), 0);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_refused(&other, "inter 1 %ld", p.front_port),
                     EINVAL);
    p.back = agent_start("back");
    p.back_port = agent_ask(&p.back, "inter 1 %ld", p.front_port);
    take_first(&p);
    (void)agent_ask(&p.back, "notify %ld", p.back_port);
    assert_int_equal(agent_ask(&p.front, "take 5000"), p.front_port);
    agent_stop(&other);
    stop(&p);
}

static void killed_frontend_frees_its_port(void **state)
{
    struct pair p = connected();

    (void)state;
    take_first(&p);
    agent_kill(&p.front);
    assert_int_equal(rig_ports("front"), 0);
    assert_int_equal(rig_ports("back"), 1);
    (void)agent_ask(&p.back, "notify %ld", p.back_port);
    assert_int_equal(agent_ask(&p.back, "take 50"), 0);
    p.front = agent_start("front");
    /* The port of the backend waits for this very domain. */
    p.front_port = agent_ask(&p.front, "inter 2 %ld", p.back_port);
    assert_int_equal(agent_ask(&p.front, "take 5000"), p.front_port);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    stop(&p);
}

static void close_is_complete_when_it_returns(void **state)
{
    struct pair p = connected();

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(agent_ask(&p.back, "close"), 0);
        assert_int_equal(agent_ask(&p.back, "open"), 0);
        p.back_port = agent_ask(&p.back, "inter 1 %ld", p.front_port);
        assert_int_equal(p.back_port, 1);
    }
    take_first(&p);
    stop(&p);
}

static void forked_child_may_close(void **state)
{
    struct pair p = connected();

    (void)state;
    take_first(&p);
    assert_int_equal(agent_ask(&p.back, "fork"), 0);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.back, "take 5000"), p.back_port);
    assert_int_equal(rig_ports("back"), 1);
    stop(&p);
}

static void restricted_handle_knows_one_domain(void **state)
{
    struct pair p = connected();

    (void)state;
    assert_int_equal(agent_refused(&p.back, "restrict 0"), EINVAL);
    assert_int_equal(agent_ask(&p.back, "restrict 1"), 0);
    assert_int_equal(agent_refused(&p.back, "restrict 1"), EACCES);
    assert_int_equal(agent_refused(&p.back, "unbound 0"), EACCES);
    assert_int_equal(agent_refused(&p.back, "inter 0 1"), EACCES);
    assert_true(agent_ask(&p.back, "unbound 1") > 0);
    stop(&p);
}

static void destroyed_domain_frees_everything(void **state)
{
    struct pair p = connected();

    (void)state;
    take_first(&p);
    assert_int_equal(agent_ask(&p.back, "share 1 3 1"), 0);
    assert_int_equal(rig_shell("$S destroy back"), 0);
    /* Its programs are not killed, but nothing works any more. */
    assert_int_equal(agent_refused(&p.back, "unbound 1"), ENOTCONN);
    assert_int_equal(agent_refused(&p.front, "inter 2 1"), ESRCH);
    (void)agent_ask(&p.front, "notify %ld", p.front_port);
    assert_int_equal(agent_ask(&p.front, "unbind %ld", p.front_port), 0);
    assert_int_equal(rig_ports("front"), 0);
    agent_stop(&p.back);
    p.back = agent_start("back");
    /* A new domain of the same name is another one. */
    assert_int_equal(rig_shell("[ $($S domid back) = 3 ]"), 0);
    stop(&p);
}

static void missing_functions_say_so(void **state)
{
    struct agent front = agent_start("front");

    (void)state;
    assert_int_equal(agent_ask(&front, "unsupported"), 3);
    agent_stop(&front);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(events_go_both_ways),
        RIGGED(event_sent_before_binding_arrives),
        RIGGED(masked_event_waits_for_unmask),
        RIGGED(a_masked_port_does_not_hold_up_another),
        RIGGED(non_blocking_descriptor_says_again),
        RIGGED(thousands_of_round_trips),
        RIGGED(two_threads_lose_no_event),
        RIGGED(only_the_domain_named_may_bind),
        RIGGED(port_is_bound_again_after_unbind),
        RIGGED(killed_backend_is_replaced),
        RIGGED(killed_frontend_frees_its_port),
        RIGGED(close_is_complete_when_it_returns),
        RIGGED(forked_child_may_close),
        RIGGED(restricted_handle_knows_one_domain),
        RIGGED(destroyed_domain_frees_everything),
        RIGGED(missing_functions_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
