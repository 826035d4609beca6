/* SPDX-License-Identifier: MIT */
#include "store_support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_loads(const char *path, struct vtpm_keys *keys,
                         unsigned expected)
{
    struct vtpm_error err = {{0}};
    unsigned n = 0;

    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, expected);
}

static void a_place_being_provisioned_is_owned(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("zeros-owned");
    struct image zeros = {calloc(1, FILE_SIZE_DEFAULT), FILE_SIZE_DEFAULT};
    struct vtpm_store *store, *second;

    (void)state;
    image_write(path, &zeros);
    assert_int_equal(vtpm_store_provision(&store, path, test_uuid,
                                          VTPM_FAMILY_20, keys, NULL),
                     VTPM_OK);
    assert_int_equal(vtpm_store_provision(&second, path, test_uuid,
                                          VTPM_FAMILY_20, keys, NULL),
                     VTPM_EBUSY);
    vtpm_store_close(store);
    image_free(&zeros);
    vtpm_keys_close(keys);
}

static void provisioning_never_overwrites(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("precious");
    struct vtpm_store *store;
    struct vtpm_error err;
    struct image image;

    (void)state;
    make_store(path, keys, 2);
    image = image_read(path);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_EEXISTS, &err);
    assert_null(store);
    assert_unchanged(path, &image);

    /* damaged is not blank: one byte anywhere is somebody's */
    memset(image.bytes, 0, image.len);
    image.bytes[image.len - 1] = 1;
    image_write(path, &image);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_EEXISTS, &err);
    assert_unchanged(path, &image);
    image_free(&image);
    vtpm_keys_close(keys);
}

static void blank_files_are_taken(void **state)
{
    static const size_t sizes[] = {0, FILE_SIZE_DEFAULT, 3000001};
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("blank");

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct image zeros = {calloc(1, sizes[i] + 1), sizes[i]};
        struct vtpm_store *store;
        struct vtpm_error err;

        image_write(path, &zeros);
        assert_status(vtpm_store_provision(&store, path, test_uuid,
                                           VTPM_FAMILY_20, keys, &err),
                      VTPM_OK, &err);
        for (unsigned n = 1; n < 4; n++)
            assert_status(save_number(store, n, &err), VTPM_OK, &err);
        vtpm_store_close(store);
        assert_loads(path, keys, 3);
        image_free(&zeros);
    }
    vtpm_keys_close(keys);
}

static void small_devices_are_refused(void **state)
{
    static const size_t sizes[] = {1, 511, 4096, 65536, FILE_SIZE_DEFAULT - 1};
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("small");

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct image zeros = {calloc(1, sizes[i]), sizes[i]};
        struct vtpm_store *store;
        struct vtpm_error err;

        image_write(path, &zeros);
        assert_status(vtpm_store_provision(&store, path, test_uuid,
                                           VTPM_FAMILY_20, keys, &err),
                      VTPM_ETOOSMALL, &err);
        assert_unchanged(path, &zeros);
        image_free(&zeros);
    }
    vtpm_keys_close(keys);
}

static void an_abandoned_provisioning_leaves_nothing(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("abandoned");
    struct vtpm_store *store;

    (void)state;
    assert_int_equal(vtpm_store_provision(&store, path, test_uuid,
                                          VTPM_FAMILY_20, keys, NULL),
                     VTPM_OK);
    assert_true(vtpm_store_is_new(store));
    assert_int_equal(access(path, F_OK), -1);
    vtpm_store_close(store);
    assert_int_equal(access(path, F_OK), -1);
    vtpm_keys_close(keys);
}

static void what_a_keeper_knows_is_not_made_again(void **state)
{
    struct keeper *keeper = keeper_new();
    struct vtpm_store *store;
    struct vtpm_error err;

    (void)state;
    make_store(in_folder("known"), &keeper->keys, 1);
    assert_status(vtpm_store_provision(&store, in_folder("elsewhere"),
                                       test_uuid, VTPM_FAMILY_20, &keeper->keys,
                                       &err),
                  VTPM_EEXISTS, &err);
    keeper->refuse_load = VTPM_EREFUSED;
    assert_status(vtpm_store_provision(&store, in_folder("elsewhere"),
                                       test_uuid, VTPM_FAMILY_20, &keeper->keys,
                                       &err),
                  VTPM_EREFUSED, &err);
    assert_int_equal(access(in_folder("elsewhere"), F_OK), -1);
    vtpm_keys_close(&keeper->keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_being_provisioned_is_owned),
        cmocka_unit_test(provisioning_never_overwrites),
        cmocka_unit_test(blank_files_are_taken),
        cmocka_unit_test(small_devices_are_refused),
        cmocka_unit_test(an_abandoned_provisioning_leaves_nothing),
        cmocka_unit_test(what_a_keeper_knows_is_not_made_again),
    };

    return cmocka_run_group_tests_name("vtpm store, provisioning", tests,
                                       folder_setup, folder_teardown);
}
