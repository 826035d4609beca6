/* SPDX-License-Identifier: MIT */
/*
 * Watches are found by path: a table leads from each watched path to its
 * watches, and a change asks it for the changed path and for each parent of
 * it, so its cost does not depend on how many other paths are watched.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct sxs_watch_point {
    struct sxs_hlink link;
    TAILQ_HEAD(, sxs_watch) watches;
    size_t len;
    char path[];
};

static const char *const special_names[SXS_SPECIALS] = {
    [SXS_INTRODUCE_DOMAIN] = "@introduceDomain",
    [SXS_RELEASE_DOMAIN] = "@releaseDomain",
};

enum sxs_special sxs_special_of(const char *path)
{
    enum sxs_special i = SXS_INTRODUCE_DOMAIN;

    while (i < SXS_SPECIALS && strcmp(path, special_names[i]) != 0)
        i++;
    return i;
}

static struct sxs_watch_point *find_point(const struct simxen_store *s,
                                          uint32_t hash, const char *path,
                                          size_t len)
{
    struct sxs_hlink *l = sxs_hash_first(&s->watch_points, hash);

    for (; l; l = sxs_hash_next(l)) {
        struct sxs_watch_point *p = (struct sxs_watch_point *)l;

        if (p->len == len && memcmp(p->path, path, len) == 0)
            return p;
    }
    return NULL;
}

static struct sxs_watch_point *get_point(struct simxen_store *s,
                                         const char *path, size_t len)
{
    uint32_t hash = sxs_hash_bytes(SXS_HASH_SEED, path, len);
    struct sxs_watch_point *p = find_point(s, hash, path, len);

    if (p)
        return p;
    p = calloc(1, sizeof(*p) + len);
    if (!p)
        return NULL;
    TAILQ_INIT(&p->watches);
    p->len = len;
    memcpy(p->path, path, len);
    if (sxs_hash_insert(&s->watch_points, &p->link, hash) != 0) {
        free(p);
        return NULL;
    }
    return p;
}

static void put_point(struct simxen_store *s, struct sxs_watch_point *p)
{
    if (!TAILQ_EMPTY(&p->watches))
        return;
    sxs_hash_remove(&s->watch_points, &p->link);
    free(p);
}

static struct sxs_watch *find_watch(const struct simxen_store_conn *c,
                                    const char *path, size_t len,
                                    const char *token)
{
    uint32_t hash = sxs_hash_bytes(SXS_HASH_SEED, path, len);
    const struct sxs_watch_point *p = find_point(c->s, hash, path, len);
    struct sxs_watch *w = p ? TAILQ_FIRST(&p->watches) : NULL;

    while (w && (w->conn != c || strcmp(w->token, token) != 0))
        w = TAILQ_NEXT(w, of_point);
    return w;
}

int sxs_watch_add(struct simxen_store_conn *c, const char *path, size_t len,
                  size_t base, const char *token)
{
    struct sxs_domain *d = &c->s->domain[c->domid];
    size_t token_size = strlen(token) + 1;
    struct sxs_watch *w;

    if (find_watch(c, path, len, token))
        return EEXIST;
    if (c->domid != 0 && d->watches >= SXS_QUOTA_WATCHES)
        return ENOSPC;
    w = calloc(1, sizeof(*w) + token_size);
    if (!w)
        return ENOMEM;
    w->point = get_point(c->s, path, len);
    if (!w->point) {
        free(w);
        return ENOMEM;
    }
    w->conn = c;
    w->base = base;
    memcpy(w->token, token, token_size);
    TAILQ_INSERT_TAIL(&w->point->watches, w, of_point);
    TAILQ_INSERT_TAIL(&c->watches, w, of_conn);
    d->watches++;
    /* Nothing may be lost between a client's first look and its watch. */
    sxs_conn_event(c, w, path, len);
    return 0;
}

static void drop(struct sxs_watch *w)
{
    struct simxen_store_conn *c = w->conn;

    sxs_conn_drop_events(c, w);
    TAILQ_REMOVE(&c->watches, w, of_conn);
    TAILQ_REMOVE(&w->point->watches, w, of_point);
    put_point(c->s, w->point);
    c->s->domain[c->domid].watches--;
    free(w);
}

int sxs_watch_remove(struct simxen_store_conn *c, const char *path, size_t len,
                     const char *token)
{
    struct sxs_watch *w = find_watch(c, path, len, token);

    if (!w)
        return ENOENT;
    drop(w);
    return 0;
}

void sxs_watch_remove_all(struct simxen_store_conn *c)
{
    while (!TAILQ_EMPTY(&c->watches))
        drop(TAILQ_FIRST(&c->watches));
}

struct change {
    const char *path;
    size_t len;
    const struct sxs_perms *lists[3];
};

static bool may_see(const struct simxen_store_conn *c, const struct change *ch)
{
    for (size_t i = 0; i < 3; i++) {
        if (ch->lists[i] &&
            (sxs_access(c->s, c->domid, ch->lists[i]) & SXS_READ) != 0)
            return true;
    }
    return false;
}

static void fire_point(const struct sxs_watch_point *p, const struct change *ch)
{
    const struct sxs_watch *w;

    TAILQ_FOREACH(w, &p->watches, of_point)
    {
        size_t len = ch->len;

        if (w->conn->dead || !may_see(w->conn, ch))
            continue;
        /* What does not fit a message is told as a change of the watched
         * node itself, which fits because the request did. */
        if (len - w->base + strlen(w->token) + 2 > XENSTORE_PAYLOAD_MAX)
            len = p->len;
        sxs_conn_event(w->conn, w, ch->path, len);
    }
}

void sxs_watch_fire(struct simxen_store *s, const char *path, size_t len,
                    enum sxs_fire fire, const struct sxs_perms *before,
                    const struct sxs_perms *after,
                    const struct sxs_perms *parent)
{
    const struct change ch = {
        .path = path, .len = len, .lists = {before, after, parent}};
    uint32_t hash = SXS_HASH_SEED;
    size_t hashed = 0;

    if (s->watch_points.count == 0 || fire == SXS_FIRE_NONE)
        return;
    for (size_t end = 1; end <= len; end++) {
        const struct sxs_watch_point *p;

        if (end < len &&
            (fire == SXS_FIRE_EXACT || (end > 1 && path[end] != '/')))
            continue;
        /* "/" is not the beginning of the hash of "/a", but of its bytes. */
        hash = sxs_hash_bytes(hash, path + hashed, end - hashed);
        hashed = end;
        p = find_point(s, hash, path, end);
        if (p)
            fire_point(p, &ch);
    }
}

void sxs_watch_fire_special(struct simxen_store *s, enum sxs_special what)
{
    const struct change ch = {.path = special_names[what],
                              .len = strlen(special_names[what]),
                              .lists = {s->special[what], NULL, NULL}};
    uint32_t hash = sxs_hash_bytes(SXS_HASH_SEED, ch.path, ch.len);
    const struct sxs_watch_point *p = find_point(s, hash, ch.path, ch.len);

    if (p)
        fire_point(p, &ch);
}
