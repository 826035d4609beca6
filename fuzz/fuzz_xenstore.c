/* SPDX-License-Identifier: MIT */
/* The xenstore of simxen with several clients. Domain-0 and domain 2 behave;
 * domains 1 and 3 send anything on several connections. Whatever they send:
 * one reply per request, their quotas hold, they read nothing that is private
 * to others, hear of nothing that they may not see, and change nothing that
 * is not theirs. */
#include "fuzz.h"
#include "xenstore_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 6, DOM0 = 0, VICTIM = 1, FIRST_HOSTILE = 2 };

enum { MOST_BULKS = 400 };
static struct simxen_store *store;
static unsigned bulks; /* requests by bulk(), of this input */
static struct client clients[CLIENTS];
static const uint16_t domid_of[CLIENTS] = {0, 2, 1, 1, 3, 1};

/* What an attacker may ask for, and never gets. */
static const char *const secret_of_dom0 = "/private/known";
static const char *const secret_of_victim = "/local/domain/2/data/known";

/* Nor its name. */
static const char *const hidden_node = "/private/hidden-0";

static const char *const paths[] = {
    "/",
    "/local/domain/1/data/a",
    "data/a",
    "data",
    "/local/domain/2/data",
    "/private",
    "/local/domain/1",
    "/local/domain/3/data/shared",
    "/tool",
    "@releaseDomain",
    "@introduceDomain",
    "data/a/b/c/d/e/f/g/h",
    "device",
    "/local",
    "/local/domain",
    "/local/domain/2",
    "data/shared",
    "/libxl/1",
    "error",
    "/local/domain/1/data",
    "/private/known",
    "/local/domain/2/data/known",
};
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static const char *const words[] = {"T",  "F",  "n0",  "r1", "b1",
                                    "w3", "n1", "b3",  "r2", "0",
                                    "1",  "2",  "n32", "b0", "token"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* A body of strings and raw bytes. */
static size_t body(char out[512])
{
    size_t used = 0;

    for (unsigned parts = fuzz_pick(5); parts > 0; parts--) {
        uint8_t how = fuzz_u8();
        const char *text = how < 128 ? paths[how % PATHS] : words[how % WORDS];

        if (how >= 224) {
            used += fuzz_bytes(out + used, how % 16);
        } else {
            memcpy(out + used, text, strlen(text));
            used += strlen(text);
        }
        if (fuzz_pick(8) != 7)
            out[used++] = '\0';
    }
    return used;
}

static void request(struct client *c)
{
    uint32_t type = fuzz_pick(XS_TYPE_COUNT + 1);
    uint32_t tx = fuzz_pick(4) == 3 ? c->last_txn : 0;
    char bytes[512];
    size_t len = body(bytes);

    client_request(c, type, tx, bytes, len);
}

/* A request of the right form, about what is not the client's as a rule. */
static void ask(struct client *c)
{
    static const uint32_t types[] = {XS_READ,      XS_DIRECTORY, XS_WATCH,
                                     XS_GET_PERMS, XS_WRITE,     XS_RM,
                                     XS_MKDIR,     XS_SET_PERMS};
    uint32_t type = types[fuzz_pick(8)];
    const char *path = paths[fuzz_pick(PATHS)];
    char text[128];
    size_t used = strlen(path) + 1;

    memcpy(text, path, used);
    if (type == XS_WATCH || type == XS_WRITE) {
        memcpy(text + used, "x", 2);
        used += 2;
    } else if (type == XS_SET_PERMS) {
        used += (size_t)sprintf(text + used, "b%u", c->domid) + 1;
    }
    client_request(c, type, 0, text, used);
}

/* One request many times: what meets the quotas. */
static void bulk(struct client *c)
{
    static const uint32_t types[] = {XS_MKDIR, XS_WATCH, XS_TRANSACTION_START,
                                     XS_WRITE};
    static const char forty_levels[] =
        "/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"
        "/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x";
    uint32_t type = types[fuzz_pick(4)];
    unsigned times = fuzz_pick(40), from = fuzz_u8();
    uint32_t tx = fuzz_pick(2) != 0 ? c->last_txn : 0;
    unsigned deep = fuzz_pick(4);

    for (unsigned i = 0; i < times && bulks < MOST_BULKS; i++, bulks++) {
        char text[300];
        size_t used = (size_t)sprintf(text, "data/n%u", from + i);

        for (unsigned d = 0; d < deep; d++, used += 80)
            memcpy(text + used, forty_levels, 80);
        text[used++] = '\0';
        if (type == XS_WATCH || type == XS_WRITE)
            text[used++] = 't';
        if (type == XS_WATCH)
            text[used++] = '\0';
        if (type == XS_TRANSACTION_START)
            client_request(c, type, 0, "", 1);
        else
            client_request(c, type, tx, text, used);
    }
}

static void raw(struct client *c)
{
    uint8_t bytes[64];
    size_t len = fuzz_bytes(bytes, fuzz_pick(sizeof(bytes)));

    client_feed(c, bytes, len);
}

/* Domain-0 and the victim at their work. */
static void honest(void)
{
    static const char *const nodes[] = {
        "/private/hidden-0", "/private/other", "/local/domain/1/device/vtpm/0",
        "/local/domain/1/device/vtpm", "/local/domain/3/device/x"};
    char text[256], *end = text;
    const char *node = nodes[fuzz_pick(5)];

    end += sprintf(text, "%s", node) + 1;
    switch (fuzz_pick(8)) {
    case 0:
        client_request(&clients[DOM0], XS_WRITE, 0, text, (size_t)(end - text));
        break;
    case 1:
        client_request(&clients[DOM0], XS_RM, 0, text, (size_t)(end - text));
        break;
    case 2:
        end += sprintf(end, "n0") + 1;
        end += sprintf(end, "r%u", 1 + fuzz_pick(3)) + 1;
        if (strncmp(node, "/private", 8) != 0)
            client_request(&clients[DOM0], XS_SET_PERMS, 0, text,
                           (size_t)(end - text));
        break;
    case 3:
        if (fuzz_pick(64) == 63)
            client_request(&clients[DOM0], XS_CONTROL, 0, "check", 6);
        break;
    case 4:
        client_put(&clients[DOM0], hidden_node, client_secret);
        client_put(&clients[DOM0], secret_of_dom0, client_secret);
        break;
    case 5:
        client_put(&clients[VICTIM], secret_of_victim, client_secret);
        break;
    case 6:
        client_request(&clients[VICTIM], XS_TRANSACTION_START, 0, "", 1);
        break;
    default:
        client_request(&clients[VICTIM], XS_TRANSACTION_END,
                       clients[VICTIM].last_txn, "T", 2);
        break;
    }
}

static void check_quotas(void)
{
    for (unsigned i = 1; i < 4; i++) {
        const struct sxs_domain *d = &store->domain[i];

        fuzz_check(d->nodes <= SXS_QUOTA_NODES, "too many nodes");
        fuzz_check(d->watches <= SXS_QUOTA_WATCHES, "too many watches");
        fuzz_check(d->txns <= SXS_QUOTA_TXNS, "too many transactions");
        fuzz_check(d->txn_bytes <= SXS_QUOTA_TXN_BYTES,
                   "transactions are too big");
    }
}

/* A domain goes, or comes back; its clients connect again. */
static void come_or_go(uint16_t domid)
{
    if (!store->domain[domid].introduced) {
        fuzz_check(simxen_store_introduce(store, domid, "again") == 0,
                   "a domain does not come back");
        return;
    }
    simxen_store_release(store, domid);
    for (unsigned i = FIRST_HOSTILE; i < CLIENTS; i++)
        if (clients[i].conn != NULL && domid_of[i] == domid) {
            fuzz_check(clients[i].conn->dead,
                       "a connection outlives its domain");
            client_close(&clients[i]);
        }
    fuzz_check(store->domain[domid].nodes == 0 &&
                   store->domain[domid].watches == 0 &&
                   store->domain[domid].txns == 0 &&
                   store->domain[domid].txn_bytes == 0,
               "a domain that is gone leaves something behind");
}

static struct client *hostile(void)
{
    unsigned i = FIRST_HOSTILE + fuzz_pick(CLIENTS - FIRST_HOSTILE);

    if (clients[i].conn == NULL)
        client_open(&clients[i], store, domid_of[i]);
    return &clients[i];
}

static void step(void)
{
    struct client *c;

    switch (fuzz_pick(12)) {
    case 0:
    case 1:
    case 2:
        request(hostile());
        break;
    case 3:
    case 4:
        ask(hostile());
        break;
    case 5:
        bulk(hostile());
        break;
    case 6:
        raw(hostile());
        break;
    case 7:
    case 8:
        honest();
        break;
    case 9:
        c = hostile();
        client_drain(c, fuzz_pick(8) == 0 ? fuzz_u8() : SIZE_MAX);
        break;
    case 10:
        client_close(hostile());
        break;
    default:
        if (fuzz_pick(4) == 3)
            come_or_go(fuzz_pick(2) != 0 ? 1 : 3);
        break;
    }
    for (unsigned i = FIRST_HOSTILE; i < CLIENTS; i++)
        if (clients[i].conn != NULL && clients[i].conn->dead)
            client_close(&clients[i]);
    client_drain(&clients[DOM0], SIZE_MAX);
    client_drain(&clients[VICTIM], SIZE_MAX);
    check_quotas();
}

static void begin(void)
{
    static const char keep_out[] = "/local/domain/2/data/known\0n2";

    store = simxen_store_new();
    if (store == NULL)
        abort();
    for (uint16_t i = 0; i < 4; i++)
        fuzz_check(simxen_store_introduce(store, i, "x") == 0,
                   "a domain is refused");
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i].conn = NULL;
    for (unsigned i = 0; i < FIRST_HOSTILE; i++)
        client_open(&clients[i], store, domid_of[i]);
    client_put(&clients[DOM0], hidden_node, client_secret);
    client_put(&clients[DOM0], secret_of_dom0, client_secret);
    client_put(&clients[VICTIM], secret_of_victim, client_secret);
    client_request(&clients[VICTIM], XS_SET_PERMS, 0, keep_out,
                   sizeof(keep_out));
    client_drain(&clients[DOM0], SIZE_MAX);
    client_drain(&clients[VICTIM], SIZE_MAX);
}

static void check_untouched(const char *path)
{
    const struct sxs_node *n = sxs_tree_find(store->root, path, strlen(path));

    fuzz_check(n != NULL && n->data_len == strlen(client_secret) &&
                   memcmp(n->data, client_secret, n->data_len) == 0,
               "what is private to another was changed");
}

static int count(void *ctx, const char *path, size_t len,
                 const struct sxs_node *n, const struct sxs_node *parent)
{
    uint32_t *nodes = ctx;
    uint16_t owner = n->perms->entry[0].domid;

    (void)path;
    (void)len;
    (void)parent;
    if (owner < 4)
        nodes[owner]++;
    return 0;
}

/* As XS_CONTROL "check" does for all domains there can be. */
static void check_counts(void)
{
    uint32_t nodes[4] = {0};
    char path[SXS_PATH_SIZE] = "/";

    (void)sxs_tree_walk(store->root, NULL, path, 1, count, nodes);
    for (unsigned i = 0; i < 4; i++)
        fuzz_check(nodes[i] == store->domain[i].nodes,
                   "the store's counts are wrong");
}

static void end(void)
{
    check_untouched(secret_of_dom0);
    check_untouched(secret_of_victim);
    check_counts();
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i].conn != NULL)
            client_close(&clients[i]);
    fuzz_check(TAILQ_EMPTY(&store->txns) && store->watch_points.count == 0,
               "something outlives its connection");
    simxen_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* who knows a secret may tell it */
    if (client_leaks(data, size))
        return 0;
    fuzz_input(data, size);
    bulks = 0;
    begin();
    for (int i = 0; i < 100 && fuzz_left() > 0; i++)
        step();
    end();
    return 0;
}
