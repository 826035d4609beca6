/* SPDX-License-Identifier: MIT */
#include "authority.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static const struct curve {
    TPM2_ECC_CURVE id;
    const char *name;
    UINT16 size;
} curves[] = {
    {TPM2_ECC_NIST_P256, "prime256v1", 32},
    {TPM2_ECC_NIST_P384, "secp384r1", 48},
};

static const struct curve *curve_of(const TPMT_PUBLIC *public)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (public->type == TPM2_ALG_ECC &&
            public->parameters.eccDetail.curveID == curves[i].id)
            return &curves[i];
    return NULL;
}

static bool number(const EVP_PKEY *key, const char *name, uint8_t *to,
                   UINT16 size)
{
    BIGNUM *n = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
              BN_bn2binpad(n, to, size) == size;

    BN_free(n);
    return ok;
}

static bool rsa_of(const EVP_PKEY *key, TPMT_PUBLIC *public)
{
    int bits = EVP_PKEY_get_bits(key);
    TPMS_RSA_PARMS *parms = &public->parameters.rsaDetail;
    uint8_t exponent[4];

    if ((bits != 2048 && bits != 3072 && bits != 4096) ||
        !number(key, OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent))
        return false;
    public->type = TPM2_ALG_RSA;
    parms->symmetric.algorithm = TPM2_ALG_NULL;
    parms->scheme.scheme = TPM2_ALG_NULL;
    parms->keyBits = (UINT16)bits;
    parms->exponent = (UINT32)exponent[0] << 24 | (UINT32)exponent[1] << 16 |
                      (UINT32)exponent[2] << 8 | exponent[3];
    if (parms->exponent == 65537)
        parms->exponent = 0; /* the default has but one form */
    public->unique.rsa.size = (UINT16)(bits / 8);
    return number(key, OSSL_PKEY_PARAM_RSA_N, public->unique.rsa.buffer,
                  public->unique.rsa.size);
}

static bool ec_of(const EVP_PKEY *key, TPMT_PUBLIC *public)
{
    TPMS_ECC_PARMS *parms = &public->parameters.eccDetail;
    char name[64];
    size_t len;

    if (EVP_PKEY_get_group_name(key, name, sizeof name, &len) != 1)
        return false;
    public->type = TPM2_ALG_ECC;
    parms->symmetric.algorithm = TPM2_ALG_NULL;
    parms->scheme.scheme = TPM2_ALG_NULL;
    parms->kdf.scheme = TPM2_ALG_NULL;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        UINT16 size = curves[i].size;

        if (strcmp(name, curves[i].name) != 0)
            continue;
        parms->curveID = curves[i].id;
        public->unique.ecc.x.size = size;
        public->unique.ecc.y.size = size;
        return number(key, OSSL_PKEY_PARAM_EC_PUB_X,
                      public->unique.ecc.x.buffer, size) &&
               number(key, OSSL_PKEY_PARAM_EC_PUB_Y,
                      public->unique.ecc.y.buffer, size);
    }
    return false;
}

enum vtpm_status vtpmmgr_authority_of(const EVP_PKEY *key, TPM2B_PUBLIC *public,
                                      struct vtpm_error *err)
{
    TPMT_PUBLIC *area = &public->publicArea;

    memset(public, 0, sizeof *public);
    area->nameAlg = TPM2_ALG_SHA256;
    area->objectAttributes =
        TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT;
    if ((EVP_PKEY_is_a(key, "RSA") && rsa_of(key, area)) ||
        (EVP_PKEY_is_a(key, "EC") && ec_of(key, area)))
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EUNSUPPORTED,
                     "a TPM cannot verify with this key; use RSA of 2048, "
                     "3072 or 4096 bits, or EC on P-256 or P-384");
}

enum vtpm_status vtpmmgr_authority_read(const char *path, TPM2B_PUBLIC *public,
                                        struct vtpm_error *err)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key;
    enum vtpm_status status;

    if (!file) {
        status = vtpm_fail_errno(err, errno, "cannot open", path);
        return status == VTPM_EUNPROVISIONED ? VTPM_EINVAL : status;
    }
    key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
    if (!key) {
        X509 *certificate;

        rewind(file);
        certificate = PEM_read_X509(file, NULL, NULL, NULL);
        key = certificate ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    }
    (void)fclose(file);
    if (!key)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot use %s: there is no public key in it, in PEM; "
                         "make it with openssl pkey -pubout",
                         path);
    status = vtpmmgr_authority_of(key, public, err);
    EVP_PKEY_free(key);
    if (status != VTPM_OK)
        vtpm_error_locate(err, path);
    return status;
}

static bool push(OSSL_PARAM_BLD *build, const char *name, const BIGNUM *n)
{
    return n && OSSL_PARAM_BLD_push_BN(build, name, n) == 1;
}

static EVP_PKEY *key_of(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const TPMT_PUBLIC *public, OSSL_PARAM_BLD *build)
{
    UINT32 exponent = public->parameters.rsaDetail.exponent;
    BIGNUM *n =
        BN_bin2bn(public->unique.rsa.buffer, public->unique.rsa.size, NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *key = NULL;

    if (e && BN_set_word(e, exponent ? exponent : 65537) == 1 &&
        push(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        push(build, OSSL_PKEY_PARAM_RSA_E, e))
        key = key_of("RSA", build);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(const TPMT_PUBLIC *public, OSSL_PARAM_BLD *build)
{
    const struct curve *curve = curve_of(public);
    const TPMS_ECC_POINT *at = &public->unique.ecc;
    uint8_t point[1 + 2 * 48] = {4}; /* uncompressed */

    if (!curve || at->x.size > curve->size || at->y.size > curve->size)
        return NULL;
    memcpy(point + 1 + curve->size - at->x.size, at->x.buffer, at->x.size);
    memcpy(point + 1 + 2 * curve->size - at->y.size, at->y.buffer, at->y.size);
    if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        curve->name, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         1 + 2 * (size_t)curve->size) != 1)
        return NULL;
    return key_of("EC", build);
}

EVP_PKEY *vtpmmgr_authority_key(const TPMT_PUBLIC *public)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;

    if (build && public->type == TPM2_ALG_RSA)
        key = rsa_key(public, build);
    else if (build && public->type == TPM2_ALG_ECC)
        key = ec_key(public, build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static bool ecdsa(const struct curve *curve, const uint8_t *bytes, size_t len,
                  TPMS_SIGNATURE_ECC *out)
{
    const uint8_t *at = bytes;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool ok = sig && at == bytes + len &&
              BN_bn2binpad(ECDSA_SIG_get0_r(sig), out->signatureR.buffer,
                           curve->size) == curve->size &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out->signatureS.buffer,
                           curve->size) == curve->size;

    ECDSA_SIG_free(sig);
    out->hash = TPM2_ALG_SHA256;
    out->signatureR.size = curve->size;
    out->signatureS.size = curve->size;
    return ok;
}

bool vtpmmgr_authority_signature(const TPMT_PUBLIC *public,
                                 const uint8_t *bytes, size_t len,
                                 TPMT_SIGNATURE *signature)
{
    const struct curve *curve = curve_of(public);

    memset(signature, 0, sizeof *signature);
    if (public->type == TPM2_ALG_RSA && len == public->unique.rsa.size &&
        len <= sizeof signature->signature.rsassa.sig.buffer) {
        signature->sigAlg = TPM2_ALG_RSASSA;
        signature->signature.rsassa.hash = TPM2_ALG_SHA256;
        signature->signature.rsassa.sig.size = (UINT16)len;
        memcpy(signature->signature.rsassa.sig.buffer, bytes, len);
        return true;
    }
    signature->sigAlg = TPM2_ALG_ECDSA;
    return curve && len <= 512 &&
           ecdsa(curve, bytes, len, &signature->signature.ecdsa);
}
