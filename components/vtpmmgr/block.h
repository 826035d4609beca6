/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_BLOCK_H
#define VTPMMGR_BLOCK_H

/**
 * @file
 * The bytes of the manager's store; docs/manager-store.md says why they are as
 * they are. All numbers are big-endian. Everything read from here is hostile
 * until it was checked.
 *
 * | block | |
 * |---|---|
 * | 0 | header, written once |
 * | 1 | zeros |
 * | 2, 3 | marks: the last commit that was acknowledged, in turn |
 * | 4 to 7, 8 to 11 | envelopes: the root key as something else sealed it |
 * | 12 ... | ring: block number n of the log is in place n modulo its size |
 *
 * | header | field |
 * |---|---|
 * | 0 | "vTPMmgrS" |
 * | 8 | u32 version, 1 |
 * | 12 | u32 bytes of a block, 4096 |
 * | 16 | id of the store, random |
 * | 32 | u64 blocks of the ring |
 * | 40 | which root key this is: a hash of it |
 * | 56 | GCM tag over bytes 0 to 55 |
 * | 480 | SHA-256 of bytes 0 to 479 |
 *
 * | mark | field |
 * |---|---|
 * | 0 | "vTPMmgrM" |
 * | 8 | u32 version, u32 zero |
 * | 16 | id of the store |
 * | 32 | u64 number of the last block of the commit |
 * | 40 | that block's tag |
 * | 56 | salt |
 * | 88 | GCM tag over bytes 0 to 87 |
 *
 * | envelope | field |
 * |---|---|
 * | 0 | "vTPMmgrE" |
 * | 8 | u32 version, u32 length of the content |
 * | 16 | id of the store |
 * | 32 | u64 sequence, from 1: the greater one counts |
 * | 96 | SHA-256 of bytes 0 to 95 and the content |
 * | 128 | content |
 *
 * | block of the ring | field |
 * |---|---|
 * | 0 | "vTPMmgrB" |
 * | 8 | u32 version, u32 flags |
 * | 16 | id of the store |
 * | 32 | u64 number of this block, from 1 |
 * | 40 | u64 number of the first block of its commit |
 * | 48 | u64 number of the oldest block that is still needed |
 * | 56 | u64 anchor |
 * | 64 | tag of the block before it |
 * | 80 | salt |
 * | 112 | GCM tag over bytes 0 to 111 and the payload |
 * | 128 | payload, AES-256-GCM |
 *
 * Keys: SHA-256 of a label, the root key and the store's id is the key of the
 * store; SHA-256 of a letter, that, and the salt is the key of one header,
 * mark or block, used once.
 */

#include "crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VTPMMGR_BLOCK_SIZE 4096u
#define VTPMMGR_ID_SIZE 16u
#define VTPMMGR_BLOCK_HEAD 128u
#define VTPMMGR_PAYLOAD_SIZE (VTPMMGR_BLOCK_SIZE - VTPMMGR_BLOCK_HEAD)

enum {
    VTPMMGR_HEADER_AT = 0,
    VTPMMGR_MARK_AT = 2,     /**< two of them */
    VTPMMGR_ENVELOPE_AT = 4, /**< two of them, of four blocks each */
    VTPMMGR_RING_AT = 12
};

/** The last block of its commit. */
#define VTPMMGR_BLOCK_LAST 1u

/** The keys of one store. Wipe with vtpmmgr_seal_free(). */
struct vtpmmgr_seal {
    struct vtpm_crypto crypto;
    uint8_t id[VTPMMGR_ID_SIZE];
    uint8_t key[VTPM_KEY_SIZE];
};

struct vtpmmgr_header {
    uint8_t id[VTPMMGR_ID_SIZE];
    uint64_t ring_blocks;
};

struct vtpmmgr_mark {
    uint64_t number;
    uint8_t tag[VTPM_TAG_SIZE];
};

struct vtpmmgr_block {
    uint32_t flags;
    uint8_t id[VTPMMGR_ID_SIZE];
    uint64_t number;
    uint64_t first;
    uint64_t tail;
    uint64_t anchor;
    uint8_t before[VTPM_TAG_SIZE]; /**< the tag of the block before it */
    uint8_t tag[VTPM_TAG_SIZE];    /**< set by encode and decode */
};

/** VTPM_OK; VTPM_ENOMEM, VTPM_EIO (OpenSSL). */
enum vtpm_status vtpmmgr_seal_init(struct vtpmmgr_seal *seal,
                                   const uint8_t root[VTPM_KEY_SIZE],
                                   const uint8_t id[VTPMMGR_ID_SIZE],
                                   struct vtpm_error *err);
void vtpmmgr_seal_free(struct vtpmmgr_seal *seal);

enum vtpm_status vtpmmgr_header_encode(struct vtpmmgr_seal *seal,
                                       const struct vtpmmgr_header *header,
                                       uint8_t out[VTPMMGR_BLOCK_SIZE],
                                       struct vtpm_error *err);

/**
 * Decodes what needs no key.
 * @param size bytes of the store; bounds the ring
 * @return VTPM_OK; VTPM_EUNPROVISIONED (zeros); VTPM_ECORRUPT; VTPM_EVERSION;
 *         VTPM_EIO
 */
enum vtpm_status vtpmmgr_header_decode(struct vtpm_crypto *crypto,
                                       const uint8_t in[VTPMMGR_BLOCK_SIZE],
                                       uint64_t size,
                                       struct vtpmmgr_header *header,
                                       struct vtpm_error *err);

/**
 * Checks a decoded header against the key.
 * @return VTPM_OK; VTPM_EKEY (another root key); VTPM_ECORRUPT (changed)
 */
enum vtpm_status vtpmmgr_header_verify(struct vtpmmgr_seal *seal,
                                       const uint8_t in[VTPMMGR_BLOCK_SIZE],
                                       struct vtpm_error *err);

enum vtpm_status vtpmmgr_mark_encode(struct vtpmmgr_seal *seal,
                                     const struct vtpmmgr_mark *mark,
                                     uint8_t out[VTPMMGR_BLOCK_SIZE],
                                     struct vtpm_error *err);
/** @return whether it is one, of this store */
bool vtpmmgr_mark_decode(struct vtpmmgr_seal *seal,
                         const uint8_t in[VTPMMGR_BLOCK_SIZE],
                         struct vtpmmgr_mark *mark);

/**
 * Encrypts a block in place: the payload is at VTPMMGR_BLOCK_HEAD already.
 * Sets head->tag.
 */
enum vtpm_status vtpmmgr_block_encode(struct vtpmmgr_seal *seal,
                                      struct vtpmmgr_block *head,
                                      uint8_t block[VTPMMGR_BLOCK_SIZE],
                                      struct vtpm_error *err);
/** Reads the plain fields, unchecked. @return whether it looks like a block */
bool vtpmmgr_block_peek(const uint8_t block[VTPMMGR_BLOCK_SIZE],
                        struct vtpmmgr_block *head);
/** Decrypts the payload in place. @return whether all of it authenticates */
bool vtpmmgr_block_decode(struct vtpmmgr_seal *seal,
                          uint8_t block[VTPMMGR_BLOCK_SIZE],
                          struct vtpmmgr_block *head);

#endif
