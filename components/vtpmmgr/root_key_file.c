/* SPDX-License-Identifier: MIT */
#include "root_key_file.h"

#include "bytes.h"
#include "key_file.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_ID = 12,
    AT_SALT = 20,
    AT_KEY = AT_SALT + 32,
    AT_TAG = AT_KEY + VTPM_KEY_SIZE,
    AT_END = AT_TAG + VTPM_TAG_SIZE
};
#define VERSION 1u
#define ID_SIZE (AT_SALT - AT_ID)
#define SALT_SIZE (AT_KEY - AT_SALT)

static const uint8_t magic[8] = "VTPMKEYF";
static const uint8_t id_label[] = "vtpmmgr root: key file, version 1";
static const uint8_t wrap_label[] = "vtpmmgr root: wrapping key, version 1";

struct root_key_file {
    struct vtpmmgr_root root; /* first: see root.h */
    struct vtpm_crypto crypto;
    uint8_t master[VTPM_KEY_SIZE];
    uint8_t id[VTPM_SHA256_SIZE];
};

static struct root_key_file *of(struct vtpmmgr_root *root)
{
    return (struct root_key_file *)root;
}

static enum vtpm_status openssl_failed(struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EIO,
                     "cannot encrypt or decrypt: OpenSSL failed; check its "
                     "configuration");
}

/* A one-step key derivation: the hash of label, secret and salt. The salt is
 * new for each envelope, so a nonce has nothing to add. */
static enum vtpm_status derive(struct root_key_file *self,
                               const uint8_t salt[SALT_SIZE],
                               uint8_t key[VTPM_KEY_SIZE])
{
    const struct vtpm_bytes parts[] = {{wrap_label, sizeof wrap_label},
                                       {self->master, sizeof self->master},
                                       {salt, SALT_SIZE}};

    return vtpm_sha256(&self->crypto, parts, 3, key);
}

static const uint8_t nonce[VTPM_NONCE_SIZE];

static enum vtpm_status wrap(struct root_key_file *self,
                             const uint8_t root_key[VTPM_KEY_SIZE],
                             struct vtpmmgr_envelope *envelope,
                             struct vtpm_error *err)
{
    uint8_t *at = envelope->at, key[VTPM_KEY_SIZE];
    enum vtpm_status status;

    memcpy(at + AT_MAGIC, magic, sizeof magic);
    vtpm_put32(at + AT_VERSION, VERSION);
    memcpy(at + AT_ID, self->id, ID_SIZE);
    status = vtpm_random(at + AT_SALT, SALT_SIZE, err);
    if (status != VTPM_OK)
        return status;
    status = derive(self, at + AT_SALT, key);
    if (status == VTPM_OK)
        status = vtpm_seal(&self->crypto, key, nonce,
                           (struct vtpm_bytes){at, AT_KEY},
                           (struct vtpm_bytes){root_key, VTPM_KEY_SIZE},
                           at + AT_KEY, at + AT_TAG);
    vtpm_cleanse(key, sizeof key);
    envelope->len = AT_END;
    return status == VTPM_OK ? VTPM_OK : openssl_failed(err);
}

static enum vtpm_status provision(struct vtpmmgr_root *root,
                                  const uint8_t key[VTPM_KEY_SIZE],
                                  struct vtpmmgr_envelope *envelope,
                                  uint64_t *anchor, struct vtpm_error *err)
{
    *anchor = 0;
    return wrap(of(root), key, envelope, err);
}

static enum vtpm_status judge(const struct root_key_file *self,
                              const struct vtpmmgr_envelope *envelope,
                              struct vtpm_error *err)
{
    const uint8_t *at = envelope->at;

    if (envelope->len < AT_ID || memcmp(at + AT_MAGIC, magic, sizeof magic))
        return vtpm_fail(err, VTPM_EKEY,
                         "wrong root: the store's envelope is not one of a key "
                         "file; name the root that it was made with");
    if (vtpm_get32(at + AT_VERSION) != VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "the store's envelope has version %lu, this program "
                         "knows %u; use a newer one",
                         (unsigned long)vtpm_get32(at + AT_VERSION), VERSION);
    if (envelope->len != AT_END)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the store's envelope is cut off; restore "
                         "the store from a backup");
    if (!vtpm_same(at + AT_ID, self->id, ID_SIZE))
        return vtpm_fail(err, VTPM_EKEY,
                         "wrong key: the store was made with another key file; "
                         "name that one");
    return VTPM_OK;
}

static enum vtpm_status open_envelope(struct vtpmmgr_root *root,
                                      const struct vtpmmgr_envelope *envelope,
                                      uint8_t root_key[VTPM_KEY_SIZE],
                                      uint64_t *anchor, struct vtpm_error *err)
{
    struct root_key_file *self = of(root);
    const uint8_t *at = envelope->at;
    enum vtpm_status status = judge(self, envelope, err);
    uint8_t key[VTPM_KEY_SIZE];
    bool fits;

    *anchor = 0;
    memset(root_key, 0, VTPM_KEY_SIZE);
    if (status != VTPM_OK)
        return status;
    if (derive(self, at + AT_SALT, key) != VTPM_OK)
        return openssl_failed(err);
    fits = vtpm_unseal(
        &self->crypto, key, nonce, (struct vtpm_bytes){at, AT_KEY},
        (struct vtpm_bytes){at + AT_KEY, VTPM_KEY_SIZE}, root_key, at + AT_TAG);
    vtpm_cleanse(key, sizeof key);
    if (!fits)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the store's envelope does not authenticate; "
                         "restore the store from a backup");
    return VTPM_OK;
}

static enum vtpm_status reseal(struct vtpmmgr_root *root,
                               const uint8_t key[VTPM_KEY_SIZE],
                               const struct vtpmmgr_envelope *old,
                               struct vtpmmgr_envelope *envelope,
                               struct vtpm_error *err)
{
    (void)old;
    return wrap(of(root), key, envelope, err);
}

static void close_root(struct vtpmmgr_root *root)
{
    struct root_key_file *self = of(root);

    vtpm_crypto_free(&self->crypto);
    vtpm_cleanse(self, sizeof *self);
    free(self);
}

static const struct vtpmmgr_root_ops ops = {
    .provision = provision,
    .open = open_envelope,
    .reseal = reseal,
    .close = close_root,
};

/* All that can fail fails here, and does not look like a wrong key later. */
static enum vtpm_status set_up(struct root_key_file *self, const char *path,
                               struct vtpm_error *err)
{
    const struct vtpm_bytes parts[] = {{id_label, sizeof id_label},
                                       {self->master, sizeof self->master}};
    enum vtpm_status status = vtpm_key_file_read(path, self->master, err);

    if (status == VTPM_OK)
        status = vtpm_crypto_init(&self->crypto, err);
    if (status == VTPM_OK &&
        vtpm_sha256(&self->crypto, parts, 2, self->id) != VTPM_OK)
        status = openssl_failed(err);
    return status;
}

enum vtpm_status vtpmmgr_root_key_file(struct vtpmmgr_root **root,
                                       const char *path, struct vtpm_error *err)
{
    struct root_key_file *self = calloc(1, sizeof *self);
    enum vtpm_status status;

    *root = NULL;
    if (!self)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot read %s: out of memory; end other programs",
                         path);
    self->root.ops = &ops;
    status = set_up(self, path, err);
    if (status != VTPM_OK) {
        close_root(&self->root);
        return status;
    }
    *root = &self->root;
    return VTPM_OK;
}
