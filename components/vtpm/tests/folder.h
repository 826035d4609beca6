/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_FOLDER_H
#define VTPM_TESTS_FOLDER_H

/**
 * @file
 * A folder of a test's own, and whole files in it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** cmocka group setup and teardown: a temporary folder. */
int folder_setup(void **state);
int folder_teardown(void **state);
/** A path in that folder; good for 256 further calls. */
const char *in_folder(const char *name);
/** Removes what is at a path, if anything is. */
void remove_path(const char *path);

/** Whole files, for comparing and damaging them. */
struct image {
    uint8_t *bytes;
    size_t len;
};
struct image image_read(const char *path);
void image_write(const char *path, const struct image *image);
void image_free(struct image *image);
void assert_unchanged(const char *path, const struct image *image);

#endif
