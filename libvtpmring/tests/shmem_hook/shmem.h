/* SPDX-License-Identifier: MIT */
/**
 * @file shmem.h
 * Takes the place of core/shmem/shmem.h in a build that watches every access to
 * shared memory: reads are counted per byte, and the peer may change a byte at
 * once after it was read.
 */
#ifndef VTPMRING_SHMEM_H
#define VTPMRING_SHMEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/**
 * Called after bytes were read.
 * @param p where they are
 * @param length how many
 */
void shmem_hook_read(const unsigned char *p, size_t length);

/**
 * Called after bytes were written.
 * @param p where they are
 * @param length how many
 */
void shmem_hook_written(const unsigned char *p, size_t length);

static inline uint8_t shmem_load_u8(const unsigned char *p)
{
    uint8_t v = *p;

    shmem_hook_read(p, sizeof(v));
    return v;
}

static inline uint32_t shmem_load_u32(const unsigned char *p)
{
    uint32_t v;

    __builtin_memcpy(&v, p, sizeof(v));
    shmem_hook_read(p, sizeof(v));
    return v;
}

static inline void shmem_store_u8(unsigned char *p, uint8_t v)
{
    *p = v;
    shmem_hook_written(p, sizeof(v));
}

static inline void shmem_store_u32(unsigned char *p, uint32_t v)
{
    __builtin_memcpy(p, &v, sizeof(v));
    shmem_hook_written(p, sizeof(v));
}

static inline uint8_t shmem_load_u8_acquire(const unsigned char *p)
{
    return shmem_load_u8(p);
}

static inline void shmem_store_u8_release(unsigned char *p, uint8_t v)
{
    shmem_store_u8(p, v);
}

static inline bool shmem_swap_u8(unsigned char *p, uint8_t from, uint8_t to)
{
    bool equal = *p == from;

    shmem_hook_read(p, 1);
    if (equal)
        shmem_store_u8(p, to);
    return equal;
}

static inline void shmem_copy_from(unsigned char *dst, const unsigned char *src,
                                   size_t length)
{
    __builtin_memcpy(dst, src, length);
    shmem_hook_read(src, length);
}

static inline void shmem_copy_to(unsigned char *dst, const unsigned char *src,
                                 size_t length)
{
    __builtin_memcpy(dst, src, length);
    shmem_hook_written(dst, length);
}

#endif
