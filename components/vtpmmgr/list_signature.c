/* SPDX-License-Identifier: MIT */
#include "list_signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define EXPONENT 65537

bool vtpmmgr_list_key_ok(struct vtpmmgr_span modulus)
{
    return modulus.len == VTPMMGR_RSA_SIZE && (modulus.at[0] & 0x80) != 0 &&
           (modulus.at[modulus.len - 1] & 1) != 0;
}

static EVP_PKEY *from_params(const OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY,
                          (OSSL_PARAM *)(uintptr_t)params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *public_key(struct vtpmmgr_span modulus)
{
    BIGNUM *n = BN_bin2bn(modulus.at, (int)modulus.len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (n && builder &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, EXPONENT) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params)
        key = from_params(params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    return key;
}

bool vtpmmgr_list_signed(struct vtpmmgr_span modulus,
                         struct vtpmmgr_span signature,
                         struct vtpmmgr_span bytes)
{
    EVP_MD_CTX *context;
    EVP_PKEY *key;
    bool ok;

    if (!vtpmmgr_list_key_ok(modulus) || signature.len != VTPMMGR_RSA_SIZE)
        return false;
    key = public_key(modulus);
    context = EVP_MD_CTX_new();
    ok = key && context &&
         EVP_DigestVerifyInit_ex(context, NULL, "SHA1", NULL, NULL, key,
                                 NULL) == 1 &&
         EVP_DigestVerify(context, signature.at, signature.len, bytes.at,
                          bytes.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}
