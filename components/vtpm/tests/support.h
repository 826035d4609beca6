/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_SUPPORT_H
#define VTPM_TESTS_SUPPORT_H

/**
 * @file
 * What the tests share: a key file, and
 * a remote keeper that survives the crash of a child.
 */

#include "folder.h"
#include "keys.h"
#include "status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#define FILE_SIZE_DEFAULT (4096u + 2u * 256u * 1024u)

extern const uint8_t test_uuid[VTPM_UUID_SIZE];
extern const uint8_t other_uuid[VTPM_UUID_SIZE];

/** Fails the test unless the status is as expected; shows the line. */
#define assert_status(status, expected, err)                                   \
    check_status((status), (expected), (err), __FILE__, __LINE__)
void check_status(enum vtpm_status status, enum vtpm_status expected,
                  const struct vtpm_error *err, const char *file, int line);

/** A key file keeper over a fixed key; @p which makes another key. */
struct vtpm_keys *key_file(uint8_t which);

/**
 * A remote keeper. Its record is in shared memory, so that what a child
 * stored before it crashed is there for the parent.
 */
struct keeper {
    struct vtpm_keys keys;
    struct keeper_memory {
        uint8_t record[VTPM_RECORD_SIZE];
        unsigned saves;
        unsigned loads;
    } * memory;
    enum vtpm_status refuse_load; /* VTPM_OK: it answers */
    enum vtpm_status refuse_save;
    int store_before_refusing; /* the record arrived, its answer did not */
};
struct keeper *keeper_new(void);

#endif
