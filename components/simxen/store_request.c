/* SPDX-License-Identifier: MIT */
/*
 * The wire protocol's requests: the table of handlers, and what they share.
 */
#include "store_request.h"

#include <string.h>

int sxs_reply(struct sxs_request *r, const void *body, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    sxs_conn_reply(r->c, r->hdr, r->hdr->type, body, len);
    return 0;
}

int sxs_reply_ok(struct sxs_request *r)
{
    return sxs_reply(r, "OK", sizeof("OK"));
}

int sxs_reply_done(struct sxs_request *r, int rc)
{
    return rc ? rc : sxs_reply_ok(r);
}

size_t sxs_strings(const struct sxs_request *r, const char *out[], size_t max)
{
    size_t count = 0;
    size_t pos = 0;

    while (count < max && pos < r->len) {
        const char *nul = memchr(r->body + pos, '\0', r->len - pos);

        if (!nul)
            break;
        out[count++] = r->body + pos;
        pos = (size_t)(nul - r->body) + 1;
    }
    return count;
}

const char *sxs_one_string(const struct sxs_request *r)
{
    return r->len > 0 && memchr(r->body, '\0', r->len) == r->body + r->len - 1
               ? r->body
               : NULL;
}

int sxs_resolve(struct sxs_request *r, const char *name, bool specials)
{
    if (!name)
        return EINVAL;
    return sxs_path_resolve(r->c->domid, name, specials, r->path, &r->path_len,
                            &r->path_base);
}

struct sxs_txn *sxs_find_txn(const struct simxen_store_conn *c, uint32_t id)
{
    struct sxs_txn *t;

    TAILQ_FOREACH(t, &c->txns, of_conn)
    {
        if (t->id == id)
            break;
    }
    return t;
}

enum {
    NO_TXN = 1, /* tx_id is ignored */
    DOM0 = 2    /* others get EACCES */
};

static const struct handler {
    int (*fn)(struct sxs_request *r);
    unsigned int flags;
} handlers[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {sxs_do_control, DOM0},
    [XS_DIRECTORY] = {sxs_do_directory, 0},
    [XS_READ] = {sxs_do_read, 0},
    [XS_GET_PERMS] = {sxs_do_get_perms, 0},
    [XS_WATCH] = {sxs_do_watch, NO_TXN},
    [XS_UNWATCH] = {sxs_do_unwatch, NO_TXN},
    [XS_TRANSACTION_START] = {sxs_do_transaction_start, 0},
    [XS_TRANSACTION_END] = {sxs_do_transaction_end, 0},
    [XS_INTRODUCE] = {sxs_do_introduce, DOM0},
    [XS_RELEASE] = {sxs_do_release, DOM0},
    [XS_GET_DOMAIN_PATH] = {sxs_do_get_domain_path, 0},
    [XS_WRITE] = {sxs_do_write, 0},
    [XS_MKDIR] = {sxs_do_mkdir, 0},
    [XS_RM] = {sxs_do_rm, 0},
    [XS_SET_PERMS] = {sxs_do_set_perms, 0},
    [XS_IS_DOMAIN_INTRODUCED] = {sxs_do_is_domain_introduced, DOM0},
    [XS_RESUME] = {sxs_do_resume, DOM0},
    [XS_SET_TARGET] = {sxs_do_set_target, DOM0},
    [XS_RESET_WATCHES] = {sxs_do_reset_watches, 0},
    [XS_DIRECTORY_PART] = {sxs_do_directory_part, 0},
};

static int handle(struct sxs_request *r)
{
    const struct handler *h =
        r->hdr->type < XS_TYPE_COUNT ? &handlers[r->hdr->type] : NULL;

    if (!h || !h->fn)
        return ENOSYS;
    if ((h->flags & DOM0) != 0 && r->c->domid != 0)
        return EACCES;
    if ((h->flags & NO_TXN) == 0 && r->hdr->tx_id != 0) {
        r->x.txn = sxs_find_txn(r->c, r->hdr->tx_id);
        if (!r->x.txn)
            return ENOENT;
    }
    return h->fn(r);
}

static const char *error_name(int error)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (xsd_errors[i].errnum == error)
            return xsd_errors[i].errstring;
    }
    return "EINVAL";
}

void sxs_handle(struct simxen_store_conn *c, const struct xsd_sockmsg *hdr,
                const char *body, size_t len)
{
    struct sxs_request r = {.c = c,
                            .x = {.s = c->s, .domid = c->domid},
                            .hdr = hdr,
                            .body = body,
                            .len = len};
    int rc = handle(&r);

    if (rc != 0) {
        const char *name = error_name(rc);

        sxs_conn_reply(c, hdr, XS_ERROR, name, strlen(name) + 1);
    }
}
