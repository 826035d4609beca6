/* SPDX-License-Identifier: MIT */
/**
 * @file shared.h
 * Pages that are shared with a hostile peer. Only what a harness has mapped
 * may be touched, and only on behalf of the machine that it belongs to.
 */
#ifndef VTPMRING_FUZZ_SHARED_H
#define VTPMRING_FUZZ_SHARED_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/** Memory that is mapped now. */
struct fuzz_shared {
    unsigned char *at;    /**< of exactly size bytes; NULL: not mapped */
    size_t size;          /**< bytes */
    unsigned char *reads; /**< per byte, since fuzz_shared_fresh() */
    const void *owner;    /**< the machine that it belongs to */
    bool honest;          /**< a read returns what is there */
    bool extra;           /**< extra pages, not the first */
};

/** Maps zeroed pages. @param s gets them @param pages how many
 *  @param owner the machine @param honest whether the peer is */
void fuzz_shared_map(struct fuzz_shared *s, size_t pages, const void *owner,
                     bool honest);
/** Unmaps them, if mapped. @param s the memory */
void fuzz_shared_unmap(struct fuzz_shared *s);
/** Forgets what was read. @param s the memory */
void fuzz_shared_fresh(struct fuzz_shared *s);
/** Unmaps all, at the end of an input. */
void fuzz_shared_end(void);
/** From now on it is this machine that runs. @param owner the machine */
void fuzz_shared_run(const void *owner);

/**
 * A harness defines it: bytes were read.
 * @param s the memory
 * @param offset where in it
 * @param value what the reader got
 * @param length how many
 */
void fuzz_on_read(const struct fuzz_shared *s, size_t offset,
                  const unsigned char *value, size_t length);
/**
 * A harness defines it: bytes are being written.
 * @param s the memory
 * @param offset where in it
 * @param value what is written
 * @param length how many
 */
void fuzz_on_write(const struct fuzz_shared *s, size_t offset,
                   const unsigned char *value, size_t length);

/** What shmem.h calls: one read. @param p where @return hostile */
uint8_t fuzz_shared_load_u8(const unsigned char *p);
/** What shmem.h calls: one read. @param p where @return hostile */
uint32_t fuzz_shared_load_u32(const unsigned char *p);
/** What shmem.h calls. @param dst, src, length as memcpy */
void fuzz_shared_copy_from(unsigned char *dst, const unsigned char *src,
                           size_t length);
/** What shmem.h calls. @param p where @param v what @param length bytes */
void fuzz_shared_store(unsigned char *p, const void *v, size_t length);

/** What shmem.h calls: no fetch, so it is not counted as one.
 *  @param p where @param from, to the values @return whether it was from */
bool fuzz_shared_swap(unsigned char *p, uint8_t from, uint8_t to);

#endif
