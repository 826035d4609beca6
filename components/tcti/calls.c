/* SPDX-License-Identifier: MIT */
/* What a caller does with a context. There are two states: with a command
   outstanding, and without. */
#include <string.h>
#include <unistd.h>
#include <vtpmring/port_xen_user.h>
#include <vtpmring/tpm.h>

#include "context.h"
#include "log.h"
#include "rc.h"

TSS2_RC tcti_context_of(TSS2_TCTI_CONTEXT *opaque,
                        struct tcti_context **context)
{
    struct tcti_context *found = (struct tcti_context *)opaque;

    if (found == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (found->common.v1.magic != TCTI_MAGIC ||
        found->common.v1.version != TCTI_VERSION)
        return TSS2_TCTI_RC_BAD_CONTEXT;
    if (found->pid != getpid()) {
        tcti_log(TCTI_LOG_ERROR, "a context does not survive fork(): make one "
                                 "in the child");
        return TSS2_TCTI_RC_BAD_CONTEXT;
    }
    *context = found;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC report(const struct tcti_context *context, const char *what,
                      enum vtpmring_status status)
{
    tcti_log(TCTI_LOG_ERROR, "vTPM %u: %s: %s (%s)", context->conf.device, what,
             vtpmring_status_text(status), vtpmring_status_name(status));
    return tcti_rc(status);
}

TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *opaque, size_t size,
                      const uint8_t *command)
{
    struct tcti_context *context = NULL;
    struct vtpmring_tpm_header header;
    enum vtpmring_status status;
    TSS2_RC rc = tcti_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (command == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (vtpmring_tpm_parse(command, size, &header) != VTPMRING_OK)
        return TSS2_TCTI_RC_BAD_VALUE;
    rc = tcti_connection_enter(context);
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    status = vtpmring_front_link_send(&context->link, command, size);
    if (status != VTPMRING_OK) {
        tcti_connection_leave(context, status);
        return report(context, "cannot send the command", status);
    }
    context->outstanding = true;
    context->cancel_asked = false;
    context->canned_length = 0;
    context->command_tag = header.tag;
    tcti_objects_sent(&context->objects, command, size);
    return TSS2_RC_SUCCESS;
}

/* The command is over, its lock is left; the next one may come. */
static void settle(struct tcti_context *context, enum vtpmring_status status)
{
    context->outstanding = false;
    context->canned_length = 0;
    tcti_connection_leave(context, status);
}

/* A command that was dropped has no response of the TPM; callers above expect
   one, so it gets the one that a TPM gives. */
static TSS2_RC receive_canned(struct tcti_context *context, size_t *size,
                              uint8_t *response)
{
    size_t room = *size;

    *size = context->canned_length;
    if (response == NULL)
        return TSS2_RC_SUCCESS;
    if (room < context->canned_length)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, context->canned, context->canned_length);
    settle(context, VTPMRING_OK);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC receive_link(struct tcti_context *context, size_t *size,
                            uint8_t *response, int32_t timeout)
{
    unsigned char nothing[1];
    size_t length = 0;
    enum vtpmring_status status = vtpmring_front_link_receive(
        &context->link, response == NULL ? nothing : response,
        response == NULL ? 0 : *size, &length, timeout);

    switch (status) {
    case VTPMRING_OK:
        *size = length;
        tcti_objects_received(&context->objects, response, length);
        settle(context, status);
        return TSS2_RC_SUCCESS;
    case VTPMRING_AGAIN:
        return TSS2_TCTI_RC_TRY_AGAIN;
    case VTPMRING_ENOBUF:
        *size = length;
        return response == NULL ? TSS2_RC_SUCCESS
                                : TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    case VTPMRING_CANCELED:
        if (context->cancel_asked) {
            context->canned_length = vtpmring_tpm_error(
                VTPMRING_TPM_20, context->command_tag,
                VTPMRING_TPM_ERROR_CANCELED, context->canned);
            return receive_canned(context, size, response);
        }
        break;
    default:
        break;
    }
    settle(context, status);
    return report(context, "no response", status);
}

TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *opaque, size_t *size, uint8_t *response,
                     int32_t timeout)
{
    struct tcti_context *context = NULL;
    TSS2_RC rc = tcti_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (size == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (!context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (timeout < TSS2_TCTI_TIMEOUT_BLOCK)
        return TSS2_TCTI_RC_BAD_VALUE;
    if (context->canned_length != 0)
        return receive_canned(context, size, response);
    return receive_link(context, size, response, timeout);
}

TSS2_RC tcti_cancel(TSS2_TCTI_CONTEXT *opaque)
{
    struct tcti_context *context = NULL;
    enum vtpmring_status status;
    TSS2_RC rc = tcti_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (!context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (context->cancel_asked)
        return TSS2_RC_SUCCESS;
    status = vtpmring_front_link_cancel(&context->link);
    if (status != VTPMRING_OK)
        return report(context, "cannot cancel the command", status);
    context->cancel_asked = true;
    return TSS2_RC_SUCCESS;
}

TSS2_RC tcti_get_poll_handles(TSS2_TCTI_CONTEXT *opaque,
                              TSS2_TCTI_POLL_HANDLE *handles, size_t *count)
{
    struct tcti_context *context = NULL;
    TSS2_RC rc = tcti_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (count == NULL)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (handles != NULL && *count < 1)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    if (handles != NULL) {
        if (context->port == NULL)
            return TSS2_TCTI_RC_NO_CONNECTION;
        handles[0].fd = vtpmring_port_xen_user_channel_fd(context->port);
        handles[0].events = POLLIN;
        handles[0].revents = 0;
    }
    *count = 1;
    return TSS2_RC_SUCCESS;
}

TSS2_RC tcti_set_locality(TSS2_TCTI_CONTEXT *opaque, uint8_t locality)
{
    struct tcti_context *context = NULL;
    TSS2_RC rc = tcti_context_of(opaque, &context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    if (context->outstanding)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (!vtpmring_tpm_is_locality(locality))
        return TSS2_TCTI_RC_BAD_VALUE;
    if (context->connected) {
        enum vtpmring_status status =
            vtpmring_front_link_set_locality(&context->link, locality);

        if (status != VTPMRING_OK)
            return tcti_rc(status);
    }
    context->locality = locality;
    return TSS2_RC_SUCCESS;
}
