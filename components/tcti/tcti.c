/* SPDX-License-Identifier: MIT */
/* The two entries: what loaders find, and what makes a context. */
#include <string.h>
#include <unistd.h>
#include <tss2/tss2_tcti_vtpmring.h>

#include "context.h"
#include "log.h"

const char tcti_log_name[] = "vtpmring";

static TSS2_RC make_sticky(TSS2_TCTI_CONTEXT *opaque, TPM2_HANDLE *handle,
                           uint8_t sticky)
{
    (void)opaque;
    (void)handle;
    (void)sticky;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static void finalize(TSS2_TCTI_CONTEXT *opaque)
{
    struct tcti_context *context = (struct tcti_context *)opaque;

    if (context == NULL || context->common.v1.magic != TCTI_MAGIC)
        return;
    /* In a forked child the connection is still the parent's. */
    if (context->pid == getpid())
        tcti_connection_close(context);
    memset(context, 0, sizeof(*context));
}

static const TSS2_TCTI_CONTEXT_COMMON_V2 common = {
    .v1 =
        {
            .magic = TCTI_MAGIC,
            .version = TCTI_VERSION,
            .transmit = tcti_transmit,
            .receive = tcti_receive,
            .finalize = finalize,
            .cancel = tcti_cancel,
            .getPollHandles = tcti_get_poll_handles,
            .setLocality = tcti_set_locality,
        },
    .makeSticky = make_sticky,
};

TSS2_RC Tss2_Tcti_Vtpmring_Init(TSS2_TCTI_CONTEXT *tctiContext, size_t *size,
                                const char *conf)
{
    struct tcti_context *context = (struct tcti_context *)tctiContext;
    char error[TCTI_CONF_ERROR_MAX];
    TSS2_RC rc;

    if (context == NULL && size == NULL)
        return TSS2_TCTI_RC_BAD_VALUE;
    if (context == NULL) {
        *size = sizeof(*context);
        return TSS2_RC_SUCCESS;
    }
    if (size != NULL && *size < sizeof(*context))
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memset(context, 0, sizeof(*context));
    context->lock.fd = context->lock.folder = -1;
    context->pid = getpid();
    if (!tcti_conf_parse(conf, &context->conf, error)) {
        tcti_log(TCTI_LOG_ERROR, "%s", error);
        rc = TSS2_TCTI_RC_BAD_VALUE;
    } else {
        rc = tcti_connection_open(context);
    }
    if (rc == TSS2_RC_SUCCESS)
        context->common = common;
    else
        memset(context, 0, sizeof(*context));
    return rc;
}

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void)
{
    static const TSS2_TCTI_INFO info = {
        .version = TCTI_VERSION,
        .name = "tcti-vtpmring",
        .description = "TCTI for a Xen vTPM, from user space of its guest",
        .config_help = tcti_conf_help,
        .init = Tss2_Tcti_Vtpmring_Init,
    };

    return &info;
}
