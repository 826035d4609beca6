/* SPDX-License-Identifier: MIT */
#include "xsm.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* the newest form of the interface */
#define __XEN_TOOLS__ 1
#include <xencall.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/xsm/flask_op.h>

struct vtpmmgr_xsm {
    xencall_handle *calls;
    /* both where a hypercall finds them */
    struct xen_flask_op *op;
    char *context;
};

/* The library says on stderr if there is no device, which is no error here. */
static bool may_call(void)
{
    return access("/dev/xen/hypercall", R_OK | W_OK) == 0 ||
           access("/dev/xen/privcmd", R_OK | W_OK) == 0;
}

struct vtpmmgr_xsm *vtpmmgr_xsm_open(void)
{
    struct vtpmmgr_xsm *xsm = may_call() ? calloc(1, sizeof *xsm) : NULL;

    if (!xsm)
        return NULL;
    xsm->calls = xencall_open(NULL, XENCALL_OPENFLAG_NON_REENTRANT);
    if (xsm->calls) {
        xsm->op = xencall_alloc_buffer(xsm->calls, sizeof *xsm->op);
        xsm->context = xencall_alloc_buffer(xsm->calls, VTPMMGR_LABEL_SIZE);
    }
    if (xsm->op && xsm->context)
        return xsm;
    vtpmmgr_xsm_close(xsm);
    return NULL;
}

void vtpmmgr_xsm_close(struct vtpmmgr_xsm *xsm)
{
    if (!xsm)
        return;
    if (xsm->calls) {
        xencall_free_buffer(xsm->calls, xsm->context);
        xencall_free_buffer(xsm->calls, xsm->op);
        (void)xencall_close(xsm->calls);
    }
    free(xsm);
}

static bool call(struct vtpmmgr_xsm *xsm, uint32_t command)
{
    xsm->op->cmd = command;
    xsm->op->interface_version = XEN_FLASK_INTERFACE_VERSION;
    return xencall1(xsm->calls, __HYPERVISOR_xsm_op,
                    (uint64_t)(uintptr_t)xsm->op) == 0;
}

static bool peer_sid(struct vtpmmgr_xsm *xsm, uint32_t port, uint32_t *sid)
{
    memset(xsm->op, 0, sizeof *xsm->op);
    xsm->op->u.peersid.evtchn = port;
    if (!call(xsm, FLASK_GET_PEER_SID))
        return false;
    *sid = xsm->op->u.peersid.sid;
    return true;
}

/* The context is in its buffer then, with a NUL. */
static bool context_of(struct vtpmmgr_xsm *xsm, uint32_t sid)
{
    memset(xsm->op, 0, sizeof *xsm->op);
    memset(xsm->context, 0, VTPMMGR_LABEL_SIZE);
    xsm->op->u.sid_context.sid = sid;
    xsm->op->u.sid_context.size = VTPMMGR_LABEL_SIZE - 1;
    set_xen_guest_handle(xsm->op->u.sid_context.context, xsm->context);
    return call(xsm, FLASK_SID_TO_CONTEXT) &&
           xsm->op->u.sid_context.size < VTPMMGR_LABEL_SIZE;
}

static bool is_text(const char *label)
{
    for (; *label != '\0'; label++)
        if (*label <= ' ' || *label > '~')
            return false;
    return true;
}

void vtpmmgr_xsm_label(struct vtpmmgr_xsm *xsm, uint32_t port,
                       char label[VTPMMGR_LABEL_SIZE])
{
    uint32_t sid;

    memset(label, 0, VTPMMGR_LABEL_SIZE);
    if (xsm && peer_sid(xsm, port, &sid) && context_of(xsm, sid) &&
        is_text(xsm->context))
        memcpy(label, xsm->context, VTPMMGR_LABEL_SIZE);
}
