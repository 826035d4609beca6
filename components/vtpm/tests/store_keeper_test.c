/* SPDX-License-Identifier: MIT */
#include "store_support.h"

#include <string.h>

static void assert_fails(const char *path, struct vtpm_keys *keys,
                         enum vtpm_status expected)
{
    struct image before = image_read(path);
    struct vtpm_error err = {{0}};
    unsigned n;

    assert_status(load_number(path, keys, &n, &err), expected, &err);
    assert_non_null(strstr(err.text, path));
    assert_null(strchr(err.text, '\n'));
    assert_unchanged(path, &before);
    image_free(&before);
}

/* Defect 11: protection against rollback is no stub. */
static void a_remote_keeper_detects_old_copies(void **state)
{
    struct keeper *keeper = keeper_new();
    const char *path = in_folder("old");
    struct vtpm_store *store;
    struct image old[6];
    unsigned n = 0;

    (void)state;
    make_store(path, &keeper->keys, 1);
    store = open_loaded(path, &keeper->keys);
    for (unsigned i = 0; i < 5; i++) {
        old[i] = image_read(path);
        assert_int_equal(save_number(store, i + 2, NULL), VTPM_OK);
    }
    vtpm_store_close(store);
    for (unsigned i = 0; i < 5; i++) {
        image_write(path, &old[i]);
        assert_fails(path, &keeper->keys, VTPM_EROLLBACK);
        image_free(&old[i]);
    }
    (void)n;
    vtpm_keys_close(&keeper->keys);
}

static void an_old_record_does_not_open_a_new_store(void **state)
{
    struct keeper *keeper = keeper_new();
    const char *path = in_folder("record");
    uint8_t old[VTPM_RECORD_SIZE];
    struct vtpm_store *store;

    (void)state;
    make_store(path, &keeper->keys, 1);
    memcpy(old, keeper->memory->record, sizeof old);
    store = open_loaded(path, &keeper->keys);
    for (unsigned n = 2; n < 4; n++)
        assert_int_equal(save_number(store, n, NULL), VTPM_OK);
    vtpm_store_close(store);
    memcpy(keeper->memory->record, old, sizeof old);
    assert_fails(path, &keeper->keys, VTPM_ECORRUPT);
    vtpm_keys_close(&keeper->keys);
}

static void every_bit_of_the_record_counts(void **state)
{
    struct keeper *keeper = keeper_new();
    const char *path = in_folder("bits");
    unsigned n;

    (void)state;
    make_store(path, &keeper->keys, 3);
    for (size_t bit = 0; bit < 8 * VTPM_RECORD_SIZE; bit++) {
        uint8_t *at = &keeper->memory->record[bit / 8];

        *at ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(load_number(path, &keeper->keys, &n, NULL),
                             VTPM_OK);
        *at ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(load_number(path, &keeper->keys, &n, NULL), VTPM_OK);
    vtpm_keys_close(&keeper->keys);
}

static void without_its_record_a_store_stays_closed(void **state)
{
    struct keeper *keeper = keeper_new();
    const char *path = in_folder("without");

    (void)state;
    make_store(path, &keeper->keys, 3);
    keeper->refuse_load = VTPM_EREFUSED;
    assert_fails(path, &keeper->keys, VTPM_EREFUSED);
    keeper->refuse_load = VTPM_EIO;
    assert_fails(path, &keeper->keys, VTPM_EIO);
    keeper->refuse_load = VTPM_OK;
    memset(keeper->memory->record, 0, VTPM_RECORD_SIZE);
    assert_fails(path, &keeper->keys, VTPM_EUNPROVISIONED);
    vtpm_keys_close(&keeper->keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remote_keeper_detects_old_copies),
        cmocka_unit_test(an_old_record_does_not_open_a_new_store),
        cmocka_unit_test(every_bit_of_the_record_counts),
        cmocka_unit_test(without_its_record_a_store_stays_closed),
    };

    return cmocka_run_group_tests_name("vtpm store, remote keeper", tests,
                                       folder_setup, folder_teardown);
}
