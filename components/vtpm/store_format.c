/* SPDX-License-Identifier: MIT */
#include "store_format.h"

#include "bytes.h"

#include <string.h>

enum { HEADER_MAGIC = 0, HEADER_VERSION = 8, HEADER_FAMILY = 12 };
enum { HEADER_UUID = 16, HEADER_SLOT_SIZE = 32 };
enum { SLOT_MAGIC = 0, SLOT_VERSION = 8, SLOT_NUMBER = 12, SLOT_UUID = 16 };
enum { SLOT_FAMILY = 32, SLOT_STATE_LEN = 36, SLOT_GENERATION = 40 };
enum { SLOT_SLOT_SIZE = 48, SLOT_AREA = 64, SLOT_STATE_SHA256 = 192 };
enum { HEAD_SHA256 = 480, MAGIC_SIZE = 8 };
_Static_assert(SLOT_AREA == VTPM_AAD_SIZE, "the area follows the AAD");
_Static_assert(SLOT_AREA + VTPM_AREA_SIZE == SLOT_STATE_SHA256, "layout");

#define FORMAT_VERSION 1u

static const uint8_t header_magic[MAGIC_SIZE] = "vTPMstor";
static const uint8_t slot_magic[MAGIC_SIZE] = "vTPMslot";

static enum vtpm_status head_sha256(struct vtpm_crypto *crypto,
                                    const uint8_t head[VTPM_HEAD_SIZE],
                                    uint8_t digest[VTPM_SHA256_SIZE])
{
    const struct vtpm_bytes part = {head, HEAD_SHA256};

    return vtpm_sha256(crypto, &part, 1, digest);
}

static bool head_is_whole(struct vtpm_crypto *crypto, const uint8_t *head,
                          const uint8_t magic[MAGIC_SIZE])
{
    uint8_t digest[VTPM_SHA256_SIZE];

    return memcmp(head, magic, MAGIC_SIZE) == 0 &&
           head_sha256(crypto, head, digest) == VTPM_OK &&
           memcmp(digest, head + HEAD_SHA256, sizeof digest) == 0;
}

enum vtpm_status vtpm_header_encode(struct vtpm_crypto *crypto,
                                    const struct vtpm_head *head,
                                    uint8_t out[VTPM_HEAD_SIZE])
{
    memset(out, 0, VTPM_HEAD_SIZE);
    memcpy(out + HEADER_MAGIC, header_magic, MAGIC_SIZE);
    vtpm_put32(out + HEADER_VERSION, FORMAT_VERSION);
    vtpm_put32(out + HEADER_FAMILY, head->family);
    memcpy(out + HEADER_UUID, head->uuid, VTPM_UUID_SIZE);
    vtpm_put64(out + HEADER_SLOT_SIZE, head->slot_size);
    return head_sha256(crypto, out, out + HEAD_SHA256);
}

static bool slot_size_is_sane(uint64_t slot_size, uint64_t store_size)
{
    return slot_size >= VTPM_SLOT_MIN && slot_size % VTPM_BLOCK == 0 &&
           slot_size <= INT64_MAX / 4 &&
           vtpm_slot_offset(slot_size, VTPM_SLOTS) <= store_size;
}

enum vtpm_status vtpm_header_decode(struct vtpm_crypto *crypto,
                                    const uint8_t in[VTPM_HEAD_SIZE],
                                    uint64_t store_size, struct vtpm_head *head,
                                    struct vtpm_error *err)
{
    memset(head, 0, sizeof *head);
    if (vtpm_all_zero(in, VTPM_HEAD_SIZE))
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: the header is blank; provision a "
                         "vTPM first");
    if (!head_is_whole(crypto, in, header_magic))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the header is damaged or of something "
                         "else; restore the store from a backup");
    head->version = vtpm_get32(in + HEADER_VERSION);
    if (head->version != FORMAT_VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version %lu of the store's format; use "
                         "the program that wrote it",
                         (unsigned long)head->version);
    head->family = vtpm_get32(in + HEADER_FAMILY);
    memcpy(head->uuid, in + HEADER_UUID, VTPM_UUID_SIZE);
    head->slot_size = vtpm_get64(in + HEADER_SLOT_SIZE);
    if (head->family != VTPM_FAMILY_12 && head->family != VTPM_FAMILY_20)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported TPM family %lu in the store; use the "
                         "program that wrote it",
                         (unsigned long)head->family);
    if (!slot_size_is_sane(head->slot_size, store_size))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the store is cut off at %llu bytes; "
                         "restore it from a backup",
                         (unsigned long long)store_size);
    head->condition = VTPM_SLOT_WHOLE;
    return VTPM_OK;
}

void vtpm_slot_encode_aad(const struct vtpm_head *head,
                          uint8_t out[VTPM_AAD_SIZE])
{
    memset(out, 0, VTPM_AAD_SIZE);
    memcpy(out + SLOT_MAGIC, slot_magic, MAGIC_SIZE);
    vtpm_put32(out + SLOT_VERSION, FORMAT_VERSION);
    vtpm_put32(out + SLOT_NUMBER, head->slot);
    memcpy(out + SLOT_UUID, head->uuid, VTPM_UUID_SIZE);
    vtpm_put32(out + SLOT_FAMILY, head->family);
    vtpm_put32(out + SLOT_STATE_LEN, head->state_len);
    vtpm_put64(out + SLOT_GENERATION, head->generation);
    vtpm_put64(out + SLOT_SLOT_SIZE, head->slot_size);
}

enum vtpm_status vtpm_slot_encode(struct vtpm_crypto *crypto,
                                  const struct vtpm_head *head,
                                  uint8_t out[VTPM_HEAD_SIZE])
{
    memset(out, 0, VTPM_HEAD_SIZE);
    vtpm_slot_encode_aad(head, out);
    memcpy(out + SLOT_AREA, head->area, VTPM_AREA_SIZE);
    memcpy(out + SLOT_STATE_SHA256, head->state_sha256, VTPM_SHA256_SIZE);
    return head_sha256(crypto, out, out + HEAD_SHA256);
}

static void slot_fields(const uint8_t in[VTPM_HEAD_SIZE],
                        struct vtpm_head *head)
{
    head->version = vtpm_get32(in + SLOT_VERSION);
    head->slot = vtpm_get32(in + SLOT_NUMBER);
    memcpy(head->uuid, in + SLOT_UUID, VTPM_UUID_SIZE);
    head->family = vtpm_get32(in + SLOT_FAMILY);
    head->state_len = vtpm_get32(in + SLOT_STATE_LEN);
    head->generation = vtpm_get64(in + SLOT_GENERATION);
    head->slot_size = vtpm_get64(in + SLOT_SLOT_SIZE);
    memcpy(head->area, in + SLOT_AREA, VTPM_AREA_SIZE);
    memcpy(head->state_sha256, in + SLOT_STATE_SHA256, VTPM_SHA256_SIZE);
}

enum vtpm_status vtpm_slot_decode(struct vtpm_crypto *crypto,
                                  const uint8_t in[VTPM_HEAD_SIZE],
                                  const struct vtpm_head *header, uint32_t slot,
                                  struct vtpm_head *head,
                                  struct vtpm_error *err)
{
    memset(head, 0, sizeof *head);
    if (vtpm_all_zero(in, VTPM_HEAD_SIZE)) {
        head->condition = VTPM_SLOT_EMPTY;
        return VTPM_OK;
    }
    head->condition = VTPM_SLOT_DAMAGED;
    if (!head_is_whole(crypto, in, slot_magic))
        return VTPM_OK;
    slot_fields(in, head);
    if (head->version != FORMAT_VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version %lu of slot %lu; use the "
                         "program that wrote it",
                         (unsigned long)head->version, (unsigned long)slot);
    if (memcmp(head->uuid, header->uuid, VTPM_UUID_SIZE) != 0)
        return vtpm_fail(err, VTPM_EOTHER,
                         "tampered with: slot %lu is from the store of "
                         "another vTPM; restore the store from a backup",
                         (unsigned long)slot);
    if (head->slot != slot)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "tampered with: the slots were swapped or copied; "
                         "restore the store from a backup");
    if (head->family != header->family ||
        head->slot_size != header->slot_size || head->generation == 0 ||
        head->state_len == 0 ||
        head->state_len > vtpm_slot_capacity(header->slot_size))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: slot %lu contradicts the header; restore "
                         "the store from a backup",
                         (unsigned long)slot);
    head->condition = VTPM_SLOT_WHOLE;
    return VTPM_OK;
}
