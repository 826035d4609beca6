/* SPDX-License-Identifier: MIT */
/**
 * @file answer.h
 * A TPM behind a file descriptor of Mini-OS: what is written is a command, what
 * is read is its response, from the start, in parts if one likes.
 *
 * The trees of Mini-OS differ in how a driver meets its descriptors; the build
 * takes file_2016.c or file_2025.c of each component. All that they share is
 * here. Included by those sources only, after the headers of Mini-OS.
 */
#ifndef VTPMRING_MINIOS_ANSWER_H
#define VTPMRING_MINIOS_ANSWER_H

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/**
 * Reads from *offset on and moves it.
 * @return the bytes that were read; 0 at the end, and if there is no response
 */
static inline int answer_read(const uint8_t *response, size_t length,
                              off_t *offset, void *buf, size_t count)
{
    size_t left;

    if (*offset < 0 || (size_t)*offset >= length)
        return 0;
    left = length - (size_t)*offset;
    if (count > left)
        count = left;
    memcpy(buf, response + *offset, count);
    *offset += (off_t)count;
    return (int)count;
}

/** The size of the file is that of the response. @return 0 */
static inline int answer_stat(size_t length, struct stat *buf)
{
    memset(buf, 0, sizeof(*buf));
    buf->st_mode = O_RDWR;
    buf->st_size = (off_t)length;
    buf->st_atime = buf->st_mtime = buf->st_ctime = time(NULL);
    return 0;
}

#endif
