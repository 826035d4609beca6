/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1u
#define SLOTS 2u
#define SLOT_BLOCKS 4u
#define SLOT_SIZE (SLOT_BLOCKS * VTPMMGR_BLOCK_SIZE)
#define HEAD_SIZE 128u
#define SHA256_AT 96u

_Static_assert(VTPMMGR_ENVELOPE_AT + SLOTS * SLOT_BLOCKS == VTPMMGR_RING_AT,
               "both envelopes lie before the ring");
_Static_assert(VTPMMGR_ENVELOPE_MAX + HEAD_SIZE <= SLOT_SIZE,
               "an envelope fits its place");

static const uint8_t magic[8] = {'v', 'T', 'P', 'M', 'm', 'g', 'r', 'E'};

/* An envelope that is whole. */
struct envelope {
    uint64_t sequence; /* 0: there is none */
    size_t len;
};

static uint64_t offset_of(unsigned slot)
{
    return (VTPMMGR_ENVELOPE_AT + slot * SLOT_BLOCKS) *
           (uint64_t)VTPMMGR_BLOCK_SIZE;
}

static bool digest_of(struct vtpm_crypto *crypto, const uint8_t *bytes,
                      size_t len, uint8_t digest[VTPM_SHA256_SIZE])
{
    const struct vtpm_bytes parts[] = {{bytes, SHA256_AT},
                                       {bytes + HEAD_SIZE, len}};

    return vtpm_sha256(crypto, parts, 2, digest) == VTPM_OK;
}

/* Reads a slot into @p bytes. What cannot be read or is torn is none; what is
 * whole and another store's is an error. */
static enum vtpm_status read_slot(struct vtpm_os_file *file,
                                  struct vtpm_crypto *crypto,
                                  const struct vtpmmgr_header *header,
                                  unsigned slot, uint8_t bytes[SLOT_SIZE],
                                  struct envelope *envelope,
                                  struct vtpm_error *err)
{
    uint8_t digest[VTPM_SHA256_SIZE];
    size_t len;

    *envelope = (struct envelope){0, 0};
    if (vtpm_os_read(file, offset_of(slot), bytes, SLOT_SIZE, NULL) !=
            VTPM_OK ||
        memcmp(bytes, magic, sizeof magic) != 0)
        return VTPM_OK;
    len = vtpm_get32(bytes + 12);
    if (len == 0 || len > VTPMMGR_ENVELOPE_MAX ||
        !digest_of(crypto, bytes, len, digest) ||
        memcmp(digest, bytes + SHA256_AT, sizeof digest) != 0)
        return VTPM_OK;
    if (vtpm_get32(bytes + 8) != VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version of the sealed root key; another "
                         "program wrote it");
    if (memcmp(bytes + 16, header->id, sizeof header->id) != 0)
        return vtpm_fail(err, VTPM_EOTHER,
                         "the sealed root key is another store's; restore the "
                         "store from a backup");
    *envelope = (struct envelope){vtpm_get64(bytes + 32), len};
    return VTPM_OK;
}

/* The newer of both, in @p bytes; @p slot is where it is. */
static enum vtpm_status
newest(struct vtpm_os_file *file, struct vtpm_crypto *crypto,
       const struct vtpmmgr_header *header, uint8_t bytes[SLOT_SIZE],
       unsigned *slot, struct envelope *envelope, struct vtpm_error *err)
{
    struct envelope each[SLOTS];

    for (unsigned i = 0; i < SLOTS; i++) {
        enum vtpm_status status =
            read_slot(file, crypto, header, i, bytes, &each[i], err);

        if (status != VTPM_OK)
            return status;
    }
    *slot = each[1].sequence > each[0].sequence;
    *envelope = each[*slot];
    if (envelope->sequence == 0 || *slot == 1)
        return VTPM_OK;
    return read_slot(file, crypto, header, 0, bytes, envelope, err);
}

static enum vtpm_status peek_header(struct vtpm_os_file *file,
                                    struct vtpm_crypto *crypto, uint8_t *bytes,
                                    struct vtpmmgr_header *header,
                                    struct vtpm_error *err)
{
    enum vtpm_status status;

    if (file->size == 0)
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: the store is empty; provision one "
                         "first");
    status = vtpm_os_read(file, 0, bytes, VTPMMGR_BLOCK_SIZE, err);
    if (status == VTPM_OK)
        status = vtpmmgr_header_decode(crypto, bytes, file->size, header, err);
    return status;
}

static enum vtpm_status take_out(struct vtpm_os_file *file,
                                 struct vtpm_crypto *crypto, uint8_t *bytes,
                                 uint8_t *to, size_t *len,
                                 struct vtpm_error *err)
{
    struct vtpmmgr_header header;
    struct envelope envelope;
    unsigned slot;
    enum vtpm_status status = peek_header(file, crypto, bytes, &header, err);

    if (status == VTPM_OK)
        status = newest(file, crypto, &header, bytes, &slot, &envelope, err);
    if (status != VTPM_OK)
        return status;
    if (envelope.sequence == 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "there is no sealed root key in this store, or it is "
                         "damaged; give the root key otherwise, or restore "
                         "the store from a backup");
    memcpy(to, bytes + HEAD_SIZE, envelope.len);
    *len = envelope.len;
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_envelope_read(const char *path,
                                       uint8_t bytes[VTPMMGR_ENVELOPE_MAX],
                                       size_t *len, struct vtpm_error *err)
{
    uint8_t *buffer = malloc(SLOT_SIZE);
    struct vtpm_crypto crypto;
    struct vtpm_os_file file;
    enum vtpm_status status;

    *len = 0;
    if (!buffer)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    status = vtpm_crypto_init(&crypto, err);
    if (status == VTPM_OK) {
        status = vtpm_os_open(&file, path, VTPM_OS_PEEK, err);
        if (status == VTPM_OK) {
            status = take_out(&file, &crypto, buffer, bytes, len, err);
            vtpm_os_close(&file);
        }
        vtpm_crypto_free(&crypto);
    }
    if (status != VTPM_OK)
        vtpm_error_locate(err, path);
    free(buffer);
    return status;
}

static enum vtpm_status write_slot(struct vtpmmgr_store *store, unsigned slot,
                                   uint64_t sequence, struct vtpm_bytes content,
                                   struct vtpm_error *err)
{
    uint8_t *bytes = store->buffer;
    enum vtpm_status status;

    memset(bytes, 0, SLOT_SIZE);
    memcpy(bytes, magic, sizeof magic);
    vtpm_put32(bytes + 8, VERSION);
    vtpm_put32(bytes + 12, (uint32_t)content.len);
    memcpy(bytes + 16, store->header.id, sizeof store->header.id);
    vtpm_put64(bytes + 32, sequence);
    memcpy(bytes + HEAD_SIZE, content.at, content.len);
    if (!digest_of(&store->seal.crypto, bytes, content.len, bytes + SHA256_AT))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot hash: OpenSSL failed; check its "
                         "configuration");
    status =
        vtpm_os_write(&store->file, offset_of(slot), bytes, SLOT_SIZE, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_sync(store, err);
    return status;
}

enum vtpm_status vtpmmgr_store_put_envelope(struct vtpmmgr_store *store,
                                            const uint8_t *bytes, size_t len,
                                            struct vtpm_error *err)
{
    struct envelope envelope;
    unsigned slot;
    enum vtpm_status status;

    if (len == 0 || len > VTPMMGR_ENVELOPE_MAX)
        return vtpm_fail(err, VTPM_EINVAL,
                         "a sealed root key cannot have %zu bytes", len);
    status = newest(&store->file, &store->seal.crypto, &store->header,
                    store->buffer, &slot, &envelope, err);
    if (status == VTPM_OK && envelope.sequence == UINT64_MAX)
        status = vtpm_fail(err, VTPM_ECORRUPT,
                           "corrupt: the sealed root key was tampered with; "
                           "restore the store from a backup");
    if (status == VTPM_OK)
        status = write_slot(store, 1 - slot, envelope.sequence + 1,
                            (struct vtpm_bytes){bytes, len}, err);
    if (status != VTPM_OK || envelope.sequence == 0)
        return status;
    /* what the old one is sealed to may be what it must not open for any more
     */
    memset(store->buffer, 0, SLOT_SIZE);
    status = vtpm_os_write(&store->file, offset_of(slot), store->buffer,
                           SLOT_SIZE, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_sync(store, err);
    return status;
}
