/* SPDX-License-Identifier: MIT */
/* Descriptors, as a tree of 2025 has them. */
#include "hosted.h"

#include <errno.h>
#include <mini-os/lib.h>

#define TYPES 16
#define FILES 16

static const struct file_ops *types[TYPES];
static struct file files[FILES];

/* 0 is no type. */
unsigned int alloc_file_type(const struct file_ops *ops)
{
    unsigned int type = 1;

    while (types[type] != NULL)
        type++;
    types[type] = ops;
    return type;
}

int alloc_fd(unsigned int type)
{
    int fd = 0;

    while (files[fd].type != 0)
        fd++;
    memset(&files[fd], 0, sizeof(files[fd]));
    files[fd].type = type;
    return fd;
}

struct file *get_file_from_fd(int fd)
{
    return fd >= 0 && fd < FILES && files[fd].type != 0 ? &files[fd] : NULL;
}

off_t lseek_default(struct file *file, off_t offset, int whence)
{
    if (whence != 0) {
        errno = EINVAL;
        return -1;
    }
    file->offset = offset;
    return offset;
}

bool select_yes(struct file *file)
{
    (void)file;
    return true;
}

bool select_read_flag(struct file *file)
{
    return file->read;
}

int minios_read(int fd, void *buf, size_t count)
{
    return types[files[fd].type]->read(&files[fd], buf, count);
}

int minios_write(int fd, const void *buf, size_t count)
{
    return types[files[fd].type]->write(&files[fd], buf, count);
}

int minios_fstat(int fd, struct stat *buf)
{
    return types[files[fd].type]->fstat(&files[fd], buf);
}

int minios_close(int fd)
{
    const int rc = types[files[fd].type]->close(&files[fd]);

    files[fd].type = 0;
    return rc;
}
