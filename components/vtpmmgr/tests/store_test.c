/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "model.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vtpm_error err;

static struct vtpmmgr_store *provision(const char *path)
{
    struct vtpmmgr_store *store;

    (void)remove(path);
    assert_status(
        vtpmmgr_store_provision(&store, path,
                                &(struct vtpmmgr_new_store){
                                    VTPMMGR_STORE_MIN, root_key, 0, {NULL, 0}},
                                &err),
        VTPM_OK, &err, NULL);
    return store;
}

static struct vtpmmgr_store *reopen(struct vtpmmgr_store *store,
                                    const char *path)
{
    vtpmmgr_store_close(store);
    assert_status(vtpmmgr_store_open(&store, path, root_key, 0, &err), VTPM_OK,
                  &err, NULL);
    return store;
}

static void what_was_put_is_found(void **state)
{
    const char *path = in_folder("put");
    struct vtpmmgr_store *store = provision(path);
    struct vtpmmgr_vtpm one = numbered_vtpm(1, 3, 9), two, got;
    uint8_t uuids[4][VTPM_UUID_SIZE];

    (void)state;
    assert_int_equal(vtpmmgr_store_count(store), 0);
    assert_false(vtpmmgr_store_get(store, one.uuid, &got));
    assert_status(vtpmmgr_store_put(store, &one, 1, &err), VTPM_EINVAL, &err,
                  "no group 3");
    assert_int_equal(
        vtpmmgr_store_put_group(store, 3, (const uint8_t *)"three", 5, &err),
        VTPM_OK);
    assert_int_equal(vtpmmgr_store_put(store, &one, 1, &err), VTPM_OK);
    assert_true(vtpmmgr_store_get(store, one.uuid, &got));
    assert_memory_equal(&got, &one, sizeof got);
    two = one;
    two.uuid[15] = 1;
    assert_false(vtpmmgr_store_get(store, two.uuid, &got));
    assert_true(vtpm_all_zero((const uint8_t *)&got, sizeof got));
    store = reopen(store, path);
    assert_true(vtpmmgr_store_get(store, one.uuid, &got));
    assert_memory_equal(&got, &one, sizeof got);
    assert_int_equal(vtpmmgr_store_list(store, 3, 0, uuids, 4), 1);
    assert_memory_equal(uuids[0], one.uuid, VTPM_UUID_SIZE);
    assert_status(vtpmmgr_store_remove_group(store, 3, &err), VTPM_EINVAL, &err,
                  "it has 1 vTPMs");
    assert_int_equal(vtpmmgr_store_remove(store, one.uuid, &err), VTPM_OK);
    assert_status(vtpmmgr_store_remove(store, one.uuid, &err), VTPM_EINVAL,
                  &err, "no such vTPM");
    assert_int_equal(vtpmmgr_store_remove_group(store, 3, &err), VTPM_OK);
    store = reopen(store, path);
    assert_int_equal(vtpmmgr_store_count(store), 0);
    assert_int_equal(vtpmmgr_store_groups(store), 0);
    vtpmmgr_store_close(store);
}

static void refusals_change_nothing(void **state)
{
    const char *path = in_folder("refuse");
    struct vtpmmgr_store *store = provision(path);
    struct vtpmmgr_vtpm two[2] = {numbered_vtpm(1, 0, 1),
                                  numbered_vtpm(1, 0, 2)};
    static uint8_t big[VTPMMGR_GROUP_MAX + 1];
    uint64_t before = vtpmmgr_store_generation(store);

    (void)state;
    assert_int_equal(vtpmmgr_store_put(store, two, 0, &err), VTPM_EINVAL);
    assert_int_equal(vtpmmgr_store_put(store, two, VTPMMGR_BATCH_MAX + 1, &err),
                     VTPM_EINVAL);
    assert_int_equal(vtpmmgr_store_put_group(store, 0, big, 0, &err),
                     VTPM_EINVAL);
    assert_int_equal(vtpmmgr_store_put_group(store, 0, big, sizeof big, &err),
                     VTPM_EINVAL);
    assert_status(vtpmmgr_store_remove_group(store, 0, &err), VTPM_EINVAL, &err,
                  "no group 0");
    assert_int_equal(vtpmmgr_store_generation(store), before);
    assert_int_equal(vtpmmgr_store_put_group(store, 0, big, 1, &err), VTPM_OK);
    /* twice in one commit: neither when new, nor when known */
    assert_int_equal(vtpmmgr_store_put(store, two, 1, &err), VTPM_OK);
    assert_status(vtpmmgr_store_put(store, two, 2, &err), VTPM_EINVAL, &err,
                  "twice");
    two[0] = two[1] = numbered_vtpm(8, 0, 1);
    assert_status(vtpmmgr_store_put(store, two, 2, &err), VTPM_EINVAL, &err,
                  "twice");
    assert_int_equal(vtpmmgr_store_count(store), 1);
    assert_int_equal(vtpmmgr_store_put(store, two, 1, &err), VTPM_OK);
    store = reopen(store, path);
    assert_int_equal(vtpmmgr_store_count(store), 2);
    vtpmmgr_store_close(store);
}

static void a_store_has_one_owner_and_one_key(void **state)
{
    const char *path = in_folder("own");
    struct vtpmmgr_store *store = provision(path), *second;

    (void)state;
    assert_status(vtpmmgr_store_open(&second, path, root_key, 0, &err),
                  VTPM_EBUSY, &err, "one owner");
    assert_null(second);
    vtpmmgr_store_close(store);
    assert_status(vtpmmgr_store_open(&second, path, other_key, 0, &err),
                  VTPM_EKEY, &err, "root key does not fit");
    assert_status(
        vtpmmgr_store_open(&second, in_folder("none"), root_key, 0, &err),
        VTPM_EUNPROVISIONED, &err, "provision");
    assert_int_equal(access(in_folder("none"), F_OK), -1);
}

static void provisioning_is_done_once(void **state)
{
    const char *path = in_folder("once");
    struct vtpmmgr_store *store = provision(path), *second;
    struct image before, after, small;

    (void)state;
    vtpmmgr_store_close(store);
    before = image_read(path);
    assert_status(vtpmmgr_store_provision(
                      &second, path,
                      &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_EEXISTS, &err, "not blank");
    /* nor over a damaged one */
    before.bytes[5] ^= 1;
    image_write(path, &before);
    assert_status(vtpmmgr_store_open(&second, path, root_key, 0, &err),
                  VTPM_ECORRUPT, &err, "no manager's store");
    assert_status(vtpmmgr_store_provision(
                      &second, path,
                      &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_EEXISTS, &err, "not blank");
    after = image_read(path);
    assert_memory_equal(before.bytes, after.bytes, before.len);
    image_free(&before);
    image_free(&after);
    /* too small, and then nothing stays */
    assert_status(vtpmmgr_store_provision(
                      &second, in_folder("tiny"),
                      &(struct vtpmmgr_new_store){
                          VTPMMGR_STORE_MIN - 1, root_key, 0, {NULL, 0}},
                      &err),
                  VTPM_ETOOSMALL, &err, "too small");
    assert_int_equal(access(in_folder("tiny"), F_OK), -1);
    /* a file of zeros keeps its size */
    small.len = VTPMMGR_STORE_MIN + 5000;
    small.bytes = calloc(1, small.len);
    image_write(in_folder("zeros"), &small);
    image_free(&small);
    assert_status(
        vtpmmgr_store_open(&second, in_folder("zeros"), root_key, 0, &err),
        VTPM_EUNPROVISIONED, &err, "provision");
    assert_int_equal(vtpmmgr_store_provision(
                         &second, in_folder("zeros"),
                         &(struct vtpmmgr_new_store){0, root_key, 0, {NULL, 0}},
                         &err),
                     VTPM_OK);
    second = reopen(second, in_folder("zeros"));
    vtpmmgr_store_close(second);
    small = image_read(in_folder("zeros"));
    assert_int_equal(small.len, VTPMMGR_STORE_MIN + 5000);
    image_free(&small);
}

static void the_anchor_refuses_old_copies(void **state)
{
    const char *path = in_folder("anchor");
    struct vtpmmgr_store *store = provision(path);
    struct image old;

    (void)state;
    assert_int_equal(vtpmmgr_store_set_anchor(store, 7, &err), VTPM_OK);
    assert_int_equal(vtpmmgr_store_anchor(store), 0);
    assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    assert_int_equal(vtpmmgr_store_anchor(store), 7);
    assert_status(vtpmmgr_store_set_anchor(store, 6, &err), VTPM_EINVAL, &err,
                  "from 7 to 6");
    vtpmmgr_store_close(store);
    old = image_read(path);
    assert_int_equal(vtpmmgr_store_open(&store, path, root_key, 7, &err),
                     VTPM_OK);
    assert_int_equal(vtpmmgr_store_set_anchor(store, 8, &err), VTPM_OK);
    assert_int_equal(
        vtpmmgr_store_put_group(store, 0, (const uint8_t *)"x", 1, &err),
        VTPM_OK);
    vtpmmgr_store_close(store);
    image_write(path, &old);
    image_free(&old);
    assert_status(vtpmmgr_store_open(&store, path, root_key, 8, &err),
                  VTPM_EROLLBACK, &err, "anchor is 7, the counter says 8");
    assert_int_equal(vtpmmgr_store_open(&store, path, root_key, 7, &err),
                     VTPM_OK);
    vtpmmgr_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(refusals_change_nothing),
        cmocka_unit_test(a_store_has_one_owner_and_one_key),
        cmocka_unit_test(provisioning_is_done_once),
        cmocka_unit_test(the_anchor_refuses_old_copies),
    };

    return cmocka_run_group_tests_name("manager's store", tests, folder_setup,
                                       folder_teardown);
}
