/* SPDX-License-Identifier: MIT */
/* Descriptors of tpmfront, in a tree that knows all drivers that have them. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpmfront.h>

#include "answer.h"
#include "front.h"

int tpmfront_posix_write(int fd, const uint8_t *buf, size_t count);
int tpmfront_posix_read(int fd, uint8_t *buf, size_t count);
int tpmfront_posix_fstat(int fd, struct stat *buf);

int tpmfront_posix_write(int fd, const uint8_t *buf, size_t count)
{
    if (count == 0)
        return 0;
    files[fd].tpmfront.offset = 0;
    if (vtpmring_tpmfront_keep(files[fd].tpmfront.dev, buf, count) != 0) {
        errno = EIO;
        return -1;
    }
    files[fd].read = 1;
    return (int)count;
}

int tpmfront_posix_read(int fd, uint8_t *buf, size_t count)
{
    const struct tpmfront_dev *dev = files[fd].tpmfront.dev;

    return answer_read(dev->respbuf, dev->resplen, &files[fd].tpmfront.offset,
                       buf, count);
}

int tpmfront_posix_fstat(int fd, struct stat *buf)
{
    return answer_stat(files[fd].tpmfront.dev->resplen, buf);
}

int tpmfront_open(struct tpmfront_dev *dev)
{
    if (dev->fd == -1) {
        dev->fd = alloc_fd(FTYPE_TPMFRONT);
        files[dev->fd].tpmfront.dev = dev;
        files[dev->fd].tpmfront.offset = 0;
    }
    return dev->fd;
}
