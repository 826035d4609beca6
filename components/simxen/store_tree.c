/* SPDX-License-Identifier: MIT */
#include "store_tree.h"
#include "store_path.h"

#include <stdlib.h>
#include <string.h>

struct sxs_node *sxs_node_new(const char *name, size_t name_len,
                              struct sxs_perms *perms)
{
    struct sxs_node *n = calloc(1, sizeof(*n) + name_len);

    if (!n)
        return NULL;
    n->refs = 1;
    n->perms = sxs_perms_ref(perms);
    n->name_len = (uint16_t)name_len;
    memcpy(n->name, name, name_len);
    return n;
}

struct sxs_node *sxs_node_ref(struct sxs_node *n)
{
    n->refs++;
    return n;
}

/* As deep as the tree, which the path limit bounds. */
void sxs_node_unref(struct sxs_node *n)
{
    if (!n || --n->refs > 0)
        return;
    for (uint32_t i = 0; i < n->children; i++)
        sxs_node_unref(n->child[i]);
    sxs_perms_unref(n->perms);
    free(n->child);
    free(n->data);
    free(n);
}

static struct sxs_node *clone(const struct sxs_node *n)
{
    struct sxs_node *copy = sxs_node_new(n->name, n->name_len, n->perms);

    if (!copy)
        return NULL;
    copy->gen = n->gen;
    if (sxs_node_set_data(copy, n->data, n->data_len) != 0)
        goto fail;
    if (n->children > 0) {
        copy->child = malloc(n->children * sizeof(struct sxs_node *));
        if (!copy->child)
            goto fail;
        for (uint32_t i = 0; i < n->children; i++)
            copy->child[i] = sxs_node_ref(n->child[i]);
        copy->children = copy->child_room = n->children;
        copy->listing_len = n->listing_len;
    }
    return copy;
fail:
    sxs_node_unref(copy);
    return NULL;
}

int sxs_node_set_data(struct sxs_node *n, const void *data, size_t len)
{
    uint8_t *copy = NULL;

    if (len > 0) {
        copy = malloc(len);
        if (!copy)
            return -1;
        memcpy(copy, data, len);
    }
    free(n->data);
    n->data = copy;
    n->data_len = (uint32_t)len;
    return 0;
}

void sxs_node_set_perms(struct sxs_node *n, struct sxs_perms *perms)
{
    sxs_perms_ref(perms);
    sxs_perms_unref(n->perms);
    n->perms = perms;
}

/* The child's place; *there says whether it exists. */
static uint32_t find_child(const struct sxs_node *n, const char *name,
                           size_t len, bool *there)
{
    uint32_t low = 0;
    uint32_t high = n->children;

    *there = false;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct sxs_node *c = n->child[mid];
        size_t common = c->name_len < len ? c->name_len : len;
        int order = memcmp(c->name, name, common);

        if (order == 0)
            order = (c->name_len > len) - (c->name_len < len);
        if (order == 0) {
            *there = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int sxs_node_add(struct sxs_node *parent, struct sxs_node *child)
{
    bool there;
    uint32_t at = find_child(parent, child->name, child->name_len, &there);

    if (parent->children == parent->child_room) {
        uint32_t room = parent->child_room ? 2 * parent->child_room : 4;
        struct sxs_node **grown =
            realloc(parent->child, room * sizeof(struct sxs_node *));

        if (!grown)
            return -1;
        parent->child = grown;
        parent->child_room = room;
    }
    memmove(&parent->child[at + 1], &parent->child[at],
            (parent->children - at) * sizeof(struct sxs_node *));
    parent->child[at] = child;
    parent->children++;
    parent->listing_len += child->name_len + 1u;
    return 0;
}

/* The next name of the path at *pos, which starts at a '/' or is the end. */
static bool next_name(const char *path, size_t len, size_t *pos,
                      const char **name, size_t *name_len)
{
    size_t start = *pos + 1;
    size_t end = start;

    if (start >= len)
        return false;
    while (end < len && path[end] != '/')
        end++;
    *name = path + start;
    *name_len = end - start;
    *pos = end;
    return true;
}

const struct sxs_node *sxs_tree_nearest(const struct sxs_node *root,
                                        const char *path, size_t len,
                                        size_t *found)
{
    const char *name;
    size_t name_len;
    size_t pos = 0;

    *found = 1;
    while (next_name(path, len, &pos, &name, &name_len)) {
        bool there;
        uint32_t at = find_child(root, name, name_len, &there);

        if (!there)
            break;
        root = root->child[at];
        *found = pos;
    }
    return root;
}

const struct sxs_node *sxs_tree_find(const struct sxs_node *root,
                                     const char *path, size_t len)
{
    size_t found;
    const struct sxs_node *n = sxs_tree_nearest(root, path, len, &found);

    return found == len ? n : NULL;
}

static struct sxs_node *unshare(struct sxs_node **slot)
{
    struct sxs_node *copy;

    if ((*slot)->refs == 1)
        return *slot;
    copy = clone(*slot);
    if (!copy)
        return NULL;
    sxs_node_unref(*slot);
    *slot = copy;
    return copy;
}

struct sxs_node *sxs_tree_edit(struct sxs_node **root, const char *path,
                               size_t len)
{
    struct sxs_node *n = unshare(root);
    const char *name;
    size_t name_len;
    size_t pos = 0;

    while (n && next_name(path, len, &pos, &name, &name_len)) {
        bool there;
        uint32_t at = find_child(n, name, name_len, &there);

        if (!there)
            return NULL;
        n = unshare(&n->child[at]);
    }
    return n;
}

struct sxs_node *sxs_tree_remove(struct sxs_node **root, const char *path,
                                 size_t len)
{
    size_t parent_len = sxs_path_parent(path, len);
    struct sxs_node *parent = sxs_tree_edit(root, path, parent_len);
    size_t skip = parent_len > 1 ? parent_len + 1 : 1;
    struct sxs_node *n;
    bool there;
    uint32_t at;

    if (!parent)
        return NULL;
    at = find_child(parent, path + skip, len - skip, &there);
    if (!there)
        return NULL;
    n = parent->child[at];
    parent->children--;
    parent->listing_len -= n->name_len + 1u;
    memmove(&parent->child[at], &parent->child[at + 1],
            (parent->children - at) * sizeof(struct sxs_node *));
    return n;
}

int sxs_tree_walk(const struct sxs_node *n, const struct sxs_node *parent,
                  char *path, size_t len, sxs_visit *fn, void *ctx)
{
    int rc = fn(ctx, path, len, n, parent);

    for (uint32_t i = 0; rc == 0 && i < n->children; i++) {
        const struct sxs_node *c = n->child[i];
        size_t end = len > 1 ? len : 0;

        path[end] = '/';
        memcpy(path + end + 1, c->name, c->name_len);
        rc = sxs_tree_walk(c, n, path, end + 1 + c->name_len, fn, ctx);
    }
    return rc;
}
