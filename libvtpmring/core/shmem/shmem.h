/* SPDX-License-Identifier: MIT */
/**
 * @file shmem.h
 * The one way in which the core touches memory that it shares with the peer.
 *
 * Every load is a single access of the size of the field. The build chooses
 * the folder from which this file comes: this one for programs, others for
 * fuzzing (every load is hostile) and for proofs (every load is any value).
 */
#ifndef VTPMRING_SHMEM_H
#define VTPMRING_SHMEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

static inline uint8_t shmem_load_u8(const unsigned char *p)
{
    return *(const volatile uint8_t *)p;
}

static inline uint32_t shmem_load_u32(const unsigned char *p)
{
    return *(const volatile uint32_t *)(const volatile void *)p;
}

static inline void shmem_store_u8(unsigned char *p, uint8_t v)
{
    *(volatile uint8_t *)p = v;
}

static inline void shmem_store_u32(unsigned char *p, uint32_t v)
{
    *(volatile uint32_t *)(volatile void *)p = v;
}

/* pairs with the peer's release: its packet is visible after its state */
static inline uint8_t shmem_load_u8_acquire(const unsigned char *p)
{
    return __atomic_load_n((const volatile uint8_t *)p, __ATOMIC_ACQUIRE);
}

/* pairs with the peer's acquire: our packet is visible before our state */
static inline void shmem_store_u8_release(unsigned char *p, uint8_t v)
{
    __atomic_store_n((volatile uint8_t *)p, v, __ATOMIC_RELEASE);
}

static inline bool shmem_swap_u8(unsigned char *p, uint8_t from, uint8_t to)
{
    return __atomic_compare_exchange_n((volatile uint8_t *)p, &from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* The signal fence keeps the compiler from reading the source again later in
 * place of the copy. */
static inline void shmem_copy_from(unsigned char *dst, const unsigned char *src,
                                   size_t length)
{
    __builtin_memcpy(dst, src, length);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void shmem_copy_to(unsigned char *dst, const unsigned char *src,
                                 size_t length)
{
    __builtin_memcpy(dst, src, length);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
