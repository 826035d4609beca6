/* SPDX-License-Identifier: MIT */
/*
 * Requests about watches, transactions and domains.
 */
#include "store_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sxs_do_watch(struct sxs_request *r)
{
    const char *arg[2];
    int rc;

    if (sxs_strings(r, arg, 2) != 2)
        return EINVAL;
    rc = sxs_resolve(r, arg[0], true);
    if (rc == 0)
        rc = sxs_watch_add(r->c, r->path, r->path_len, r->path_base, arg[1]);
    return sxs_reply_done(r, rc);
}

int sxs_do_unwatch(struct sxs_request *r)
{
    const char *arg[2];
    int rc;

    if (sxs_strings(r, arg, 2) != 2)
        return EINVAL;
    rc = sxs_resolve(r, arg[0], true);
    if (rc == 0)
        rc = sxs_watch_remove(r->c, r->path, r->path_len, arg[1]);
    return sxs_reply_done(r, rc);
}

int sxs_do_reset_watches(struct sxs_request *r)
{
    struct sxs_txn *t;

    sxs_watch_remove_all(r->c);
    while ((t = TAILQ_FIRST(&r->c->txns))) {
        TAILQ_REMOVE(&r->c->txns, t, of_conn);
        sxs_txn_abort(t);
    }
    return sxs_reply_ok(r);
}

int sxs_do_transaction_start(struct sxs_request *r)
{
    struct simxen_store_conn *c = r->c;
    struct sxs_txn *t;
    char id[12];

    if (r->x.txn)
        return EBUSY;
    if (c->domid != 0 && c->s->domain[c->domid].txns >= SXS_QUOTA_TXNS)
        return ENOSPC;
    while (c->next_txn_id == 0 || sxs_find_txn(c, c->next_txn_id))
        c->next_txn_id++;
    t = sxs_txn_begin(c->s, c->domid, c->next_txn_id++);
    if (!t)
        return ENOMEM;
    TAILQ_INSERT_TAIL(&c->txns, t, of_conn);
    return sxs_reply(
        r, id, (size_t)snprintf(id, sizeof(id), "%u", (unsigned int)t->id) + 1);
}

int sxs_do_transaction_end(struct sxs_request *r)
{
    struct sxs_txn *t = r->x.txn;
    const char *arg = sxs_one_string(r);

    if (!arg || (strcmp(arg, "T") != 0 && strcmp(arg, "F") != 0))
        return EINVAL;
    if (!t)
        return ENOENT;
    TAILQ_REMOVE(&r->c->txns, t, of_conn);
    if (arg[0] == 'T')
        return sxs_reply_done(r, sxs_txn_commit(t));
    sxs_txn_abort(t);
    return sxs_reply_ok(r);
}

/* ---- domains ---- */

static int domid_arg(const char *s, uint16_t *domid)
{
    return s && sxs_parse_domid(s, domid) ? 0 : EINVAL;
}

static int introduced_arg(const struct sxs_request *r, const char *s,
                          uint16_t *domid)
{
    int rc = domid_arg(s, domid);

    if (rc == 0 && (*domid == 0 || !sxs_domid_real(*domid)))
        rc = EINVAL;
    if (rc == 0 && !r->c->s->domain[*domid].introduced)
        rc = ENOENT;
    return rc;
}

/* There is no ring to map here: page and port are only checked for form. */
int sxs_do_introduce(struct sxs_request *r)
{
    const char *arg[3];
    uint16_t domid;
    int rc;

    if (sxs_strings(r, arg, 3) != 3 || strtoul(arg[2], NULL, 10) == 0)
        return EINVAL;
    rc = domid_arg(arg[0], &domid);
    if (rc == 0 && !sxs_domid_real(domid))
        rc = EINVAL;
    if (rc == 0)
        sxs_domain_introduce(r->c->s, domid);
    return sxs_reply_done(r, rc);
}

int sxs_do_release(struct sxs_request *r)
{
    uint16_t domid;
    int rc = introduced_arg(r, sxs_one_string(r), &domid);

    if (rc == 0)
        sxs_domain_release(r->c->s, domid, false);
    return sxs_reply_done(r, rc);
}

/* A released domain must be introduced anew here, so nothing is to be done. */
int sxs_do_resume(struct sxs_request *r)
{
    uint16_t domid;

    return sxs_reply_done(r, introduced_arg(r, sxs_one_string(r), &domid));
}

int sxs_do_set_target(struct sxs_request *r)
{
    const char *arg[2];
    uint16_t domid;
    uint16_t target;
    int rc;

    if (sxs_strings(r, arg, 2) != 2)
        return EINVAL;
    rc = introduced_arg(r, arg[0], &domid);
    if (rc == 0)
        rc = introduced_arg(r, arg[1], &target);
    if (rc == 0) {
        r->c->s->domain[domid].target = target;
        r->c->s->domain[domid].has_target = true;
    }
    return sxs_reply_done(r, rc);
}

int sxs_do_get_domain_path(struct sxs_request *r)
{
    char out[32];
    uint16_t domid;
    int rc = domid_arg(sxs_one_string(r), &domid);

    return rc ? rc
              : sxs_reply(r, out,
                          (size_t)snprintf(out, sizeof(out), "/local/domain/%u",
                                           (unsigned int)domid) +
                              1);
}

int sxs_do_is_domain_introduced(struct sxs_request *r)
{
    uint16_t domid;
    int rc = domid_arg(sxs_one_string(r), &domid);

    return rc ? rc
              : sxs_reply(r, r->c->s->domain[domid].introduced ? "T" : "F", 2);
}

int sxs_do_control(struct sxs_request *r)
{
    static const char help[] = "check\nhelp\n";
    const char *arg;

    if (sxs_strings(r, &arg, 1) != 1)
        return EINVAL;
    if (strcmp(arg, "help") == 0)
        return sxs_reply(r, help, sizeof(help));
    return strcmp(arg, "check") == 0 ? sxs_reply_done(r, sxs_check(r->c->s))
                                     : EINVAL;
}
