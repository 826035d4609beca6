/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include "faults.h"
#include "key_file.h"
#include "keys_file.h"
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_key(const char *name, const char *text, size_t len,
                      mode_t mode)
{
    struct image image = {(uint8_t *)(uintptr_t)text, len};

    remove_path(in_folder(name));
    image_write(in_folder(name), &image);
    assert_int_equal(chmod(in_folder(name), mode), 0);
}

static enum vtpm_status open_and_close(const char *name)
{
    struct vtpm_keys *keys;
    struct vtpm_error err = {{0}};
    enum vtpm_status status = vtpm_keys_file_open(&keys, in_folder(name), &err);

    if (status != VTPM_OK) {
        assert_null(keys);
        assert_int_not_equal(err.text[0], 0);
        assert_null(strchr(err.text, '\n'));
        /* cause; remedy */
        assert_non_null(strstr(err.text, "; "));
    }
    vtpm_keys_close(keys);
    return status;
}

static void created_key_opens_and_is_never_replaced(void **state)
{
    const char *path = in_folder("created");
    struct vtpm_error err;
    struct image first;
    struct stat st;

    (void)state;
    assert_status(vtpm_key_file_create(path, &err), VTPM_OK, &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(open_and_close("created"), VTPM_OK);

    first = image_read(path);
    assert_status(vtpm_key_file_create(path, &err), VTPM_EEXISTS, &err);
    assert_unchanged(path, &first);
    image_free(&first);
}

static void two_created_keys_differ(void **state)
{
    struct image a, b;

    (void)state;
    assert_int_equal(vtpm_key_file_create(in_folder("a"), NULL), VTPM_OK);
    assert_int_equal(vtpm_key_file_create(in_folder("b"), NULL), VTPM_OK);
    a = image_read(in_folder("a"));
    b = image_read(in_folder("b"));
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    image_free(&a);
    image_free(&b);
}

static void creating_on_a_full_disk_leaves_nothing(void **state)
{
    struct vtpm_error err;

    (void)state;
    faults_reset();
    faults.mode = FAULT_ERROR;
    faults.at = 1;
    faults.error = ENOSPC;
    assert_status(vtpm_key_file_create(in_folder("full"), &err), VTPM_ENOSPACE,
                  &err);
    faults_reset();
    assert_int_equal(access(in_folder("full"), F_OK), -1);
}

static const char hex[] = "00112233445566778899aabbccddeeff"
                          "00112233445566778899AABBCCDDEEFF\n";

static void both_forms_are_keys(void **state)
{
    (void)state;
    write_key("raw", "0123456789abcdef0123456789abcdef", 32, 0600);
    assert_int_equal(open_and_close("raw"), VTPM_OK);
    write_key("hex", hex, 65, 0400);
    assert_int_equal(open_and_close("hex"), VTPM_OK);
    write_key("hex", hex, 64, 0600);
    assert_int_equal(open_and_close("hex"), VTPM_OK);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char zeros[32];
    char wrong[65];

    (void)state;
    for (size_t len = 0; len <= 65; len++) {
        if (len == 32 || len == 64 || len == 65)
            continue;
        write_key("wrong", hex, len, 0600);
        assert_int_equal(open_and_close("wrong"), VTPM_EINVAL);
    }
    memcpy(wrong, hex, 65);
    wrong[10] = 'g';
    write_key("wrong", wrong, 65, 0600);
    assert_int_equal(open_and_close("wrong"), VTPM_EINVAL);
    memcpy(wrong, hex, 65);
    wrong[64] = '0';
    write_key("wrong", wrong, 65, 0600);
    assert_int_equal(open_and_close("wrong"), VTPM_EINVAL);
    write_key("wrong", zeros, 32, 0600);
    assert_int_equal(open_and_close("wrong"), VTPM_EINVAL);
    assert_int_equal(open_and_close("absent"), VTPM_EUNPROVISIONED);
}

static void open_modes_are_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0666, 0777};

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_key("mode", hex, 64, modes[i]);
        assert_int_equal(open_and_close("mode"), VTPM_EACCESS);
    }
}

static void other_owners_are_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    write_key("owner", hex, 64, 0600);
    assert_int_equal(chown(in_folder("owner"), 12345, 0), 0);
    assert_int_equal(open_and_close("owner"), VTPM_EACCESS);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    assert_int_equal(open_and_close("folder"), VTPM_EINVAL);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(open_and_close("fifo"), VTPM_EINVAL);
}

static void fill_record(uint8_t record[VTPM_RECORD_SIZE], uint8_t byte,
                        uint64_t generation)
{
    memset(record, byte, VTPM_RECORD_SIZE);
    vtpm_put64(record + VTPM_RECORD_GENERATION, generation);
}

static void records_come_back_newest_first(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    uint8_t older[VTPM_RECORD_SIZE], newer[VTPM_RECORD_SIZE];
    struct vtpm_areas areas;
    struct vtpm_records records;
    struct vtpm_error err;

    (void)state;
    fill_record(older, 1, 7);
    fill_record(newer, 2, 8);
    for (unsigned first = 0; first < 2; first++) {
        keys->ops->wrap(keys, test_uuid, older, areas.area[first], &err);
        keys->ops->wrap(keys, test_uuid, newer, areas.area[1 - first], &err);
        assert_status(keys->ops->load(keys, test_uuid, &areas, &records, &err),
                      VTPM_OK, &err);
        assert_int_equal(records.count, 2);
        assert_memory_equal(records.record[0], newer, VTPM_RECORD_SIZE);
        assert_memory_equal(records.record[1], older, VTPM_RECORD_SIZE);
    }
    vtpm_keys_close(keys);
}

static void wrapping_hides_and_never_repeats(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    uint8_t record[VTPM_RECORD_SIZE], a[VTPM_AREA_SIZE], b[VTPM_AREA_SIZE];

    (void)state;
    fill_record(record, 0x5a, 1);
    keys->ops->wrap(keys, test_uuid, record, a, NULL);
    keys->ops->wrap(keys, test_uuid, record, b, NULL);
    assert_memory_not_equal(a, b, VTPM_AREA_SIZE);
    assert_null(memmem(a, sizeof a, record, 16));
    vtpm_keys_close(keys);
}

static void an_area_opens_only_as_it_was(void **state)
{
    struct vtpm_keys *keys = key_file(0), *others = key_file(1);
    uint8_t record[VTPM_RECORD_SIZE];
    struct vtpm_areas areas = {{{0}}};
    struct vtpm_records records;

    (void)state;
    assert_int_equal(keys->ops->load(keys, test_uuid, &areas, &records, NULL),
                     VTPM_EUNPROVISIONED);
    fill_record(record, 0x5a, 1);
    keys->ops->wrap(keys, test_uuid, record, areas.area[1], NULL);
    assert_int_equal(
        others->ops->load(others, test_uuid, &areas, &records, NULL),
        VTPM_EKEY);
    assert_int_equal(keys->ops->load(keys, other_uuid, &areas, &records, NULL),
                     VTPM_ECORRUPT);
    for (size_t bit = 0; bit < 8 * 100; bit++) {
        areas.area[1][bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(
            keys->ops->load(keys, test_uuid, &areas, &records, NULL), VTPM_OK);
        areas.area[1][bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    vtpm_keys_close(keys);
    vtpm_keys_close(others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_key_opens_and_is_never_replaced),
        cmocka_unit_test(two_created_keys_differ),
        cmocka_unit_test(creating_on_a_full_disk_leaves_nothing),
        cmocka_unit_test(both_forms_are_keys),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(open_modes_are_refused),
        cmocka_unit_test(other_owners_are_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(records_come_back_newest_first),
        cmocka_unit_test(wrapping_hides_and_never_repeats),
        cmocka_unit_test(an_area_opens_only_as_it_was),
    };

    return cmocka_run_group_tests_name("vtpm key file", tests, folder_setup,
                                       folder_teardown);
}
