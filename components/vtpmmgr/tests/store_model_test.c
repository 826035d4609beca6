/* SPDX-License-Identifier: MIT */
/* Many changes, on disks in memory: what is in the store, and what it costs. */
#include "disk.h"
#include "model.h"

#include <string.h>

static struct vtpm_error err;

static struct vtpmmgr_store *provision(void)
{
    struct vtpmmgr_store *store;

    disks_reset(VTPMMGR_STORE_MIN);
    assert_status(vtpmmgr_store_provision(
                      &store, DISK,
                      &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_OK, &err, NULL);
    return store;
}

static struct vtpmmgr_store *reopen(struct vtpmmgr_store *store)
{
    vtpmmgr_store_close(store);
    assert_status(vtpmmgr_store_open(&store, DISK, root_key, 0, &err), VTPM_OK,
                  &err, NULL);
    return store;
}

/* Thousands of changes, several times around the ring. */
static void chance_and_model_agree(void **state)
{
    static struct model model;
    static struct model_change change;
    struct vtpmmgr_store *store = provision();

    (void)state;
    chance_seed(4);
    for (unsigned i = 0; i < 4000; i++) {
        model_choose(&model, i < 2000 ? 30 : 400, &change);
        assert_status(model_try(store, &change, &err), VTPM_OK, &err, NULL);
        model_apply(&model, &change);
        if (i % 50 == 0) {
            assert_true(model_equal(&model, store));
            if (i % 100 == 0)
                store = reopen(store);
            assert_true(model_equal(&model, store));
        }
    }
    assert_true(vtpmmgr_store_generation(store) > 4 * 500);
    vtpmmgr_store_close(store);
}

/* A full store says so, and still takes every change that does not add. */
static void a_full_store_goes_on(void **state)
{
    struct vtpmmgr_store *store = provision();
    struct vtpmmgr_vtpm vtpm[64], got;
    static uint8_t group[VTPMMGR_GROUP_MAX];
    enum vtpm_status status = VTPM_OK;
    uint32_t count = 0;

    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(
            vtpmmgr_store_put_group(store, i, group, sizeof group, &err),
            VTPM_OK);
    while (status == VTPM_OK) {
        for (unsigned i = 0; i < 64; i++)
            vtpm[i] = numbered_vtpm(count + i, count % 5, 1);
        status = vtpmmgr_store_put(store, vtpm, 64, &err);
        count += status == VTPM_OK ? 64 : 0;
    }
    assert_status(status, VTPM_ENOSPACE, &err, "is full");
    assert_true(count >= 4000);
    /* the worst there is: nothing but the longest changes */
    for (unsigned i = 0; i < 2000; i++) {
        group[i] = (uint8_t)i;
        assert_status(
            vtpmmgr_store_put_group(store, i % 5, group, sizeof group, &err),
            VTPM_OK, &err, NULL);
    }
    for (unsigned i = 0; i < 2000; i++) {
        vtpm[0] = numbered_vtpm(chance(count), 1, i + 2);
        assert_status(vtpmmgr_store_put(store, vtpm, 1, &err), VTPM_OK, &err,
                      NULL);
    }
    store = reopen(store);
    assert_int_equal(vtpmmgr_store_count(store), count);
    assert_true(vtpmmgr_store_get(store, vtpm[0].uuid, &got));
    assert_memory_equal(&got, &vtpm[0], sizeof got);
    while (count-- > 0) {
        vtpm[0] = numbered_vtpm(count, 0, 0);
        assert_status(vtpmmgr_store_remove(store, vtpm[0].uuid, &err), VTPM_OK,
                      &err, NULL);
    }
    store = reopen(store);
    assert_int_equal(vtpmmgr_store_count(store), 0);
    vtpmmgr_store_close(store);
}

/* One write, one sync, and a mark that waits for the next one; whatever else
 * is in the store. */
static void a_save_costs_the_same_always(void **state)
{
    struct vtpmmgr_store *store = provision();
    struct vtpmmgr_vtpm vtpm;

    (void)state;
    chance_seed(5);
    assert_int_equal(
        vtpmmgr_store_put_group(store, 0, (const uint8_t *)"x", 1, &err),
        VTPM_OK);
    for (uint32_t count = 1; count <= 4000; count++) {
        unsigned writes = disks[0].writes, syncs = disks[0].syncs;
        uint64_t blocks = vtpmmgr_store_generation(store);

        vtpm = numbered_vtpm(count, 0, 1);
        assert_int_equal(vtpmmgr_store_put(store, &vtpm, 1, &err), VTPM_OK);
        vtpm = numbered_vtpm(1 + chance(count), 0, count);
        assert_int_equal(vtpmmgr_store_put(store, &vtpm, 1, &err), VTPM_OK);
        assert_int_equal(disks[0].writes - writes, 4);
        assert_int_equal(disks[0].syncs - syncs, 2);
        assert_int_equal(vtpmmgr_store_generation(store) - blocks, 2);
    }
    vtpmmgr_store_close(store);
}

/* Opening reads; what it finds stays as it is. */
static void opening_never_writes(void **state)
{
    struct vtpmmgr_store *store = provision();
    unsigned writes;

    (void)state;
    vtpmmgr_store_close(store);
    writes = disks[0].writes;
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    vtpmmgr_store_close(store);
    assert_int_equal(vtpmmgr_store_open(&store, DISK, other_key, 0, &err),
                     VTPM_EKEY);
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 1, &err),
                     VTPM_EROLLBACK);
    assert_int_equal(disks[0].writes, writes);
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
        cmocka_unit_test_teardown(chance_and_model_agree, free_disks),
        cmocka_unit_test_teardown(a_full_store_goes_on, free_disks),
        cmocka_unit_test_teardown(a_save_costs_the_same_always, free_disks),
        cmocka_unit_test_teardown(opening_never_writes, free_disks),
    };

    return cmocka_run_group_tests_name("manager's store, model", tests, NULL,
                                       NULL);
}
