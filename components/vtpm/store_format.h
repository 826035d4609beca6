/* SPDX-License-Identifier: MIT */
#ifndef VTPM_STORE_FORMAT_H
#define VTPM_STORE_FORMAT_H

/**
 * @file
 * The bytes of a store. All numbers are big-endian; the rest of each 512-byte
 * head is zero. Everything read from here is hostile until it was checked.
 *
 * | offset in the store | |
 * |---|---|
 * | 0 | header, 4096 bytes, written once |
 * | 4096 | slot 0 |
 * | 4096 + slot size | slot 1 |
 *
 * | header | field |
 * |---|---|
 * | 0 | "vTPMstor" |
 * | 8 | u32 version, 1 |
 * | 12 | u32 family, 12 or 20 |
 * | 16 | UUID |
 * | 32 | u64 slot size, a multiple of 4096 |
 * | 480 | SHA-256 of bytes 0 to 479 |
 *
 * | slot | field |
 * |---|---|
 * | 0 | "vTPMslot" |
 * | 8 | u32 version, 1 |
 * | 12 | u32 slot number |
 * | 16 | UUID |
 * | 32 | u32 family |
 * | 36 | u32 length of the state |
 * | 40 | u64 generation |
 * | 48 | u64 slot size |
 * | 64 | the local keeper's area, 128 bytes (keys.h) |
 * | 192 | SHA-256 of the encrypted state |
 * | 480 | SHA-256 of bytes 0 to 479 |
 * | 512 | the state, AES-256-GCM; bytes 0 to 63 are authenticated with it |
 *
 * The checksums need no key: they tell a write that was cut off from
 * tampering, and let a store be checked offline. What is trusted is the GCM
 * tag alone, which is in the keeper's record.
 */

#include "crypto.h"
#include "store.h"

#define VTPM_HEADER_SIZE 4096u
#define VTPM_HEAD_SIZE 512u
#define VTPM_AAD_SIZE 64u
/** Slots and writes are multiples of it: no read-modify-write. */
#define VTPM_BLOCK 4096u

/** A head, decoded. */
struct vtpm_head {
    enum vtpm_slot_condition condition;
    uint32_t version;
    uint32_t slot;
    uint8_t uuid[VTPM_UUID_SIZE];
    uint32_t family;
    uint32_t state_len;
    uint64_t generation;
    uint64_t slot_size;
    uint8_t area[VTPM_AREA_SIZE];
    uint8_t state_sha256[VTPM_SHA256_SIZE];
};

/** The store's header: uuid, family and slot_size are used. */
enum vtpm_status vtpm_header_encode(struct vtpm_crypto *crypto,
                                    const struct vtpm_head *head,
                                    uint8_t out[VTPM_HEAD_SIZE]);

/**
 * Decodes and checks the store's header. @p store_size bounds the slots.
 * @return VTPM_OK; VTPM_EUNPROVISIONED (zeros); VTPM_ECORRUPT;
 *         VTPM_EVERSION; VTPM_EIO
 */
enum vtpm_status vtpm_header_decode(struct vtpm_crypto *crypto,
                                    const uint8_t in[VTPM_HEAD_SIZE],
                                    uint64_t store_size, struct vtpm_head *head,
                                    struct vtpm_error *err);

/** Bytes 0 to 63 of a slot's head, which are authenticated. */
void vtpm_slot_encode_aad(const struct vtpm_head *head,
                          uint8_t out[VTPM_AAD_SIZE]);

/** The whole head of a slot. */
enum vtpm_status vtpm_slot_encode(struct vtpm_crypto *crypto,
                                  const struct vtpm_head *head,
                                  uint8_t out[VTPM_HEAD_SIZE]);

/**
 * Decodes the head of slot @p slot of the store with @p header. A head that
 * is blank or does not add up yields VTPM_OK with that condition; a head
 * that is whole but cannot be this store's is an error.
 * @return VTPM_OK; VTPM_EVERSION; VTPM_EOTHER; VTPM_ECORRUPT; VTPM_EIO
 */
enum vtpm_status vtpm_slot_decode(struct vtpm_crypto *crypto,
                                  const uint8_t in[VTPM_HEAD_SIZE],
                                  const struct vtpm_head *header, uint32_t slot,
                                  struct vtpm_head *head,
                                  struct vtpm_error *err);

/** Where a slot begins. */
static inline uint64_t vtpm_slot_offset(uint64_t slot_size, uint32_t slot)
{
    return VTPM_HEADER_SIZE + slot_size * slot;
}

/** The longest state for a slot size, bytes. */
static inline size_t vtpm_slot_capacity(uint64_t slot_size)
{
    uint64_t room = slot_size - VTPM_HEAD_SIZE;

    return room < VTPM_STATE_MAX ? (size_t)room : VTPM_STATE_MAX;
}

#endif
