/* SPDX-License-Identifier: MIT */
/* The xenstore of the fake host: no permissions, one transaction at a time. */
#include "fake_xen_impl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fake_domain *domain_of(struct vtpmring_port *port)
{
    return (struct fake_domain *)port;
}

static void absolute(struct vtpmring_port *port, const char *path, char *result)
{
    int n;

    if (path[0] == '/')
        n = snprintf(result, VTPMRING_PORT_PATH_MAX, "%s", path);
    else
        n = snprintf(result, VTPMRING_PORT_PATH_MAX, "/local/domain/%u/%s",
                     (unsigned)domain_of(port)->domid, path);
    assert_in_range(n, 1, VTPMRING_PORT_PATH_MAX - 1);
}

static bool is_below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(path, prefix, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static struct fake_node *find(struct fake_xen *xen, const char *path)
{
    for (size_t i = 0; i < xen->node_count; i++)
        if (strcmp(xen->nodes[i].path, path) == 0)
            return &xen->nodes[i];
    return NULL;
}

static void add_event(struct fake_domain *domain,
                      const struct fake_watch *watch, const char *path)
{
    size_t cut = strlen(watch->prefix) - strlen(watch->path);
    size_t at = domain->event_last++ % FAKE_EVENTS;

    /* relative watches report relative paths */
    snprintf(domain->events[at].path, sizeof(domain->events[at].path), "%s",
             path + cut);
    snprintf(domain->events[at].token, sizeof(domain->events[at].token), "%s",
             watch->token);
}

static void fire(struct fake_xen *xen, const char *path)
{
    for (size_t d = 0; d < FAKE_DOMAINS; d++)
        for (int i = 0; i < xen->domains[d].watch_count; i++)
            if (is_below(path, xen->domains[d].watches[i].prefix))
                add_event(&xen->domains[d], &xen->domains[d].watches[i], path);
    pthread_cond_broadcast(&xen->changed);
}

static void put(struct fake_xen *xen, const char *path, const char *value)
{
    struct fake_node *node = find(xen, path);

    if (node == NULL) {
        assert_true(xen->node_count < FAKE_NODES);
        node = &xen->nodes[xen->node_count++];
        snprintf(node->path, sizeof(node->path), "%s", path);
    }
    snprintf(node->value, sizeof(node->value), "%s", value);
    fire(xen, path);
}

static void drop(struct fake_xen *xen, const char *path)
{
    for (size_t i = xen->node_count; i-- > 0;) {
        if (!is_below(xen->nodes[i].path, path))
            continue;
        if (strcmp(xen->nodes[i].path, path) != 0)
            fire(xen, xen->nodes[i].path);
        xen->nodes[i] = xen->nodes[--xen->node_count];
    }
    fire(xen, path);
}

enum vtpmring_status fake_store_read(struct vtpmring_port *port,
                                     const char *path, char *value, size_t size,
                                     size_t *length)
{
    enum vtpmring_status status = VTPMRING_OK;
    char full[VTPMRING_PORT_PATH_MAX];
    struct fake_node *node;

    absolute(port, path, full);
    fake_enter(port);
    node = find(domain_of(port)->xen, full);
    if (fake_fails(port)) {
        status = VTPMRING_EPORT;
    } else if (node == NULL) {
        status = VTPMRING_EPEER_GONE;
    } else {
        *length = strlen(node->value);
        if (*length > size) {
            *length = size;
            status = VTPMRING_ENOBUF;
        }
        memcpy(value, node->value, *length);
    }
    fake_leave(port);
    return status;
}

enum vtpmring_status fake_store_write(struct vtpmring_port *port,
                                      const char *path, const char *value)
{
    char full[VTPMRING_PORT_PATH_MAX];
    bool fails;

    absolute(port, path, full);
    fake_enter(port);
    fails = fake_fails(port);
    if (!fails)
        put(domain_of(port)->xen, full, value);
    fake_leave(port);
    return fails ? VTPMRING_EPORT : VTPMRING_OK;
}

enum vtpmring_status fake_store_remove(struct vtpmring_port *port,
                                       const char *path)
{
    char full[VTPMRING_PORT_PATH_MAX];
    bool fails;

    absolute(port, path, full);
    fake_enter(port);
    fails = fake_fails(port);
    if (!fails)
        drop(domain_of(port)->xen, full);
    fake_leave(port);
    return fails ? VTPMRING_EPORT : VTPMRING_OK;
}

static bool is_listed(const char *names, size_t length, const char *name)
{
    for (size_t at = 0; at < length; at += strlen(names + at) + 1)
        if (strcmp(names + at, name) == 0)
            return true;
    return false;
}

enum vtpmring_status fake_store_list(struct vtpmring_port *port,
                                     const char *path, char *names, size_t size,
                                     size_t *length)
{
    struct fake_xen *xen = domain_of(port)->xen;
    char full[VTPMRING_PORT_PATH_MAX], name[VTPMRING_PORT_PATH_MAX];
    enum vtpmring_status status = VTPMRING_EPEER_GONE;
    size_t prefix;

    absolute(port, path, full);
    prefix = strlen(full);
    *length = 0;
    fake_enter(port);
    if (fake_fails(port))
        status = VTPMRING_EPORT;
    for (size_t i = 0; i < xen->node_count && status != VTPMRING_EPORT; i++) {
        const char *at = xen->nodes[i].path;

        if (!is_below(at, full))
            continue;
        if (status == VTPMRING_EPEER_GONE)
            status = VTPMRING_OK;
        if (at[prefix] == '\0')
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + prefix + 1, "/"),
                 at + prefix + 1);
        if (is_listed(names, *length, name))
            continue;
        if (*length + strlen(name) + 1 > size) {
            status = VTPMRING_ENOBUF;
            continue;
        }
        memcpy(names + *length, name, strlen(name) + 1);
        *length += strlen(name) + 1;
    }
    fake_leave(port);
    return status;
}

enum vtpmring_status fake_store_begin(struct vtpmring_port *port)
{
    struct fake_xen *xen = domain_of(port)->xen;
    bool fails;

    fake_enter(port);
    while (xen->open)
        pthread_cond_wait(&xen->changed, &xen->lock);
    fails = fake_fails(port);
    memcpy(xen->saved, xen->nodes, sizeof(xen->nodes));
    xen->saved_count = xen->node_count;
    xen->open = !fails;
    xen->owner = pthread_self();
    xen->conflict = false;
    fake_leave(port);
    return fails ? VTPMRING_EPORT : VTPMRING_OK;
}

enum vtpmring_status fake_store_end(struct vtpmring_port *port, bool commit)
{
    struct fake_xen *xen = domain_of(port)->xen;
    bool fails, conflict;

    fake_enter(port);
    fails = fake_fails(port);
    conflict = commit && xen->conflict;
    if (!commit || fails || conflict) {
        memcpy(xen->nodes, xen->saved, sizeof(xen->nodes));
        xen->node_count = xen->saved_count;
    }
    xen->open = false;
    pthread_cond_broadcast(&xen->changed);
    fake_leave(port);
    if (fails)
        return VTPMRING_EPORT;
    return conflict ? VTPMRING_AGAIN : VTPMRING_OK;
}

enum vtpmring_status fake_store_watch(struct vtpmring_port *port,
                                      const char *path, const char *token)
{
    struct fake_domain *domain = domain_of(port);
    struct fake_watch *watch;
    bool fails;

    fake_enter(port);
    fails = fake_fails(port);
    if (!fails) {
        assert_true(domain->watch_count < FAKE_WATCHES);
        watch = &domain->watches[domain->watch_count++];
        absolute(port, path, watch->prefix);
        snprintf(watch->path, sizeof(watch->path), "%s", path);
        snprintf(watch->token, sizeof(watch->token), "%s", token);
        add_event(domain, watch, watch->prefix);
        pthread_cond_broadcast(&domain->xen->changed);
    }
    fake_leave(port);
    return fails ? VTPMRING_EPORT : VTPMRING_OK;
}

void fake_store_unwatch(struct vtpmring_port *port, const char *path,
                        const char *token)
{
    struct fake_domain *domain = domain_of(port);

    fake_enter(port);
    for (int i = 0; i < domain->watch_count; i++) {
        if (strcmp(domain->watches[i].path, path) == 0 &&
            strcmp(domain->watches[i].token, token) == 0) {
            domain->watches[i] = domain->watches[--domain->watch_count];
            break;
        }
    }
    fake_leave(port);
}

enum vtpmring_status fake_store_next_watch(struct vtpmring_port *port,
                                           char *path, size_t path_size,
                                           char *token, size_t token_size)
{
    struct fake_domain *domain = domain_of(port);
    enum vtpmring_status status = VTPMRING_AGAIN;

    fake_enter(port);
    if (fake_fails(port)) {
        status = VTPMRING_EPORT;
    } else if (domain->event_first < domain->event_last) {
        size_t at = domain->event_first++ % FAKE_EVENTS;

        snprintf(path, path_size, "%s", domain->events[at].path);
        snprintf(token, token_size, "%s", domain->events[at].token);
        status = VTPMRING_OK;
    }
    fake_leave(port);
    return status;
}

static void swap_nodes(struct fake_xen *xen)
{
    static struct fake_node nodes[FAKE_NODES];
    size_t count = xen->node_count;

    memcpy(nodes, xen->nodes, sizeof(nodes));
    memcpy(xen->nodes, xen->saved, sizeof(nodes));
    memcpy(xen->saved, nodes, sizeof(nodes));
    xen->node_count = xen->saved_count;
    xen->saved_count = count;
}

/* Of the toolstack. It waits for a transaction of another thread, and meets one
 * of its own: that is a test's way to be there in the middle. */
static void change(struct fake_xen *xen, const char *path, const char *value)
{
    while (xen->open && !pthread_equal(xen->owner, pthread_self()))
        pthread_cond_wait(&xen->changed, &xen->lock);
    for (int i = 0; i < (xen->open ? 2 : 1); i++) {
        if (i == 1)
            swap_nodes(xen);
        if (value == NULL)
            drop(xen, path);
        else
            put(xen, path, value);
        if (i == 1)
            swap_nodes(xen);
    }
    xen->conflict = true;
}

void fake_xen_write(struct fake_xen *xen, const char *path, const char *value)
{
    struct vtpmring_port *port = &xen->domains[0].port;

    fake_enter(port);
    change(xen, path, value);
    fake_leave(port);
}

const char *fake_xen_read(struct fake_xen *xen, const char *path)
{
    static _Thread_local char value[VTPMRING_PORT_VALUE_MAX];
    struct vtpmring_port *port = &xen->domains[0].port;
    struct fake_node *node;

    fake_enter(port);
    node = find(xen, path);
    snprintf(value, sizeof(value), "%s", node != NULL ? node->value : "");
    fake_leave(port);
    return value;
}

/* One node of each end; libxl writes them in one transaction, so the
 * directories' watchers see nothing in between. */
void fake_xen_attach(struct fake_xen *xen, uint16_t front, uint16_t back,
                     const char *uuid)
{
    struct vtpmring_port *port = &xen->domains[0].port;
    char f[64], b[64], path[128], number[8];
    const char *const nodes[][3] = {
        {"f", "backend", b},      {"f", "handle", "0"},
        {"f", "state", "1"},      {"b", "frontend", f},
        {"b", "handle", "0"},     {"b", "uuid", uuid},
        {"b", "online", "1"},     {"b", "state", "1"},
        {"f", "backend-id", "b"}, {"b", "frontend-id", "f"},
    };

    snprintf(f, sizeof(f), "/local/domain/%u/device/vtpm/0", (unsigned)front);
    snprintf(b, sizeof(b), "/local/domain/%u/backend/vtpm/%u/0", (unsigned)back,
             (unsigned)front);
    fake_enter(port);
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        const char *value = nodes[i][2];

        if (value[0] == 'f' || value[0] == 'b') {
            snprintf(number, sizeof(number), "%u",
                     (unsigned)(value[0] == 'f' ? front : back));
            value = number;
        }
        snprintf(path, sizeof(path), "%s/%s", nodes[i][0][0] == 'f' ? f : b,
                 nodes[i][1]);
        change(xen, path, value);
    }
    fake_leave(port);
}
