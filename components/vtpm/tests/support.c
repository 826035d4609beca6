/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support.h"

#include "faults.h"
#include "keys_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const uint8_t test_uuid[VTPM_UUID_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                           9, 10, 11, 12, 13, 14, 15, 16};
const uint8_t other_uuid[VTPM_UUID_SIZE] = {0xaa, 0xbb, 0xcc};

static char folder[64];

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

int folder_setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vtpm-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int folder_teardown(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

const char *in_folder(const char *name)
{
    static char paths[256][128];
    static unsigned next;
    char *path = paths[next++ % 256];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void remove_path(const char *path)
{
    (void)remove(path);
}

struct image image_read(const char *path)
{
    struct image image = {NULL, 0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    image.len = (size_t)st.st_size;
    image.bytes = malloc(image.len + 1);
    assert_non_null(image.bytes);
    assert_int_equal(read(fd, image.bytes, image.len), image.len);
    (void)close(fd);
    return image;
}

void image_write(const char *path, const struct image *image)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->bytes, image->len), image->len);
    (void)close(fd);
}

void image_free(struct image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

void assert_unchanged(const char *path, const struct image *image)
{
    struct image now = image_read(path);

    assert_int_equal(now.len, image->len);
    assert_memory_equal(now.bytes, image->bytes, image->len);
    image_free(&now);
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
