/* SPDX-License-Identifier: MIT */
/*
 * A transaction holds two trees: the one it began with and the one it works
 * on. At its end each node it read or wrote must be in the live tree what it
 * was at the beginning; then the nodes it wrote go into a copy of the live
 * tree, which becomes the live tree, so that a commit happens wholly or not
 * at all.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct sxs_txn *sxs_txn_begin(struct simxen_store *s, uint16_t domid,
                              uint32_t id)
{
    struct sxs_txn *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->s = s;
    t->id = id;
    t->domid = domid;
    t->start = s->changes;
    t->base = sxs_node_ref(s->root);
    t->work = sxs_node_ref(s->root);
    TAILQ_INIT(&t->order);
    TAILQ_INSERT_TAIL(&s->txns, t, by_age);
    s->domain[domid].txns++;
    return t;
}

/* What keeps memory; what remains is the error and the identity. */
static void drop_contents(struct sxs_txn *t)
{
    struct sxs_touch *e;

    while ((e = TAILQ_FIRST(&t->order))) {
        TAILQ_REMOVE(&t->order, e, order);
        free(e);
    }
    sxs_hash_free(&t->touched);
    sxs_node_unref(t->work);
    sxs_node_unref(t->base);
    t->work = t->base = NULL;
    free(t->deltas);
    t->deltas = NULL;
    t->delta_count = 0;
    t->s->domain[t->domid].txn_bytes -= t->bytes;
    t->bytes = 0;
}

void sxs_txn_abort(struct sxs_txn *t)
{
    drop_contents(t);
    if (!t->aged)
        TAILQ_REMOVE(&t->s->txns, t, by_age);
    t->s->domain[t->domid].txns--;
    free(t);
}

void sxs_txn_age(struct simxen_store *s)
{
    struct sxs_txn *t;

    while ((t = TAILQ_FIRST(&s->txns)) &&
           s->changes - t->start >= SXS_TXN_MAX_AGE) {
        TAILQ_REMOVE(&s->txns, t, by_age);
        t->aged = true;
        t->error = EAGAIN;
        drop_contents(t);
    }
}

static struct sxs_touch *find_touch(const struct sxs_txn *t, uint32_t hash,
                                    const char *path, size_t len)
{
    struct sxs_hlink *l = sxs_hash_first(&t->touched, hash);

    for (; l; l = sxs_hash_next(l)) {
        struct sxs_touch *e = (struct sxs_touch *)l;

        if (e->len == len && memcmp(e->path, path, len) == 0)
            return e;
    }
    return NULL;
}

static struct sxs_touch *add_touch(struct sxs_txn *t, uint32_t hash,
                                   const char *path, size_t len)
{
    const struct sxs_node *n = sxs_tree_find(t->base, path, len);
    struct sxs_touch *e;

    if (t->domid != 0 && t->touched.count >= SXS_QUOTA_TXN_NODES) {
        t->error = ENOSPC;
        return NULL;
    }
    e = calloc(1, sizeof(*e) + len);
    if (!e || sxs_hash_insert(&t->touched, &e->link, hash) != 0) {
        free(e);
        t->error = ENOMEM;
        return NULL;
    }
    e->base_gen = n ? n->gen : 0;
    e->len = (uint16_t)len;
    memcpy(e->path, path, len);
    TAILQ_INSERT_TAIL(&t->order, e, order);
    return e;
}

int sxs_txn_touch(struct sxs_txn *t, const char *path, size_t len, bool written,
                  enum sxs_fire fire)
{
    uint32_t hash = sxs_hash_bytes(SXS_HASH_SEED, path, len);
    struct sxs_touch *e;

    if (t->error)
        return t->error;
    e = find_touch(t, hash, path, len);
    if (!e)
        e = add_touch(t, hash, path, len);
    if (!e)
        return t->error;
    e->written |= written;
    if (fire > e->fire)
        e->fire = fire;
    return 0;
}

int sxs_txn_charge(struct sxs_txn *t, size_t bytes)
{
    struct sxs_domain *d = &t->s->domain[t->domid];

    if (t->domid == 0)
        return 0;
    if (d->txn_bytes + bytes > SXS_QUOTA_TXN_BYTES)
        return ENOSPC;
    d->txn_bytes += (uint32_t)bytes;
    t->bytes += (uint32_t)bytes;
    return 0;
}

static struct sxs_delta *find_delta(const struct sxs_txn *t, uint16_t domid)
{
    for (size_t i = t->delta_count; i > 0; i--) {
        if (t->deltas[i - 1].domid == domid)
            return &t->deltas[i - 1];
    }
    return NULL;
}

int32_t sxs_txn_counted(const struct sxs_txn *t, uint16_t domid)
{
    const struct sxs_delta *d = find_delta(t, domid);

    return d ? d->nodes : 0;
}

int sxs_txn_count(struct sxs_txn *t, uint16_t domid, int32_t nodes)
{
    struct sxs_delta *d = find_delta(t, domid);

    if (!d) {
        d = realloc(t->deltas, (t->delta_count + 1) * sizeof(*d));
        if (!d) {
            t->error = ENOMEM;
            return ENOMEM;
        }
        t->deltas = d;
        d += t->delta_count++;
        *d = (struct sxs_delta){.domid = domid};
    }
    d->nodes += nodes;
    return 0;
}

static bool conflicts(const struct sxs_txn *t)
{
    const struct sxs_touch *e;

    if (t->s->changes == t->start)
        return false;
    TAILQ_FOREACH(e, &t->order, order)
    {
        const struct sxs_node *n = sxs_tree_find(t->s->root, e->path, e->len);

        if (e->base_gen != (n ? n->gen : 0))
            return true;
    }
    return false;
}

static bool over_quota(const struct sxs_txn *t)
{
    int32_t nodes = sxs_txn_counted(t, t->domid);

    return t->domid != 0 && t->created && nodes > 0 &&
           (int32_t)t->s->domain[t->domid].nodes + nodes > SXS_QUOTA_NODES;
}

static int by_path(const void *a, const void *b)
{
    const struct sxs_touch *x = *(struct sxs_touch *const *)a;
    const struct sxs_touch *y = *(struct sxs_touch *const *)b;
    int order = memcmp(x->path, y->path, x->len < y->len ? x->len : y->len);

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Bring one node of the tree to what it is in the transaction. */
static int merge_node(const struct sxs_txn *t, struct sxs_node **root,
                      const struct sxs_touch *e)
{
    const struct sxs_node *mine = sxs_tree_find(t->work, e->path, e->len);
    bool exists = sxs_tree_find(*root, e->path, e->len) != NULL;
    size_t up = sxs_path_parent(e->path, e->len);
    struct sxs_node *n;
    int rc = 0;

    if (!mine) {
        n = exists ? sxs_tree_remove(root, e->path, e->len) : NULL;
        sxs_node_unref(n);
        return exists && !n ? ENOMEM : 0;
    }
    if (exists) {
        n = sxs_tree_edit(root, e->path, e->len);
        if (n)
            sxs_node_set_perms(n, mine->perms);
    } else {
        struct sxs_node *parent = sxs_tree_edit(root, e->path, up);

        n = sxs_node_new(mine->name, mine->name_len, mine->perms);
        if (n && (!parent || sxs_node_add(parent, n) != 0)) {
            sxs_node_unref(n);
            n = NULL;
        }
    }
    if (!n || sxs_node_set_data(n, mine->data, mine->data_len) != 0)
        rc = ENOMEM;
    else
        n->gen = mine->gen;
    return rc;
}

/* The live tree with this transaction's changes, parents before children. */
static int merge(const struct sxs_txn *t, struct sxs_node **out)
{
    struct sxs_node *root = sxs_node_ref(t->s->root);
    struct sxs_touch **sorted =
        calloc(t->touched.count + 1, sizeof(struct sxs_touch *));
    struct sxs_touch *e;
    size_t count = 0;
    int rc = sorted ? 0 : ENOMEM;

    TAILQ_FOREACH(e, &t->order, order)
    {
        if (sorted && e->written)
            sorted[count++] = e;
    }
    if (sorted)
        qsort(sorted, count, sizeof(struct sxs_touch *), by_path);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = merge_node(t, &root, sorted[i]);
    free(sorted);
    if (rc == 0)
        *out = root;
    else
        sxs_node_unref(root);
    return rc;
}

static const struct sxs_perms *perms_at(const struct sxs_node *root,
                                        const char *path, size_t len)
{
    const struct sxs_node *n = sxs_tree_find(root, path, len);

    return n ? n->perms : NULL;
}

static void fire_all(const struct sxs_txn *t)
{
    const struct sxs_touch *e;

    TAILQ_FOREACH(e, &t->order, order)
    {
        size_t up = sxs_path_parent(e->path, e->len);
        const struct sxs_perms *parent;

        if (!e->written || e->fire == SXS_FIRE_NONE)
            continue;
        parent = perms_at(t->s->root, e->path, up);
        if (!parent)
            parent = perms_at(t->base, e->path, up);
        sxs_watch_fire(t->s, e->path, e->len, e->fire,
                       perms_at(t->base, e->path, e->len),
                       perms_at(t->s->root, e->path, e->len), parent);
    }
}

static uint64_t written_nodes(const struct sxs_txn *t)
{
    const struct sxs_touch *e;
    uint64_t count = 0;

    TAILQ_FOREACH(e, &t->order, order)
    {
        count += e->written;
    }
    return count;
}

static void publish(struct sxs_txn *t, struct sxs_node *root)
{
    struct simxen_store *s = t->s;
    uint64_t written = written_nodes(t);

    sxs_node_unref(s->root);
    s->root = root;
    s->changes += written;
    for (size_t i = 0; i < t->delta_count; i++) {
        struct sxs_domain *d = &s->domain[t->deltas[i].domid];

        d->nodes = (uint32_t)((int32_t)d->nodes + t->deltas[i].nodes);
    }
}

int sxs_txn_commit(struct sxs_txn *t)
{
    struct simxen_store *s = t->s;
    struct sxs_node *root = NULL;
    int rc = t->error;

    if (rc == 0 && over_quota(t))
        rc = ENOSPC;
    if (rc == 0 && conflicts(t))
        rc = EAGAIN;
    if (rc == 0 && s->changes == t->start)
        root = sxs_node_ref(t->work);
    else if (rc == 0)
        rc = merge(t, &root);
    if (rc == 0) {
        publish(t, root);
        fire_all(t);
    }
    sxs_txn_abort(t);
    if (rc == 0)
        sxs_txn_age(s);
    return rc;
}
