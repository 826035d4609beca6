/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "blobs.h"
#include "bytes.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 12, ENTRY = 20 };

static const uint8_t some[] = {1, 2, 3, 4, 5};
static const uint8_t more[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static void assert_blob(const struct vtpm_blobs *blobs, const char *name,
                        const uint8_t *bytes, size_t len)
{
    size_t found = 0;
    const uint8_t *at = vtpm_blobs_get(blobs, name, &found);

    assert_non_null(at);
    assert_int_equal(found, len);
    assert_memory_equal(at, bytes, len);
}

static struct vtpm_blobs two_blobs(void)
{
    struct vtpm_blobs blobs;
    bool changed = false;

    assert_int_equal(vtpm_blobs_init(&blobs), VTPM_OK);
    assert_int_equal(
        vtpm_blobs_put(&blobs, "permall", some, sizeof some, &changed),
        VTPM_OK);
    assert_int_equal(
        vtpm_blobs_put(&blobs, "savestate", more, sizeof more, &changed),
        VTPM_OK);
    assert_true(changed);
    return blobs;
}

static void put_get_replace_remove(void **state)
{
    struct vtpm_blobs blobs = two_blobs();
    bool changed = false;
    size_t len;

    (void)state;
    assert_blob(&blobs, "permall", some, sizeof some);
    assert_blob(&blobs, "savestate", more, sizeof more);
    assert_null(vtpm_blobs_get(&blobs, "volatilestate", &len));

    /* the same again is no change: no save is due */
    assert_int_equal(
        vtpm_blobs_put(&blobs, "permall", some, sizeof some, &changed),
        VTPM_OK);
    assert_false(changed);

    assert_int_equal(
        vtpm_blobs_put(&blobs, "permall", more, sizeof more, &changed),
        VTPM_OK);
    assert_true(changed);
    assert_blob(&blobs, "permall", more, sizeof more);
    assert_blob(&blobs, "savestate", more, sizeof more);

    assert_true(vtpm_blobs_remove(&blobs, "permall"));
    assert_false(vtpm_blobs_remove(&blobs, "permall"));
    assert_null(vtpm_blobs_get(&blobs, "permall", &len));
    assert_blob(&blobs, "savestate", more, sizeof more);
    vtpm_blobs_free(&blobs);
}

static void only_names_of_libtpms(void **state)
{
    struct vtpm_blobs blobs = two_blobs();
    bool changed = false;
    size_t len;

    (void)state;
    assert_int_equal(vtpm_blobs_put(&blobs, "a name that is much too long",
                                    some, sizeof some, &changed),
                     VTPM_EINVAL);
    assert_null(vtpm_blobs_get(&blobs, "../permall", &len));
    assert_false(vtpm_blobs_remove(&blobs, ""));
    assert_false(changed);
    vtpm_blobs_free(&blobs);
}

static void too_big_is_refused(void **state)
{
    struct vtpm_blobs blobs = two_blobs();
    uint8_t *big = calloc(1, VTPM_STATE_MAX + 1);
    bool changed = false;

    (void)state;
    assert_non_null(big);
    assert_int_equal(
        vtpm_blobs_put(&blobs, "permall", big, VTPM_STATE_MAX + 1, &changed),
        VTPM_ETOOBIG);
    assert_int_equal(
        vtpm_blobs_put(&blobs, "permall", big, VTPM_STATE_MAX - 20, &changed),
        VTPM_ETOOBIG);
    assert_false(changed);
    assert_blob(&blobs, "permall", some, sizeof some);
    free(big);
    vtpm_blobs_free(&blobs);
}

/* Adopts a private copy of exactly len bytes, so that the sanitizer sees
 * every read past the end. */
static enum vtpm_status adopt_copy(const uint8_t *bytes, size_t len)
{
    struct vtpm_blobs blobs;
    uint8_t *copy = malloc(len ? len : 1);
    enum vtpm_status status;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    status = vtpm_blobs_adopt(&blobs, copy, len, NULL);
    if (status == VTPM_OK)
        vtpm_blobs_free(&blobs);
    else
        free(copy);
    return status;
}

static void every_cut_is_refused(void **state)
{
    struct vtpm_blobs blobs = two_blobs();

    (void)state;
    assert_int_equal(adopt_copy(blobs.bytes, blobs.len), VTPM_OK);
    for (size_t len = 0; len < blobs.len; len++)
        assert_int_not_equal(adopt_copy(blobs.bytes, len), VTPM_OK);
    vtpm_blobs_free(&blobs);
}

/* Blobs of libtpms are hostile input, as in swtpm and OpenHCL. */
static void hostile_fields_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
    } cases[] = {
        {0, 0},
        {4, 2},
        {8, 0},
        {8, 1},
        {8, 3},
        {8, UINT32_MAX},
        {HEADER + 16, UINT32_MAX},
        {HEADER + 16, UINT32_MAX - ENTRY + 1},
        {HEADER + 16, sizeof some + 1},
        {HEADER + 16, 0},
        {HEADER, 0x41414141},
        {HEADER + ENTRY + sizeof some + 16, sizeof more - 1},
        {HEADER + ENTRY + sizeof some + 16, INT32_MAX},
    };
    struct vtpm_blobs blobs = two_blobs();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t old = vtpm_get32(blobs.bytes + cases[i].at);

        vtpm_put32(blobs.bytes + cases[i].at, cases[i].value);
        assert_int_not_equal(adopt_copy(blobs.bytes, blobs.len), VTPM_OK);
        vtpm_put32(blobs.bytes + cases[i].at, old);
    }
    /* a name twice */
    memcpy(blobs.bytes + HEADER + ENTRY + sizeof some, blobs.bytes + HEADER,
           16);
    assert_int_equal(adopt_copy(blobs.bytes, blobs.len), VTPM_ECORRUPT);
    vtpm_blobs_free(&blobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_get_replace_remove),
        cmocka_unit_test(only_names_of_libtpms),
        cmocka_unit_test(too_big_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(hostile_fields_are_refused),
    };

    return cmocka_run_group_tests_name("vtpm blobs", tests, NULL, NULL);
}
