/* SPDX-License-Identifier: MIT */
/* Stores without their root key: copies that are whole, also of a store that is
 * in use or was killed, and damage that is seen. */
#include "model.h"

#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* So many commits that the ring of the smallest store is gone around twice. */
#define COMMITS 1100u
#define VTPMS 60u

static struct vtpm_error err;
static struct ctl_scan scan;

static struct vtpmmgr_store *provision(const char *path)
{
    static const uint8_t envelope[] = "sealed";
    const struct vtpmmgr_new_store what = {
        VTPMMGR_STORE_MIN, root_key, 7, {envelope, sizeof envelope}};
    struct vtpmmgr_store *store;

    remove_path(path);
    assert_status(vtpmmgr_store_provision(&store, path, &what, &err), VTPM_OK,
                  &err, NULL);
    assert_int_equal(
        vtpmmgr_store_put_group(store, 0, (const uint8_t *)"zero", 4, &err),
        VTPM_OK);
    return store;
}

static void save(struct vtpmmgr_store *store, unsigned n)
{
    struct vtpmmgr_vtpm vtpm = numbered_vtpm(n % VTPMS, 0, n);

    assert_int_equal(vtpmmgr_store_put(store, &vtpm, 1, &err), VTPM_OK);
}

static void save_many(struct vtpmmgr_store *store, unsigned count)
{
    for (unsigned n = 1; n <= count; n++)
        save(store, n);
}

/* Copies the store at a path into memory, and opens that. */
static struct vtpmmgr_store *copy_of(const char *path)
{
    struct vtpmmgr_store *store = NULL;
    struct vtpm_os_file copy;
    char where[CTL_MEMORY_PATH];

    assert_status(ctl_scan_open(&scan, path, &err), VTPM_OK, &err, NULL);
    assert_int_equal(ctl_memory_file(&copy, where, &err), VTPM_OK);
    assert_status(ctl_scan_copy(&scan, &copy, false, &err), VTPM_OK, &err,
                  NULL);
    assert_status(vtpmmgr_store_peek(&store, where, root_key, 0, &err), VTPM_OK,
                  &err, NULL);
    ctl_scan_close(&scan);
    vtpm_os_close(&copy);
    return store;
}

/* What the store says of the vTPM that save number @p n was for. */
static uint64_t saves_of(const struct vtpmmgr_store *store, unsigned n)
{
    struct vtpmmgr_vtpm vtpm = numbered_vtpm(n % VTPMS, 0, n), got;

    assert_true(vtpmmgr_store_get(store, vtpm.uuid, &got));
    return got.saves;
}

static void a_copy_beside_the_owner_has_every_save(void **state)
{
    const char *path = in_folder("live");
    struct vtpmmgr_store *store = provision(path);

    (void)state;
    for (unsigned n = 1; n <= COMMITS; n++) {
        struct vtpmmgr_store *copy;

        save(store, n);
        if (n % 7 != 0)
            continue;
        copy = copy_of(path);
        assert_true(scan.in_use);
        assert_int_equal(vtpmmgr_store_count(copy), n < VTPMS ? n : VTPMS);
        assert_int_equal(saves_of(copy, n), n);
        assert_int_equal(vtpmmgr_store_generation(copy),
                         vtpmmgr_store_generation(store));
        vtpmmgr_store_close(copy);
    }
    vtpmmgr_store_close(store);
    assert_int_equal(ctl_scan_open(&scan, path, &err), VTPM_OK);
    assert_false(scan.in_use);
    assert_int_equal(scan.anchor, 7);
    ctl_scan_close(&scan);
}

static uint64_t place_of(uint64_t number)
{
    uint64_t ring = VTPMMGR_STORE_MIN / VTPMMGR_BLOCK_SIZE - VTPMMGR_RING_AT;

    return (VTPMMGR_RING_AT + number % ring) * VTPMMGR_BLOCK_SIZE;
}

/* What is being written while the copy is made belongs to nobody yet. */
static void a_commit_that_is_being_written_does_no_harm(void **state)
{
    const char *path = in_folder("torn");
    struct vtpmmgr_store *store = provision(path), *copy;
    struct image before, after;
    uint64_t next;

    (void)state;
    save_many(store, 100);
    before = image_read(path);
    next = place_of(vtpmmgr_store_generation(store) + 1);
    save(store, 101);
    save(store, 102);
    after = image_read(path);
    vtpmmgr_store_close(store);
    for (size_t kept = 0; kept <= VTPMMGR_BLOCK_SIZE; kept += 64) {
        /* the marks as they were; the next block in part, the one after it
         * whole */
        struct image mixed = {malloc(after.len), after.len};

        assert_non_null(mixed.bytes);
        memcpy(mixed.bytes, after.bytes, after.len);
        memcpy(mixed.bytes, before.bytes, place_of(0));
        memcpy(mixed.bytes + next + kept, before.bytes + next + kept,
               VTPMMGR_BLOCK_SIZE - kept);
        remove_path(in_folder("mixed"));
        image_write(in_folder("mixed"), &mixed);
        copy = copy_of(in_folder("mixed"));
        assert_int_equal(saves_of(copy, 100), 100);
        assert_int_equal(vtpmmgr_store_count(copy), VTPMS);
        vtpmmgr_store_close(copy);
        image_free(&mixed);
    }
    image_free(&before);
    image_free(&after);
}

/* A killed manager may have left a commit that its marks do not know. */
static void the_commit_behind_the_marks_is_copied(void **state)
{
    const char *path = in_folder("behind");
    struct vtpmmgr_store *store = provision(path), *copy;
    struct image before, after;

    (void)state;
    save_many(store, 100);
    before = image_read(path);
    save(store, 101);
    after = image_read(path);
    vtpmmgr_store_close(store);
    memcpy(after.bytes, before.bytes, place_of(0));
    image_write(path, &after);
    copy = copy_of(path);
    assert_int_equal(saves_of(copy, 101), 101);
    vtpmmgr_store_close(copy);
    image_free(&before);
    image_free(&after);
}

/* ---- damage ---- */

static struct image good;
static uint64_t tail, head;

static int make_good(void **state)
{
    const char *path = in_folder("good");
    struct vtpmmgr_store *store = provision(path);

    (void)state;
    /* more of them than one block has room for */
    for (unsigned n = 0; n < 700; n++) {
        struct vtpmmgr_vtpm vtpm = numbered_vtpm(n, 0, n);

        assert_int_equal(vtpmmgr_store_put(store, &vtpm, 1, &err), VTPM_OK);
    }
    vtpmmgr_store_close(store);
    good = image_read(path);
    assert_int_equal(ctl_scan_open(&scan, path, &err), VTPM_OK);
    tail = scan.tail;
    head = scan.head;
    assert_true(tail + 1 < head);
    ctl_scan_close(&scan);
    return 0;
}

static int free_good(void **state)
{
    (void)state;
    image_free(&good);
    return 0;
}

/* Writes @p len bytes over the store, or cuts it off there, and looks. */
static void damaged(uint64_t at, const void *bytes, size_t len,
                    enum vtpm_status status, const char *line)
{
    const char *path = in_folder("damaged");
    struct image bad = {malloc(good.len), good.len};

    assert_non_null(bad.bytes);
    memcpy(bad.bytes, good.bytes, good.len);
    if (bytes)
        memcpy(bad.bytes + at, bytes, len);
    else
        bad.len = at;
    remove_path(path);
    image_write(path, &bad);
    assert_status(ctl_scan_open(&scan, path, &err), status, &err, line);
    image_free(&bad);
}

static void damage_is_seen_without_the_key(void **state)
{
    static const uint8_t zeros[2 * VTPMMGR_BLOCK_SIZE], one = 0xa5;
    uint64_t marks = (uint64_t)VTPMMGR_MARK_AT * VTPMMGR_BLOCK_SIZE;
    uint64_t last = place_of(head), inner = place_of(head - 1);

    (void)state;
    damaged(16, &one, 1, VTPM_ECORRUPT, "the header is damaged");
    damaged(0, zeros, VTPMMGR_BLOCK_SIZE, VTPM_EUNPROVISIONED, "provision");
    damaged(marks, zeros, sizeof zeros, VTPM_ECORRUPT, "both marks");
    damaged(good.len - VTPMMGR_BLOCK_SIZE, NULL, 0, VTPM_ECORRUPT, "cut off");
    damaged(inner, zeros, VTPMMGR_BLOCK_SIZE, VTPM_ECORRUPT, "is gone");
    damaged(inner, &one, 1, VTPM_ECORRUPT, "is damaged");
    damaged(inner + 16, &one, 1, VTPM_EOTHER, "another store's");
    damaged(inner + 112, &one, 1, VTPM_ECORRUPT, "that the next one follows");
    damaged(inner, good.bytes + last, VTPMMGR_BLOCK_SIZE, VTPM_EROLLBACK,
            "blocks were moved");
}

/* A mark that is torn leaves the other one. */
static void one_mark_is_enough(void **state)
{
    static const uint8_t zeros[VTPMMGR_BLOCK_SIZE];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        damaged((uint64_t)(VTPMMGR_MARK_AT + i) * VTPMMGR_BLOCK_SIZE, zeros,
                sizeof zeros, VTPM_OK, NULL);
        assert_int_equal(scan.head, head);
        ctl_scan_close(&scan);
    }
}

/* Whatever a store says, it is read in bounds, and the reading ends. */
static void noise_is_read_in_bounds(void **state)
{
    const uint64_t targets[] = {
        (uint64_t)VTPMMGR_MARK_AT * VTPMMGR_BLOCK_SIZE,
        (uint64_t)(VTPMMGR_MARK_AT + 1) * VTPMMGR_BLOCK_SIZE, place_of(head)};
    const char *path = in_folder("noise");

    (void)state;
    chance_seed(5);
    for (unsigned i = 0; i < 300; i++) {
        struct image bad = {malloc(good.len), good.len};

        assert_non_null(bad.bytes);
        memcpy(bad.bytes, good.bytes, good.len);
        for (unsigned k = 0; k < 3; k++)
            bad.bytes[targets[i % 3] + 32 + chance(80)] = (uint8_t)chance(256);
        remove_path(path);
        image_write(path, &bad);
        if (ctl_scan_open(&scan, path, &err) == VTPM_OK)
            ctl_scan_close(&scan);
        image_free(&bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_beside_the_owner_has_every_save),
        cmocka_unit_test(a_commit_that_is_being_written_does_no_harm),
        cmocka_unit_test(the_commit_behind_the_marks_is_copied),
        cmocka_unit_test_setup_teardown(damage_is_seen_without_the_key,
                                        make_good, free_good),
        cmocka_unit_test_setup_teardown(one_mark_is_enough, make_good,
                                        free_good),
        cmocka_unit_test_setup_teardown(noise_is_read_in_bounds, make_good,
                                        free_good),
    };

    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
