/* SPDX-License-Identifier: MIT */
/*
 * Requests that read and write nodes and their permissions.
 */
#include "store_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find(struct sxs_request *r, const char *name, unsigned int want,
                const struct sxs_node **n)
{
    int rc = sxs_resolve(r, name, false);

    return rc ? rc : sxs_op_find(&r->x, r->path, r->path_len, want, n);
}

/* Append the children's names from offset on, as many as fit whole. */
static size_t list_children(const struct sxs_node *n, size_t offset, char *out,
                            size_t room, bool *complete)
{
    size_t pos = 0;
    size_t used = 0;

    *complete = false;
    for (uint32_t i = 0; i < n->children; i++) {
        const struct sxs_node *c = n->child[i];
        size_t skip = offset > pos ? offset - pos : 0;

        pos += c->name_len + 1u;
        if (offset >= pos)
            continue;
        if (used + c->name_len + 1u - skip > room)
            return used;
        memcpy(out + used, c->name + skip, c->name_len - skip);
        used += c->name_len - skip;
        out[used++] = '\0';
    }
    *complete = true;
    return used;
}

int sxs_do_directory(struct sxs_request *r)
{
    char out[XENSTORE_PAYLOAD_MAX];
    const struct sxs_node *n;
    bool complete;
    int rc = find(r, sxs_one_string(r), SXS_READ, &n);

    if (rc != 0)
        return rc;
    if (n->listing_len > sizeof(out))
        return E2BIG;
    return sxs_reply(r, out, list_children(n, 0, out, sizeof(out), &complete));
}

/* An empty name marks the end of the whole list. */
int sxs_do_directory_part(struct sxs_request *r)
{
    char out[XENSTORE_PAYLOAD_MAX];
    const struct sxs_node *n;
    const char *arg[2];
    size_t used;
    bool complete;
    int rc;

    if (sxs_strings(r, arg, 2) != 2 ||
        arg[1][strspn(arg[1], "0123456789")] != '\0')
        return EINVAL;
    rc = find(r, arg[0], SXS_READ, &n);
    if (rc != 0)
        return rc;
    used =
        (size_t)snprintf(out, sizeof(out), "%llu", (unsigned long long)n->gen) +
        1;
    used += list_children(n, strtoul(arg[1], NULL, 10), out + used,
                          sizeof(out) - used - 1, &complete);
    if (complete)
        out[used++] = '\0';
    return sxs_reply(r, out, used);
}

int sxs_do_read(struct sxs_request *r)
{
    const struct sxs_node *n;
    int rc = find(r, sxs_one_string(r), SXS_READ, &n);

    return rc ? rc : sxs_reply(r, n->data, n->data_len);
}

int sxs_do_write(struct sxs_request *r)
{
    const char *name;
    size_t skip;
    int rc;

    if (sxs_strings(r, &name, 1) != 1)
        return EINVAL;
    skip = strlen(name) + 1;
    rc = sxs_resolve(r, name, false);
    if (rc == 0)
        rc = sxs_op_write(&r->x, r->path, r->path_len, r->body + skip,
                          r->len - skip);
    return sxs_reply_done(r, rc);
}

int sxs_do_mkdir(struct sxs_request *r)
{
    int rc = sxs_resolve(r, sxs_one_string(r), false);

    return sxs_reply_done(r,
                          rc ? rc : sxs_op_mkdir(&r->x, r->path, r->path_len));
}

int sxs_do_rm(struct sxs_request *r)
{
    int rc = sxs_resolve(r, sxs_one_string(r), false);

    return sxs_reply_done(r, rc ? rc : sxs_op_rm(&r->x, r->path, r->path_len));
}

static int reply_perms(struct sxs_request *r, const struct sxs_perms *p)
{
    char out[XENSTORE_PAYLOAD_MAX];
    size_t used = 0;

    for (uint32_t i = 0; i < p->count; i++) {
        if (used + 8 > sizeof(out))
            return E2BIG;
        used += sxs_perm_format(p->entry[i], out + used) + 1;
    }
    return sxs_reply(r, out, used);
}

/* The permissions of a special node, if the client has that access. */
static int special_perms(const struct sxs_request *r, unsigned int want,
                         struct sxs_perms ***slot)
{
    enum sxs_special what = sxs_special_of(r->path);

    if (what == SXS_SPECIALS)
        return r->c->domid == 0 ? ENOENT : EACCES;
    *slot = &r->c->s->special[what];
    return (sxs_access(r->c->s, r->c->domid, **slot) & want) == want ? 0
                                                                     : EACCES;
}

int sxs_do_get_perms(struct sxs_request *r)
{
    const struct sxs_node *n;
    struct sxs_perms **slot;
    int rc = sxs_resolve(r, sxs_one_string(r), true);

    if (rc == 0 && r->path[0] == '@') {
        rc = special_perms(r, SXS_READ, &slot);
        return rc ? rc : reply_perms(r, *slot);
    }
    if (rc == 0)
        rc = sxs_op_find(&r->x, r->path, r->path_len, SXS_READ, &n);
    return rc ? rc : reply_perms(r, n->perms);
}

static int set_special_perms(struct sxs_request *r, struct sxs_perms *perms)
{
    struct sxs_perms **slot;
    int rc = special_perms(r, SXS_WRITE | SXS_OWNER, &slot);

    if (rc != 0)
        return rc;
    sxs_perms_unref(*slot);
    *slot = sxs_perms_ref(perms);
    return 0;
}

int sxs_do_set_perms(struct sxs_request *r)
{
    const char *arg[2];
    struct sxs_perms *perms;
    size_t count = 0;
    int rc;

    if (sxs_strings(r, arg, 2) != 2)
        return EINVAL;
    for (const char *p = arg[1]; p < r->body + r->len; p++)
        count += *p == '\0';
    if (r->c->domid != 0 && count > SXS_QUOTA_PERMS)
        return ENOSPC;
    perms = sxs_perms_parse(arg[1], count);
    if (!perms)
        return errno;
    rc = sxs_resolve(r, arg[0], true);
    if (rc == 0 && r->path[0] == '@')
        rc = set_special_perms(r, perms);
    else if (rc == 0)
        rc = sxs_op_set_perms(&r->x, r->path, r->path_len, perms);
    sxs_perms_unref(perms);
    return sxs_reply_done(r, rc);
}
