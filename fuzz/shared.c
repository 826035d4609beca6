/* SPDX-License-Identifier: MIT */
#include "shared.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, MAX = 8 };

static struct fuzz_shared *mapped[MAX];
static const void *running;

void fuzz_shared_map(struct fuzz_shared *s, size_t pages, const void *owner,
                     bool honest)
{
    int i = 0;

    while (i < MAX && mapped[i] != NULL)
        i++;
    if (i == MAX)
        abort();
    mapped[i] = s;
    *s = (struct fuzz_shared){.size = pages * PAGE,
                              .at = calloc(pages, PAGE),
                              .reads = calloc(pages, PAGE),
                              .owner = owner,
                              .honest = honest};
    if (s->at == NULL || s->reads == NULL)
        abort();
}

void fuzz_shared_unmap(struct fuzz_shared *s)
{
    for (int i = 0; i < MAX; i++)
        if (mapped[i] == s)
            mapped[i] = NULL;
    free(s->at);
    free(s->reads);
    *s = (struct fuzz_shared){0};
}

void fuzz_shared_fresh(struct fuzz_shared *s)
{
    if (s->at != NULL)
        memset(s->reads, 0, s->size);
}

void fuzz_shared_end(void)
{
    for (int i = 0; i < MAX; i++)
        if (mapped[i] != NULL)
            fuzz_shared_unmap(mapped[i]);
}

void fuzz_shared_run(const void *owner)
{
    running = owner;
}

static struct fuzz_shared *find(const unsigned char *p, size_t length)
{
    for (int i = 0; i < MAX; i++) {
        struct fuzz_shared *s = mapped[i];
        uintptr_t at = (uintptr_t)p;

        if (s == NULL || at < (uintptr_t)s->at ||
            at > (uintptr_t)s->at + s->size)
            continue;
        if (length > s->size - (at - (uintptr_t)s->at))
            continue;
        fuzz_check(s->owner == running, "a page of another machine is touched");
        return s;
    }
    fuzz_found(__FILE__, __LINE__, "a page that is not mapped is touched");
}

static void told(struct fuzz_shared *s, size_t offset,
                 const unsigned char *value, size_t length)
{
    for (size_t i = offset; i < offset + length; i++) {
        fuzz_check(s->reads[i] == 0, "a byte is fetched twice");
        s->reads[i] = 1;
    }
    fuzz_on_read(s, offset, value, length);
}

uint8_t fuzz_shared_load_u8(const unsigned char *p)
{
    struct fuzz_shared *s = find(p, 1);
    uint8_t v = s->honest ? *p : fuzz_u8();

    told(s, (size_t)(p - s->at), &v, 1);
    return v;
}

uint32_t fuzz_shared_load_u32(const unsigned char *p)
{
    struct fuzz_shared *s = find(p, 4);
    uint32_t v;

    if (s->honest)
        memcpy(&v, p, sizeof(v));
    else
        v = fuzz_length();
    told(s, (size_t)(p - s->at), (const unsigned char *)&v, 4);
    return v;
}

/* A packet that is right, or hardly, or not at all. */
static void hostile_packet(unsigned char *to, size_t length)
{
    static const uint16_t tags[] = {0x8001, 0x8002, 0x00c1, 0x00c2, 0x00c3,
                                    0x01c1, 0x01c2, 0x00c4, 0xffff};
    uint8_t how = fuzz_u8();

    memset(to, how, length);
    if ((how & 1) != 0) {
        (void)fuzz_bytes(to, length < 16 ? length : 16);
        return;
    }
    if (length >= 10)
        fuzz_packet(to, length, tags[how / 2 % 9], fuzz_u8());
}

void fuzz_shared_copy_from(unsigned char *dst, const unsigned char *src,
                           size_t length)
{
    struct fuzz_shared *s = find(src, length);

    if (s->honest)
        memcpy(dst, src, length);
    else
        hostile_packet(dst, length);
    told(s, (size_t)(src - s->at), dst, length);
}

void fuzz_shared_store(unsigned char *p, const void *v, size_t length)
{
    struct fuzz_shared *s = find(p, length);

    fuzz_on_write(s, (size_t)(p - s->at), v, length);
    memcpy(p, v, length);
}

bool fuzz_shared_swap(unsigned char *p, uint8_t from, uint8_t to)
{
    const struct fuzz_shared *s = find(p, 1);
    uint8_t now = s->honest ? *p : fuzz_u8();

    if (now == from)
        fuzz_shared_store(p, &to, 1);
    return now == from;
}
