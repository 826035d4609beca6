/* SPDX-License-Identifier: MIT */
/*
 * Operations on the tree: who may do what, who owns the result, and what it
 * costs. Each works on the live tree or on a transaction's.
 */
#include "store_internal.h"

#include <string.h>

unsigned int sxs_access(const struct simxen_store *s, uint16_t domid,
                        const struct sxs_perms *p)
{
    unsigned int all = SXS_READ | SXS_WRITE | SXS_OWNER;
    const struct sxs_domain *d = &s->domain[domid];
    unsigned int access;

    if (domid == 0)
        return all;
    access = sxs_perms_access(p, domid);
    /* A device model has the rights of the domain that it serves, too. */
    if (d->has_target && access != all)
        access |= sxs_perms_access(p, d->target);
    return access;
}

static struct sxs_node **root_of(struct sxs_ctx *x)
{
    return x->txn ? &x->txn->work : &x->s->root;
}

static int touch(struct sxs_ctx *x, const char *path, size_t len, bool written,
                 enum sxs_fire fire)
{
    return x->txn ? sxs_txn_touch(x->txn, path, len, written, fire) : 0;
}

/*
 * A domain may be let into a node without being let into its parents. What
 * does not exist is told only to those who have such access to the nearest
 * parent that does; to others it looks like what they may not see.
 */
int sxs_op_find(struct sxs_ctx *x, const char *path, size_t len,
                unsigned int want, const struct sxs_node **out)
{
    size_t found;
    const struct sxs_node *n;
    unsigned int access;
    int rc;

    *out = NULL;
    if (x->txn && x->txn->error)
        return x->txn->error;
    n = sxs_tree_nearest(*root_of(x), path, len, &found);
    rc = touch(x, path, len, false, SXS_FIRE_NONE);
    if (rc == 0 && found != len)
        rc = touch(x, path, found, false, SXS_FIRE_NONE);
    if (rc != 0)
        return rc;
    access = sxs_access(x->s, x->domid, n->perms);
    if (found != len)
        return (access & want) != 0 ? ENOENT : EACCES;
    if ((access & want) != want)
        return EACCES;
    *out = n;
    return 0;
}

static uint64_t new_gen(struct sxs_ctx *x)
{
    return x->s->next_gen++;
}

static bool too_big(const struct sxs_ctx *x, size_t data_len,
                    size_t listing_len, size_t perms)
{
    return x->domid != 0 &&
           16 + 8 * perms + data_len + listing_len > SXS_QUOTA_NODE_SIZE;
}

static int32_t nodes_owned(const struct sxs_ctx *x, uint16_t domid)
{
    int32_t nodes = (int32_t)x->s->domain[domid].nodes;

    return x->txn ? nodes + sxs_txn_counted(x->txn, domid) : nodes;
}

static int count_nodes(struct sxs_ctx *x, uint16_t domid, int32_t nodes)
{
    struct sxs_domain *d = &x->s->domain[domid];

    if (x->txn)
        return sxs_txn_count(x->txn, domid, nodes);
    d->nodes = (uint32_t)((int32_t)d->nodes + nodes);
    return 0;
}

static const struct sxs_perms *parent_perms(const struct sxs_node *root,
                                            const char *path, size_t len)
{
    const struct sxs_node *n =
        sxs_tree_find(root, path, sxs_path_parent(path, len));

    return n ? n->perms : NULL;
}

/* In a transaction the commit does this. */
static void changed(struct sxs_ctx *x, const char *path, size_t len,
                    const struct sxs_perms *before,
                    const struct sxs_perms *after)
{
    if (x->txn)
        return;
    x->s->changes++;
    sxs_txn_age(x->s);
    sxs_watch_fire(x->s, path, len, SXS_FIRE_SUBTREE, before, after,
                   parent_perms(x->s->root, path, len));
}

static int replace_data(struct sxs_ctx *x, const char *path, size_t len,
                        const struct sxs_node *old, const void *data,
                        size_t data_len)
{
    struct sxs_node *n;
    int rc;

    if (too_big(x, data_len, old->listing_len, old->perms->count))
        return ENOSPC;
    rc = touch(x, path, len, true, SXS_FIRE_SUBTREE);
    if (rc == 0 && x->txn)
        rc = sxs_txn_charge(x->txn, data_len);
    if (rc != 0)
        return rc;
    n = sxs_tree_edit(root_of(x), path, len);
    if (!n || sxs_node_set_data(n, data, data_len) != 0)
        return ENOMEM;
    n->gen = new_gen(x);
    changed(x, path, len, NULL, n->perms);
    return 0;
}

/*
 * The missing nodes of a path, linked to each other, from the one just
 * beneath top_len down to the last, which gets the data.
 */
static struct sxs_node *make_chain(struct sxs_ctx *x, const char *path,
                                   size_t len, size_t top_len,
                                   struct sxs_perms *perms, const void *data,
                                   size_t data_len)
{
    struct sxs_node *below = NULL;

    for (size_t end = len; end > top_len;) {
        size_t up = sxs_path_parent(path, end);
        size_t skip = up > 1 ? up + 1 : 1;
        struct sxs_node *n = sxs_node_new(path + skip, end - skip, perms);

        if (!n || (below && sxs_node_add(n, below) != 0) ||
            (!below && sxs_node_set_data(n, data, data_len) != 0)) {
            sxs_node_unref(n);
            sxs_node_unref(below);
            return NULL;
        }
        n->gen = new_gen(x);
        below = n;
        /* The root's path is the only one that ends in its slash. */
        if (up == 1)
            break;
        end = up;
    }
    return below;
}

/* Touch the missing nodes, top down, and count them. */
static int touch_missing(struct sxs_ctx *x, const char *path, size_t len,
                         size_t top_len, int32_t *missing)
{
    int rc = touch(x, path, top_len, true, SXS_FIRE_NONE);

    *missing = 0;
    for (size_t end = top_len + 1; rc == 0 && end <= len; end++) {
        if (end < len && path[end] != '/')
            continue;
        ++*missing;
        rc = touch(x, path, end, true,
                   end == len ? SXS_FIRE_SUBTREE : SXS_FIRE_NONE);
    }
    return rc;
}

static int check_create(const struct sxs_ctx *x, const char *path, size_t len,
                        const struct sxs_node *top, size_t top_len,
                        size_t data_len)
{
    size_t depth = sxs_path_depth(path, len);
    size_t missing = depth - sxs_path_depth(path, top_len);
    size_t name = top_len > 1 ? top_len + 1 : 1;
    size_t name_len = 0;

    if (x->domid == 0)
        return 0;
    while (name + name_len < len && path[name + name_len] != '/')
        name_len++;
    if (depth > SXS_QUOTA_DEPTH ||
        nodes_owned(x, x->domid) + (int32_t)missing > SXS_QUOTA_NODES ||
        too_big(x, data_len, 0, top->perms->count) ||
        too_big(x, top->data_len, top->listing_len + name_len + 1,
                top->perms->count))
        return ENOSPC;
    return 0;
}

static int create(struct sxs_ctx *x, const char *path, size_t len,
                  const void *data, size_t data_len)
{
    size_t top_len;
    const struct sxs_node *top =
        sxs_tree_nearest(*root_of(x), path, len, &top_len);
    uint16_t owner = x->domid ? x->domid : top->perms->entry[0].domid;
    int rc = check_create(x, path, len, top, top_len, data_len);
    struct sxs_perms *perms;
    struct sxs_node *chain;
    struct sxs_node *parent;
    int32_t missing;

    if (rc == 0)
        rc = touch_missing(x, path, len, top_len, &missing);
    if (rc == 0 && x->txn)
        rc = sxs_txn_charge(x->txn, data_len);
    if (rc != 0)
        return rc;
    perms = sxs_perms_inherit(top->perms, owner);
    if (!perms)
        return ENOMEM;
    chain = make_chain(x, path, len, top_len, perms, data, data_len);
    sxs_perms_unref(perms);
    parent = chain ? sxs_tree_edit(root_of(x), path, top_len) : NULL;
    if (!parent || sxs_node_add(parent, chain) != 0) {
        sxs_node_unref(chain);
        return ENOMEM;
    }
    parent->gen = new_gen(x);
    if (x->txn)
        x->txn->created = true;
    rc = count_nodes(x, owner, missing);
    /* perms lives on in the chain. */
    changed(x, path, len, NULL, perms);
    return rc;
}

int sxs_op_write(struct sxs_ctx *x, const char *path, size_t len,
                 const void *data, size_t data_len)
{
    const struct sxs_node *n;
    int rc = sxs_op_find(x, path, len, SXS_WRITE, &n);

    if (rc == 0)
        return replace_data(x, path, len, n, data, data_len);
    return rc == ENOENT ? create(x, path, len, data, data_len) : rc;
}

int sxs_op_mkdir(struct sxs_ctx *x, const char *path, size_t len)
{
    const struct sxs_node *n;
    int rc = sxs_op_find(x, path, len, SXS_WRITE, &n);

    return rc == ENOENT ? create(x, path, len, NULL, 0) : rc;
}

struct removal {
    struct sxs_ctx *x;
    size_t top_len;
    const struct sxs_perms *top_parent;
};

/* In a transaction: note each node that goes. */
static int note_removed(void *ctx, const char *path, size_t len,
                        const struct sxs_node *n, const struct sxs_node *parent)
{
    const struct removal *r = ctx;
    int rc =
        sxs_txn_touch(r->x->txn, path, len, true,
                      len == r->top_len ? SXS_FIRE_SUBTREE : SXS_FIRE_EXACT);

    (void)parent;
    return rc ? rc : sxs_txn_count(r->x->txn, n->perms->entry[0].domid, -1);
}

/* Directly: the nodes are gone; count and tell. */
static int tell_removed(void *ctx, const char *path, size_t len,
                        const struct sxs_node *n, const struct sxs_node *parent)
{
    const struct removal *r = ctx;
    bool top = len == r->top_len;

    r->x->s->domain[n->perms->entry[0].domid].nodes--;
    r->x->s->changes++;
    sxs_watch_fire(r->x->s, path, len, top ? SXS_FIRE_SUBTREE : SXS_FIRE_EXACT,
                   n->perms, NULL, top ? r->top_parent : parent->perms);
    return 0;
}

static int remove_tree(struct sxs_ctx *x, const char *path, size_t len)
{
    struct removal r = {.x = x, .top_len = len};
    size_t up = sxs_path_parent(path, len);
    char walk_path[SXS_PATH_SIZE];
    struct sxs_node *parent;
    struct sxs_node *n;
    int rc = touch(x, path, up, true, SXS_FIRE_NONE);

    memcpy(walk_path, path, len);
    if (rc == 0 && x->txn) {
        rc = sxs_tree_walk(sxs_tree_find(x->txn->work, path, len), NULL,
                           walk_path, len, note_removed, &r);
        /* Half noted: the counts no longer fit. */
        if (rc != 0)
            x->txn->error = rc;
    }
    if (rc != 0)
        return rc;
    n = sxs_tree_remove(root_of(x), path, len);
    if (!n)
        return ENOMEM;
    parent = sxs_tree_edit(root_of(x), path, up);
    if (parent)
        parent->gen = new_gen(x);
    if (!x->txn) {
        r.top_parent = parent ? parent->perms : NULL;
        (void)sxs_tree_walk(n, NULL, walk_path, len, tell_removed, &r);
        sxs_txn_age(x->s);
    }
    sxs_node_unref(n);
    return 0;
}

int sxs_op_rm(struct sxs_ctx *x, const char *path, size_t len)
{
    const struct sxs_node *n;
    size_t found;
    int rc = sxs_op_find(x, path, len, SXS_WRITE, &n);

    if (rc == ENOENT) {
        (void)sxs_tree_nearest(*root_of(x), path, len, &found);
        return found == sxs_path_parent(path, len) ? 0 : ENOENT;
    }
    if (rc != 0)
        return rc;
    return len == 1 ? EINVAL : remove_tree(x, path, len);
}

int sxs_op_set_perms(struct sxs_ctx *x, const char *path, size_t len,
                     struct sxs_perms *perms)
{
    const struct sxs_node *old;
    struct sxs_perms *before;
    struct sxs_node *n;
    int rc = sxs_op_find(x, path, len, SXS_WRITE | SXS_OWNER, &old);

    if (rc != 0)
        return rc;
    if (x->domid != 0 && perms->entry[0].domid != old->perms->entry[0].domid)
        return EPERM;
    if (too_big(x, old->data_len, old->listing_len, perms->count))
        return ENOSPC;
    rc = touch(x, path, len, true, SXS_FIRE_SUBTREE);
    if (rc == 0 && x->txn)
        rc = sxs_txn_charge(x->txn, 8u * perms->count);
    if (rc != 0)
        return rc;
    n = sxs_tree_edit(root_of(x), path, len);
    if (!n)
        return ENOMEM;
    before = sxs_perms_ref(n->perms);
    rc = count_nodes(x, before->entry[0].domid, -1);
    if (rc == 0)
        rc = count_nodes(x, perms->entry[0].domid, 1);
    if (rc == 0) {
        sxs_node_set_perms(n, perms);
        n->gen = new_gen(x);
        changed(x, path, len, before, perms);
    }
    sxs_perms_unref(before);
    return rc;
}
