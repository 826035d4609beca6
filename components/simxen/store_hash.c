/* SPDX-License-Identifier: MIT */
#include "store_hash.h"

#include <stdlib.h>

uint32_t sxs_hash_bytes(uint32_t seed, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < len; i++)
        seed = (uint32_t)((seed ^ p[i]) * UINT64_C(16777619));
    return seed;
}

/* The low bits of FNV-1a are its weakest. */
static size_t slot(size_t buckets, uint32_t hash)
{
    return (size_t)(hash ^ (hash >> 15)) & (buckets - 1);
}

static struct sxs_hlink *same_hash(struct sxs_hlink *l, uint32_t hash)
{
    while (l && l->hash != hash)
        l = l->next;
    return l;
}

struct sxs_hlink *sxs_hash_first(const struct sxs_hash *h, uint32_t hash)
{
    return h->buckets ? same_hash(h->bucket[slot(h->buckets, hash)], hash)
                      : NULL;
}

struct sxs_hlink *sxs_hash_next(const struct sxs_hlink *l)
{
    return same_hash(l->next, l->hash);
}

static int resize(struct sxs_hash *h, size_t buckets)
{
    struct sxs_hlink **bucket = calloc(buckets, sizeof(*bucket));

    if (!bucket)
        return -1;
    for (size_t i = 0; i < h->buckets; i++) {
        while (h->bucket[i]) {
            struct sxs_hlink *l = h->bucket[i];
            size_t to = slot(buckets, l->hash);

            h->bucket[i] = l->next;
            l->next = bucket[to];
            bucket[to] = l;
        }
    }
    free(h->bucket);
    h->bucket = bucket;
    h->buckets = buckets;
    return 0;
}

int sxs_hash_insert(struct sxs_hash *h, struct sxs_hlink *l, uint32_t hash)
{
    struct sxs_hlink **head;

    if (!h->buckets && resize(h, 8) != 0)
        return -1;
    /* A table that could not grow still works. */
    if (h->count >= h->buckets)
        (void)resize(h, 2 * h->buckets);
    head = &h->bucket[slot(h->buckets, hash)];
    l->hash = hash;
    l->next = *head;
    *head = l;
    h->count++;
    return 0;
}

void sxs_hash_remove(struct sxs_hash *h, struct sxs_hlink *l)
{
    struct sxs_hlink **p = &h->bucket[slot(h->buckets, l->hash)];

    while (*p != l)
        p = &(*p)->next;
    *p = l->next;
    l->next = NULL;
    h->count--;
}

void sxs_hash_free(struct sxs_hash *h)
{
    free(h->bucket);
    *h = (struct sxs_hash){0};
}
