/* SPDX-License-Identifier: MIT */
/* Descriptors of tpm_tis, in a tree in which drivers bring their file types. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpm_tis.h>

#include "answer.h"
#include "chip.h"

static int write_file(struct file *file, const void *buf, size_t count)
{
    if (count == 0)
        return 0;
    file->offset = 0;
    if (vtpmring_tpm_tis_keep(file->dev, buf, count) != 0) {
        errno = EIO;
        return -1;
    }
    file->read = true;
    return (int)count;
}

static int read_file(struct file *file, void *buf, size_t count)
{
    const struct tpm_chip *chip = file->dev;

    return answer_read(chip->answer, chip->answer_length, &file->offset, buf,
                       count);
}

static int stat_file(struct file *file, struct stat *buf)
{
    return answer_stat(((struct tpm_chip *)file->dev)->answer_length, buf);
}

static int close_file(struct file *file)
{
    shutdown_tpm_tis(file->dev);
    return 0;
}

static const struct file_ops ops = {
    .name = "tpm_tis",
    .read = read_file,
    .write = write_file,
    .lseek = lseek_default,
    .close = close_file,
    .fstat = stat_file,
    .select_rd = select_read_flag,
    .select_wr = select_yes,
};

int tpm_tis_open(struct tpm_chip *chip)
{
    static unsigned int type;

    if (chip->fd != -1)
        return chip->fd;
    if (type == 0)
        type = alloc_file_type(&ops);
    chip->fd = alloc_fd(type);
    get_file_from_fd(chip->fd)->dev = chip;
    return chip->fd;
}
