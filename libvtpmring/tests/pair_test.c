/* SPDX-License-Identifier: MIT */
/* A frontend and a backend against each other, in random order. Every command
 * ends exactly once, with its own response or with a reason; nothing gets
 * stuck. A failure names its seed: VTPMRING_SEED=N runs that one alone,
 * VTPMRING_SEEDS=N runs so many. */
#include "pair_world.h"

static struct world world;
static unsigned long long failing; /* seed, 0 if none */

/* At rest, both sides are connected and no command is open; and a command that
 * is sent then is answered. */
static void check_rest(struct world *w, const char *when)
{
    world_settle(w);
    for (int patience = 0;
         w->config.fail > 0 && patience < 10 &&
         (w->command.open || w->front.phase != VTPMRING_FRONT_PHASE_CONNECTED);
         patience++) {
        w->command.disturbed = true;
        vtpmring_front_fail(&w->front, VTPMRING_EPEER_TIMEOUT);
        world_settle(w);
    }
    if (w->command.open)
        fail_msg("%s: a command is stuck: frontend %s, backend %s, page %u",
                 when, vtpmring_front_table[w->front.phase].name,
                 vtpmring_back_table[w->back.phase].name,
                 w->shared == NULL ? 99u : w->shared->pages.first[4]);
    if (w->front.phase != VTPMRING_FRONT_PHASE_CONNECTED ||
        w->back.phase != VTPMRING_BACK_PHASE_CONNECTED)
        fail_msg("%s: the connection is stuck: frontend %s, backend %s", when,
                 vtpmring_front_table[w->front.phase].name,
                 vtpmring_back_table[w->back.phase].name);
}

static void run_seed(const struct world_config *config, uint64_t seed,
                     unsigned steps)
{
    struct world *w = &world;

    world_begin(w, config, seed);
    check_rest(w, "first connection");
    for (unsigned i = 0; i < steps; i++) {
        world_step(w, true);
        if (i % 400 != 399)
            continue;
        check_rest(w, "after calamities");
        world_submit(w);
        assert_true(w->command.open);
        check_rest(w, "a command at rest");
    }
    world_end(w);
}

static unsigned long run(const struct world_config *config)
{
    const char *only = getenv("VTPMRING_SEED");
    uint64_t first = only != NULL ? strtoull(only, NULL, 0) : 1;
    const char *many = getenv("VTPMRING_SEEDS");
    uint64_t count = many != NULL ? strtoull(many, NULL, 0) : 50;
    uint64_t last = only != NULL ? first : count;
    unsigned long answered = 0;

    for (uint64_t seed = first; seed <= last; seed++) {
        failing = seed;
        run_seed(config, seed, 4000);
        failing = 0;
        answered += world.answered;
        if (config->kill_back + config->kill_front + config->close_front +
                config->close_back + config->cancel + config->fail ==
            0)
            assert_int_equal(world.lost, 0);
    }
    print_message("%lu commands answered\n", answered);
    assert_true(answered > 100);
    return answered;
}

static void test_without_calamities(void **state)
{
    static const unsigned extra[][2] = {{0, 0}, {1, 1}, {1, 0},
                                        {0, 1}, {3, 2}, {2, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
        struct world_config config = {.front_extra = extra[i][0],
                                      .back_extra = extra[i][1]};

        run(&config);
    }
}

static void test_cancel(void **state)
{
    struct world_config config = {
        .cancel = 100, .front_extra = 1, .back_extra = 1};

    (void)state;
    run(&config);
}

static void test_backend_is_killed(void **state)
{
    struct world_config config = {.kill_back = 10,
                                  .cancel = 20,
                                  .front_extra = 1,
                                  .back_extra = 1,
                                  .polite = true};

    (void)state;
    run(&config);
}

static void test_frontend_is_killed(void **state)
{
    struct world_config config = {.kill_front = 10,
                                  .close_front = 5,
                                  .cancel = 20,
                                  .front_extra = 2,
                                  .back_extra = 1,
                                  .polite = true};

    (void)state;
    run(&config);
}

static void test_device_goes_and_comes(void **state)
{
    struct world_config config = {.close_back = 10,
                                  .close_front = 10,
                                  .cancel = 20,
                                  .front_extra = 1,
                                  .back_extra = 1,
                                  .polite = true};

    (void)state;
    run(&config);
}

static void test_everything_at_once(void **state)
{
    struct world_config config = {.kill_front = 8,
                                  .kill_back = 8,
                                  .close_front = 5,
                                  .close_back = 5,
                                  .cancel = 50,
                                  .front_extra = 2,
                                  .back_extra = 2,
                                  .polite = true};

    (void)state;
    run(&config);
}

/* calls of the platform fail; the frontend's caller has time-outs */
static void test_platform_fails(void **state)
{
    struct world_config config = {.kill_front = 3,
                                  .kill_back = 3,
                                  .close_front = 5,
                                  .fail = 20,
                                  .cancel = 20,
                                  .front_extra = 1,
                                  .back_extra = 1,
                                  .polite = true};

    (void)state;
    run(&config);
}

/* A frontend that begins anew so fast that the backend, which is just mapping
 * the old page, never sees it go: Initialised before and after. The backend
 * must notice that another page was published. */
static void test_frontend_begins_anew_fast(void **state)
{
    struct world_config config = {
        .kill_front = 30, .close_front = 30, .front_extra = 1, .back_extra = 1};

    (void)state;
    run(&config);
}

/* and with everything else at the same time */
static void test_fast_with_everything_at_once(void **state)
{
    struct world_config config = {.kill_front = 15,
                                  .kill_back = 8,
                                  .close_front = 15,
                                  .close_back = 5,
                                  .fail = 5,
                                  .cancel = 50,
                                  .front_extra = 3,
                                  .back_extra = 2};

    (void)state;
    run(&config);
}

static int clean_up(void **state)
{
    (void)state;
    if (failing != 0)
        print_message("failed at VTPMRING_SEED=%llu, step %lu\n", failing,
                      world.steps);
    failing = 0;
    world_end(&world);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_calamities),
        TEST(test_cancel),
        TEST(test_backend_is_killed),
        TEST(test_frontend_is_killed),
        TEST(test_device_goes_and_comes),
        TEST(test_everything_at_once),
        TEST(test_platform_fails),
        TEST(test_frontend_begins_anew_fast),
        TEST(test_fast_with_everything_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
