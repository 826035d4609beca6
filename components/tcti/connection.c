/* SPDX-License-Identifier: MIT */
/* The platform, the lock and the connection, in this order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/port_xen_user.h>

#include "context.h"
#include "log.h"
#include "rc.h"

/* Longest wait for each object that is flushed at the end. */
#define FLUSH_TIMEOUT_MS 1000

/* What tells apart the simulated domains of one machine. A real domain has none
   of these: it is alone on its system. */
static const char *const world_variables[] = {"SIMXEN_DOMAIN",
                                              "XENSTORED_PATH"};

static void world(char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(world_variables) / sizeof(char *); i++) {
        const char *value = secure_getenv(world_variables[i]);
        int n;

        if (value == NULL || used >= size)
            continue;
        n = snprintf(out + used, size - used, "%s=%s;", world_variables[i],
                     value);
        used += n < 0 ? 0 : (size_t)n;
    }
}

static TSS2_RC open_port(struct tcti_context *context)
{
    enum vtpmring_status status;

    if (context->port != NULL)
        return TSS2_RC_SUCCESS;
    /* The port logs why. */
    status =
        vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, tcti_log_port,
                                    NULL, NULL, &context->port);
    if (status == VTPMRING_OK)
        return TSS2_RC_SUCCESS;
    context->port = NULL;
    return tcti_rc(status);
}

static void close_port(struct tcti_context *context)
{
    /* else the shared pages would outlive the connection */
    if (context->connected)
        vtpmring_front_link_abandon(&context->link);
    vtpmring_port_xen_user_close(context->port);
    context->port = NULL;
    context->connected = false;
}

static TSS2_RC find_device(struct tcti_context *context)
{
    char path[VTPMRING_PORT_PATH_MAX], value[VTPMRING_PORT_VALUE_MAX];
    enum vtpmring_status status;
    size_t length;

    (void)snprintf(path, sizeof(path), "device/vtpm/%u/backend",
                   context->conf.device);
    status = context->port->ops->store_read(context->port, path, value,
                                            sizeof(value), &length);
    if (status == VTPMRING_OK)
        return TSS2_RC_SUCCESS;
    if (status == VTPMRING_EPEER_GONE)
        tcti_log(TCTI_LOG_ERROR,
                 "this domain has no vTPM %u: xenstore has no readable %s; "
                 "attach one with 'xl vtpm-attach', or give device=N",
                 context->conf.device, path);
    else
        tcti_log(TCTI_LOG_ERROR, "cannot read %s of xenstore: %s", path,
                 vtpmring_status_text(status));
    return tcti_rc(status);
}

static TSS2_RC open_lock(struct tcti_context *context)
{
    char error[TCTI_LOCK_ERROR_MAX], names[1024];
    int folder = tcti_lock_folder(error);
    bool done;

    if (folder < 0) {
        tcti_log(TCTI_LOG_ERROR, "%s", error);
        return TSS2_TCTI_RC_IO_ERROR;
    }
    world(names, sizeof(names));
    done = tcti_lock_open(&context->lock, folder, names, context->conf.device,
                          context->conf.idle_ms, error);
    (void)close(folder);
    if (!done)
        tcti_log(TCTI_LOG_ERROR, "%s", error);
    return done ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

TSS2_RC tcti_connection_open(struct tcti_context *context)
{
    TSS2_RC rc = open_port(context);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    rc = find_device(context);
    if (rc == TSS2_RC_SUCCESS)
        rc = open_lock(context);
    if (rc != TSS2_RC_SUCCESS)
        close_port(context);
    return rc;
}

static TSS2_RC report_holder(const struct tcti_context *context, pid_t holder)
{
    char who[32] = "another process";

    if (holder > 0)
        (void)snprintf(who, sizeof(who), "process %ld", (long)holder);
    tcti_log(TCTI_LOG_ERROR,
             "vTPM %u is in use: %s%s holds it, waited %u s; wait for its end, "
             "or share the vTPM through tpm2-abrmd",
             context->conf.device, who,
             holder == context->pid ? ", this one," : "", context->conf.wait_s);
    return TSS2_TCTI_RC_IO_ERROR;
}

static TSS2_RC connect_link(struct tcti_context *context)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    enum vtpmring_status status;

    config.device = context->conf.device;
    config.extra_pages = context->conf.extra_pages;
    config.poll_us = context->conf.poll_us;
    config.connect_timeout_ms = context->conf.connect_timeout_ms;
    status = vtpmring_front_link_open(&context->link, context->port, &config);
    if (status == VTPMRING_OK) {
        context->connected = true;
        status =
            vtpmring_front_link_set_locality(&context->link, context->locality);
        return tcti_rc(status);
    }
    tcti_log(TCTI_LOG_ERROR,
             "cannot connect to vTPM %u: %s (%s); is its backend domain "
             "running?",
             context->conf.device, vtpmring_status_text(status),
             vtpmring_status_name(status));
    if (status == VTPMRING_EPORT)
        close_port(context);
    return tcti_rc(status);
}

TSS2_RC tcti_connection_enter(struct tcti_context *context)
{
    pid_t holder;
    TSS2_RC rc;

    switch (tcti_lock_enter(&context->lock, context->conf.wait_s * 1000ull,
                            &holder)) {
    case TCTI_LOCK_HELD:
        return report_holder(context, holder);
    case TCTI_LOCK_BROKEN:
        tcti_log(TCTI_LOG_ERROR, "the lock file of vTPM %u fails: %s",
                 context->conf.device, strerror(errno));
        return TSS2_TCTI_RC_IO_ERROR;
    case TCTI_LOCK_TAKEN:
        /* Another process has connected since: the xenstore nodes are its own,
           or were. Our pages and channel go without touching them. */
        if (context->connected)
            close_port(context);
        break;
    case TCTI_LOCK_KEPT:
        break;
    }
    rc = open_port(context);
    if (rc == TSS2_RC_SUCCESS && !context->connected)
        rc = connect_link(context);
    if (rc != TSS2_RC_SUCCESS)
        tcti_lock_drop(&context->lock);
    return rc;
}

void tcti_connection_leave(struct tcti_context *context,
                           enum vtpmring_status status)
{
    if (status == VTPMRING_EPORT) {
        close_port(context);
        tcti_lock_drop(&context->lock);
    } else {
        tcti_lock_leave(&context->lock);
    }
}

/* The next program finds the room in the TPM that we have found. */
static void flush_objects(struct tcti_context *context)
{
    uint8_t command[TCTI_OBJECTS_FLUSH_SIZE], response[64];
    enum vtpmring_status status = VTPMRING_OK;
    size_t length;

    /* without a connection there is nothing to wait for at the end */
    if (context->conf.flush == 0 || context->outstanding ||
        vtpmring_front_link_capacity(&context->link) == 0)
        return;
    while (status == VTPMRING_OK &&
           tcti_objects_flush(&context->objects, command)) {
        status =
            vtpmring_front_link_send(&context->link, command, sizeof(command));
        if (status == VTPMRING_OK)
            status = vtpmring_front_link_receive(&context->link, response,
                                                 sizeof(response), &length,
                                                 FLUSH_TIMEOUT_MS);
    }
}

void tcti_connection_close(struct tcti_context *context)
{
    /* Only the holder may touch the device's nodes. */
    if (context->connected &&
        (context->lock.busy || tcti_lock_reenter(&context->lock))) {
        flush_objects(context);
        vtpmring_front_link_close(&context->link);
        context->connected = false;
    }
    close_port(context);
    tcti_lock_close(&context->lock);
}
