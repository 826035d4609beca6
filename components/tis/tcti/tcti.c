/* SPDX-License-Identifier: MIT */
/* The two entries: what loaders find, and what makes a context. */
#include <string.h>
#include <unistd.h>
#include <tss2/tss2_tcti_vtpmring_tis.h>

#include "context.h"
#include "log.h"

const char tcti_log_name[] = "vtpmring-tis";

/* The registers are polled: there is no descriptor. */
static TSS2_RC get_poll_handles(TSS2_TCTI_CONTEXT *opaque,
                                TSS2_TCTI_POLL_HANDLE *handles, size_t *count)
{
    (void)opaque;
    (void)handles;
    (void)count;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

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
    struct tis_context *context = (struct tis_context *)opaque;

    if (context == NULL || context->common.v1.magic != TIS_TCTI_MAGIC)
        return;
    if (context->pid == getpid())
        tis_close(context);
    else
        vtpmring_tis_mem_close(&context->mem);
    memset(context, 0, sizeof(*context));
}

static const TSS2_TCTI_CONTEXT_COMMON_V2 common = {
    .v1 =
        {
            .magic = TIS_TCTI_MAGIC,
            .version = TIS_TCTI_VERSION,
            .transmit = tis_transmit,
            .receive = tis_receive,
            .finalize = finalize,
            .cancel = tis_cancel,
            .getPollHandles = get_poll_handles,
            .setLocality = tis_set_locality,
        },
    .makeSticky = make_sticky,
};

TSS2_RC Tss2_Tcti_Vtpmring_Tis_Init(TSS2_TCTI_CONTEXT *tctiContext,
                                    size_t *size, const char *conf)
{
    struct tis_context *context = (struct tis_context *)tctiContext;
    char error[TIS_CONF_ERROR_MAX];
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
    if (!tis_conf_parse(conf, &context->conf, error)) {
        tcti_log(TCTI_LOG_ERROR, "%s", error);
        rc = TSS2_TCTI_RC_BAD_VALUE;
    } else {
        rc = tis_open(context);
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
        .version = TIS_TCTI_VERSION,
        .name = "tcti-vtpmring-tis",
        .description = "TCTI for a hardware TPM, by its registers",
        .config_help = tis_conf_help,
        .init = Tss2_Tcti_Vtpmring_Tis_Init,
    };

    return &info;
}
