/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

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
