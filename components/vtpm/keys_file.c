/* SPDX-License-Identifier: MIT */
#include "keys_file.h"

#include "bytes.h"
#include "crypto.h"
#include "key_file.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

/*
 * An area: which key wrapped it, a random nonce, the encrypted record, its
 * tag. The id is a hash of the master key, so that a wrong key can be told
 * from damage.
 */
enum {
    AREA_KEY_ID = 0,
    AREA_NONCE = AREA_KEY_ID + 8,
    AREA_RECORD = AREA_NONCE + VTPM_NONCE_SIZE,
    AREA_TAG = AREA_RECORD + VTPM_RECORD_SIZE,
    AREA_END = AREA_TAG + VTPM_TAG_SIZE
};
_Static_assert(AREA_END <= VTPM_AREA_SIZE, "a wrapped record fits its area");

#define KEY_ID_SIZE (AREA_NONCE - AREA_KEY_ID)

static const uint8_t id_label[] = "vtpm key file: identifier, version 1";
static const uint8_t wrap_label[] = "vtpm key file: wrapping key, version 1";

struct keys_file {
    struct vtpm_keys keys; /* first: see keys.h */
    struct vtpm_crypto crypto;
    uint8_t master[VTPM_KEY_SIZE];
    bool has_id;
    uint8_t id[VTPM_SHA256_SIZE];
};

static struct keys_file *of(struct vtpm_keys *keys)
{
    return (struct keys_file *)keys;
}

static enum vtpm_status identify(struct keys_file *self)
{
    const struct vtpm_bytes parts[] = {{id_label, sizeof id_label},
                                       {self->master, sizeof self->master}};

    if (!self->has_id &&
        vtpm_sha256(&self->crypto, parts, 2, self->id) != VTPM_OK)
        return VTPM_EIO;
    self->has_id = true;
    return VTPM_OK;
}

/* A one-step key derivation: the hash of label, secret and context. */
static enum vtpm_status derive(struct keys_file *self,
                               const uint8_t uuid[VTPM_UUID_SIZE],
                               uint8_t key[VTPM_KEY_SIZE])
{
    const struct vtpm_bytes parts[] = {{wrap_label, sizeof wrap_label},
                                       {self->master, sizeof self->master},
                                       {uuid, VTPM_UUID_SIZE}};

    return vtpm_sha256(&self->crypto, parts, 3, key);
}

static enum vtpm_status wrap(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const uint8_t record[VTPM_RECORD_SIZE],
                             uint8_t area[VTPM_AREA_SIZE],
                             struct vtpm_error *err)
{
    struct keys_file *self = of(keys);
    uint8_t key[VTPM_KEY_SIZE];
    enum vtpm_status status;

    memset(area, 0, VTPM_AREA_SIZE);
    status = vtpm_random(area + AREA_NONCE, VTPM_NONCE_SIZE, err);
    if (status != VTPM_OK)
        return status;
    status = identify(self);
    memcpy(area + AREA_KEY_ID, self->id, KEY_ID_SIZE);
    if (status == VTPM_OK)
        status = derive(self, uuid, key);
    if (status == VTPM_OK)
        status = vtpm_seal(&self->crypto, key, area + AREA_NONCE,
                           (struct vtpm_bytes){uuid, VTPM_UUID_SIZE},
                           (struct vtpm_bytes){record, VTPM_RECORD_SIZE},
                           area + AREA_RECORD, area + AREA_TAG);
    vtpm_cleanse(key, sizeof key);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status,
            "cannot encrypt: OpenSSL failed; check its configuration");
    return VTPM_OK;
}

static enum vtpm_status unwrap(struct keys_file *self,
                               const uint8_t uuid[VTPM_UUID_SIZE],
                               const uint8_t area[VTPM_AREA_SIZE],
                               uint8_t record[VTPM_RECORD_SIZE],
                               struct vtpm_error *err)
{
    uint8_t key[VTPM_KEY_SIZE];
    bool fits;

    if (identify(self) != VTPM_OK || derive(self, uuid, key) != VTPM_OK)
        return vtpm_fail(
            err, VTPM_EIO,
            "cannot decrypt: OpenSSL failed; check its configuration");
    if (!vtpm_same(area + AREA_KEY_ID, self->id, KEY_ID_SIZE)) {
        vtpm_cleanse(key, sizeof key);
        return vtpm_fail(err, VTPM_EKEY,
                         "wrong key: the state was encrypted under another "
                         "key file; name that one");
    }
    fits =
        vtpm_unseal(&self->crypto, key, area + AREA_NONCE,
                    (struct vtpm_bytes){uuid, VTPM_UUID_SIZE},
                    (struct vtpm_bytes){area + AREA_RECORD, VTPM_RECORD_SIZE},
                    record, area + AREA_TAG);
    vtpm_cleanse(key, sizeof key);
    if (!fits)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the wrapped key of the state does not "
                         "authenticate; restore the store from a backup");
    return VTPM_OK;
}

static void newest_first(struct vtpm_records *records)
{
    uint8_t other[VTPM_RECORD_SIZE];

    if (records->count < 2 || vtpm_record_generation(records->record[0]) >=
                                  vtpm_record_generation(records->record[1]))
        return;
    memcpy(other, records->record[0], sizeof other);
    memcpy(records->record[0], records->record[1], sizeof other);
    memcpy(records->record[1], other, sizeof other);
    vtpm_cleanse(other, sizeof other);
}

static enum vtpm_status load(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const struct vtpm_areas *areas,
                             struct vtpm_records *records,
                             struct vtpm_error *err)
{
    records->count = 0;
    for (size_t i = 0; i < VTPM_SLOTS; i++) {
        enum vtpm_status status;

        if (vtpm_all_zero(areas->area[i], VTPM_AREA_SIZE))
            continue;
        status = unwrap(of(keys), uuid, areas->area[i],
                        records->record[records->count], err);
        if (status != VTPM_OK)
            return status;
        records->count++;
    }
    newest_first(records);
    if (records->count == 0)
        return vtpm_fail(err, VTPM_EUNPROVISIONED, "there is no key record");
    return VTPM_OK;
}

static void close_file(struct vtpm_keys *keys)
{
    struct keys_file *self = of(keys);

    vtpm_crypto_free(&self->crypto);
    vtpm_cleanse(self, sizeof *self);
    free(self);
}

static const struct vtpm_keys_ops ops = {
    .wrap = wrap,
    .load = load,
    .close = close_file,
};

enum vtpm_status vtpm_keys_file_open(struct vtpm_keys **keys, const char *path,
                                     struct vtpm_error *err)
{
    struct keys_file *self = calloc(1, sizeof *self);
    enum vtpm_status status;

    *keys = NULL;
    if (!self)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot read %s: out of memory; end other programs",
                         path);
    self->keys.ops = &ops;
    status = vtpm_key_file_read(path, self->master, err);
    if (status != VTPM_OK) {
        close_file(&self->keys);
        return status;
    }
    *keys = &self->keys;
    return VTPM_OK;
}
