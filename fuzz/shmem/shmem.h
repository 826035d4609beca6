/* SPDX-License-Identifier: MIT */
/**
 * @file shmem.h
 * Takes the place of core/shmem/shmem.h in the harnesses: every read of shared
 * memory returns fresh bytes from the fuzzer's input, whatever was there, and
 * every access is told to the harness (shared.h).
 */
#ifndef VTPMRING_SHMEM_H
#define VTPMRING_SHMEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include "../shared.h"

static inline uint8_t shmem_load_u8(const unsigned char *p)
{
    return fuzz_shared_load_u8(p);
}

static inline uint32_t shmem_load_u32(const unsigned char *p)
{
    return fuzz_shared_load_u32(p);
}

static inline void shmem_store_u8(unsigned char *p, uint8_t v)
{
    fuzz_shared_store(p, &v, sizeof(v));
}

static inline void shmem_store_u32(unsigned char *p, uint32_t v)
{
    fuzz_shared_store(p, &v, sizeof(v));
}

static inline uint8_t shmem_load_u8_acquire(const unsigned char *p)
{
    return fuzz_shared_load_u8(p);
}

static inline void shmem_store_u8_release(unsigned char *p, uint8_t v)
{
    fuzz_shared_store(p, &v, sizeof(v));
}

static inline bool shmem_swap_u8(unsigned char *p, uint8_t from, uint8_t to)
{
    return fuzz_shared_swap(p, from, to);
}

static inline void shmem_copy_from(unsigned char *dst, const unsigned char *src,
                                   size_t length)
{
    fuzz_shared_copy_from(dst, src, length);
}

static inline void shmem_copy_to(unsigned char *dst, const unsigned char *src,
                                 size_t length)
{
    fuzz_shared_store(dst, src, length);
}

#endif
