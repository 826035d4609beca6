/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "store_support.h"

#include "faults.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST 3u /* states 1 to FIRST are there before the walk */
#define LAST 8u  /* states up to LAST are saved during it */

/* What the child tells before it dies: the last state acknowledged. */
static unsigned last_told(int from)
{
    uint8_t n, last = FIRST;

    while (read(from, &n, 1) == 1)
        last = n;
    return last;
}

static void tell(int to, uint8_t n)
{
    if (write(to, &n, 1) != 1)
        _exit(1);
}

/* A state that was loaded was seen, so it counts as acknowledged. */
static void child_saves(const char *path, struct vtpm_keys *keys, int to)
{
    struct vtpm_store *store;
    struct vtpm_state state;

    if (vtpm_store_open(&store, path, test_uuid, keys, NULL) != VTPM_OK ||
        vtpm_store_load(store, &state, NULL) != VTPM_OK)
        _exit(1);
    tell(to, state.bytes[0]);
    for (uint8_t n = (uint8_t)(state.bytes[0] + 1); n <= LAST; n++) {
        if (save_number(store, n, NULL) != VTPM_OK)
            _exit(1);
        tell(to, n);
    }
    _exit(0);
}

/* One crash at one step. @return whether the child met it */
static bool crash_once(const char *path, struct vtpm_keys *keys,
                       unsigned *acknowledged)
{
    int fds[2], status;
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_saves(path, keys, fds[1]);
    (void)close(fds[1]);
    *acknowledged = last_told(fds[0]);
    (void)close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == FAULT_EXIT)
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* After a crash the store must load, and go on. */
static void assert_recovers(const char *path, struct vtpm_keys *keys,
                            unsigned acknowledged)
{
    struct vtpm_error err = {{0}};
    struct vtpm_store *store;
    unsigned n = 0;

    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_in_range(n, acknowledged, acknowledged + 1);
    acknowledged = n;
    /* loading did not change what there is */
    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, acknowledged);
    store = open_loaded(path, keys);
    for (unsigned i = 0; i < 2; i++) {
        assert_status(save_number(store, 20 + i, &err), VTPM_OK, &err);
    }
    vtpm_store_close(store);
    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, 21);
}

static unsigned walk(struct vtpm_keys *keys, struct keeper *keeper,
                     enum fault_mode mode, uint32_t power_cut)
{
    const char *path = in_folder("walk");

    for (unsigned at = 1;; at++) {
        unsigned acknowledged;
        bool met;

        faults_reset();
        if (keeper)
            memset(keeper->memory, 0, sizeof *keeper->memory);
        make_store(path, keys, FIRST);
        faults_reset();
        if (power_cut != 0)
            faults_watch(path);
        faults.mode = mode;
        faults.at = at;
        faults.power_cut = power_cut + (power_cut ? at : 0);
        met = crash_once(path, keys, &acknowledged);
        faults_reset();
        assert_recovers(path, keys, acknowledged);
        if (!met) {
            assert_int_equal(acknowledged, LAST);
            return at - 1;
        }
    }
}

static void walk_all(struct vtpm_keys *keys, struct keeper *keeper,
                     unsigned steps_per_save)
{
    for (int mode = FAULT_CRASH_BEFORE; mode <= FAULT_CRASH_AFTER; mode++)
        for (uint32_t power_cut = 0; power_cut < 4000; power_cut += 1000)
            assert_int_equal(
                walk(keys, keeper, (enum fault_mode)mode, power_cut),
                steps_per_save * (LAST - FIRST));
}

static void crash_at_each_step_with_a_key_file(void **state)
{
    struct vtpm_keys *keys = key_file(0);

    (void)state;
    walk_all(keys, NULL, 3); /* write, sync, erase */
    vtpm_keys_close(keys);
}

/* Defect 8: the good slot is not given up before the keeper has confirmed. */
static void crash_at_each_step_with_a_remote_keeper(void **state)
{
    struct keeper *keeper = keeper_new();

    (void)state;
    walk_all(&keeper->keys, keeper, 4); /* write, sync, before, after */
    vtpm_keys_close(&keeper->keys);
}

/*
 * A kill before the sync leaves two whole slots, the newer one in the page
 * cache only. Loading it, and going on, survives a power cut at each step:
 * a state that was seen is not lost.
 */
static void power_cut_after_a_kill(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("again");
    struct image before, two_whole;
    unsigned acknowledged, crashes = 0;

    (void)state;
    make_store(path, keys, FIRST);
    before = image_read(path);
    faults_reset();
    faults.mode = FAULT_CRASH_BEFORE;
    faults.at = 2; /* the sync of the first save */
    assert_true(crash_once(path, keys, &acknowledged));
    assert_int_equal(acknowledged, FIRST);
    two_whole = image_read(path);

    for (uint32_t seed = 1; seed <= 8; seed++)
        for (unsigned at = 1; at <= 8; at++)
            for (int mode = FAULT_CRASH_BEFORE; mode <= FAULT_CRASH_AFTER;
                 mode++) {
                image_write(path, &before);
                faults_reset();
                faults_watch(path);
                image_write(path, &two_whole);
                faults.mode = (enum fault_mode)mode;
                faults.at = at;
                faults.power_cut = seed * 1000 + at;
                crashes += crash_once(path, keys, &acknowledged);
                faults_reset();
                assert_recovers(path, keys, acknowledged);
            }
    assert_int_equal(crashes, 8 * 8 * 3);
    image_free(&before);
    image_free(&two_whole);
    vtpm_keys_close(keys);
}

static void child_provisions(const char *path, struct vtpm_keys *keys)
{
    struct vtpm_store *store;

    if (vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20, keys,
                             NULL) != VTPM_OK ||
        save_number(store, 1, NULL) != VTPM_OK || faults.named_dirty)
        _exit(1);
    _exit(0);
}

/* A new file is provisioned, or is not there: never half. */
static void provisioning_is_one_step(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("new");
    bool met = true;
    unsigned absent = 0, present = 0;

    (void)state;
    for (unsigned at = 1; met; at++)
        for (int mode = FAULT_CRASH_BEFORE; mode <= FAULT_CRASH_AFTER; mode++) {
            unsigned n = 0;
            int status;
            pid_t child;

            remove_path(path);
            faults_reset();
            faults.mode = (enum fault_mode)mode;
            faults.at = at;
            child = fork();
            assert_true(child >= 0);
            if (child == 0)
                child_provisions(path, keys);
            assert_int_equal(waitpid(child, &status, 0), child);
            faults_reset();
            met = WEXITSTATUS(status) == FAULT_EXIT;
            assert_true(met || WEXITSTATUS(status) == 0);
            if (access(path, F_OK) != 0) {
                assert_true(met);
                absent++;
                /* and can be provisioned now */
                make_store(path, keys, 1);
                continue;
            }
            present++;
            assert_int_equal(load_number(path, keys, &n, NULL), VTPM_OK);
            assert_int_equal(n, 1);
        }
    /* three steps before the one that gives the name */
    assert_true(absent >= 9 && present >= 2);
    vtpm_keys_close(keys);
}

/* A step fails; the state before is what a reader finds; a retry works. */
static void fail_each_step(struct vtpm_keys *keys, struct keeper *keeper,
                           int error, enum vtpm_status expected)
{
    const char *path = in_folder("fail");

    for (unsigned at = 1; at <= 2; at++) {
        struct vtpm_error err = {{0}};
        struct vtpm_store *store;
        struct image image;
        unsigned n = 0;

        if (keeper)
            memset(keeper->memory, 0, sizeof *keeper->memory);
        make_store(path, keys, FIRST);
        store = open_loaded(path, keys);
        faults_reset();
        faults.mode = FAULT_ERROR;
        faults.error = error;
        faults.stays = true;
        faults.at = at;
        for (unsigned i = 0; i < 3; i++) {
            assert_status(save_number(store, FIRST + 1, &err), expected, &err);
            assert_int_not_equal(err.text[0], 0);
        }
        faults_reset();
        assert_int_equal(vtpm_store_saves(store), 0);
        /* what would be there if the process died now */
        image = image_read(path);
        image_write(in_folder("copy"), &image);
        image_free(&image);
        assert_status(load_number(in_folder("copy"), keys, &n, &err), VTPM_OK,
                      &err);
        assert_in_range(n, FIRST, at == 1 ? FIRST : FIRST + 1);
        /* and it recovers */
        assert_status(save_number(store, FIRST + 2, &err), VTPM_OK, &err);
        vtpm_store_close(store);
        assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
        assert_int_equal(n, FIRST + 2);
    }
}

static void failing_disks_are_survived(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    struct keeper *keeper = keeper_new();

    (void)state;
    fail_each_step(keys, NULL, EIO, VTPM_EIO);
    fail_each_step(keys, NULL, ENOSPC, VTPM_ENOSPACE);
    fail_each_step(&keeper->keys, keeper, EIO, VTPM_EIO);
    fail_each_step(&keeper->keys, keeper, ENOSPC, VTPM_ENOSPACE);
    vtpm_keys_close(keys);
    vtpm_keys_close(&keeper->keys);
}

/* The keeper got the record, its answer was lost: until it answers, both
 * the state before and the new one stay loadable. */
static void a_silent_keeper_is_survived(void **state)
{
    struct keeper *keeper = keeper_new();
    const char *path = in_folder("silent");

    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        struct vtpm_error err;
        struct vtpm_store *store;
        struct image image;
        unsigned n = 0;

        memset(keeper->memory, 0, sizeof *keeper->memory);
        make_store(path, &keeper->keys, FIRST);
        store = open_loaded(path, &keeper->keys);
        keeper->refuse_save = VTPM_EREFUSED;
        keeper->store_before_refusing = stored;
        for (unsigned i = 0; i < 3; i++) {
            assert_status(save_number(store, FIRST + 1 + i, &err),
                          VTPM_EREFUSED, &err);
            image = image_read(path);
            image_write(in_folder("copy"), &image);
            image_free(&image);
            assert_status(
                load_number(in_folder("copy"), &keeper->keys, &n, &err),
                VTPM_OK, &err);
            assert_int_equal(n, stored ? FIRST + 1 : FIRST);
        }
        keeper->refuse_save = VTPM_OK;
        assert_status(save_number(store, FIRST + 5, &err), VTPM_OK, &err);
        vtpm_store_close(store);
        assert_status(load_number(path, &keeper->keys, &n, &err), VTPM_OK,
                      &err);
        assert_int_equal(n, FIRST + 5);
    }
    vtpm_keys_close(&keeper->keys);
}

/* A real limit of the kernel instead of an injected error. */
static void a_file_size_limit_is_survived(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("limit");
    struct rlimit old, low;
    struct vtpm_store *store;
    struct vtpm_error err;
    unsigned n = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    low = old;
    low.rlim_cur = 8192;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_ENOSPACE, &err);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

    make_store(path, keys, 1);
    store = open_loaded(path, keys);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_status(save_number(store, 2, &err), VTPM_ENOSPACE, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_status(save_number(store, 3, &err), VTPM_OK, &err);
    vtpm_store_close(store);
    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, 3);
    vtpm_keys_close(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_at_each_step_with_a_key_file),
        cmocka_unit_test(crash_at_each_step_with_a_remote_keeper),
        cmocka_unit_test(power_cut_after_a_kill),
        cmocka_unit_test(provisioning_is_one_step),
        cmocka_unit_test(failing_disks_are_survived),
        cmocka_unit_test(a_silent_keeper_is_survived),
        cmocka_unit_test(a_file_size_limit_is_survived),
    };

    return cmocka_run_group_tests_name("vtpm store, crashes", tests,
                                       folder_setup, folder_teardown);
}
