/* SPDX-License-Identifier: MIT */
#include "pem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#define EXPONENT 65537u

/* A private key if @p private, else either kind. */
static EVP_PKEY *read_key(const char *path, bool private,
                          struct vtpm_error *err)
{
    FILE *file = fopen(path, "r");
    EVP_PKEY *key;

    if (!file) {
        (void)ctl_fail(err, CTL_FAILED, "cannot read %s: %s; check the path",
                       path, strerror(errno));
        return NULL;
    }
    key = private ? NULL : PEM_read_PUBKEY(file, NULL, NULL, NULL);
    if (!key) {
        rewind(file);
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    }
    (void)fclose(file);
    if (!key)
        (void)ctl_fail(err, CTL_FAILED,
                       "%s holds no %skey in PEM, or its password is wrong; "
                       "make one with openssl genpkey",
                       path, private ? "private " : "");
    return key;
}

EVP_PKEY *ctl_pem_private(const char *path, struct vtpm_error *err)
{
    return read_key(path, true, err);
}

EVP_PKEY *ctl_pem_public(const char *path, struct vtpm_error *err)
{
    return read_key(path, false, err);
}

static bool fits(EVP_PKEY *key, BIGNUM **modulus)
{
    BIGNUM *exponent = NULL;
    bool ok =
        EVP_PKEY_is_a(key, "RSA") &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
        BN_num_bits(*modulus) == 8 * (int)VTPMMGR_RSA_SIZE &&
        BN_is_word(exponent, EXPONENT);

    BN_free(exponent);
    return ok;
}

static enum ctl_code wrong_kind(const char *path, struct vtpm_error *err)
{
    return ctl_fail(err, CTL_FAILED,
                    "%s: not an RSA key of 2048 bits with exponent 65537; make "
                    "one with openssl genpkey -algorithm RSA",
                    path);
}

enum ctl_code ctl_pem_modulus(const char *path,
                              uint8_t modulus[VTPMMGR_RSA_SIZE],
                              struct vtpm_error *err)
{
    EVP_PKEY *key = read_key(path, false, err);
    BIGNUM *number = NULL;
    bool ok;

    if (!key)
        return CTL_FAILED;
    ok = fits(key, &number) &&
         BN_bn2binpad(number, modulus, (int)VTPMMGR_RSA_SIZE) > 0;
    BN_free(number);
    EVP_PKEY_free(key);
    return ok ? CTL_OK : wrong_kind(path, err);
}
