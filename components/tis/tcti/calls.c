/* SPDX-License-Identifier: MIT */
/* What a caller does with a context. There are two states: with a command
   outstanding, and without. */
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "log.h"
#include "rc.h"

TSS2_RC tis_context_of(TSS2_TCTI_CONTEXT *opaque, struct tis_context **context)
{
    struct tis_context *found = (struct tis_context *)opaque;

    if (found == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (found->common.v1.magic != TIS_TCTI_MAGIC ||
        found->common.v1.version != TIS_TCTI_VERSION)
        return TSS2_TCTI_RC_BAD_CONTEXT;
    if (found->pid != getpid()) {
        tcti_log(TCTI_LOG_ERROR, "a context does not survive fork(): make one "
                                 "in the child");
        return TSS2_TCTI_RC_BAD_CONTEXT;
    }
    *context = found;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC report(const struct tis_context *context, const char *what,
                      enum vtpmring_status status)
{
    tcti_log(TCTI_LOG_ERROR,
             "TPM: %s: %s (%s); the chip was lost %lu times, "
             "stuck %lu times",
             what, vtpmring_status_text(status), vtpmring_status_name(status),
             (unsigned long)context->tis.lost,
             (unsigned long)context->tis.stuck);
    return tcti_rc(status);
}

static void pause_for(struct tis_context *context, uint32_t us)
{
    if (us > 0)
        vtpmring_tis_mem_access.delay_us(&context->mem, us);
}

static enum vtpmring_status request(struct tis_context *context, bool seize)
{
    enum vtpmring_status status =
        vtpmring_tis_request(&context->tis, context->locality, seize);

    return status == VTPMRING_OK ? vtpmring_tis_run(&context->tis) : status;
}

/* Before the command, which is not sent a second time. */
static enum vtpmring_status get_locality(struct tis_context *context)
{
    enum vtpmring_status status = request(context, false);

    if (status != VTPMRING_EPEER_TIMEOUT)
        return status;
    if (context->conf.seize == 0) {
        tcti_log(TCTI_LOG_ERROR,
                 "the TPM does not give locality %u: another one keeps it; end "
                 "what uses that, or take it with seize=1 if it is a lower one",
                 context->locality);
        return status;
    }
    tcti_log(TCTI_LOG_WARNING, "taking the TPM away from a lower locality");
    return request(context, true);
}

/* Until the chip has the command: what follows can be waited for elsewhere. */
static enum vtpmring_status send(struct tis_context *context, size_t size)
{
    enum vtpmring_status status = get_locality(context);

    if (status == VTPMRING_OK)
        status = vtpmring_tis_submit(&context->tis, context->locality,
                                     context->packet, size, context->packet,
                                     sizeof(context->packet));
    while (status == VTPMRING_OK || status == VTPMRING_AGAIN) {
        status = vtpmring_tis_step(&context->tis);
        if (status == VTPMRING_AGAIN && context->tis.phase == VTPMRING_TIS_RUN)
            return VTPMRING_OK;
        if (status == VTPMRING_AGAIN)
            pause_for(context, context->tis.wait_us);
        else
            break;
    }
    return status;
}

TSS2_RC tis_transmit(TSS2_TCTI_CONTEXT *opaque, size_t size,
                     const uint8_t *command)
{
    struct tis_context *context = NULL;
    struct vtpmring_tpm_header header;
    enum vtpmring_status status;
    TSS2_RC rc = tis_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (command == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (vtpmring_tpm_parse(command, size, &header) != VTPMRING_OK)
        return TSS2_TCTI_RC_BAD_VALUE;
    if (size > sizeof(context->packet))
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    rc = tis_enter(context);
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    memcpy(context->packet, command, size);
    status = send(context, size);
    if (status != VTPMRING_OK) {
        rc = report(context, "cannot send the command", status);
        tis_leave(context);
        return rc;
    }
    context->outstanding = true;
    context->done = false;
    context->cancel_asked = false;
    context->tag = header.tag;
    tcti_objects_sent(&context->objects, command, size);
    return TSS2_RC_SUCCESS;
}

/* Steps until the command ends, or the time is over. */
static enum vtpmring_status wait(struct tis_context *context, int32_t timeout)
{
    uint64_t until = vtpmring_tis_mem_access.now_us(&context->mem) +
                     (timeout < 0 ? 0 : (uint64_t)timeout * 1000);
    enum vtpmring_status status;

    while ((status = vtpmring_tis_step(&context->tis)) == VTPMRING_AGAIN) {
        uint64_t now = vtpmring_tis_mem_access.now_us(&context->mem);
        uint32_t us = context->tis.wait_us;

        if (timeout >= 0 && now >= until)
            return status;
        if (timeout >= 0 && us > until - now)
            us = (uint32_t)(until - now);
        pause_for(context, us);
    }
    return status;
}

static TSS2_RC hand_out(struct tis_context *context, size_t *size,
                        uint8_t *response)
{
    size_t room = *size;

    *size = context->length;
    if (response == NULL)
        return TSS2_RC_SUCCESS;
    if (room < context->length)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, context->packet, context->length);
    tcti_objects_received(&context->objects, response, context->length);
    context->outstanding = false;
    return TSS2_RC_SUCCESS;
}

TSS2_RC tis_receive(TSS2_TCTI_CONTEXT *opaque, size_t *size, uint8_t *response,
                    int32_t timeout)
{
    struct tis_context *context = NULL;
    enum vtpmring_status status;
    TSS2_RC rc = tis_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (size == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (!context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (timeout < TSS2_TCTI_TIMEOUT_BLOCK)
        return TSS2_TCTI_RC_BAD_VALUE;
    if (context->done)
        return hand_out(context, size, response);
    status = wait(context, timeout);
    if (status == VTPMRING_AGAIN)
        return TSS2_TCTI_RC_TRY_AGAIN;
    context->length = context->tis.length;
    /* callers expect the response that a TPM gives */
    if (status == VTPMRING_CANCELED && context->cancel_asked)
        context->length = vtpmring_tpm_error(
            (enum vtpmring_tpm_family)context->tis.family, context->tag,
            VTPMRING_TPM_ERROR_CANCELED, context->packet);
    else if (status != VTPMRING_OK)
        rc = report(context, "no response", status);
    tis_leave(context);
    context->done = rc == TSS2_RC_SUCCESS;
    context->outstanding = context->done;
    return context->done ? hand_out(context, size, response) : rc;
}

TSS2_RC tis_cancel(TSS2_TCTI_CONTEXT *opaque)
{
    struct tis_context *context = NULL;
    TSS2_RC rc = tis_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (!context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (context->done || context->cancel_asked)
        return TSS2_RC_SUCCESS;
    context->cancel_asked = true;
    return tcti_rc(vtpmring_tis_cancel(&context->tis));
}

TSS2_RC tis_set_locality(TSS2_TCTI_CONTEXT *opaque, uint8_t locality)
{
    struct tis_context *context = NULL;
    TSS2_RC rc = tis_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (locality >= context->tis.localities)
        return TSS2_TCTI_RC_BAD_VALUE;
    context->locality = locality;
    return TSS2_RC_SUCCESS;
}
