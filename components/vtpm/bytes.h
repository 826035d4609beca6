/* SPDX-License-Identifier: MIT */
#ifndef VTPM_BYTES_H
#define VTPM_BYTES_H

/**
 * @file
 * Big-endian numbers in byte buffers, hexadecimal digits, and whether a buffer
 * is blank.
 * Callers guarantee the room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void vtpm_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void vtpm_put32(uint8_t *at, uint32_t value)
{
    vtpm_put16(at, (uint16_t)(value >> 16));
    vtpm_put16(at + 2, (uint16_t)value);
}

static inline void vtpm_put64(uint8_t *at, uint64_t value)
{
    vtpm_put32(at, (uint32_t)(value >> 32));
    vtpm_put32(at + 4, (uint32_t)value);
}

static inline uint16_t vtpm_get16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t vtpm_get32(const uint8_t *at)
{
    return (uint32_t)vtpm_get16(at) << 16 | vtpm_get16(at + 2);
}

static inline uint64_t vtpm_get64(const uint8_t *at)
{
    return (uint64_t)vtpm_get32(at) << 32 | vtpm_get32(at + 4);
}

/** @return 0 to 15; -1: no hexadecimal digit */
static inline int vtpm_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static inline bool vtpm_all_zero(const uint8_t *at, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= at[i];
    return any == 0;
}

#endif
