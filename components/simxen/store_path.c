/* SPDX-License-Identifier: MIT */
#include "store_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xen/io/xs_wire.h>

static const char valid_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789-/_@";

/* The length of "/local/domain/N/", or 0 if the path is not beneath one. */
static size_t domain_prefix(const char *path)
{
    static const char domains[] = "/local/domain/";
    size_t digits;

    if (strncmp(path, domains, sizeof(domains) - 1) != 0)
        return 0;
    path += sizeof(domains) - 1;
    digits = strspn(path, "0123456789");
    if (digits == 0 || path[digits] != '/')
        return 0;
    return sizeof(domains) - 1 + digits + 1;
}

int sxs_path_resolve(uint16_t domid, const char *name, bool specials,
                     char out[SXS_PATH_SIZE], size_t *len, size_t *base)
{
    size_t name_len = strlen(name);
    size_t prefix;

    if (name[strspn(name, valid_chars)] != '\0' || name_len == 0 ||
        name_len > XENSTORE_ABS_PATH_MAX || (name[0] == '@' && !specials))
        return EINVAL;
    *base = 0;
    if (name[0] == '/' || name[0] == '@') {
        memcpy(out, name, name_len + 1);
        *len = name_len;
    } else {
        if (name_len > XENSTORE_REL_PATH_MAX)
            return EINVAL;
        *base = (size_t)snprintf(out, SXS_PATH_SIZE, "/local/domain/%u/",
                                 (unsigned int)domid);
        memcpy(out + *base, name, name_len + 1);
        *len = *base + name_len;
    }
    if ((*len > 1 && out[*len - 1] == '/') || strstr(out, "//"))
        return EINVAL;
    prefix = domain_prefix(out);
    if (domid != 0 && *len - prefix > XENSTORE_REL_PATH_MAX)
        return EINVAL;
    return 0;
}

size_t sxs_path_parent(const char *path, size_t len)
{
    if (path[0] != '/')
        return 0;
    while (len > 1 && path[len - 1] != '/')
        len--;
    return len > 1 ? len - 1 : 1;
}

size_t sxs_path_depth(const char *path, size_t len)
{
    size_t depth = 0;

    if (len <= 1)
        return 0;
    for (size_t i = 0; i < len; i++)
        depth += path[i] == '/';
    return depth;
}

bool sxs_parse_domid(const char *s, uint16_t *domid)
{
    uint32_t value = 0;

    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return false;
        value = value * 10 + (uint32_t)(*s - '0');
        if (value > UINT16_MAX)
            return false;
    }
    *domid = (uint16_t)value;
    return true;
}
