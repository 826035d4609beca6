/* SPDX-License-Identifier: MIT */
#include "store_tree.h"
#include "store_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sxs_perms *sxs_perms_new(size_t count)
{
    struct sxs_perms *p = calloc(1, sizeof(*p) + count * sizeof(p->entry[0]));

    if (!p)
        return NULL;
    p->refs = 1;
    p->count = (uint32_t)count;
    return p;
}

struct sxs_perms *sxs_perms_ref(struct sxs_perms *p)
{
    p->refs++;
    return p;
}

void sxs_perms_unref(struct sxs_perms *p)
{
    if (p && --p->refs == 0)
        free(p);
}

unsigned int sxs_perms_access(const struct sxs_perms *p, uint16_t domid)
{
    if (p->entry[0].domid == domid || p->entry[0].domid == SXS_DOMID_ANY)
        return SXS_READ | SXS_WRITE | SXS_OWNER;
    for (size_t i = 1; i < p->count; i++) {
        if (p->entry[i].domid == domid || p->entry[i].domid == SXS_DOMID_ANY)
            return p->entry[i].access;
    }
    return p->entry[0].access;
}

struct sxs_perms *sxs_perms_inherit(struct sxs_perms *p, uint16_t owner)
{
    struct sxs_perms *copy;

    if (p->entry[0].domid == owner)
        return sxs_perms_ref(p);
    copy = sxs_perms_new(p->count);
    if (!copy)
        return NULL;
    memcpy(copy->entry, p->entry, p->count * sizeof(p->entry[0]));
    copy->entry[0].domid = owner;
    return copy;
}

struct sxs_perms *sxs_perms_without(const struct sxs_perms *p, uint16_t domid)
{
    struct sxs_perms *copy = sxs_perms_new(p->count);
    uint32_t count = 0;

    if (!copy)
        return NULL;
    for (uint32_t i = 0; i < p->count; i++) {
        if (i == 0 || p->entry[i].domid != domid)
            copy->entry[count++] = p->entry[i];
    }
    copy->count = count;
    return copy;
}

bool sxs_perms_names(const struct sxs_perms *p, uint16_t domid)
{
    for (uint32_t i = 1; i < p->count; i++) {
        if (p->entry[i].domid == domid)
            return true;
    }
    return false;
}

static const char access_letter[] = {
    [0] = 'n',
    [SXS_READ] = 'r',
    [SXS_WRITE] = 'w',
    [SXS_READ | SXS_WRITE] = 'b',
};

static bool parse_one(const char *s, struct sxs_perm *out)
{
    for (size_t i = 0; i < sizeof(access_letter); i++) {
        if (s[0] == access_letter[i]) {
            out->access = (uint8_t)i;
            return sxs_parse_domid(s + 1, &out->domid);
        }
    }
    return false;
}

struct sxs_perms *sxs_perms_parse(const char *strings, size_t count)
{
    struct sxs_perms *p = sxs_perms_new(count);

    if (!p) {
        errno = ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!parse_one(strings, &p->entry[i])) {
            sxs_perms_unref(p);
            errno = EINVAL;
            return NULL;
        }
        strings += strlen(strings) + 1;
    }
    return p;
}

size_t sxs_perm_format(struct sxs_perm p, char out[8])
{
    return (size_t)snprintf(out, 8, "%c%u",
                            access_letter[p.access & (SXS_READ | SXS_WRITE)],
                            (unsigned int)p.domid);
}
