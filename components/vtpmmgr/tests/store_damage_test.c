/* SPDX-License-Identifier: MIT */
/*
 * Somebody has the disk: damage, moved blocks, old blocks, blocks of another
 * store. Each is refused with an error of its own, and changes nothing.
 */
#include "disk.h"
#include "model.h"

#include "block.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK VTPMMGR_BLOCK_SIZE
#define RING (VTPMMGR_STORE_MIN / BLOCK - VTPMMGR_RING_AT)

static struct vtpm_error err;
static struct model model;

/* The disk as it was after each commit. */
#define SNAPSHOTS 12
static uint8_t *snapshot[SNAPSHOTS + 1];
static uint64_t generation[SNAPSHOTS + 1]; /* of each */
static size_t snapshots;

static uint8_t *place(uint64_t block)
{
    return disks[0].bytes + block * BLOCK;
}

static uint8_t *ring(uint64_t number)
{
    return place(VTPMMGR_RING_AT + number % RING);
}

static size_t ring_offset(uint64_t number)
{
    return (VTPMMGR_RING_AT + number % RING) * BLOCK;
}

static void snap(uint64_t number)
{
    snapshot[snapshots] = malloc(disks[0].size);
    assert_non_null(snapshot[snapshots]);
    memcpy(snapshot[snapshots], disks[0].bytes, disks[0].size);
    generation[snapshots++] = number;
}

static void change(struct vtpmmgr_store *store, unsigned count)
{
    static struct model_change one;

    while (count-- > 0) {
        model_choose(&model, 60, &one);
        if (one.what == PUT)
            one.count = 1;
        assert_int_equal(vtpmmgr_store_set_anchor(
                             store, vtpmmgr_store_anchor(store) + 1, &err),
                         VTPM_OK);
        assert_int_equal(model_try(store, &one, &err), VTPM_OK);
        model_apply(&model, &one);
    }
}

/* A store whose log has been around its ring, its last commits as snapshots,
 * and the one before those as it was a whole turn ago. */
static int setup(void **state)
{
    struct vtpmmgr_store *store;
    uint64_t now;

    (void)state;
    memset(&model, 0, sizeof model);
    snapshots = 0;
    chance_seed(3);
    disks_reset(VTPMMGR_STORE_MIN);
    assert_int_equal(vtpmmgr_store_provision(
                         &store, DISK,
                         &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                         &err),
                     VTPM_OK);
    change(store, 60);
    snap(vtpmmgr_store_generation(store));
    while (vtpmmgr_store_generation(store) < RING + 55)
        change(store, 1);
    while (snapshots < SNAPSHOTS) {
        now = vtpmmgr_store_generation(store);
        change(store, 1);
        if (vtpmmgr_store_generation(store) == now + 1)
            snap(now + 1);
    }
    vtpmmgr_store_close(store);
    snap(generation[snapshots - 1]); /* with its mark */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    while (snapshots > 0)
        free(snapshot[--snapshots]);
    disks_free();
    return 0;
}

/* The newest state, and its number. */
static uint64_t begin(void)
{
    disks[0].size = VTPMMGR_STORE_MIN;
    disks[0].bad_len = 0;
    memcpy(disks[0].bytes, snapshot[snapshots - 1], disks[0].size);
    return generation[snapshots - 1];
}

static enum vtpm_status open_with(uint64_t anchor)
{
    struct vtpmmgr_store *store;
    unsigned writes = disks[0].writes;
    enum vtpm_status status =
        vtpmmgr_store_open(&store, DISK, root_key, anchor, &err);

    if (status == VTPM_OK)
        assert_true(model_equal(&model, store) || anchor == 0);
    else
        assert_null(store);
    vtpmmgr_store_close(store);
    assert_int_equal(disks[0].writes, writes);
    return status;
}

static void refused(enum vtpm_status status, const char *words)
{
    assert_status(open_with(0), status, &err, words);
}

static void reseal_header(void)
{
    struct vtpm_bytes part = {place(0), 480};
    struct vtpm_crypto crypto;

    assert_int_equal(vtpm_crypto_init(&crypto, &err), VTPM_OK);
    assert_int_equal(vtpm_sha256(&crypto, &part, 1, place(0) + 480), VTPM_OK);
    vtpm_crypto_free(&crypto);
}

static void the_header(void **state)
{
    (void)state;
    begin();
    place(0)[33] ^= 1;
    refused(VTPM_ECORRUPT, "header is damaged");
    begin();
    place(0)[0] ^= 1;
    refused(VTPM_ECORRUPT, "no manager's store begins like this");
    begin();
    memset(place(0), 0, BLOCK);
    refused(VTPM_EUNPROVISIONED, "not provisioned");
    begin();
    place(0)[39]--; /* a smaller ring */
    reseal_header();
    refused(VTPM_ECORRUPT, "header was tampered with");
    begin();
    place(0)[39]++;
    reseal_header();
    refused(VTPM_ECORRUPT, "cut off");
    begin();
    place(0)[11]++;
    reseal_header();
    refused(VTPM_EVERSION, "unsupported version");
    begin();
    place(0)[20]++; /* another store's */
    reseal_header();
    refused(VTPM_EKEY, "root key does not fit");
    begin();
    place(0)[41]++;
    reseal_header();
    refused(VTPM_EKEY, "root key does not fit");
}

static void a_store_that_is_cut_off(void **state)
{
    (void)state;
    begin();
    disks[0].size -= BLOCK;
    refused(VTPM_ECORRUPT, "cut off");
    disks[0].size = BLOCK - 1;
    refused(VTPM_ECORRUPT, "ends early");
    disks[0].size = 0;
    refused(VTPM_EUNPROVISIONED, "empty");
}

static void a_byte_of_any_block(void **state)
{
    uint64_t head = begin();

    (void)state;
    for (uint64_t n = head - 3; n <= head; n++)
        for (size_t at = 0; at < BLOCK; at += at < 128 ? 1 : 97) {
            begin();
            ring(n)[at] ^= 0x10;
            if (at >= 16 && at < 32)
                refused(VTPM_EOTHER, "another store's");
            else
                refused(VTPM_ECORRUPT, "does not authenticate");
        }
    begin();
    memset(ring(head - 1), 0, BLOCK);
    refused(VTPM_ECORRUPT, "is gone");
    begin();
    memset(ring(head), 0, BLOCK); /* the last commit */
    refused(VTPM_ECORRUPT, "is gone");
}

static void blocks_that_were_moved(void **state)
{
    uint64_t head = begin();
    uint8_t other[BLOCK];

    (void)state;
    memcpy(other, ring(head), BLOCK);
    memcpy(ring(head), ring(head - 1), BLOCK);
    memcpy(ring(head - 1), other, BLOCK);
    refused(VTPM_ECORRUPT, "blocks were moved");
    begin();
    memcpy(ring(head - 1), ring(head - 2), BLOCK);
    refused(VTPM_ECORRUPT, "blocks were moved");
    begin();
    memcpy(ring(head), ring(head - 1), BLOCK);
    refused(VTPM_ECORRUPT, "blocks were moved");
}

/* What was in the same place a whole turn ago. */
static void an_old_block(void **state)
{
    uint64_t head = begin();

    (void)state;
    for (uint64_t n = head - 2; n <= head; n++) {
        begin();
        memcpy(ring(n), snapshot[0] + ring_offset(n), BLOCK);
        if (n - RING <= generation[0])
            refused(VTPM_EROLLBACK, "an old copy");
        else
            refused(VTPM_ECORRUPT, "is gone");
    }
}

/* Two histories after one state: a block of one is not the other's. */
static void a_block_of_another_history(void **state)
{
    struct vtpmmgr_store *store;
    uint64_t head;
    uint8_t sibling[BLOCK], mark[2][BLOCK];

    (void)state;
    head = begin();
    memcpy(mark, place(VTPMMGR_MARK_AT), sizeof mark);
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    vtpmmgr_store_close(store);
    memcpy(sibling, ring(head + 1), BLOCK);
    for (unsigned more = 1; more <= 2; more++) {
        begin();
        assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                         VTPM_OK);
        for (unsigned i = 0; i < more; i++)
            assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
        vtpmmgr_store_close(store);
        memcpy(ring(head + 1), sibling, BLOCK);
        refused(VTPM_EROLLBACK, "an old copy");
    }
    /* with old marks too: the commits beyond give the old one away */
    memcpy(place(VTPMMGR_MARK_AT), mark, sizeof mark);
    memset(ring(head + 1), 0, BLOCK);
    refused(VTPM_ECORRUPT, "is gone");
}

static void the_marks(void **state)
{
    uint64_t head = begin();

    (void)state;
    /* one is enough, whichever */
    for (unsigned i = 0; i < 2; i++) {
        begin();
        place(VTPMMGR_MARK_AT + i)[60] ^= 1;
        assert_int_equal(open_with(1), VTPM_OK);
    }
    place(VTPMMGR_MARK_AT)[90] ^= 1;
    refused(VTPM_ECORRUPT, "both marks");
    /* old ones, whose blocks are written over */
    begin();
    memcpy(place(VTPMMGR_MARK_AT),
           snapshot[0] + (size_t)VTPMMGR_MARK_AT * BLOCK, 2 * (size_t)BLOCK);
    assert_true(head >= generation[0] + RING);
    refused(VTPM_EROLLBACK, "the marks are an old copy");
}

/* As a power cut leaves them on some disks. */
static void sectors_that_cannot_be_read(void **state)
{
    struct vtpmmgr_store *store;
    uint64_t head = begin();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        disks[0].bad_at = (VTPMMGR_MARK_AT + i) * (size_t)BLOCK + 512;
        disks[0].bad_len = 512;
        assert_int_equal(open_with(1), VTPM_OK);
    }
    disks[0].bad_at = VTPMMGR_MARK_AT * BLOCK;
    disks[0].bad_len = 2 * BLOCK;
    refused(VTPM_EIO, "cannot read");
    disks[0].bad_len = 512;
    for (unsigned i = 0; i < 4; i++) {
        disks[0].bad_at = ring_offset(head - i);
        refused(VTPM_EIO, "cannot read");
    }
    /* where the next commit goes */
    disks[0].bad_at = ring_offset(head + 1) + 1024;
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    assert_true(model_equal(&model, store));
    assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    disks[0].bad_len = 0;
    vtpmmgr_store_close(store);
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    assert_int_equal(vtpmmgr_store_generation(store), head + 1);
    vtpmmgr_store_close(store);
}

static void a_block_of_another_store(void **state)
{
    struct vtpmmgr_store *store;
    uint8_t *foreign = malloc(VTPMMGR_STORE_MIN);
    uint64_t head;

    (void)state;
    assert_non_null(foreign);
    disks_reset(VTPMMGR_STORE_MIN);
    assert_int_equal(vtpmmgr_store_provision(
                         &store, DISK,
                         &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                         &err),
                     VTPM_OK);
    while (vtpmmgr_store_generation(store) < generation[snapshots - 1])
        assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    vtpmmgr_store_close(store);
    memcpy(foreign, disks[0].bytes, disks[0].size);
    head = begin();
    memcpy(ring(head), foreign + ring_offset(head), BLOCK);
    refused(VTPM_EOTHER, "another store's");
    begin();
    memcpy(place(VTPMMGR_MARK_AT), foreign + VTPMMGR_MARK_AT * BLOCK,
           2 * (size_t)BLOCK);
    refused(VTPM_ECORRUPT, "both marks");
    free(foreign);
}

/* The caller's counter follows each commit. Then, whatever blocks of which
 * time an attacker puts where, what opens is the newest state. */
static void any_mixture(void **state)
{
    struct vtpmmgr_store *store;
    uint64_t head = begin(), anchor;
    unsigned opened = 0;

    (void)state;
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    anchor = vtpmmgr_store_anchor(store);
    vtpmmgr_store_close(store);
    for (unsigned i = 0; i < 3000; i++) {
        unsigned edits = 1 + chance(4);

        begin();
        while (edits-- > 0) {
            const uint8_t *from = snapshot[chance((uint32_t)snapshots)];
            uint64_t n = head - chance(14);
            size_t at = chance(3) == 0
                            ? (VTPMMGR_MARK_AT + chance(2)) * (size_t)BLOCK
                            : ring_offset(n);
            size_t to = chance(6) == 0 ? ring_offset(head - chance(14)) : at;

            memcpy(disks[0].bytes + to, from + at, BLOCK);
        }
        opened += open_with(anchor) == VTPM_OK;
    }
    /* most edits put the same block back, or one mark */
    assert_in_range(opened, 100, 2900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header),
        cmocka_unit_test(a_store_that_is_cut_off),
        cmocka_unit_test(a_byte_of_any_block),
        cmocka_unit_test(blocks_that_were_moved),
        cmocka_unit_test(an_old_block),
        cmocka_unit_test(a_block_of_another_history),
        cmocka_unit_test(the_marks),
        cmocka_unit_test(sectors_that_cannot_be_read),
        cmocka_unit_test(any_mixture),
        cmocka_unit_test(a_block_of_another_store),
    };

    return cmocka_run_group_tests_name("manager's store, damage", tests, setup,
                                       teardown);
}
