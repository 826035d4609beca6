/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A device and what would be remembered of its vTPM. */
struct world {
    enum agent_phase phase;
    enum agent_note record; /* LIVE, SUSPENDED or NONE */
};

/* What a look does. */
static void look(struct world *world, enum agent_condition condition,
                 bool leaving)
{
    const enum agent_event event = agent_table_event(condition, leaving);
    enum agent_phase before;

    do {
        struct agent_step step = agent_table_step(world->phase, event);

        before = world->phase;
        if (step.note == AGENT_NOTE_DECIDE) {
            step.next = world->record == AGENT_NOTE_NONE ? AGENT_PHASE_BOOT
                                                         : AGENT_PHASE_RESUME;
            step.note = world->record == AGENT_NOTE_NONE ? AGENT_NOTE_LIVE
                                                         : AGENT_NOTE_KEEP;
        }
        if (step.note == AGENT_NOTE_LOST)
            step.note = AGENT_NOTE_SUSPENDED;
        if (step.note != AGENT_NOTE_KEEP)
            world->record = step.note;
        world->phase = step.next;
    } while (world->phase != before);
}

#define assert_word(world, leaving, word)                                      \
    assert_string_equal(agent_table_word((world)->phase, leaving), word)

/* A new device of the same vTPM. */
static void created(struct world *world)
{
    world->phase = AGENT_PHASE_NEW;
    look(world, AGENT_UNRUN, false);
}

static struct world running(void)
{
    struct world world = {AGENT_PHASE_NEW, AGENT_NOTE_NONE};

    created(&world);
    assert_word(&world, false, "boot");
    look(&world, AGENT_RUN, false);
    assert_int_equal(world.phase, AGENT_PHASE_RUNNING);
    assert_int_equal(world.record, AGENT_NOTE_LIVE);
    return world;
}

static void reboot(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_OVER, false);
    look(&world, AGENT_OVER, true);
    assert_word(&world, true, "ended");
    look(&world, AGENT_GONE, true);
    assert_int_equal(world.record, AGENT_NOTE_NONE);
    created(&world);
    assert_word(&world, false, "boot");
}

static void destroy(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_RUN, true);
    assert_word(&world, true, "detached");
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "boot");
}

static void save_and_restore(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_SUSPENDED, false);
    assert_int_equal(world.record, AGENT_NOTE_SUSPENDED);
    look(&world, AGENT_SUSPENDED, true);
    assert_word(&world, true, "suspended");
    look(&world, AGENT_GONE, true);

    /* a restore that fails leaves everything as it was */
    created(&world);
    assert_word(&world, false, "resume");
    look(&world, AGENT_UNRUN, true);
    assert_word(&world, true, "detached");
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "resume");
    look(&world, AGENT_GONE, false);
    assert_int_equal(world.record, AGENT_NOTE_SUSPENDED);
    created(&world);
    assert_word(&world, false, "resume");

    look(&world, AGENT_RUN, false);
    assert_word(&world, false, "running");
    look(&world, AGENT_OVER, false);
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "boot");
}

/* xl save -c: it goes on where it is. */
static void checkpoint(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_SUSPENDED, false);
    look(&world, AGENT_RUN, false);
    assert_int_equal(world.record, AGENT_NOTE_LIVE);
    look(&world, AGENT_RUN, true);
    assert_word(&world, true, "detached");
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "boot");
}

static void detach_and_attach(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_RUN, true);
    assert_word(&world, true, "detached");
    world.phase = AGENT_PHASE_NEW;
    look(&world, AGENT_RUN, false);
    assert_word(&world, false, "running");
    /* without a look in between */
    look(&world, AGENT_RUN, true);
    look(&world, AGENT_RUN, false);
    assert_word(&world, false, "running");
    look(&world, AGENT_SUSPENDED, true);
    assert_word(&world, true, "suspended");
    assert_int_equal(world.record, AGENT_NOTE_SUSPENDED);
}

/* It may have been saved: PCRs must be kept. */
static void gone_unseen(void **state)
{
    struct world world = running();

    (void)state;
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "resume");

    world = (struct world){AGENT_PHASE_NEW, AGENT_NOTE_NONE};
    created(&world);
    look(&world, AGENT_GONE, true);
    created(&world);
    assert_word(&world, false, "resume");
}

static void never_started(void **state)
{
    struct world world = {AGENT_PHASE_NEW, AGENT_NOTE_NONE};

    (void)state;
    created(&world);
    look(&world, AGENT_UNRUN, true);
    assert_word(&world, true, "detached");
    assert_int_equal(world.record, AGENT_NOTE_NONE);
    /* attached again before it is started */
    look(&world, AGENT_UNRUN, false);
    assert_word(&world, false, "boot");
}

/* What must hold in each cell, whatever the rows say. */
static void every_cell(void **state)
{
    (void)state;
    for (int phase = 0; phase < AGENT_PHASES; phase++)
        for (int event = 0; event < AGENT_EVENTS; event++) {
            const struct agent_step step = agent_table_step(
                (enum agent_phase)phase, (enum agent_event)event);
            const bool unrun =
                event == AGENT_EVENT_UNRUN || event == AGENT_EVENT_UNRUN_LEAVES;
            struct agent_step again;

            /* only a guest that has never run can begin */
            if (step.note == AGENT_NOTE_DECIDE) {
                assert_true(unrun);
                continue;
            }
            if (step.next == AGENT_PHASE_BOOT)
                assert_true(unrun && phase == AGENT_PHASE_BOOT);
            /* a suspended one is remembered, one out of sight not forgotten */
            if (event == AGENT_EVENT_SUSPENDED) {
                assert_int_equal(step.next, AGENT_PHASE_SUSPENDED);
                assert_true(step.note == AGENT_NOTE_SUSPENDED ||
                            phase == AGENT_PHASE_SUSPENDED);
            }
            if (event == AGENT_EVENT_GONE || event == AGENT_EVENT_SUSPENDED)
                assert_int_not_equal(step.note, AGENT_NOTE_NONE);
            if (event == AGENT_EVENT_OVER)
                assert_string_equal(agent_table_word(step.next, true), "ended");
            /* a second look finds nothing new */
            again = agent_table_step(step.next, (enum agent_event)event);
            if (step.next != AGENT_PHASE_NEW) {
                assert_int_equal(again.next, step.next);
                assert_int_equal(again.note, AGENT_NOTE_KEEP);
            }
        }
}

/* Who waits for an answer gets one, whatever was found. */
static void always_an_answer(void **state)
{
    (void)state;
    for (int phase = 0; phase < AGENT_PHASES; phase++)
        for (int condition = 0; condition < AGENT_CONDITIONS; condition++) {
            struct world world = {(enum agent_phase)phase, AGENT_NOTE_NONE};

            look(&world, (enum agent_condition)condition, true);
            if (world.phase != AGENT_PHASE_NEW &&
                agent_table_word(world.phase, true) == NULL)
                fail_msg("%s, condition %d", agent_table_name(world.phase),
                         condition);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reboot),
        cmocka_unit_test(destroy),
        cmocka_unit_test(save_and_restore),
        cmocka_unit_test(checkpoint),
        cmocka_unit_test(detach_and_attach),
        cmocka_unit_test(gone_unseen),
        cmocka_unit_test(never_started),
        cmocka_unit_test(every_cell),
        cmocka_unit_test(always_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
