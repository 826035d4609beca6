/* SPDX-License-Identifier: MIT */
/* A frontend and a backend that are right, joined by a wire that is hostile:
 * events and watches come late, twice, never or for nothing, calls fail,
 * processes are killed and devices taken away at any step. The world, and what
 * must hold in it, is that of the pair test; here the input decides what
 * happens instead of a seed. */
#include "fuzz.h"
#include "pair_world.h"

static struct world world;

unsigned world_random(struct world *w, unsigned n)
{
    (void)w;
    return (n > 256 ? fuzz_u32() : fuzz_u8()) % n;
}

/* One in eight of what may happen at all; nothing after the end. */
bool world_chance(struct world *w, unsigned n)
{
    (void)w;
    return n > 0 && fuzz_u8() % 8 == 7;
}

static void kill_front(struct world *w)
{
    world_front_kill(w);
    world_front_start(w);
}

static void kill_back(struct world *w)
{
    world_back_kill(w);
    if (!w->away)
        world_back_start(w);
}

static void close_one(struct world *w)
{
    w->command.disturbed = true;
    if (fuzz_pick(2) != 0)
        vtpmring_front_close(&w->front);
    else if (!w->away)
        vtpmring_back_close(&w->back);
}

static void cancel(struct world *w)
{
    if (!w->command.open)
        return;
    w->command.canceled = true;
    assert_int_equal(vtpmring_front_cancel(&w->front), VTPMRING_OK);
}

/* What the wire does by itself. */
static void wire(struct world *w)
{
    uint8_t what = fuzz_u8();

    w->front_event = (what & 1) != 0;
    w->back_event = (what & 2) != 0;
    w->front_watch = w->front_watch || (what & 4) != 0;
    w->back_watch = w->back_watch || (what & 8) != 0;
}

static void look_without_event(struct world *w)
{
    vtpmring_front_on_event(&w->front);
    if (!w->away && vtpmring_back_has_work(&w->back))
        vtpmring_back_on_event(&w->back);
}

static void step(struct world *w)
{
    switch (fuzz_pick(16)) {
    case 0:
    case 1:
        world_front_act(w);
        break;
    case 2:
    case 3:
        world_back_act(w);
        break;
    case 4:
    case 5:
        world_front_hear(w);
        break;
    case 6:
    case 7:
        world_back_hear(w);
        break;
    case 8:
        world_back_execute(w);
        break;
    case 9:
    case 10:
        world_submit(w);
        break;
    case 11:
        cancel(w);
        break;
    case 12:
        wire(w);
        break;
    case 13:
        look_without_event(w);
        break;
    case 14:
        close_one(w);
        break;
    default:
        if (fuzz_pick(2) != 0)
            kill_front(w);
        else
            kill_back(w);
        break;
    }
    world_sweep(w);
}

/* The wire delivers what it held back, and gets out of the way. */
static void settle(struct world *w)
{
    w->front_event = w->front_watch = true;
    w->back_event = w->back_watch = true;
    world_settle(w);
}

static bool at_rest(const struct world *w)
{
    return !w->command.open &&
           w->front.phase == VTPMRING_FRONT_PHASE_CONNECTED &&
           w->back.phase == VTPMRING_BACK_PHASE_CONNECTED;
}

static void check_rest(struct world *w)
{
    settle(w);
    /* where calls of the platform fail, time-outs of the frontend help */
    for (int i = 0; w->config.fail > 0 && i < 10 && !at_rest(w); i++) {
        w->command.disturbed = true;
        vtpmring_front_fail(&w->front, VTPMRING_EPEER_TIMEOUT);
        settle(w);
    }
    fuzz_check(!w->command.open, "a command is stuck");
    fuzz_check(at_rest(w), "the connection is stuck");
}

static void steps(struct world *w, const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    for (int i = 0; i < 500 && fuzz_left() > 0; i++)
        step(w);
    fuzz_input(NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world_config config = {0};
    unsigned long answered;
    uint8_t how;

    /* a failed assertion of the world's is a finding, too */
    (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
    fuzz_input(data, size);
    how = fuzz_u8();
    config.front_extra = how % 4;
    config.back_extra = how / 4 % 4;
    config.fail = how / 16 % 4 == 3;
    config.polite = how / 64 % 2 != 0;
    fuzz_input(NULL, 0);
    world_begin(&world, &config, 1);
    if (size > 1)
        steps(&world, data + 1, size - 1);
    check_rest(&world);
    answered = world.answered;
    world_submit(&world);
    assert_true(world.command.open);
    check_rest(&world);
    fuzz_check(world.answered == answered + 1, "a command is not answered");
    world_end(&world);
    return 0;
}
