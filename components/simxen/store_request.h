/* SPDX-License-Identifier: MIT */
/**
 * @file store_request.h
 * What the handlers of wire requests share. A handler returns 0 after it has
 * replied, or the errno that is to be the reply.
 */
#ifndef SIMXEN_STORE_REQUEST_H
#define SIMXEN_STORE_REQUEST_H

#include "store_internal.h"

struct sxs_request {
    struct simxen_store_conn *c;
    struct sxs_ctx x;
    const struct xsd_sockmsg *hdr;
    const char *body;
    size_t len;
    /* The resolved path, by sxs_resolve(). */
    size_t path_len;
    size_t path_base;
    char path[SXS_PATH_SIZE];
};

/** Reply with a body; E2BIG if it does not fit. */
int sxs_reply(struct sxs_request *r, const void *body, size_t len);
int sxs_reply_ok(struct sxs_request *r);
/** For what answers "OK": do so if rc is 0, else pass it on. */
int sxs_reply_done(struct sxs_request *r, int rc);
/** The first strings of the body. @return how many there are, at most max. */
size_t sxs_strings(const struct sxs_request *r, const char *out[], size_t max);
/** The body if it is exactly one string, else NULL. */
const char *sxs_one_string(const struct sxs_request *r);
/** Resolve a client's path (NULL: EINVAL) into r->path. */
int sxs_resolve(struct sxs_request *r, const char *name, bool specials);
/** The connection's transaction of that id, or NULL. */
struct sxs_txn *sxs_find_txn(const struct simxen_store_conn *c, uint32_t id);

int sxs_do_control(struct sxs_request *r);
int sxs_do_directory(struct sxs_request *r);
int sxs_do_directory_part(struct sxs_request *r);
int sxs_do_read(struct sxs_request *r);
int sxs_do_get_perms(struct sxs_request *r);
int sxs_do_watch(struct sxs_request *r);
int sxs_do_unwatch(struct sxs_request *r);
int sxs_do_transaction_start(struct sxs_request *r);
int sxs_do_transaction_end(struct sxs_request *r);
int sxs_do_introduce(struct sxs_request *r);
int sxs_do_release(struct sxs_request *r);
int sxs_do_get_domain_path(struct sxs_request *r);
int sxs_do_write(struct sxs_request *r);
int sxs_do_mkdir(struct sxs_request *r);
int sxs_do_rm(struct sxs_request *r);
int sxs_do_set_perms(struct sxs_request *r);
int sxs_do_is_domain_introduced(struct sxs_request *r);
int sxs_do_resume(struct sxs_request *r);
int sxs_do_set_target(struct sxs_request *r);
int sxs_do_reset_watches(struct sxs_request *r);

#endif
