/* SPDX-License-Identifier: MIT */
#include "block.h"

#include "bytes.h"

#include <string.h>

#define VERSION 1u
#define SALT_SIZE 32u

static const uint8_t header_magic[8] = {'v', 'T', 'P', 'M', 'm', 'g', 'r', 'S'};
static const uint8_t mark_magic[8] = {'v', 'T', 'P', 'M', 'm', 'g', 'r', 'M'};
static const uint8_t block_magic[8] = {'v', 'T', 'P', 'M', 'm', 'g', 'r', 'B'};
static const uint8_t store_label[] = "vtpmmgr store, version 1";
static const uint8_t root_label[] = "vtpmmgr root key, version 1";

/* Keys are used once, so the nonce may be fixed. */
static const uint8_t zero_nonce[VTPM_NONCE_SIZE];

enum {
    HEADER_KEY_ID = 40,
    HEADER_TAG = 56,
    HEADER_SHA256 = 480,
    MARK_SALT = 56,
    MARK_TAG = 88,
    BLOCK_SALT = 80,
    BLOCK_TAG = 112
};
_Static_assert(BLOCK_TAG + VTPM_TAG_SIZE == VTPMMGR_BLOCK_HEAD, "block head");

static enum vtpm_status crypto_failed(struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EIO,
                     "cannot encrypt or hash: OpenSSL failed; check its "
                     "configuration");
}

enum vtpm_status vtpmmgr_seal_init(struct vtpmmgr_seal *seal,
                                   const uint8_t root[VTPM_KEY_SIZE],
                                   const uint8_t id[VTPMMGR_ID_SIZE],
                                   struct vtpm_error *err)
{
    const struct vtpm_bytes parts[] = {{store_label, sizeof store_label},
                                       {root, VTPM_KEY_SIZE},
                                       {id, VTPMMGR_ID_SIZE}};
    enum vtpm_status status;

    memset(seal, 0, sizeof *seal);
    status = vtpm_crypto_init(&seal->crypto, err);
    if (status != VTPM_OK)
        return status;
    memcpy(seal->id, id, sizeof seal->id);
    if (vtpm_sha256(&seal->crypto, parts, 3, seal->key) != VTPM_OK) {
        vtpmmgr_seal_free(seal);
        return crypto_failed(err);
    }
    return VTPM_OK;
}

void vtpmmgr_seal_free(struct vtpmmgr_seal *seal)
{
    vtpm_crypto_free(&seal->crypto);
    vtpm_cleanse(seal, sizeof *seal);
}

/* The key of one header ('S'), mark ('M') or block ('B'). */
static bool derive(struct vtpmmgr_seal *seal, uint8_t letter,
                   const uint8_t salt[SALT_SIZE], uint8_t key[VTPM_KEY_SIZE])
{
    const struct vtpm_bytes parts[] = {
        {&letter, 1}, {seal->key, sizeof seal->key}, {salt, SALT_SIZE}};

    return vtpm_sha256(&seal->crypto, parts, 3, key) == VTPM_OK;
}

static bool close_up(struct vtpmmgr_seal *seal, uint8_t letter,
                     const uint8_t salt[SALT_SIZE], struct vtpm_bytes aad,
                     struct vtpm_bytes in, uint8_t *out,
                     uint8_t tag[VTPM_TAG_SIZE])
{
    uint8_t key[VTPM_KEY_SIZE];
    bool ok =
        derive(seal, letter, salt, key) &&
        vtpm_seal(&seal->crypto, key, zero_nonce, aad, in, out, tag) == VTPM_OK;

    vtpm_cleanse(key, sizeof key);
    return ok;
}

static bool open_up(struct vtpmmgr_seal *seal, uint8_t letter,
                    const uint8_t salt[SALT_SIZE], struct vtpm_bytes aad,
                    struct vtpm_bytes in, uint8_t *out,
                    const uint8_t tag[VTPM_TAG_SIZE])
{
    uint8_t key[VTPM_KEY_SIZE];
    bool ok = derive(seal, letter, salt, key) &&
              vtpm_unseal(&seal->crypto, key, zero_nonce, aad, in, out, tag);

    vtpm_cleanse(key, sizeof key);
    return ok;
}

/* Tells a wrong key from damage; says nothing about the key. */
static bool key_id(struct vtpmmgr_seal *seal, uint8_t id[VTPMMGR_ID_SIZE])
{
    const struct vtpm_bytes parts[] = {{root_label, sizeof root_label},
                                       {seal->key, sizeof seal->key}};
    uint8_t digest[VTPM_SHA256_SIZE];

    if (vtpm_sha256(&seal->crypto, parts, 2, digest) != VTPM_OK)
        return false;
    memcpy(id, digest, VTPMMGR_ID_SIZE);
    return true;
}

enum vtpm_status vtpmmgr_header_encode(struct vtpmmgr_seal *seal,
                                       const struct vtpmmgr_header *header,
                                       uint8_t out[VTPMMGR_BLOCK_SIZE],
                                       struct vtpm_error *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    const struct vtpm_bytes nothing = {out, 0};
    const struct vtpm_bytes all = {out, HEADER_SHA256};

    memset(out, 0, VTPMMGR_BLOCK_SIZE);
    memcpy(out, header_magic, sizeof header_magic);
    vtpm_put32(out + 8, VERSION);
    vtpm_put32(out + 12, VTPMMGR_BLOCK_SIZE);
    memcpy(out + 16, header->id, VTPMMGR_ID_SIZE);
    vtpm_put64(out + 32, header->ring_blocks);
    if (!key_id(seal, out + HEADER_KEY_ID) ||
        !close_up(seal, 'S', no_salt, (struct vtpm_bytes){out, HEADER_TAG},
                  nothing, out + VTPMMGR_BLOCK_HEAD, out + HEADER_TAG) ||
        vtpm_sha256(&seal->crypto, &all, 1, out + HEADER_SHA256) != VTPM_OK)
        return crypto_failed(err);
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_header_decode(struct vtpm_crypto *crypto,
                                       const uint8_t in[VTPMMGR_BLOCK_SIZE],
                                       uint64_t size,
                                       struct vtpmmgr_header *header,
                                       struct vtpm_error *err)
{
    const struct vtpm_bytes all = {in, HEADER_SHA256};
    uint8_t digest[VTPM_SHA256_SIZE];

    if (vtpm_all_zero(in, VTPMMGR_BLOCK_SIZE))
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: there is no manager's store; "
                         "provision one first");
    if (memcmp(in, header_magic, sizeof header_magic) != 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: no manager's store begins like this; check "
                         "the path, or restore it from a backup");
    if (vtpm_sha256(crypto, &all, 1, digest) != VTPM_OK)
        return crypto_failed(err);
    if (memcmp(digest, in + HEADER_SHA256, sizeof digest) != 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the header is damaged; restore the store "
                         "from a backup");
    if (vtpm_get32(in + 8) != VERSION ||
        vtpm_get32(in + 12) != VTPMMGR_BLOCK_SIZE)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version of the store; another program "
                         "wrote it");
    memcpy(header->id, in + 16, VTPMMGR_ID_SIZE);
    header->ring_blocks = vtpm_get64(in + 32);
    if (header->ring_blocks == 0 ||
        size / VTPMMGR_BLOCK_SIZE < VTPMMGR_RING_AT ||
        header->ring_blocks > size / VTPMMGR_BLOCK_SIZE - VTPMMGR_RING_AT)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the store is cut off: it has %llu bytes, "
                         "its header says %llu blocks of %u; restore it from "
                         "a backup",
                         (unsigned long long)size,
                         (unsigned long long)header->ring_blocks,
                         VTPMMGR_BLOCK_SIZE);
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_header_verify(struct vtpmmgr_seal *seal,
                                       const uint8_t in[VTPMMGR_BLOCK_SIZE],
                                       struct vtpm_error *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    uint8_t id[VTPMMGR_ID_SIZE];
    uint8_t none;

    if (!key_id(seal, id))
        return crypto_failed(err);
    if (!vtpm_same(id, in + HEADER_KEY_ID, sizeof id))
        return vtpm_fail(err, VTPM_EKEY,
                         "the root key does not fit this store; name the key "
                         "that it was provisioned with");
    if (!open_up(seal, 'S', no_salt, (struct vtpm_bytes){in, HEADER_TAG},
                 (struct vtpm_bytes){in, 0}, &none, in + HEADER_TAG))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the header was tampered with; restore the "
                         "store from a backup");
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_mark_encode(struct vtpmmgr_seal *seal,
                                     const struct vtpmmgr_mark *mark,
                                     uint8_t out[VTPMMGR_BLOCK_SIZE],
                                     struct vtpm_error *err)
{
    enum vtpm_status status;

    memset(out, 0, VTPMMGR_BLOCK_SIZE);
    memcpy(out, mark_magic, sizeof mark_magic);
    vtpm_put32(out + 8, VERSION);
    memcpy(out + 16, seal->id, VTPMMGR_ID_SIZE);
    vtpm_put64(out + 32, mark->number);
    memcpy(out + 40, mark->tag, VTPM_TAG_SIZE);
    status = vtpm_random(out + MARK_SALT, SALT_SIZE, err);
    if (status != VTPM_OK)
        return status;
    if (!close_up(seal, 'M', out + MARK_SALT,
                  (struct vtpm_bytes){out, MARK_TAG},
                  (struct vtpm_bytes){out, 0}, out + VTPMMGR_BLOCK_HEAD,
                  out + MARK_TAG))
        return crypto_failed(err);
    return VTPM_OK;
}

bool vtpmmgr_mark_decode(struct vtpmmgr_seal *seal,
                         const uint8_t in[VTPMMGR_BLOCK_SIZE],
                         struct vtpmmgr_mark *mark)
{
    uint8_t none;

    if (memcmp(in, mark_magic, sizeof mark_magic) != 0 ||
        vtpm_get32(in + 8) != VERSION ||
        memcmp(in + 16, seal->id, VTPMMGR_ID_SIZE) != 0 ||
        !open_up(seal, 'M', in + MARK_SALT, (struct vtpm_bytes){in, MARK_TAG},
                 (struct vtpm_bytes){in, 0}, &none, in + MARK_TAG))
        return false;
    mark->number = vtpm_get64(in + 32);
    memcpy(mark->tag, in + 40, VTPM_TAG_SIZE);
    return true;
}

enum vtpm_status vtpmmgr_block_encode(struct vtpmmgr_seal *seal,
                                      struct vtpmmgr_block *head,
                                      uint8_t block[VTPMMGR_BLOCK_SIZE],
                                      struct vtpm_error *err)
{
    uint8_t *payload = block + VTPMMGR_BLOCK_HEAD;
    enum vtpm_status status;

    memset(block, 0, VTPMMGR_BLOCK_HEAD);
    memcpy(block, block_magic, sizeof block_magic);
    vtpm_put32(block + 8, VERSION);
    vtpm_put32(block + 12, head->flags);
    memcpy(block + 16, seal->id, VTPMMGR_ID_SIZE);
    vtpm_put64(block + 32, head->number);
    vtpm_put64(block + 40, head->first);
    vtpm_put64(block + 48, head->tail);
    vtpm_put64(block + 56, head->anchor);
    memcpy(block + 64, head->before, VTPM_TAG_SIZE);
    status = vtpm_random(block + BLOCK_SALT, SALT_SIZE, err);
    if (status != VTPM_OK)
        return status;
    if (!close_up(seal, 'B', block + BLOCK_SALT,
                  (struct vtpm_bytes){block, BLOCK_TAG},
                  (struct vtpm_bytes){payload, VTPMMGR_PAYLOAD_SIZE}, payload,
                  block + BLOCK_TAG))
        return crypto_failed(err);
    memcpy(head->id, seal->id, VTPMMGR_ID_SIZE);
    memcpy(head->tag, block + BLOCK_TAG, VTPM_TAG_SIZE);
    return VTPM_OK;
}

bool vtpmmgr_block_peek(const uint8_t block[VTPMMGR_BLOCK_SIZE],
                        struct vtpmmgr_block *head)
{
    head->flags = vtpm_get32(block + 12);
    memcpy(head->id, block + 16, VTPMMGR_ID_SIZE);
    head->number = vtpm_get64(block + 32);
    head->first = vtpm_get64(block + 40);
    head->tail = vtpm_get64(block + 48);
    head->anchor = vtpm_get64(block + 56);
    memcpy(head->before, block + 64, VTPM_TAG_SIZE);
    memcpy(head->tag, block + BLOCK_TAG, VTPM_TAG_SIZE);
    return memcmp(block, block_magic, sizeof block_magic) == 0 &&
           vtpm_get32(block + 8) == VERSION;
}

bool vtpmmgr_block_decode(struct vtpmmgr_seal *seal,
                          uint8_t block[VTPMMGR_BLOCK_SIZE],
                          struct vtpmmgr_block *head)
{
    uint8_t *payload = block + VTPMMGR_BLOCK_HEAD;

    return vtpmmgr_block_peek(block, head) &&
           memcmp(head->id, seal->id, VTPMMGR_ID_SIZE) == 0 &&
           head->first <= head->number && head->tail <= head->number &&
           open_up(seal, 'B', block + BLOCK_SALT,
                   (struct vtpm_bytes){block, BLOCK_TAG},
                   (struct vtpm_bytes){payload, VTPMMGR_PAYLOAD_SIZE}, payload,
                   block + BLOCK_TAG);
}
