/* SPDX-License-Identifier: MIT */
#include "label.h"

#include "sender.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static bool sha1(const char *text, uint8_t hash[VTPMMGR_DIGEST_SIZE])
{
    return EVP_Digest(text, strlen(text), hash, NULL, EVP_sha1(), NULL) == 1;
}

void vtpmmgr_label_hash(const char *label, uint8_t hash[VTPMMGR_DIGEST_SIZE])
{
    if (label[0] == '\0' || !sha1(label, hash))
        memset(hash, 0, VTPMMGR_DIGEST_SIZE);
}

static bool listed(const char *label, struct vtpmmgr_span kernels)
{
    uint8_t hash[VTPMMGR_DIGEST_SIZE];

    if (!sha1(label, hash))
        return false;
    for (size_t at = 0; at + sizeof hash <= kernels.len; at += sizeof hash)
        if (memcmp(kernels.at + at, hash, sizeof hash) == 0)
            return true;
    return false;
}

bool vtpmmgr_label_listed(const char *label, struct vtpmmgr_span kernels)
{
    const char *role = strchr(label, ':');
    char any[VTPMMGR_LABEL_SIZE + 1];

    if (kernels.len == 0)
        return true;
    if (label[0] == '\0')
        return false;
    if (listed(label, kernels))
        return true;
    if (role == NULL || strlen(role) >= VTPMMGR_LABEL_SIZE)
        return false;
    (void)snprintf(any, sizeof any, "*%s", role);
    return listed(any, kernels);
}
