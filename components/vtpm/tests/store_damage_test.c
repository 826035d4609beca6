/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "store_support.h"

#include "bytes.h"
#include "crypto.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOT_0 = 4096, SLOT_SIZE = 256 * 1024, SLOT_1 = SLOT_0 + SLOT_SIZE };
enum { HEAD = 512, STATE = 64 };

static void assert_fails(const char *path, struct vtpm_keys *keys,
                         enum vtpm_status expected)
{
    struct image before = image_read(path);
    struct vtpm_error err = {{0}};
    unsigned n;

    assert_status(load_number(path, keys, &n, &err), expected, &err);
    assert_non_null(strstr(err.text, path));
    assert_null(strchr(err.text, '\n'));
    assert_non_null(strstr(err.text, "; "));
    assert_unchanged(path, &before);
    image_free(&before);
}

static void every_cut_is_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("cut");
    struct image image;

    (void)state;
    make_store(path, keys, 3);
    image = image_read(path);
    for (size_t len = image.len; len > 0;) {
        /* dense where the fields are */
        len -= len > 8192 ? (len > 12000 ? 4096 + 37 : 1000) : 41;
        if (len > image.len)
            len = 0;
        assert_int_equal(truncate(path, (off_t)len), 0);
        assert_fails(path, keys,
                     len == 0 ? VTPM_EUNPROVISIONED : VTPM_ECORRUPT);
        if (len < 41)
            break;
    }
    image_free(&image);
    vtpm_keys_close(keys);
}

/* Flips one bit, loads, flips it back. */
static unsigned flip_range(const char *path, struct vtpm_keys *keys,
                           size_t from, size_t to, size_t step,
                           unsigned expected)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned refused = 0;

    assert_true(fd >= 0);
    for (size_t bit = from * 8; bit < to * 8; bit += step) {
        struct vtpm_error err = {{0}};
        uint8_t old, bad;
        unsigned n = 0;

        assert_int_equal(pread(fd, &old, 1, (off_t)(bit / 8)), 1);
        bad = (uint8_t)(old ^ (1u << bit % 8));
        assert_int_equal(pwrite(fd, &bad, 1, (off_t)(bit / 8)), 1);
        if (load_number(path, keys, &n, &err) == VTPM_OK)
            assert_int_equal(n, expected);
        else
            refused++;
        assert_int_equal(pwrite(fd, &old, 1, (off_t)(bit / 8)), 1);
    }
    (void)close(fd);
    return refused;
}

static void flip_everything(struct vtpm_keys *keys)
{
    const char *path = in_folder("flip");
    uint8_t bytes[STATE_LEN_MAX];
    size_t used;

    make_store(path, keys, 4);
    used = HEAD + numbered_state(4, bytes);
    /* the header and the current slot: every bit counts */
    assert_int_equal(flip_range(path, keys, 0, HEAD, 1, 4), HEAD * 8);
    assert_int_equal(flip_range(path, keys, SLOT_1, SLOT_1 + used, 1, 4),
                     used * 8);
    /* elsewhere nothing matters, and nothing else is ever accepted */
    (void)flip_range(path, keys, SLOT_0, SLOT_0 + HEAD, 1, 4);
    assert_int_equal(flip_range(path, keys, HEAD, SLOT_0, 1031, 4), 0);
    (void)flip_range(path, keys, SLOT_0 + HEAD, SLOT_1, 16 * 1031, 4);
    assert_int_equal(
        flip_range(path, keys, SLOT_1 + used, SLOT_1 + SLOT_SIZE, 16 * 1031, 4),
        0);
}

static void every_bit_with_a_key_file(void **state)
{
    struct vtpm_keys *keys = key_file(0);

    (void)state;
    flip_everything(keys);
    vtpm_keys_close(keys);
}

static void every_bit_with_a_remote_keeper(void **state)
{
    struct keeper *keeper = keeper_new();

    (void)state;
    flip_everything(&keeper->keys);
    vtpm_keys_close(&keeper->keys);
}

static void garbage_is_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("garbage");
    struct image image = {malloc(FILE_SIZE_DEFAULT), FILE_SIZE_DEFAULT};
    uint32_t random = 1;

    (void)state;
    for (size_t i = 0; i < image.len; i++) {
        random = random * 1664525u + 1013904223u;
        image.bytes[i] = (uint8_t)(random >> 24);
    }
    image_write(path, &image);
    assert_fails(path, keys, VTPM_ECORRUPT);
    memset(image.bytes, 0, image.len);
    image_write(path, &image);
    assert_fails(path, keys, VTPM_EUNPROVISIONED);
    image_free(&image);
    vtpm_keys_close(keys);
}

static void a_wrong_key_is_named(void **state)
{
    struct vtpm_keys *keys = key_file(0), *wrong = key_file(1);
    const char *path = in_folder("key");
    struct vtpm_error err;
    unsigned n;

    (void)state;
    make_store(path, keys, 2);
    assert_fails(path, wrong, VTPM_EKEY);
    assert_int_equal(load_number(path, wrong, &n, &err), VTPM_EKEY);
    assert_non_null(strstr(err.text, "wrong key"));
    assert_int_equal(load_number(path, keys, &n, &err), VTPM_OK);
    vtpm_keys_close(keys);
    vtpm_keys_close(wrong);
}

static void swapped_slots_are_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    struct keeper *keeper = keeper_new();
    struct vtpm_keys *both[] = {keys, &keeper->keys};
    const char *path = in_folder("swap");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct image image;
        uint8_t *slot = malloc(SLOT_SIZE);

        memset(keeper->memory->record, 0, VTPM_RECORD_SIZE);
        make_store(path, both[i], 4);
        image = image_read(path);
        memcpy(slot, image.bytes + SLOT_0, SLOT_SIZE);
        memmove(image.bytes + SLOT_0, image.bytes + SLOT_1, SLOT_SIZE);
        memcpy(image.bytes + SLOT_1, slot, SLOT_SIZE);
        image_write(path, &image);
        assert_fails(path, both[i], VTPM_ECORRUPT);
        image_free(&image);
        free(slot);
    }
    vtpm_keys_close(keys);
    vtpm_keys_close(&keeper->keys);
}

static void another_vtpms_store_is_refused(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("mine"), *theirs = in_folder("theirs");
    struct vtpm_store *store;
    struct image mine, image;
    struct vtpm_error err;

    (void)state;
    make_store(path, keys, 2);
    assert_int_equal(vtpm_store_provision(&store, theirs, other_uuid,
                                          VTPM_FAMILY_20, keys, NULL),
                     VTPM_OK);
    assert_int_equal(save_number(store, 1, NULL), VTPM_OK);
    assert_int_equal(save_number(store, 2, NULL), VTPM_OK);
    vtpm_store_close(store);
    assert_fails(theirs, keys, VTPM_EOTHER);

    /* their slots under my header */
    mine = image_read(path);
    image = image_read(theirs);
    memcpy(image.bytes, mine.bytes, 4096);
    image_write(theirs, &image);
    assert_fails(theirs, keys, VTPM_EOTHER);

    /* the reverse: my store, asked for with their UUID */
    assert_status(vtpm_store_open(&store, path, other_uuid, keys, &err),
                  VTPM_EOTHER, &err);
    image_free(&mine);
    image_free(&image);
    vtpm_keys_close(keys);
}

/* An attacker can make all checksums right; only the tag counts then. */
static void fix_checksums(uint8_t *slot, size_t state_len)
{
    struct vtpm_crypto crypto;
    struct vtpm_bytes part = {slot + HEAD, state_len};

    assert_int_equal(vtpm_crypto_init(&crypto, NULL), VTPM_OK);
    assert_int_equal(vtpm_sha256(&crypto, &part, 1, slot + 192), VTPM_OK);
    part = (struct vtpm_bytes){slot, 480};
    assert_int_equal(vtpm_sha256(&crypto, &part, 1, slot + 480), VTPM_OK);
    vtpm_crypto_free(&crypto);
}

static void forged_fields_are_refused(void **state)
{
    static const size_t fields[] = {11, 15, 16, 35, 39, 47, 40, 55, 56, 63};
    struct vtpm_keys *keys = key_file(0);
    struct keeper *keeper = keeper_new();
    struct vtpm_keys *both[] = {keys, &keeper->keys};
    const char *path = in_folder("forged");
    uint8_t bytes[STATE_LEN_MAX];
    size_t len = numbered_state(4, bytes);

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        make_store(path, both[k], 4);
        for (size_t i = 0; i <= sizeof fields / sizeof fields[0]; i++) {
            struct image good = image_read(path), bad = image_read(path);
            struct vtpm_error err;
            unsigned n = 0;

            /* the last case: the state itself */
            bad.bytes[SLOT_1 + (i < 10 ? fields[i] : HEAD + 3)] ^= 1;
            fix_checksums(bad.bytes + SLOT_1, len);
            image_write(path, &bad);
            /* bytes 56 to 63 are written as zeros whatever is read */
            if (load_number(path, both[k], &n, &err) == VTPM_OK)
                assert_int_equal(n, 4);
            else
                assert_unchanged(path, &bad);
            assert_true(n == 0 || i == 8 || i == 9);
            image_write(path, &good);
            image_free(&good);
            image_free(&bad);
        }
    }
    vtpm_keys_close(keys);
    vtpm_keys_close(&keeper->keys);
}

static void newer_formats_are_named(void **state)
{
    struct vtpm_keys *keys = key_file(0);
    const char *path = in_folder("version");
    struct vtpm_crypto crypto;
    struct image image;

    (void)state;
    make_store(path, keys, 2);
    image = image_read(path);
    vtpm_put32(image.bytes + 8, 2);
    assert_int_equal(vtpm_crypto_init(&crypto, NULL), VTPM_OK);
    assert_int_equal(vtpm_sha256(&crypto,
                                 &(struct vtpm_bytes){image.bytes, 480}, 1,
                                 image.bytes + 480),
                     VTPM_OK);
    image_write(path, &image);
    assert_fails(path, keys, VTPM_EVERSION);
    vtpm_put32(image.bytes + 8, 1);
    vtpm_put64(image.bytes + 32, UINT64_MAX - 4095);
    assert_int_equal(vtpm_sha256(&crypto,
                                 &(struct vtpm_bytes){image.bytes, 480}, 1,
                                 image.bytes + 480),
                     VTPM_OK);
    image_write(path, &image);
    assert_fails(path, keys, VTPM_ECORRUPT);
    vtpm_crypto_free(&crypto);
    image_free(&image);
    vtpm_keys_close(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_bit_with_a_key_file),
        cmocka_unit_test(every_bit_with_a_remote_keeper),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_wrong_key_is_named),
        cmocka_unit_test(swapped_slots_are_refused),
        cmocka_unit_test(another_vtpms_store_is_refused),
        cmocka_unit_test(forged_fields_are_refused),
        cmocka_unit_test(newer_formats_are_named),
    };

    return cmocka_run_group_tests_name("vtpm store, damaged", tests,
                                       folder_setup, folder_teardown);
}
