/* SPDX-License-Identifier: MIT */
/*
 * Domains come and go.
 */
#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_RESERVED = 0x7ff0 };

bool sxs_domid_real(uint16_t domid)
{
    return domid < FIRST_RESERVED;
}

enum owner { CLOSED, READABLE, OWNED };
enum value { EMPTY, NAME, DOMID };

/* What a toolstack makes for each domain; %u is its id. */
static const struct new_node {
    const char *path;
    enum value value;
    enum owner owner;
} new_nodes[] = {
    {"/local/domain/%u", EMPTY, READABLE},
    {"/local/domain/%u/name", NAME, READABLE},
    {"/local/domain/%u/domid", DOMID, READABLE},
    {"/local/domain/%u/device", EMPTY, READABLE},
    {"/local/domain/%u/control", EMPTY, READABLE},
    {"/local/domain/%u/control/shutdown", EMPTY, OWNED},
    {"/local/domain/%u/backend", EMPTY, OWNED},
    {"/local/domain/%u/data", EMPTY, OWNED},
    {"/local/domain/%u/drivers", EMPTY, OWNED},
    {"/local/domain/%u/feature", EMPTY, OWNED},
    {"/local/domain/%u/attr", EMPTY, OWNED},
    {"/local/domain/%u/error", EMPTY, OWNED},
    {"/libxl/%u", EMPTY, CLOSED},
    {"/libxl/%u/device", EMPTY, CLOSED},
};

static struct sxs_perms *perms_for(enum owner owner, uint16_t domid)
{
    struct sxs_perms *p =
        sxs_perms_new(owner == READABLE && domid != 0 ? 2 : 1);

    if (!p)
        return NULL;
    if (owner == OWNED)
        p->entry[0].domid = domid;
    if (p->count == 2)
        p->entry[1] = (struct sxs_perm){.domid = domid, .access = SXS_READ};
    return p;
}

static size_t domain_path(char out[SXS_PATH_SIZE], const char *prefix,
                          uint16_t domid, const char *rest)
{
    return (size_t)snprintf(out, SXS_PATH_SIZE, "%s%u%s", prefix,
                            (unsigned int)domid, rest);
}

static int make_node(struct sxs_ctx *x, const struct new_node *n,
                     uint16_t domid, const char *name)
{
    const char *id = strstr(n->path, "%u");
    struct sxs_perms *perms = perms_for(n->owner, domid);
    char prefix[32];
    char path[SXS_PATH_SIZE];
    char number[8];
    const char *const values[] = {
        [EMPTY] = "", [NAME] = name, [DOMID] = number};
    const char *value = values[n->value];
    size_t len;
    int rc;

    if (!perms)
        return ENOMEM;
    (void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(id - n->path),
                   n->path);
    len = domain_path(path, prefix, domid, id + 2);
    (void)snprintf(number, sizeof(number), "%u", (unsigned int)domid);
    rc = sxs_op_write(x, path, len, value, strlen(value));
    if (rc == 0)
        rc = sxs_op_set_perms(x, path, len, perms);
    sxs_perms_unref(perms);
    return rc;
}

/* Of what an earlier domain with this id has left. */
static int remove_trees(struct sxs_ctx *x, uint16_t domid)
{
    static const char *const prefix[] = {"/local/domain/", "/libxl/"};
    char path[SXS_PATH_SIZE];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 2; i++) {
        size_t len = domain_path(path, prefix[i], domid, "");

        rc = sxs_op_rm(x, path, len);
        /* The parent itself may have been removed by a client. */
        if (rc == ENOENT)
            rc = 0;
    }
    return rc;
}

void sxs_domain_introduce(struct simxen_store *s, uint16_t domid)
{
    if (s->domain[domid].introduced)
        return;
    s->domain[domid].introduced = true;
    sxs_watch_fire_special(s, SXS_INTRODUCE_DOMAIN);
}

int simxen_store_introduce(struct simxen_store *s, uint16_t domid,
                           const char *name)
{
    struct sxs_ctx x = {.s = s};
    int rc = 0;

    if (!sxs_domid_real(domid) || !name || name[0] == '\0' ||
        strlen(name) > 255)
        return -EINVAL;
    if (s->domain[domid].introduced)
        return -EEXIST;
    x.txn = sxs_txn_begin(s, 0, 0);
    if (!x.txn)
        return -ENOMEM;
    rc = remove_trees(&x, domid);
    for (size_t i = 0; rc == 0 && i < sizeof(new_nodes) / sizeof(new_nodes[0]);
         i++)
        rc = make_node(&x, &new_nodes[i], domid, name);
    if (rc == 0)
        rc = sxs_txn_commit(x.txn);
    else
        sxs_txn_abort(x.txn);
    if (rc == 0)
        sxs_domain_introduce(s, domid);
    sxs_settle(s);
    return -rc;
}

/* A node that a domain owns, or whose permissions name it. */
struct leftover {
    struct leftover *next;
    size_t len;
    char path[];
};

struct leftovers {
    struct leftover *first;
    struct leftover **last;
    uint16_t domid;
};

static int note_leftover(void *ctx, const char *path, size_t len,
                         const struct sxs_node *n,
                         const struct sxs_node *parent)
{
    struct leftovers *all = ctx;
    struct leftover *l;

    (void)parent;
    if (n->perms->entry[0].domid != all->domid &&
        !sxs_perms_names(n->perms, all->domid))
        return 0;
    l = malloc(sizeof(*l) + len);
    if (!l)
        return ENOMEM;
    l->next = NULL;
    l->len = len;
    memcpy(l->path, path, len);
    *all->last = l;
    all->last = &l->next;
    return 0;
}

/* The list without the domain; where it was the owner, Domain-0 is. */
static struct sxs_perms *scrub(struct sxs_perms *p, uint16_t domid)
{
    struct sxs_perms *without = sxs_perms_without(p, domid);

    if (without && without->entry[0].domid == domid)
        without->entry[0] = (struct sxs_perm){0};
    return without;
}

static void clear_leftover(struct simxen_store *s, const struct leftover *l,
                           uint16_t domid)
{
    struct sxs_ctx x = {.s = s};
    const struct sxs_node *n = sxs_tree_find(s->root, l->path, l->len);
    struct sxs_perms *p;

    /* It went with a parent. */
    if (!n)
        return;
    if (n->perms->entry[0].domid == domid && l->len > 1) {
        (void)sxs_op_rm(&x, l->path, l->len);
        return;
    }
    p = scrub(n->perms, domid);
    if (p)
        (void)sxs_op_set_perms(&x, l->path, l->len, p);
    sxs_perms_unref(p);
}

static void clear_leftovers(struct simxen_store *s, uint16_t domid)
{
    struct leftovers all = {.domid = domid, .last = &all.first};
    char path[SXS_PATH_SIZE] = "/";

    (void)sxs_tree_walk(s->root, NULL, path, 1, note_leftover, &all);
    while (all.first) {
        struct leftover *l = all.first;

        all.first = l->next;
        clear_leftover(s, l, domid);
        free(l);
    }
    for (size_t i = 0; i < SXS_SPECIALS; i++) {
        struct sxs_perms *p = scrub(s->special[i], domid);

        if (!p)
            continue;
        sxs_perms_unref(s->special[i]);
        s->special[i] = p;
    }
}

void sxs_domain_release(struct simxen_store *s, uint16_t domid, bool with_tree)
{
    struct sxs_ctx x = {.s = s};
    struct simxen_store_conn *c;

    s->domain[domid].introduced = false;
    for (size_t i = 0; i < SXS_DOMIDS; i++) {
        if (i == domid || s->domain[i].target == domid)
            s->domain[i].has_target = false;
    }
    TAILQ_FOREACH(c, &s->conns, all)
    {
        if (c->domid == domid)
            sxs_conn_kill(c);
    }
    if (with_tree)
        (void)remove_trees(&x, domid);
    if (domid != 0)
        clear_leftovers(s, domid);
    sxs_watch_fire_special(s, SXS_RELEASE_DOMAIN);
}

void simxen_store_release(struct simxen_store *s, uint16_t domid)
{
    if (!s->domain[domid].introduced)
        return;
    sxs_domain_release(s, domid, true);
    sxs_settle(s);
}
