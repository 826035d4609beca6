/* SPDX-License-Identifier: MIT */
/**
 * @file os_memory.h
 * The platform of the vTPM's store (os.h) in memory: one disk, one secret
 * file, and random bytes that are the same in every run.
 */
#ifndef VTPMRING_FUZZ_OS_MEMORY_H
#define VTPMRING_FUZZ_OS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/** Room on the disk. */
enum { OS_DISK_MAX = 4096 + 2 * 256 * 1024 + 4096 };

/** The one disk, and the one secret file. */
struct os_memory {
    uint8_t disk[OS_DISK_MAX];
    size_t size;      /**< bytes of the disk */
    unsigned opened;  /**< how often it is open now */
    unsigned written; /**< writes so far */
    const uint8_t *secret;
    size_t secret_len;
};
extern struct os_memory os_memory;

/** The random bytes begin again. */
void os_random_begin(void);

#endif
