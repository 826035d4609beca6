/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const uint8_t *at;
    size_t left;
} input;

struct memory {
    struct memory *next;
    void *at;
};
static struct memory *memories;

void fuzz_input(const uint8_t *data, size_t size)
{
    input.at = data;
    input.left = size;
}

size_t fuzz_left(void)
{
    return input.left;
}

uint8_t fuzz_u8(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

size_t fuzz_bytes(void *to, size_t n)
{
    size_t have = n < input.left ? n : input.left;

    memset(to, 0, n);
    if (have == 0)
        return 0;
    memcpy(to, input.at, have);
    input.at += have;
    input.left -= have;
    return have;
}

uint32_t fuzz_u32(void)
{
    uint32_t v;

    (void)fuzz_bytes(&v, sizeof(v));
    return v;
}

unsigned fuzz_pick(unsigned n)
{
    return fuzz_u8() % n;
}

uint32_t fuzz_length(void)
{
    static const uint32_t lengths[] = {
        10,    4088,  4089,       4096, 8180,       8181,       12,         9,
        12272, 12273, 0x7fffffff, 8176, 0x80000000, 0xfffffff8, 0xffffffff,
    };
    enum { COUNT = sizeof(lengths) / sizeof(lengths[0]) };
    uint8_t how = fuzz_u8();

    if (how < COUNT)
        return lengths[how];
    return how < 0xc0 ? how : fuzz_u32();
}

void *fuzz_memory(size_t n)
{
    struct memory *m = malloc(sizeof(*m));
    void *at = calloc(1, n);

    if (m == NULL || at == NULL)
        abort();
    *m = (struct memory){memories, at};
    memories = m;
    return at;
}

void fuzz_forget(void)
{
    while (memories != NULL) {
        struct memory *m = memories;

        memories = m->next;
        free(m->at);
        free(m);
    }
}

const char *fuzz_text(size_t *length)
{
    static const char *const texts[] = {
        "1",
        "2",
        "8",
        "0",
        "255",
        "256",
        "4294967295",
        "4294967296",
        "",
        "99999999999",
        "1x",
        "-",
        "01",
        "3",
        "2147483647",
        "2147483648",
        "18446744073709551617", /* 2^64 + 1 */
    };
    enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };
    uint8_t how = fuzz_u8();
    char raw[24], *text;

    if (how < TEXTS) {
        *length = strlen(texts[how]);
        (void)memcpy(raw, texts[how], *length);
    } else if (how < 32) {
        *length = how;
        return NULL;
    } else {
        *length = fuzz_bytes(raw, how % sizeof(raw));
    }
    text = fuzz_memory(*length);
    (void)memcpy(text, raw, *length);
    return text;
}

static void put_be32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

void fuzz_packet(unsigned char *to, size_t length, uint16_t tag, uint32_t code)
{
    to[0] = (unsigned char)(tag >> 8);
    to[1] = (unsigned char)tag;
    put_be32(to + 2, (uint32_t)length);
    put_be32(to + 6, code);
    if (length > 10)
        memset(to + 10, (int)(code * 7 + 1), length - 10);
}

uint32_t fuzz_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

_Noreturn void fuzz_found(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}
