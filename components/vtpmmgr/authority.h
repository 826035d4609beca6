/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_AUTHORITY_H
#define VTPMMGR_AUTHORITY_H

/**
 * @file
 * The approval agent's key, who says which states of a platform may open the
 * root key: from a PEM file to what a TPM takes. No TPM.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

/**
 * A public key as a TPM verifies signatures with it: RSA of 2048, 3072 or 4096
 * bits, or EC on P-256 or P-384.
 * @return VTPM_OK; VTPM_EUNSUPPORTED (another key)
 */
enum vtpm_status vtpmmgr_authority_of(const EVP_PKEY *key, TPM2B_PUBLIC *public,
                                      struct vtpm_error *err);
/**
 * The same from a PEM file, with a public key or a certificate.
 * @return also VTPM_EINVAL (no such thing in it), VTPM_EACCESS, VTPM_EIO
 */
enum vtpm_status vtpmmgr_authority_read(const char *path, TPM2B_PUBLIC *public,
                                        struct vtpm_error *err);
/**
 * The inverse. @return a key for EVP_PKEY_free(); NULL if it is none of those,
 * or not a point of its curve
 */
EVP_PKEY *vtpmmgr_authority_key(const TPMT_PUBLIC *public);
/**
 * A signature as OpenSSL makes it (PKCS #1 v1.5; a DER ECDSA-Sig-Value) as a
 * TPM takes it; SHA-256.
 * @return false: it is none of that key
 */
bool vtpmmgr_authority_signature(const TPMT_PUBLIC *public,
                                 const uint8_t *bytes, size_t len,
                                 TPMT_SIGNATURE *signature);

#endif
