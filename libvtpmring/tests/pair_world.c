/* SPDX-License-Identifier: MIT */
/* Memory, chance and time of the world. */
#include "pair_world.h"

unsigned world_random(struct world *w, unsigned n)
{
    /* xorshift64*; its seed is never 0 */
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned)((w->random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

bool world_chance(struct world *w, unsigned n)
{
    return n > 0 && world_random(w, 1000) < n;
}

struct world_grant *world_grant(struct world *w, unsigned extra)
{
    struct world_grant *grant = NULL;

    for (int i = 0; i < WORLD_GRANTS && grant == NULL; i++)
        if (w->grants[i].pages.first == NULL)
            grant = &w->grants[i];
    assert_non_null(grant); /* pages leak */
    grant->pages = support_pages(extra);
    grant->granted = true;
    grant->mapped = 0;
    for (unsigned i = 0; i < 1 + WORLD_EXTRA; i++)
        grant->refs[i] = w->next_ref++;
    return grant;
}

void world_sweep(struct world *w)
{
    for (int i = 0; i < WORLD_GRANTS; i++) {
        struct world_grant *grant = &w->grants[i];

        if (grant->pages.first != NULL && !grant->granted && grant->mapped == 0)
            support_free(&grant->pages);
    }
}

void world_begin(struct world *w, const struct world_config *config,
                 uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    w->config = *config;
    w->random = seed * 0x9e3779b97f4a7c15ull + 1;
    w->store.front_state = VTPMRING_XENBUS_INITIALISING;
    w->store.back_state = VTPMRING_XENBUS_INITIALISING;
    w->next_ref = 8;
    w->next_port = 1;
    w->next_id = 0x1000000; /* no code that an error response has */
    world_back_start(w);
    world_front_start(w);
}

void world_end(struct world *w)
{
    for (int i = 0; i < WORLD_GRANTS; i++)
        support_free(&w->grants[i].pages);
}

static void calamity(struct world *w)
{
    if (world_chance(w, w->config.kill_front)) {
        world_front_kill(w);
        world_front_start(w);
    }
    if (world_chance(w, w->config.kill_back)) {
        world_back_kill(w);
        if (!w->away)
            world_back_start(w);
    }
    if (world_chance(w, w->config.close_front)) {
        w->command.disturbed = true;
        vtpmring_front_close(&w->front);
    }
    if (world_chance(w, w->config.close_back)) {
        w->command.disturbed = true;
        vtpmring_back_close(&w->back);
    }
    if (w->command.open && world_chance(w, w->config.cancel)) {
        w->command.canceled = true;
        assert_int_equal(vtpmring_front_cancel(&w->front), VTPMRING_OK);
    }
}

/* Who acts: for a while one side may run alone, as a busy host lets it. */
static unsigned pick(struct world *w)
{
    unsigned who = world_random(w, 6);

    if (world_random(w, 30) == 0)
        w->alone = world_random(w, 3);
    if (w->alone == 1 && (who == 2 || who == 3))
        who -= 2;
    if (w->alone == 2 && who < 2)
        who += 2;
    return who;
}

void world_step(struct world *w, bool calamities)
{
    w->steps++;
    if (calamities)
        calamity(w);
    switch (pick(w)) {
    case 0:
        world_front_act(w);
        break;
    case 1:
        world_front_hear(w);
        break;
    case 2:
        world_back_act(w);
        break;
    case 3:
        world_back_hear(w);
        break;
    case 4:
        world_back_execute(w);
        break;
    default:
        if (calamities)
            world_submit(w);
        break;
    }
    world_sweep(w);
}

void world_settle(struct world *w)
{
    struct world_config config = w->config;
    unsigned patience = 20000;

    memset(&w->config, 0, sizeof(w->config));
    w->config.front_extra = config.front_extra;
    w->config.back_extra = config.back_extra;
    w->config.polite = config.polite;
    while (world_front_runnable(w) || world_back_runnable(w)) {
        assert_true(patience-- > 0); /* it never comes to rest */
        world_step(w, false);
    }
    w->config = config;
}
