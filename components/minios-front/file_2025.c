/* SPDX-License-Identifier: MIT */
/* Descriptors of tpmfront, in a tree in which drivers bring their file types.
 */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpmfront.h>

#include "answer.h"
#include "front.h"

static int write_file(struct file *file, const void *buf, size_t count)
{
    if (count == 0)
        return 0;
    file->offset = 0;
    if (vtpmring_tpmfront_keep(file->dev, buf, count) != 0) {
        errno = EIO;
        return -1;
    }
    file->read = true;
    return (int)count;
}

static int read_file(struct file *file, void *buf, size_t count)
{
    const struct tpmfront_dev *dev = file->dev;

    return answer_read(dev->respbuf, dev->resplen, &file->offset, buf, count);
}

static int stat_file(struct file *file, struct stat *buf)
{
    return answer_stat(((struct tpmfront_dev *)file->dev)->resplen, buf);
}

static int close_file(struct file *file)
{
    shutdown_tpmfront(file->dev);
    return 0;
}

static const struct file_ops ops = {
    .name = "tpmfront",
    .read = read_file,
    .write = write_file,
    .lseek = lseek_default,
    .close = close_file,
    .fstat = stat_file,
    .select_rd = select_read_flag,
    .select_wr = select_yes,
};

int tpmfront_open(struct tpmfront_dev *dev)
{
    static unsigned int type;

    if (dev->fd != -1)
        return dev->fd;
    if (type == 0)
        type = alloc_file_type(&ops);
    dev->fd = alloc_fd(type);
    get_file_from_fd(dev->fd)->dev = dev;
    return dev->fd;
}
