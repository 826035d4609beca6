/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TESTS_DISK_H
#define VTPMMGR_TESTS_DISK_H

/**
 * @file
 * The platform of the store (os.h) in memory, in the place of os_linux.c: two
 * block devices. One is written to; on the other one is what the first may
 * hold after a power cut.
 *
 * A write is in the cache of the device, and readable, until a sync makes it
 * durable. A power cut leaves of each write that was not synced nothing, all
 * of it, or some of its bytes, and of several any of them.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The paths of the two devices. */
#define DISK "disk"
#define DISK_AFTER "disk after a power cut"

/** The most writes between two syncs. */
#define DISK_PENDING 4096u

struct disk_write {
    uint64_t offset;
    size_t len;
    uint8_t *before; /* what was there */
    uint8_t *bytes;
};

struct disk {
    size_t size;
    uint8_t *bytes; /* as it is read */
    unsigned opened;
    unsigned writes;
    unsigned syncs;
    unsigned ignore_sync; /* the sync with this number, from 1, does nothing */
    uint64_t bad_at;      /* bytes from here on cannot be read */
    size_t bad_len;
    unsigned fail_step; /* the write or sync with this number fails */
    unsigned fail_for;  /* and so many after it */
    unsigned steps;
    size_t synced; /* of the pending ones of the second device */
    size_t pending_count;
    struct disk_write pending[DISK_PENDING];
    /* called after each write and sync, when power may be cut */
    void (*point)(void);
};

extern struct disk disks[2];

/** Both become blank devices of this size. */
void disks_reset(size_t size);
/** Frees all. */
void disks_free(void);

/** How a write looks after a power cut. */
enum { DISK_VARIANTS = 14 };

/**
 * Makes the second device what a power cut leaves of the first one.
 * @param variants for each pending write, a number below DISK_VARIANTS
 */
void disk_cut(const uint8_t *variants);
/** Takes that back: the second device is what is durable on the first. */
void disk_restore(void);

#endif
