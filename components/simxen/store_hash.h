/* SPDX-License-Identifier: MIT */
/**
 * @file store_hash.h
 * An intrusive hash table with chaining: the elements embed a link as their
 * first member, so that a pointer to the link is a pointer to the element.
 * The table stores no keys; the caller compares the candidates that
 * sxs_hash_first() and sxs_hash_next() find.
 */
#ifndef SIMXEN_STORE_HASH_H
#define SIMXEN_STORE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct sxs_hlink {
    struct sxs_hlink *next;
    uint32_t hash;
};

/** All zero is an empty table. */
struct sxs_hash {
    struct sxs_hlink **bucket;
    size_t buckets; /**< 0 or a power of two */
    size_t count;
};

#define SXS_HASH_SEED UINT32_C(2166136261)

/** Hash bytes, going on from a seed or from the hash of what came before. */
uint32_t sxs_hash_bytes(uint32_t seed, const void *bytes, size_t len);

/** The first element with that hash, or NULL. */
struct sxs_hlink *sxs_hash_first(const struct sxs_hash *h, uint32_t hash);

/** The next element with the same hash, or NULL. */
struct sxs_hlink *sxs_hash_next(const struct sxs_hlink *l);

/** Add an element. @return 0, or -1 without memory (nothing is changed). */
int sxs_hash_insert(struct sxs_hash *h, struct sxs_hlink *l, uint32_t hash);

/** Remove an element that is in the table. */
void sxs_hash_remove(struct sxs_hash *h, struct sxs_hlink *l);

/** Free the buckets; the elements are the caller's. */
void sxs_hash_free(struct sxs_hash *h);

#endif
