/* SPDX-License-Identifier: MIT */
/**
 * @file shmem.h
 * The twin of core/shmem/shmem.h for the value analysis: every load is any
 * value, whatever was stored or loaded before; every access must be to a mapped
 * byte; and no field of the header is loaded twice in one exchange.
 */
#ifndef VTPMRING_SHMEM_H
#define VTPMRING_SHMEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/** What the peer writes: another value at each read. */
extern volatile uint32_t shmem_any;
/** The shared page, so that the fields of the header can be told apart. */
extern unsigned char shmem_page[4096];
/** Whether length, locality and number of extra pages have been loaded. */
extern bool shmem_loaded[3];
/** Whether the analysis is to tell the numbers of extra pages apart. */
extern const bool shmem_split_extra;

static inline void shmem_note_load(int field)
{
    //@ assert once: !shmem_loaded[field];
    shmem_loaded[field] = true;
}

/* One state of the analysis for each number of extra pages that is allowed: a
 * non-relational analysis would lose the tie between number and length. A
 * frontend has no use for the number. */
static inline uint8_t shmem_any_extra(void)
{
    uint8_t v = (uint8_t)shmem_any;

    if (!shmem_split_extra)
        return v;
    //@ loop unroll 17;
    for (int i = 0; i <= 16; i++)
        if (v == i)
            return (uint8_t)i;
    return v;
}

static inline uint8_t shmem_load_u8(const unsigned char *p)
{
    uint8_t mapped = *p;

    (void)mapped;
    if (p == shmem_page + 5)
        shmem_note_load(1);
    if (p == shmem_page + 7) {
        shmem_note_load(2);
        return shmem_any_extra();
    }
    return (uint8_t)shmem_any;
}

static inline uint8_t shmem_load_u8_acquire(const unsigned char *p)
{
    uint8_t mapped = *p;

    (void)mapped;
    return (uint8_t)shmem_any;
}

/*@ requires aligned: (p - shmem_page) % 4 == 0;
    requires mapped: \valid_read(p + (0 .. 3));
    assigns \result \from indirect:p, indirect:shmem_any; */
uint32_t shmem_load_u32_any(const unsigned char *p);

static inline uint32_t shmem_load_u32(const unsigned char *p)
{
    if (p == shmem_page)
        shmem_note_load(0);
    return shmem_load_u32_any(p);
}

/*@ requires mapped: \valid(p);
    assigns *p \from v; */
void shmem_store_u8(unsigned char *p, uint8_t v);

/*@ requires mapped: \valid(p);
    assigns *p \from v; */
void shmem_store_u8_release(unsigned char *p, uint8_t v);

/*@ requires aligned: (p - shmem_page) % 4 == 0;
    requires mapped: \valid(p + (0 .. 3));
    assigns p[0 .. 3] \from v; */
void shmem_store_u32(unsigned char *p, uint32_t v);

static inline bool shmem_swap_u8(unsigned char *p, uint8_t from, uint8_t to)
{
    if ((uint8_t)shmem_any != from)
        return false;
    shmem_store_u8(p, to);
    return true;
}

/*@ requires to_mapped: length == 0 || \valid(dst + (0 .. length - 1));
    requires from_mapped: length == 0 || \valid_read(src + (0 .. length - 1));
    assigns dst[0 .. length - 1] \from indirect:src, indirect:shmem_any;
    ensures filled: length == 0 || \initialized(dst + (0 .. length - 1)); */
void shmem_copy_from(unsigned char *dst, const unsigned char *src,
                     size_t length);

/*@ requires to_mapped: length == 0 || \valid(dst + (0 .. length - 1));
    requires from_mapped: length == 0 || \valid_read(src + (0 .. length - 1));
    assigns dst[0 .. length - 1] \from src[0 .. length - 1]; */
void shmem_copy_to(unsigned char *dst, const unsigned char *src, size_t length);

#endif
