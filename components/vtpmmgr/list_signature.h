/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_LIST_SIGNATURE_H
#define VTPMMGR_LIST_SIGNATURE_H

/**
 * @file
 * Signatures of who approves a group's lists, as Xen's script makes them: RSA
 * of 2048 bits, exponent 65537, PKCS #1 v1.5 over SHA-1.
 */

#include "wire.h"

#include <stdbool.h>

/** Whether this is a modulus of 2048 bits that a signature can be checked with.
 * @param modulus VTPMMGR_RSA_SIZE bytes */
bool vtpmmgr_list_key_ok(struct vtpmmgr_span modulus);

/**
 * Whether a signature is one over these bytes.
 * @param modulus   VTPMMGR_RSA_SIZE bytes, else it is not
 * @param signature VTPMMGR_RSA_SIZE bytes
 */
bool vtpmmgr_list_signed(struct vtpmmgr_span modulus,
                         struct vtpmmgr_span signature,
                         struct vtpmmgr_span bytes);

#endif
