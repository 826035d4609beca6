/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static bool have_cipher(struct vtpm_crypto *crypto)
{
    if (!crypto->cipher)
        crypto->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!crypto->cipher_ctx)
        crypto->cipher_ctx = EVP_CIPHER_CTX_new();
    return crypto->cipher && crypto->cipher_ctx;
}

static bool have_digest(struct vtpm_crypto *crypto)
{
    if (!crypto->digest)
        crypto->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!crypto->digest_ctx)
        crypto->digest_ctx = EVP_MD_CTX_new();
    return crypto->digest && crypto->digest_ctx;
}

void vtpm_crypto_begin(void)
{
    /* libtpms looks digests up by name, so these stay */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                  OPENSSL_INIT_NO_ADD_ALL_CIPHERS,
                              NULL);
}

enum vtpm_status vtpm_crypto_init(struct vtpm_crypto *crypto,
                                  struct vtpm_error *err)
{
    memset(crypto, 0, sizeof *crypto);
    if (have_cipher(crypto) && have_digest(crypto))
        return VTPM_OK;
    vtpm_crypto_free(crypto);
    return vtpm_fail(err, VTPM_ENOMEM,
                     "cannot set up AES-256-GCM and SHA-256: OpenSSL failed; "
                     "check its configuration");
}

void vtpm_crypto_free(struct vtpm_crypto *crypto)
{
    EVP_CIPHER_free(crypto->cipher);
    EVP_CIPHER_CTX_free(crypto->cipher_ctx);
    EVP_MD_free(crypto->digest);
    EVP_MD_CTX_free(crypto->digest_ctx);
    memset(crypto, 0, sizeof *crypto);
}

enum vtpm_status vtpm_seal(struct vtpm_crypto *crypto,
                           const uint8_t key[VTPM_KEY_SIZE],
                           const uint8_t nonce[VTPM_NONCE_SIZE],
                           struct vtpm_bytes aad, struct vtpm_bytes in,
                           uint8_t *out, uint8_t tag[VTPM_TAG_SIZE])
{
    EVP_CIPHER_CTX *ctx;
    uint8_t rest[VTPM_TAG_SIZE];
    int done = 0;
    bool ok;

    if (aad.len > INT_MAX || in.len > INT_MAX || !have_cipher(crypto))
        return VTPM_EIO;
    ctx = crypto->cipher_ctx;
    ok = EVP_EncryptInit_ex2(ctx, crypto->cipher, key, nonce, NULL) == 1 &&
         EVP_EncryptUpdate(ctx, NULL, &done, aad.at, (int)aad.len) == 1 &&
         EVP_EncryptUpdate(ctx, out, &done, in.at, (int)in.len) == 1 &&
         EVP_EncryptFinal_ex(ctx, rest, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, VTPM_TAG_SIZE, tag) ==
             1;
    /* the context would keep the key */
    (void)EVP_CIPHER_CTX_reset(ctx);
    return ok ? VTPM_OK : VTPM_EIO;
}

bool vtpm_unseal(struct vtpm_crypto *crypto, const uint8_t key[VTPM_KEY_SIZE],
                 const uint8_t nonce[VTPM_NONCE_SIZE], struct vtpm_bytes aad,
                 struct vtpm_bytes in, uint8_t *out,
                 const uint8_t tag[VTPM_TAG_SIZE])
{
    EVP_CIPHER_CTX *ctx;
    uint8_t expected[VTPM_TAG_SIZE];
    uint8_t rest[VTPM_TAG_SIZE];
    int done = 0;
    bool ok;

    if (aad.len > INT_MAX || in.len > INT_MAX || !have_cipher(crypto))
        return false;
    ctx = crypto->cipher_ctx;
    memcpy(expected, tag, sizeof expected);
    ok = EVP_DecryptInit_ex2(ctx, crypto->cipher, key, nonce, NULL) == 1 &&
         EVP_DecryptUpdate(ctx, NULL, &done, aad.at, (int)aad.len) == 1 &&
         EVP_DecryptUpdate(ctx, out, &done, in.at, (int)in.len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, VTPM_TAG_SIZE,
                             expected) == 1 &&
         EVP_DecryptFinal_ex(ctx, rest, &done) == 1;
    (void)EVP_CIPHER_CTX_reset(ctx);
    if (!ok)
        vtpm_cleanse(out, in.len);
    return ok;
}

enum vtpm_status vtpm_sha256(struct vtpm_crypto *crypto,
                             const struct vtpm_bytes *parts, size_t count,
                             uint8_t digest[VTPM_SHA256_SIZE])
{
    EVP_MD_CTX *ctx;

    if (!have_digest(crypto))
        return VTPM_EIO;
    ctx = crypto->digest_ctx;
    if (EVP_DigestInit_ex2(ctx, crypto->digest, NULL) != 1)
        return VTPM_EIO;
    for (size_t i = 0; i < count; i++)
        if (EVP_DigestUpdate(ctx, parts[i].at, parts[i].len) != 1)
            return VTPM_EIO;
    return EVP_DigestFinal_ex(ctx, digest, NULL) == 1 ? VTPM_OK : VTPM_EIO;
}

enum vtpm_status vtpm_random(uint8_t *out, size_t len, struct vtpm_error *err)
{
    if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1)
        return vtpm_fail(
            err, VTPM_EIO,
            "cannot get random bytes: OpenSSL failed; check its configuration");
    return VTPM_OK;
}

void vtpm_cleanse(void *at, size_t len)
{
    if (at)
        OPENSSL_cleanse(at, len);
}

bool vtpm_same(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
