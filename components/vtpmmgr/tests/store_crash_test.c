/* SPDX-License-Identifier: MIT */
/*
 * A power cut at every point of a store's life: after each write and each
 * sync, with the writes that were not synced dropped, kept, kept in
 * part, and torn within a sector, each independently of the others. What was
 * acknowledged is there, what was removed does not come back, and the store
 * goes on, also through a second cut.
 */
#include "disk.h"
#include "model.h"

#include <stdio.h>
#include <string.h>

/* Combinations of more writes than that are a sample. */
#define ALL_UP_TO 200u

static struct {
    struct model acknowledged;
    struct model_change change; /* that is being made */
    bool changing;
    bool provisioned;
    uint64_t anchor;
    unsigned points;
    unsigned lost;
    unsigned reborn;
    bool quiet; /* losses are expected */
} walk;

static void report(const char *what, const struct vtpm_error *err)
{
    if (!walk.quiet && walk.lost + walk.reborn < 5)
        print_error("%s; %s\n", what, err->text);
}

static bool known(const struct model *model, const uint8_t *uuid)
{
    for (size_t i = 0; i < model->vtpm_count; i++)
        if (memcmp(model->vtpm[i].uuid, uuid, VTPM_UUID_SIZE) == 0)
            return true;
    return false;
}

/* Whether a vTPM is in the store that should not be. */
static bool has_strangers(const struct vtpmmgr_store *store,
                          const struct model *a, const struct model *b)
{
    for (uint32_t group = 0; group < MODEL_GROUPS; group++) {
        uint8_t uuid[1][VTPM_UUID_SIZE];

        for (size_t i = 0; vtpmmgr_store_list(store, group, i, uuid, 1); i++)
            if (!known(a, uuid[0]) && !known(b, uuid[0]))
                return true;
    }
    return false;
}

/* What the store should be goes on from what it was found to be. */
static bool settle(const struct vtpmmgr_store *store, struct model *found)
{
    static struct model next;
    struct vtpm_error none = {{0}};

    next = walk.acknowledged;
    if (walk.changing)
        model_apply(&next, &walk.change);
    *found = walk.acknowledged;
    if (model_equal(found, store))
        return true;
    *found = next;
    if (walk.changing && model_equal(found, store))
        return true;
    if (has_strangers(store, &walk.acknowledged, &next)) {
        report("a removed vTPM is back", &none);
        walk.reborn++;
    } else {
        report("what was acknowledged is gone", &none);
        walk.lost++;
    }
    return false;
}

static struct vtpmmgr_store *open_after(void)
{
    struct vtpmmgr_store *store;
    struct vtpm_error err = {{0}};
    enum vtpm_status status =
        vtpmmgr_store_open(&store, DISK_AFTER, root_key, walk.anchor, &err);

    if (status == VTPM_OK)
        return store;
    /* no store was promised yet */
    if (!walk.provisioned &&
        (status == VTPM_EUNPROVISIONED || status == VTPM_ECORRUPT))
        return NULL;
    report("the store does not open", &err);
    if (status == VTPM_EUNPROVISIONED)
        walk.reborn++;
    else
        walk.lost++;
    return NULL;
}

/* The writes to the second device since it was opened are its own; a power cut
 * there keeps some bytes of the last ones. */
static void cut_again(void)
{
    struct disk *disk = &disks[1];

    for (size_t i = disk->pending_count; i-- > disk->synced;) {
        const struct disk_write *write = &disk->pending[i];
        size_t from = chance((uint32_t)write->len + 1);

        if (chance(3) != 0)
            memcpy(disk->bytes + write->offset + from, write->before + from,
                   write->len - from);
    }
}

/* The store is used after the cut, and the power is cut again. */
static void go_on(struct vtpmmgr_store *store, const struct model *found)
{
    static struct model before;
    static struct model_change change;
    struct vtpm_error err;
    struct model saved = walk.acknowledged;
    struct model_change saved_change = walk.change;
    bool saved_changing = walk.changing;

    before = *found;
    for (int i = 0; i < 2; i++) {
        model_choose(&before, 20, &change);
        assert_int_equal(model_try(store, &change, &err), VTPM_OK);
        model_apply(&before, &change);
    }
    model_choose(&before, 20, &change);
    disks[1].fail_step = disks[1].steps + 1 + chance(3);
    disks[1].fail_for = UINT32_MAX / 2;
    walk.changing = model_try(store, &change, &err) != VTPM_OK;
    if (!walk.changing)
        model_apply(&before, &change);
    /* closing syncs; this one dies */
    disks[1].fail_step = 1;
    vtpmmgr_store_close(store);
    disks[1].fail_step = 0;
    cut_again();
    walk.acknowledged = before;
    walk.change = change;
    store = open_after();
    if (store) {
        static struct model again;

        (void)settle(store, &again);
    }
    vtpmmgr_store_close(store);
    walk.acknowledged = saved;
    walk.change = saved_change;
    walk.changing = saved_changing;
}

static void look(const uint8_t *variants)
{
    static struct model found;
    struct vtpmmgr_store *store;

    walk.points++;
    disk_cut(variants);
    store = open_after();
    if (store && settle(store, &found) && walk.provisioned &&
        walk.points % 4 == 0) {
        go_on(store, &found);
        store = NULL;
    }
    vtpmmgr_store_close(store);
    disk_restore();
}

static void point(void)
{
    uint8_t variants[DISK_PENDING] = {0};
    size_t n = disks[0].pending_count;
    unsigned combinations = 1;

    disks[0].point = NULL;
    for (size_t i = 0; i < n && combinations <= ALL_UP_TO; i++)
        combinations *= DISK_VARIANTS;
    if (combinations > ALL_UP_TO) {
        for (unsigned k = 0; k < ALL_UP_TO; k++) {
            for (size_t i = 0; i < n; i++)
                variants[i] = (uint8_t)chance(chance(2) ? 2 : DISK_VARIANTS);
            look(variants);
        }
    } else {
        for (unsigned k = 0; k < combinations; k++) {
            unsigned rest = k;

            for (size_t i = 0; i < n; i++, rest /= DISK_VARIANTS)
                variants[i] = (uint8_t)(rest % DISK_VARIANTS);
            look(variants);
        }
    }
    disks[0].point = point;
}

static struct vtpmmgr_store *begin(size_t size)
{
    struct vtpmmgr_store *store;
    struct vtpm_error err = {{0}};

    memset(&walk, 0, sizeof walk);
    disks_reset(size);
    chance_seed(11);
    assert_status(vtpmmgr_store_provision(
                      &store, DISK,
                      &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_OK, &err, NULL);
    walk.provisioned = true;
    return store;
}

static void make_change(struct vtpmmgr_store *store)
{
    struct vtpm_error err;

    walk.changing = true;
    assert_status(model_try(store, &walk.change, &err), VTPM_OK, &err, NULL);
    model_apply(&walk.acknowledged, &walk.change);
    walk.changing = false;
}

static void change_many(struct vtpmmgr_store *store, unsigned count,
                        size_t vtpms)
{
    while (count-- > 0) {
        model_choose(&walk.acknowledged, vtpms, &walk.change);
        make_change(store);
    }
}

/* A commit of several blocks. */
static void change_much(struct vtpmmgr_store *store)
{
    walk.change = (struct model_change){
        .what = PUT_GROUP, .len = VTPMMGR_GROUP_MAX, .fill = 99};
    make_change(store);
}

/* A counter outside follows the anchor. */
static void raise_anchor(struct vtpmmgr_store *store, uint64_t anchor)
{
    struct vtpm_error err;

    walk.change = (struct model_change){.what = ANCHOR};
    assert_int_equal(vtpmmgr_store_set_anchor(store, anchor, &err), VTPM_OK);
    make_change(store);
    walk.anchor = anchor;
}

/* A store that is new; and one whose log has reached the end of its ring. */
static void power_cuts_lose_nothing(void **state)
{
    const uint64_t ring = VTPMMGR_STORE_MIN / 4096 - 12;
    struct vtpmmgr_store *store = begin(VTPMMGR_STORE_MIN);

    (void)state;
    disks[0].point = point;
    change_many(store, 12, 20);
    change_much(store);
    raise_anchor(store, 1);
    disks[0].point = NULL;
    while (vtpmmgr_store_generation(store) < ring - 6)
        change_many(store, 1, 30);
    disks[0].point = point;
    while (vtpmmgr_store_generation(store) < ring - 3)
        change_many(store, 1, 20);
    change_much(store);
    assert_true(vtpmmgr_store_generation(store) > ring);
    change_many(store, 8, 20);
    raise_anchor(store, 2);
    change_many(store, 4, 20);
    vtpmmgr_store_close(store);
    printf("crash points: %u, lost: %u, reborn: %u\n", walk.points, walk.lost,
           walk.reborn);
    assert_true(walk.points > 4000);
    assert_int_equal(walk.lost, 0);
    assert_int_equal(walk.reborn, 0);
}

/* Half a store is none: it does not open, or it opens and is empty. */
static void provisioning_is_one_step(void **state)
{
    struct vtpmmgr_store *store;
    struct vtpm_error err;

    (void)state;
    memset(&walk, 0, sizeof walk);
    disks_reset(VTPMMGR_STORE_MIN);
    disks[0].point = point;
    assert_status(vtpmmgr_store_provision(
                      &store, DISK,
                      &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_OK, &err, NULL);
    walk.provisioned = true;
    point();
    vtpmmgr_store_close(store);
    printf("crash points: %u, lost: %u, reborn: %u\n", walk.points, walk.lost,
           walk.reborn);
    assert_true(walk.points > 50);
    assert_int_equal(walk.lost, 0);
    assert_int_equal(walk.reborn, 0);
}

/* The walk can see a loss: one sync does nothing. */
static void a_sync_that_does_nothing_is_noticed(void **state)
{
    unsigned noticed = 0;

    (void)state;
    for (unsigned which = 1; which <= 5; which++) {
        struct vtpmmgr_store *store = begin(VTPMMGR_STORE_MIN);

        walk.quiet = true;
        change_many(store, 30, 20);
        disks[0].ignore_sync = disks[0].syncs + which;
        disks[0].point = point;
        change_many(store, 8, 20);
        disks[0].point = NULL;
        vtpmmgr_store_close(store);
        noticed += walk.lost > 0;
    }
    assert_int_equal(noticed, 5);
}

/* A disk fails at each step; nothing is acknowledged that is not durable, what
 * was refused may be tried again, and the store that is read meanwhile is the
 * one before or the one after. */
static void failing_disks_are_survived(void **state)
{
    (void)state;
    for (unsigned step = 1; step <= 12; step++)
        for (unsigned more = 0; more < 4; more += 3) {
            struct vtpmmgr_store *store = begin(VTPMMGR_STORE_MIN);
            struct vtpm_error err;

            change_many(store, 40, 20);
            disks[0].point = point;
            disks[0].fail_step = disks[0].steps + step;
            disks[0].fail_for = more;
            for (unsigned i = 0; i < 8; i++) {
                enum vtpm_status status;

                model_choose(&walk.acknowledged, 20, &walk.change);
                walk.changing = true;
                do {
                    status = model_try(store, &walk.change, &err);
                    assert_true(status == VTPM_OK || status == VTPM_EIO);
                    assert_true(model_equal(&walk.acknowledged, store) ||
                                status == VTPM_OK);
                } while (status != VTPM_OK);
                model_apply(&walk.acknowledged, &walk.change);
                walk.changing = false;
                assert_true(model_equal(&walk.acknowledged, store));
            }
            vtpmmgr_store_close(store);
            assert_int_equal(walk.lost + walk.reborn, 0);
        }
}

static int free_disks(void **state)
{
    (void)state;
    disks_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(power_cuts_lose_nothing, free_disks),
        cmocka_unit_test_teardown(provisioning_is_one_step, free_disks),
        cmocka_unit_test_teardown(a_sync_that_does_nothing_is_noticed,
                                  free_disks),
        cmocka_unit_test_teardown(failing_disks_are_survived, free_disks),
    };

    return cmocka_run_group_tests_name("manager's store, power cuts", tests,
                                       NULL, NULL);
}
