/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OS_H
#define VTPM_OS_H

/**
 * @file
 * The platform: files, block devices, locks. os_linux.c implements it, and
 * minios/disk.c, which has only disks; everything else in the store is plain C.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An open store. Fields are for os_*.c and for reading. */
struct vtpm_os_file {
    int fd;
    bool block;       /**< a block device: its size is given */
    bool published;   /**< has its name; false between create and publish */
    bool anonymous;   /**< has no name at all, so that nobody can find it */
    uint64_t size;    /**< bytes, as of opening or vtpm_os_allocate() */
    const char *path; /**< the caller's string, for messages */
};

/** How vtpm_os_open() opens. */
enum vtpm_os_mode {
    VTPM_OS_OWN, /**< read and write, exclusive until closed */
    VTPM_OS_PEEK /**< read only, beside an owner */
};

/**
 * Opens an existing regular file or block device.
 * @param path must live as long as the file
 * @return VTPM_OK; VTPM_EUNPROVISIONED (no such file); VTPM_EBUSY (another
 *         owner); VTPM_EINVAL (neither file nor block device);
 *         VTPM_EACCESS; VTPM_EIO. Nothing to close unless VTPM_OK.
 */
enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err);

/**
 * Creates a regular file, mode 0600, owned exclusively, that gets its name
 * only with vtpm_os_publish(): a crash before leaves nothing behind. On a
 * file system without unnamed files it has its name at once, and
 * vtpm_os_close() before vtpm_os_publish() removes it.
 */
enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err);

/**
 * Gives a created file its name, durably. Does nothing for a file that was
 * opened. VTPM_EEXISTS if the name was taken meanwhile.
 */
enum vtpm_status vtpm_os_publish(struct vtpm_os_file *file,
                                 struct vtpm_error *err);

/** Makes a regular file @p size bytes long, with disk space for each. */
enum vtpm_status vtpm_os_allocate(struct vtpm_os_file *file, uint64_t size,
                                  struct vtpm_error *err);

/** Exactly @p len bytes, else VTPM_EIO, or VTPM_ECORRUPT past the end. */
enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err);

/** Exactly @p len bytes, else VTPM_ENOSPACE or VTPM_EIO. Not yet durable. */
enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err);

/** Every write before it is durable when it returns VTPM_OK. */
enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file,
                              struct vtpm_error *err);

/**
 * Makes durable what an owner before left unsynced, and lets go of what is
 * cached, so that what is read after this is what a power cut would leave.
 */
enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err);

/** A descriptor that swallows what is written to it, or -1. */
int vtpm_os_sink(void);
/** Closes it; -1 does nothing. */
void vtpm_os_sink_close(int fd);

/** Gives up ownership. Does not sync. */
void vtpm_os_close(struct vtpm_os_file *file);

/**
 * Reads a small secret file, at most @p cap bytes, that only the caller or
 * root can have written or read.
 * @param len bytes read; @p cap means that there may be more
 */
enum vtpm_status vtpm_os_read_secret(const char *path, uint8_t *to, size_t cap,
                                     size_t *len, struct vtpm_error *err);

/** Writes a new file, mode 0600, durably; VTPM_EEXISTS if there is one. */
enum vtpm_status vtpm_os_write_secret(const char *path, const uint8_t *from,
                                      size_t len, struct vtpm_error *err);

#endif
