/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "store_support.h"

#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_loads(const char *path, struct vtpm_keys *keys,
                         unsigned expected)
{
    struct vtpm_error err = {{0}};
    unsigned n = 0;

    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, expected);
}

static void each_save_loads(struct vtpm_keys *keys)
{
    const char *path = in_folder("round");
    struct vtpm_store *store;
    struct vtpm_error err;
    struct stat st;

    make_store(path, keys, 1);
    assert_loads(path, keys, 1);
    for (unsigned n = 2; n < 12; n++) {
        store = open_loaded(path, keys);
        assert_false(vtpm_store_is_new(store));
        assert_int_equal(vtpm_store_family(store), VTPM_FAMILY_20);
        assert_status(save_number(store, n, &err), VTPM_OK, &err);
        assert_int_equal(vtpm_store_saves(store), 1);
        vtpm_store_close(store);
        assert_loads(path, keys, n);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, FILE_SIZE_DEFAULT);
    /* every byte has its disk space: no save meets a full disk */
    assert_true(st.st_blocks * 512 >= st.st_size);
}

static void round_trip_with_a_key_file(void **state)
{
    struct vtpm_keys *keys = key_file(0);

    (void)state;
    each_save_loads(keys);
    vtpm_keys_close(keys);
}

static void round_trip_with_a_remote_keeper(void **state)
{
    struct keeper *keeper = keeper_new();

    (void)state;
    each_save_loads(&keeper->keys);
    assert_int_equal(keeper->memory->saves, 11);
    vtpm_keys_close(&keeper->keys);
}

static void a_save_is_one_write_and_one_sync(void **state)
{
    struct keeper *keeper = keeper_new();
    struct vtpm_keys *keys = key_file(0);
    struct vtpm_store *store;

    (void)state;
    make_store(in_folder("cost"), &keeper->keys, 1);
    store = open_loaded(in_folder("cost"), &keeper->keys);
    faults_reset();
    assert_int_equal(save_number(store, 2, NULL), VTPM_OK);
    assert_int_equal(faults.writes, 1);
    assert_int_equal(faults.syncs, 1);
    vtpm_store_close(store);

    /* and with a key file, an erasure that nobody waits for */
    make_store(in_folder("cost"), keys, 1);
    store = open_loaded(in_folder("cost"), keys);
    faults_reset();
    assert_int_equal(save_number(store, 2, NULL), VTPM_OK);
    assert_int_equal(faults.writes, 2);
    assert_int_equal(faults.syncs, 1);
    vtpm_store_close(store);
    vtpm_keys_close(keys);
    vtpm_keys_close(&keeper->keys);
}

static void the_state_is_not_readable_in_the_file(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    uint8_t bytes[STATE_LEN_MAX];
    struct image image;

    (void)state;
    make_store(in_folder("secret"), keys, 3);
    image = image_read(in_folder("secret"));
    for (unsigned n = 1; n <= 3; n++) {
        (void)numbered_state(n, bytes);
        assert_null(memmem(image.bytes, image.len, bytes + 1, 16));
    }
    image_free(&image);
    vtpm_keys_close(keys);
}

static void the_same_state_is_never_encrypted_alike(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    struct vtpm_store *store;
    struct image a, b;

    (void)state;
    make_store(in_folder("fresh"), keys, 1);
    store = open_loaded(in_folder("fresh"), keys);
    assert_int_equal(save_number(store, 1, NULL), VTPM_OK);
    a = image_read(in_folder("fresh"));
    assert_int_equal(save_number(store, 1, NULL), VTPM_OK);
    assert_int_equal(save_number(store, 1, NULL), VTPM_OK);
    b = image_read(in_folder("fresh"));
    assert_memory_not_equal(a.bytes + 4096 + 256 * 1024 + 512,
                            b.bytes + 4096 + 256 * 1024 + 512, 40);
    vtpm_store_close(store);
    image_free(&a);
    image_free(&b);
    vtpm_keys_close(keys);
}

/* A state that runs twice is two TPMs with one identity. */
static void a_second_owner_is_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("owned");
    struct vtpm_store *store, *second;
    struct vtpm_error err;
    pid_t child;
    int status;

    (void)state;
    make_store(path, keys, 1);
    store = open_loaded(path, keys);
    assert_status(vtpm_store_open(&second, path, test_uuid, keys, &err),
                  VTPM_EBUSY, &err);
    assert_non_null(strstr(err.text, "another process uses it"));
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(vtpm_store_open(&second, path, test_uuid, keys, NULL) ==
                      VTPM_EBUSY
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    /* refusing the second did not disown the first */
    assert_int_equal(vtpm_store_open(&second, path, test_uuid, keys, NULL),
                     VTPM_EBUSY);
    vtpm_store_close(store);
    assert_loads(path, keys, 1);
    vtpm_keys_close(keys);
}

static void odd_paths_have_clear_errors(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    struct vtpm_store *store;
    struct vtpm_error err;
    struct image empty = {NULL, 0};

    (void)state;
    assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    image_write(in_folder("empty"), &empty);
    assert_int_equal(symlink("nowhere", in_folder("dangling")), 0);

    assert_status(
        vtpm_store_open(&store, in_folder("dir"), test_uuid, keys, &err),
        VTPM_EINVAL, &err);
    assert_status(
        vtpm_store_open(&store, in_folder("fifo"), test_uuid, keys, &err),
        VTPM_EINVAL, &err);
    assert_status(vtpm_store_open(&store, "/dev/null", test_uuid, keys, &err),
                  VTPM_EINVAL, &err);
    assert_status(
        vtpm_store_open(&store, in_folder("absent"), test_uuid, keys, &err),
        VTPM_EUNPROVISIONED, &err);
    assert_status(
        vtpm_store_open(&store, in_folder("empty"), test_uuid, keys, &err),
        VTPM_EUNPROVISIONED, &err);
    assert_status(vtpm_store_provision(&store, in_folder("dir"), test_uuid,
                                       VTPM_FAMILY_20, keys, &err),
                  VTPM_EINVAL, &err);
    assert_status(vtpm_store_provision(&store, in_folder("dangling"), test_uuid,
                                       VTPM_FAMILY_20, keys, &err),
                  VTPM_EEXISTS, &err);
    vtpm_keys_close(keys);
}

static void sizes_out_of_range_are_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("sizes");
    struct vtpm_store *store;
    size_t most;
    uint8_t *bytes;
    struct vtpm_state loaded;

    (void)state;
    make_store(path, keys, 1);
    store = open_loaded(path, keys);
    most = vtpm_store_capacity(store);
    bytes = malloc(most + 1);
    assert_non_null(bytes);
    memset(bytes, 7, most + 1);
    assert_int_equal(vtpm_store_save(store, bytes, 0, NULL), VTPM_EINVAL);
    assert_int_equal(vtpm_store_save(store, bytes, most + 1, NULL),
                     VTPM_ETOOBIG);
    assert_int_equal(vtpm_store_saves(store), 0);
    /* the most that fits, in both slots */
    assert_int_equal(vtpm_store_save(store, bytes, most, NULL), VTPM_OK);
    assert_int_equal(vtpm_store_save(store, bytes, most, NULL), VTPM_OK);
    vtpm_store_close(store);
    assert_int_equal(vtpm_store_open(&store, path, test_uuid, keys, NULL),
                     VTPM_OK);
    assert_int_equal(vtpm_store_save(store, bytes, 10, NULL), VTPM_EINVAL);
    assert_int_equal(vtpm_store_load(store, &loaded, NULL), VTPM_OK);
    assert_int_equal(loaded.len, most);
    assert_memory_equal(loaded.bytes, bytes, most);
    vtpm_state_free(&loaded);
    vtpm_store_close(store);
    free(bytes);
    vtpm_keys_close(keys);
}

static void check_sees_without_a_key(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("checked");
    struct vtpm_store_info info;
    struct vtpm_error err;
    struct vtpm_store *store;
    struct image image;
    uint8_t bytes[STATE_LEN_MAX];

    (void)state;
    make_store(path, keys, 2);
    store = open_loaded(path, keys);
    assert_status(vtpm_store_check(path, &info, &err), VTPM_OK, &err);
    vtpm_store_close(store);
    assert_memory_equal(info.uuid, test_uuid, VTPM_UUID_SIZE);
    assert_int_equal(info.family, VTPM_FAMILY_20);
    assert_int_equal(info.slot[0].condition, VTPM_SLOT_EMPTY);
    assert_int_equal(info.slot[1].condition, VTPM_SLOT_WHOLE);
    assert_int_equal(info.slot[1].generation, 2);
    assert_int_equal(info.slot[1].state_len, numbered_state(2, bytes));

    image = image_read(path);
    image.bytes[4096 + 256 * 1024 + 520] ^= 1;
    image_write(path, &image);
    assert_status(vtpm_store_check(path, &info, &err), VTPM_OK, &err);
    assert_int_equal(info.slot[1].condition, VTPM_SLOT_DAMAGED);
    assert_unchanged(path, &image);
    image_free(&image);
    vtpm_keys_close(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_with_a_key_file),
        cmocka_unit_test(round_trip_with_a_remote_keeper),
        cmocka_unit_test(a_save_is_one_write_and_one_sync),
        cmocka_unit_test(the_state_is_not_readable_in_the_file),
        cmocka_unit_test(the_same_state_is_never_encrypted_alike),
        cmocka_unit_test(a_second_owner_is_refused),
        cmocka_unit_test(odd_paths_have_clear_errors),
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(check_sees_without_a_key),
    };

    return cmocka_run_group_tests_name("vtpm store", tests, folder_setup,
                                       folder_teardown);
}
