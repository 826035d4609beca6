/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include "faults.h"
#include "keys_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const uint8_t test_uuid[VTPM_UUID_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                           9, 10, 11, 12, 13, 14, 15, 16};
const uint8_t other_uuid[VTPM_UUID_SIZE] = {0xaa, 0xbb, 0xcc};

void check_status(enum vtpm_status status, enum vtpm_status expected,
                  const struct vtpm_error *err, const char *file, int line)
{
    if (status == expected)
        return;
    print_error("got \"%s\", expected \"%s\"; %s\n", vtpm_status_text(status),
                vtpm_status_text(expected),
                err && status != VTPM_OK ? err->text : "");
    _assert_int_equal(status, expected, file, line);
}

struct vtpm_keys *key_file(uint8_t which)
{
    char name[] = "key-0";
    uint8_t key[32];
    struct image image = {key, sizeof key};
    struct vtpm_keys *keys;
    struct vtpm_error err;

    name[4] = (char)('0' + which);
    memset(key, which + 1, sizeof key);
    remove_path(in_folder(name));
    image_write(in_folder(name), &image);
    assert_status(vtpm_keys_file_open(&keys, in_folder(name), &err), VTPM_OK,
                  &err);
    return keys;
}

static enum vtpm_status keeper_load(struct vtpm_keys *keys,
                                    const uint8_t uuid[VTPM_UUID_SIZE],
                                    const struct vtpm_areas *areas,
                                    struct vtpm_records *records,
                                    struct vtpm_error *err)
{
    struct keeper *self = (struct keeper *)keys;

    (void)uuid;
    (void)areas;
    self->memory->loads++;
    if (self->refuse_load != VTPM_OK)
        return vtpm_fail(err, self->refuse_load, "the keeper refuses");
    /* as a manager does: a new vTPM's record is there, and zeros */
    records->count = 1;
    memcpy(records->record[0], self->memory->record, VTPM_RECORD_SIZE);
    return VTPM_OK;
}

static enum vtpm_status keeper_save(struct vtpm_keys *keys,
                                    const uint8_t uuid[VTPM_UUID_SIZE],
                                    const uint8_t record[VTPM_RECORD_SIZE],
                                    struct vtpm_error *err)
{
    struct keeper *self = (struct keeper *)keys;

    (void)uuid;
    fault_point();
    self->memory->saves++;
    if (self->refuse_save == VTPM_OK || self->store_before_refusing)
        memcpy(self->memory->record, record, VTPM_RECORD_SIZE);
    fault_point();
    if (self->refuse_save != VTPM_OK)
        return vtpm_fail(err, self->refuse_save, "the keeper is silent");
    return VTPM_OK;
}

static void keeper_close(struct vtpm_keys *keys)
{
    struct keeper *self = (struct keeper *)keys;

    (void)munmap(self->memory, sizeof *self->memory);
    free(self);
}

struct keeper *keeper_new(void)
{
    static const struct vtpm_keys_ops ops = {
        .load = keeper_load, .save = keeper_save, .close = keeper_close};
    struct keeper *self = calloc(1, sizeof *self);

    assert_non_null(self);
    self->keys.ops = &ops;
    self->memory = mmap(NULL, sizeof *self->memory, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(self->memory != MAP_FAILED);
    return self;
}
