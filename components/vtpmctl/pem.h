/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_PEM_H
#define VTPMCTL_PEM_H

/**
 * @file
 * RSA keys of who approves: files in PEM, read with OpenSSL.
 */

#include "command.h"
#include "wire.h"

#include <openssl/evp.h>

/** Reads a private key; asks for its password if it has one.
 * @return for EVP_PKEY_free(); NULL on a failure */
EVP_PKEY *ctl_pem_private(const char *path, struct vtpm_error *err);

/** Reads a public key, or that of a private one.
 * @return for EVP_PKEY_free(); NULL with a line in @p err */
EVP_PKEY *ctl_pem_public(const char *path, struct vtpm_error *err);

/** Reads the modulus of a public or private key of 2048 bits whose exponent is
 * 65537. @return CTL_OK; CTL_FAILED */
enum ctl_code ctl_pem_modulus(const char *path,
                              uint8_t modulus[VTPMMGR_RSA_SIZE],
                              struct vtpm_error *err);

#endif
