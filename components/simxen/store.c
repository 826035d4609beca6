/* SPDX-License-Identifier: MIT */
/*
 * Life of the store, and what it holds from the beginning.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

static int make_root(struct simxen_store *s)
{
    static const char *const initial[] = {"/tool/xenstored", "/local/domain",
                                          "/libxl", "/vm"};
    struct sxs_perms *closed = sxs_perms_new(1);
    struct sxs_perms *to_read = sxs_perms_new(2);
    struct sxs_ctx x = {.s = s};
    int rc = closed && to_read ? 0 : ENOMEM;

    if (rc == 0) {
        to_read->entry[1] =
            (struct sxs_perm){.domid = SXS_DOMID_ANY, .access = SXS_READ};
        s->special[SXS_INTRODUCE_DOMAIN] = sxs_perms_ref(closed);
        /* A backend in a driver domain must hear that its peer is gone. */
        s->special[SXS_RELEASE_DOMAIN] = sxs_perms_ref(to_read);
        s->root = sxs_node_new("", 0, closed);
        rc = s->root ? 0 : ENOMEM;
    }
    if (rc == 0) {
        s->root->gen = s->next_gen++;
        s->domain[0].nodes = 1;
    }
    for (size_t i = 0; rc == 0 && i < 4; i++)
        rc = sxs_op_mkdir(&x, initial[i], strlen(initial[i]));
    sxs_perms_unref(closed);
    sxs_perms_unref(to_read);
    return rc;
}

struct simxen_store *simxen_store_new(void)
{
    struct simxen_store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->next_gen = 1; /* 0 stands for a node that does not exist */
    TAILQ_INIT(&s->conns);
    TAILQ_INIT(&s->dirty);
    TAILQ_INIT(&s->txns);
    if (make_root(s) != 0) {
        simxen_store_free(s);
        return NULL;
    }
    return s;
}

void simxen_store_free(struct simxen_store *s)
{
    if (!s)
        return;
    while (!TAILQ_EMPTY(&s->conns))
        simxen_store_disconnect(TAILQ_FIRST(&s->conns));
    sxs_node_unref(s->root);
    for (size_t i = 0; i < SXS_SPECIALS; i++)
        sxs_perms_unref(s->special[i]);
    sxs_hash_free(&s->watch_points);
    free(s);
}

struct recount {
    uint32_t *nodes;
};

static int recount_node(void *ctx, const char *path, size_t len,
                        const struct sxs_node *n, const struct sxs_node *parent)
{
    struct recount *r = ctx;
    size_t listing = 0;

    (void)path;
    (void)len;
    (void)parent;
    r->nodes[n->perms->entry[0].domid]++;
    for (uint32_t i = 0; i < n->children; i++)
        listing += n->child[i]->name_len + 1u;
    return listing == n->listing_len ? 0 : EIO;
}

int sxs_check(struct simxen_store *s)
{
    struct recount r = {.nodes = calloc(SXS_DOMIDS, sizeof(uint32_t))};
    char path[SXS_PATH_SIZE] = "/";
    int rc;

    if (!r.nodes)
        return ENOMEM;
    rc = sxs_tree_walk(s->root, NULL, path, 1, recount_node, &r);
    for (size_t i = 0; rc == 0 && i < SXS_DOMIDS; i++) {
        if (r.nodes[i] != s->domain[i].nodes)
            rc = EIO;
    }
    free(r.nodes);
    return rc;
}
