/* SPDX-License-Identifier: MIT */
#include "tpm_support.h"

#include "blobs.h"
#include "bytes.h"
#include "faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void one_engine_per_process(void **state)
{
    struct tpm tpm;
    struct vtpm_store *store;
    struct vtpm_engine *engine;
    struct vtpm_error err;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    remove_path(in_folder("second"));
    assert_status(vtpm_store_provision(&store, in_folder("second"), other_uuid,
                                       VTPM_FAMILY_20, tpm.keys, &err),
                  VTPM_OK, &err);
    assert_status(vtpm_engine_start(&engine, store, NULL, &err), VTPM_EBUSY,
                  &err);
    assert_null(engine);
    vtpm_store_close(store);
    assert_int_equal(access(in_folder("second"), F_OK), -1);
    assert_int_equal(get_random(&tpm, 8), 0);
    tpm_end(&tpm);
}

/* Saves blobs as an authentic state, then starts an engine over it. */
static enum vtpm_status start_over(struct vtpm_keys *keys, const char *name,
                                   const uint8_t *blob, size_t len,
                                   struct vtpm_error *err)
{
    const char *path = in_folder("authentic");
    struct vtpm_blobs blobs;
    struct vtpm_store *store;
    struct vtpm_engine *engine = NULL;
    struct image before;
    enum vtpm_status status;
    bool changed;

    remove_path(path);
    assert_int_equal(vtpm_blobs_init(&blobs), VTPM_OK);
    if (name)
        assert_int_equal(vtpm_blobs_put(&blobs, name, blob, len, &changed),
                         VTPM_OK);
    assert_int_equal(vtpm_store_provision(&store, path, test_uuid,
                                          VTPM_FAMILY_20, keys, NULL),
                     VTPM_OK);
    assert_int_equal(vtpm_store_save(store, blobs.bytes, blobs.len, NULL),
                     VTPM_OK);
    vtpm_blobs_free(&blobs);
    vtpm_store_close(store);
    before = image_read(path);
    assert_int_equal(vtpm_store_open(&store, path, test_uuid, keys, NULL),
                     VTPM_OK);
    status = vtpm_engine_start(&engine, store, NULL, err);
    if (status != VTPM_OK) {
        assert_null(engine);
        assert_unchanged(path, &before);
    } else {
        assert_int_equal(vtpm_engine_stop(engine, NULL), VTPM_OK);
    }
    vtpm_store_close(store);
    image_free(&before);
    return status;
}

/* Defect 8: a state that does not load is never replaced by a new TPM. */
static void a_bad_state_never_becomes_a_new_tpm(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    uint8_t junk[2000];
    struct vtpm_error err;

    (void)state;
    memset(junk, 0x5a, sizeof junk);
    assert_status(start_over(keys, NULL, NULL, 0, &err), VTPM_ECORRUPT, &err);
    assert_status(start_over(keys, "savestate", junk, 10, &err), VTPM_ECORRUPT,
                  &err);
    assert_status(start_over(keys, "permall", junk, 0, &err), VTPM_ECORRUPT,
                  &err);
    assert_status(start_over(keys, "permall", junk, 1, &err), VTPM_ETPM, &err);
    assert_status(start_over(keys, "permall", junk, sizeof junk, &err),
                  VTPM_ETPM, &err);
    vtpm_keys_close(keys);
}

/* An authentic state whose permanent part was cut: libtpms must refuse it,
 * and it does not become another TPM. */
static void a_cut_permanent_state_is_refused(void **state)
{
    struct tpm tpm;
    struct vtpm_state loaded;
    struct vtpm_blobs blobs;
    const uint8_t *blob;
    struct vtpm_error err;
    size_t len = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    tpm_stop(&tpm);
    assert_int_equal(
        vtpm_store_open(&tpm.store, tpm.path, test_uuid, tpm.keys, NULL),
        VTPM_OK);
    assert_int_equal(vtpm_store_load(tpm.store, &loaded, NULL), VTPM_OK);
    vtpm_store_close(tpm.store);
    assert_int_equal(vtpm_blobs_adopt(&blobs, loaded.bytes, loaded.len, NULL),
                     VTPM_OK);
    blob = vtpm_blobs_get(&blobs, "permall", &len);
    assert_non_null(blob);
    assert_status(start_over(tpm.keys, "permall", blob, len, &err), VTPM_OK,
                  &err);
    for (size_t cut = 1; cut < len; cut += len / 23)
        assert_int_equal(start_over(tpm.keys, "permall", blob, len - cut, &err),
                         VTPM_ETPM);
    vtpm_blobs_free(&blobs);
    tpm_end(&tpm);
}

static void provisioning_needs_an_order_and_a_blank_place(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("ordered");
    struct vtpm_error err;
    struct tpm tpm = {.keys = keys, .path = path};
    struct image image;

    (void)state;
    assert_status(tpm_start(&tpm, &err), VTPM_EUNPROVISIONED, &err);
    assert_int_equal(access(path, F_OK), -1);
    assert_status(vtpm_provision(path, test_uuid, VTPM_FAMILY_20, keys, &err),
                  VTPM_OK, &err);
    image = image_read(path);
    assert_status(vtpm_provision(path, test_uuid, VTPM_FAMILY_20, keys, &err),
                  VTPM_EEXISTS, &err);
    assert_unchanged(path, &image);
    image_free(&image);
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    assert_int_equal(get_random(&tpm, 8), 0);
    assert_true(startup_clear(&tpm) & ORDERLY);
    tpm_end(&tpm);
}

/* An interrupted first start leaves no TPM with half an identity. */
static void a_failed_first_save_is_no_tpm(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("unborn");
    struct vtpm_error err;

    (void)state;
    for (unsigned at = 1; at <= 4; at++) {
        faults_reset();
        faults.mode = FAULT_ERROR;
        faults.at = at;
        faults.stays = true;
        faults.error = EIO;
        assert_status(
            vtpm_provision(path, test_uuid, VTPM_FAMILY_20, keys, &err),
            VTPM_EIO, &err);
        assert_int_equal(access(path, F_OK), -1);
    }
    faults_reset();
    assert_status(vtpm_provision(path, test_uuid, VTPM_FAMILY_20, keys, &err),
                  VTPM_OK, &err);
    vtpm_keys_close(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_engine_per_process),
        cmocka_unit_test(a_bad_state_never_becomes_a_new_tpm),
        cmocka_unit_test(a_cut_permanent_state_is_refused),
        cmocka_unit_test(provisioning_needs_an_order_and_a_blank_place),
        cmocka_unit_test(a_failed_first_save_is_no_tpm),
    };

    return cmocka_run_group_tests_name("vtpm engine, start", tests,
                                       folder_setup, folder_teardown);
}
