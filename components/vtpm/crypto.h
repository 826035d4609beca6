/* SPDX-License-Identifier: MIT */
#ifndef VTPM_CRYPTO_H
#define VTPM_CRYPTO_H

/**
 * @file
 * The three primitives that the store and the key file need, from OpenSSL:
 * AES-256-GCM, SHA-256, random bytes. A struct vtpm_crypto keeps the fetched
 * algorithms and contexts, so that a save does not pay for them again. They are
 * set up by the first call that needs them, as OpenSSL takes a millisecond for
 * that, or by vtpm_crypto_init().
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VTPM_KEY_SIZE 32
#define VTPM_NONCE_SIZE 12
#define VTPM_TAG_SIZE 16
#define VTPM_SHA256_SIZE 32

/** Owned by the caller; zeroed at first; not shared between threads. */
struct vtpm_crypto {
    void *cipher;
    void *cipher_ctx;
    void *digest;
    void *digest_ctx;
};

/** A range of bytes that somebody else owns. */
struct vtpm_bytes {
    const uint8_t *at;
    size_t len;
};

/**
 * For a program that begins: keeps OpenSSL from loading what is never used, the
 * texts of its errors and its table of ciphers by name, half a millisecond and
 * some memory. Before any other call into OpenSSL, and only where no PEM file
 * with a password is read. Without it everything works as well.
 */
void vtpm_crypto_begin(void);

/**
 * Sets all of it up at once, for those to whom a failure must not look like
 * damaged data. The struct is fresh.
 * @return VTPM_OK, or VTPM_ENOMEM and nothing to free
 */
enum vtpm_status vtpm_crypto_init(struct vtpm_crypto *crypto,
                                  struct vtpm_error *err);
/** Lets go of what was set up. */
void vtpm_crypto_free(struct vtpm_crypto *crypto);

/**
 * Encrypts and authenticates. A pair of @p key and @p nonce is used once.
 * @param out as many bytes as @p in; may be the same buffer
 * @return VTPM_OK or VTPM_EIO (OpenSSL failed)
 */
enum vtpm_status vtpm_seal(struct vtpm_crypto *crypto,
                           const uint8_t key[VTPM_KEY_SIZE],
                           const uint8_t nonce[VTPM_NONCE_SIZE],
                           struct vtpm_bytes aad, struct vtpm_bytes in,
                           uint8_t *out, uint8_t tag[VTPM_TAG_SIZE]);

/**
 * The inverse. On false, @p out holds zeros.
 * @return whether the tag fits key, nonce, aad and data
 */
bool vtpm_unseal(struct vtpm_crypto *crypto, const uint8_t key[VTPM_KEY_SIZE],
                 const uint8_t nonce[VTPM_NONCE_SIZE], struct vtpm_bytes aad,
                 struct vtpm_bytes in, uint8_t *out,
                 const uint8_t tag[VTPM_TAG_SIZE]);

/** SHA-256 of @p count parts, one after the other. VTPM_OK or VTPM_EIO. */
enum vtpm_status vtpm_sha256(struct vtpm_crypto *crypto,
                             const struct vtpm_bytes *parts, size_t count,
                             uint8_t digest[VTPM_SHA256_SIZE]);

/** Random bytes fit for keys. VTPM_OK or VTPM_EIO. */
enum vtpm_status vtpm_random(uint8_t *out, size_t len, struct vtpm_error *err);

/** Overwrites secrets in a way that the compiler keeps. */
void vtpm_cleanse(void *at, size_t len);

/** Comparison in constant time. */
bool vtpm_same(const void *a, const void *b, size_t len);

#endif
