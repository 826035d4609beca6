/* SPDX-License-Identifier: MIT */
/* Descriptors of tpm_tis, in a tree that knows all drivers that have them. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpm_tis.h>

#include "answer.h"
#include "chip.h"

int tpm_tis_posix_write(int fd, const uint8_t *buf, size_t count);
int tpm_tis_posix_read(int fd, uint8_t *buf, size_t count);
int tpm_tis_posix_fstat(int fd, struct stat *buf);

int tpm_tis_posix_write(int fd, const uint8_t *buf, size_t count)
{
    if (count == 0)
        return 0;
    files[fd].tpm_tis.offset = 0;
    if (vtpmring_tpm_tis_keep(files[fd].tpm_tis.dev, buf, count) != 0) {
        errno = EIO;
        return -1;
    }
    files[fd].read = 1;
    return (int)count;
}

int tpm_tis_posix_read(int fd, uint8_t *buf, size_t count)
{
    const struct tpm_chip *chip = files[fd].tpm_tis.dev;

    return answer_read(chip->answer, chip->answer_length,
                       &files[fd].tpm_tis.offset, buf, count);
}

int tpm_tis_posix_fstat(int fd, struct stat *buf)
{
    return answer_stat(files[fd].tpm_tis.dev->answer_length, buf);
}

int tpm_tis_open(struct tpm_chip *chip)
{
    if (chip->fd == -1) {
        chip->fd = alloc_fd(FTYPE_TPM_TIS);
        files[chip->fd].tpm_tis.dev = chip;
        files[chip->fd].tpm_tis.offset = 0;
    }
    return chip->fd;
}
