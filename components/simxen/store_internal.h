/* SPDX-License-Identifier: MIT */
/**
 * @file store_internal.h
 * What the parts of the store share. The layers, each using those before it:
 * path, hash, perms and tree (headers of their own, no state); ops (one
 * operation on the tree, permission checks, quotas); txn (snapshots and
 * commits); watch; conn (framing, queues, sockets); request (the wire
 * protocol's table of handlers); admin (domains).
 *
 * Functions that return int return 0 or a positive errno for the client.
 */
#ifndef SIMXEN_STORE_INTERNAL_H
#define SIMXEN_STORE_INTERNAL_H

#include "store.h"
#include "store_hash.h"
#include "store_path.h"
#include "store_tree.h"

#include <errno.h>
#include <sys/queue.h>

#include <xen/io/xs_wire.h>

/* Limits. Those named QUOTA are for domains other than Domain-0. */
enum {
    SXS_QUOTA_NODES = 1000,     /* that a domain owns */
    SXS_QUOTA_NODE_SIZE = 2048, /* value, children's names, permissions */
    SXS_QUOTA_WATCHES = 128,
    SXS_QUOTA_TXNS = 10,
    SXS_QUOTA_TXN_NODES = 1024,        /* touched by one transaction */
    SXS_QUOTA_TXN_BYTES = 2560 * 1024, /* written by a domain's open ones */
    SXS_QUOTA_PERMS = 5,
    SXS_QUOTA_DEPTH = 128,
    SXS_QUOTA_OUT = 256 * 1024, /* unread output of a connection, bytes */

    SXS_OUT_STALL = 16 * 1024, /* no new request with so much unread output */
    SXS_OUT_MAX = 8 * 1024 * 1024, /* as SXS_QUOTA_OUT, for Domain-0 */

    /* Node changes after which an open transaction fails with EAGAIN: what
     * bounds the old versions of nodes that snapshots keep alive. */
    SXS_TXN_MAX_AGE = 65536,

    SXS_IN_SIZE = sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX
};

struct sxs_domain {
    uint32_t nodes; /* owned, in the live tree */
    uint32_t watches;
    uint32_t txns;
    uint32_t txn_bytes;
    uint16_t target; /* valid if has_target */
    bool has_target;
    bool introduced;
};

enum sxs_special { SXS_INTRODUCE_DOMAIN, SXS_RELEASE_DOMAIN, SXS_SPECIALS };

struct simxen_store {
    struct sxs_node *root;
    uint64_t next_gen; /* the next node generation to hand out */
    uint64_t changes;  /* committed node changes so far */
    struct sxs_perms *special[SXS_SPECIALS];
    TAILQ_HEAD(, simxen_store_conn) conns;
    TAILQ_HEAD(, simxen_store_conn) dirty; /* output or wants may be new */
    TAILQ_HEAD(, sxs_txn) txns;            /* oldest first */
    struct sxs_hash watch_points;
    struct sxs_domain domain[SXS_DOMIDS];
};

/* ---- ops: one operation, inside a transaction or directly ---- */

/** Who does it, and on what. */
struct sxs_ctx {
    struct simxen_store *s;
    struct sxs_txn *txn; /* NULL: directly on the live tree */
    uint16_t domid;
};

/** SXS_READ | ... that a domain has by a permission list. */
unsigned int sxs_access(const struct simxen_store *s, uint16_t domid,
                        const struct sxs_perms *p);

/** The node if it grants all of want; ENOENT or EACCES, see sxs_op_find(). */
int sxs_op_find(struct sxs_ctx *x, const char *path, size_t len,
                unsigned int want, const struct sxs_node **out);
int sxs_op_write(struct sxs_ctx *x, const char *path, size_t len,
                 const void *data, size_t data_len);
int sxs_op_mkdir(struct sxs_ctx *x, const char *path, size_t len);
int sxs_op_rm(struct sxs_ctx *x, const char *path, size_t len);
int sxs_op_set_perms(struct sxs_ctx *x, const char *path, size_t len,
                     struct sxs_perms *perms);

/** Recount what the store keeps counts of. @return 0, or EIO. */
int sxs_check(struct simxen_store *s);

/* ---- transactions ---- */

enum sxs_fire { SXS_FIRE_NONE, SXS_FIRE_EXACT, SXS_FIRE_SUBTREE };

struct sxs_delta {
    uint16_t domid;
    int32_t nodes;
};

/** One path that a transaction read or wrote. */
struct sxs_touch {
    struct sxs_hlink link;
    TAILQ_ENTRY(sxs_touch) order;
    uint64_t base_gen; /* in the snapshot; 0: did not exist */
    enum sxs_fire fire;
    bool written;
    uint16_t len;
    char path[];
};

struct sxs_txn {
    TAILQ_ENTRY(sxs_txn) of_conn;
    TAILQ_ENTRY(sxs_txn) by_age;
    struct simxen_store *s;
    uint32_t id;
    uint16_t domid;
    int error; /* not 0: it can only fail, with this */
    bool created;
    bool aged;      /* too old: error is EAGAIN, nothing is kept */
    uint64_t start; /* s->changes when it began */
    struct sxs_node *base;
    struct sxs_node *work;
    struct sxs_hash touched;
    TAILQ_HEAD(, sxs_touch) order;
    struct sxs_delta *deltas;
    size_t delta_count;
    uint32_t bytes;
};

/** Begin; domid is whose quota it is charged to. NULL without memory. */
struct sxs_txn *sxs_txn_begin(struct simxen_store *s, uint16_t domid,
                              uint32_t id);
/** Commit and fire its watches, or fail without effect; frees it. */
int sxs_txn_commit(struct sxs_txn *t);
void sxs_txn_abort(struct sxs_txn *t);

/** Note an access. On failure the transaction is spoilt. */
int sxs_txn_touch(struct sxs_txn *t, const char *path, size_t len, bool written,
                  enum sxs_fire fire);
/** Charge bytes of written data. */
int sxs_txn_charge(struct sxs_txn *t, size_t bytes);
/** Change the number of nodes that a domain owns. */
int sxs_txn_count(struct sxs_txn *t, uint16_t domid, int32_t nodes);
int32_t sxs_txn_counted(const struct sxs_txn *t, uint16_t domid);
/** After a change of the live tree: fail what is too old. */
void sxs_txn_age(struct simxen_store *s);

/* ---- watches ---- */

struct sxs_watch {
    TAILQ_ENTRY(sxs_watch) of_conn;
    TAILQ_ENTRY(sxs_watch) of_point;
    struct simxen_store_conn *conn;
    struct sxs_watch_point *point;
    size_t base; /* what a relative watch cuts off the paths */
    char token[];
};

int sxs_watch_add(struct simxen_store_conn *c, const char *path, size_t len,
                  size_t base, const char *token);
int sxs_watch_remove(struct simxen_store_conn *c, const char *path, size_t len,
                     const char *token);
void sxs_watch_remove_all(struct simxen_store_conn *c);

/**
 * Queue the events of one change. A watcher gets it that may read by one of
 * the lists (each may be NULL): before and after the change, and its
 * parent's.
 */
void sxs_watch_fire(struct simxen_store *s, const char *path, size_t len,
                    enum sxs_fire fire, const struct sxs_perms *before,
                    const struct sxs_perms *after,
                    const struct sxs_perms *parent);
void sxs_watch_fire_special(struct simxen_store *s, enum sxs_special what);
/** The special node of that name, or SXS_SPECIALS. */
enum sxs_special sxs_special_of(const char *path);

/* ---- connections ---- */

struct sxs_msg {
    struct sxs_hlink link; /* in conn->pending, if indexed */
    TAILQ_ENTRY(sxs_msg) queue;
    const struct sxs_watch *watch; /* NULL: a reply */
    bool indexed;
    size_t len;
    size_t sent;
    uint8_t bytes[];
};

struct simxen_store_conn {
    struct simxen_store *s;
    TAILQ_ENTRY(simxen_store_conn) all;
    TAILQ_ENTRY(simxen_store_conn) dirty_link;
    bool dirty;
    bool dead;
    bool torn_down;
    int fd;
    uint16_t domid;
    uint32_t wants;
    void (*update)(void *ctx, struct simxen_store_conn *c,
                   uint32_t epoll_events);
    void *ctx;
    TAILQ_HEAD(, sxs_watch) watches;
    TAILQ_HEAD(, sxs_txn) txns;
    uint32_t next_txn_id;
    TAILQ_HEAD(sxs_out, sxs_msg) out;
    size_t out_bytes;        /* of out, with what the queue itself costs */
    struct sxs_hash pending; /* events not yet begun to be sent */
    struct sxs_msg *reply_after;
    size_t in_used;
    uint8_t in[SXS_IN_SIZE];
};

/** Queue a reply: before the events that the request has caused. */
void sxs_conn_reply(struct simxen_store_conn *c,
                    const struct xsd_sockmsg *request, uint32_t type,
                    const void *body, size_t len);
/** Queue an event unless the same one waits already. */
void sxs_conn_event(struct simxen_store_conn *c, const struct sxs_watch *w,
                    const char *path, size_t len);
/** Forget the unsent events of a watch. */
void sxs_conn_drop_events(struct simxen_store_conn *c,
                          const struct sxs_watch *w);
/** sxs_settle() is to look at it. */
void sxs_conn_mark(struct simxen_store_conn *c);
/** The connection has to go; what it holds goes in sxs_settle(). */
void sxs_conn_kill(struct simxen_store_conn *c);
/** Serve the requests that are in the input buffer. */
void sxs_conn_process(struct simxen_store_conn *c, bool may_stall);
bool sxs_conn_has_request(const struct simxen_store_conn *c);
/** Too much output waits to serve another request. */
bool sxs_conn_stalled(const struct simxen_store_conn *c);
/** Free what it holds; harmless a second time. */
void sxs_conn_tear_down(struct simxen_store_conn *c);
/** End of each public call: send, tear down, report the wanted events. */
void sxs_settle(struct simxen_store *s);

/* ---- requests ---- */

/** Process one request and queue its reply. body has len bytes. */
void sxs_handle(struct simxen_store_conn *c, const struct xsd_sockmsg *hdr,
                const char *body, size_t len);

/* ---- domains ---- */

/** May a domain have that id? */
bool sxs_domid_real(uint16_t domid);
/** Mark it introduced and fire @introduceDomain, once. */
void sxs_domain_introduce(struct simxen_store *s, uint16_t domid);
/**
 * Its connections die, what it owns is removed and its id leaves the other
 * permission lists; with_tree: /local/domain/DOMID and /libxl/DOMID go, too.
 * Then @releaseDomain fires.
 */
void sxs_domain_release(struct simxen_store *s, uint16_t domid, bool with_tree);

#endif
