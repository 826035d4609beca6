/* SPDX-License-Identifier: MIT */
/* The registers, the chip and the lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "log.h"
#include "rc.h"

static TSS2_RC open_chip(struct tis_context *context)
{
    char error[VTPMRING_TIS_MEM_ERROR_MAX];
    enum vtpmring_status status = vtpmring_tis_mem_open(
        &context->mem, context->conf.path, context->conf.driver.base, error);

    if (status != VTPMRING_OK) {
        tcti_log(TCTI_LOG_ERROR, "%s", error);
        return tcti_rc(status);
    }
    status = vtpmring_tis_init(&context->tis, &vtpmring_tis_mem_access,
                               &context->mem, &context->conf.driver);
    if (status == VTPMRING_OK)
        status = vtpmring_tis_probe(&context->tis);
    if (status == VTPMRING_OK)
        status = vtpmring_tis_run(&context->tis);
    if (status != VTPMRING_OK) {
        tcti_log(TCTI_LOG_ERROR,
                 "no TPM at 0x%llx of %s: %s (%s); is it enabled in the "
                 "firmware?",
                 (unsigned long long)context->conf.driver.base,
                 context->conf.path, vtpmring_status_text(status),
                 vtpmring_status_name(status));
        return tcti_rc(status);
    }
    tcti_log(TCTI_LOG_INFO, "TPM %s, %s, device and vendor 0x%08lx",
             context->tis.family == VTPMRING_TPM_20 ? "2.0" : "1.2",
             vtpmring_tis_interface_name(
                 (enum vtpmring_tis_interface)context->tis.interface),
             (unsigned long)context->tis.did_vid);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC open_lock(struct tis_context *context)
{
    char error[TCTI_LOCK_ERROR_MAX], name[TIS_CONF_PATH_MAX + 32];
    int folder = tcti_lock_folder(error);
    bool done;

    if (folder < 0) {
        tcti_log(TCTI_LOG_ERROR, "%s", error);
        return TSS2_TCTI_RC_IO_ERROR;
    }
    (void)snprintf(name, sizeof(name), "tis:%llx:%s",
                   (unsigned long long)context->conf.driver.base,
                   context->conf.path);
    done = tcti_lock_open(&context->lock, folder, name, 0,
                          context->conf.idle_ms, error);
    (void)close(folder);
    if (!done)
        tcti_log(TCTI_LOG_ERROR, "%s", error);
    return done ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

TSS2_RC tis_open(struct tis_context *context)
{
    TSS2_RC rc = open_chip(context);

    context->locality = (uint8_t)context->conf.locality;
    if (rc == TSS2_RC_SUCCESS && context->locality >= context->tis.localities) {
        tcti_log(TCTI_LOG_ERROR,
                 "this TPM has no locality %u; give a lower "
                 "one",
                 context->conf.locality);
        rc = TSS2_TCTI_RC_BAD_VALUE;
    }
    if (rc == TSS2_RC_SUCCESS)
        rc = open_lock(context);
    if (rc != TSS2_RC_SUCCESS)
        vtpmring_tis_mem_close(&context->mem);
    return rc;
}

TSS2_RC tis_enter(struct tis_context *context)
{
    char who[32] = "another process";
    pid_t holder = 0;

    switch (tcti_lock_enter(&context->lock, context->conf.wait_s * 1000ull,
                            &holder)) {
    case TCTI_LOCK_HELD:
        if (holder > 0)
            (void)snprintf(who, sizeof(who), "process %ld", (long)holder);
        tcti_log(TCTI_LOG_ERROR,
                 "the TPM is in use: %s holds it, waited %u s; wait for its "
                 "end, or share the TPM through tpm2-abrmd",
                 who, context->conf.wait_s);
        return TSS2_TCTI_RC_IO_ERROR;
    case TCTI_LOCK_BROKEN:
        tcti_log(TCTI_LOG_ERROR, "the lock file of the TPM fails: %s",
                 strerror(errno));
        return TSS2_TCTI_RC_IO_ERROR;
    default:
        return TSS2_RC_SUCCESS;
    }
}

void tis_leave(struct tis_context *context)
{
    /* others may have a use for it, above all a higher one */
    if (vtpmring_tis_release(&context->tis) == VTPMRING_OK)
        (void)vtpmring_tis_run(&context->tis);
    tcti_lock_leave(&context->lock);
}

/* The next program finds the room in the TPM that we have found. */
static void flush_objects(struct tis_context *context)
{
    uint8_t command[TCTI_OBJECTS_FLUSH_SIZE];
    enum vtpmring_status status = VTPMRING_OK;

    while (status == VTPMRING_OK &&
           tcti_objects_flush(&context->objects, command)) {
        status = vtpmring_tis_submit(&context->tis, context->locality, command,
                                     sizeof(command), context->packet,
                                     sizeof(context->packet));
        if (status == VTPMRING_OK)
            status = vtpmring_tis_run(&context->tis);
    }
}

void tis_close(struct tis_context *context)
{
    if (context->outstanding) {
        if (!context->done && vtpmring_tis_cancel(&context->tis) == VTPMRING_OK)
            (void)vtpmring_tis_run(&context->tis);
        context->outstanding = false;
        tis_leave(context);
    }
    if (context->conf.flush != 0 && context->objects.count > 0 &&
        tis_enter(context) == TSS2_RC_SUCCESS) {
        flush_objects(context);
        tis_leave(context);
    }
    tcti_lock_close(&context->lock);
    vtpmring_tis_mem_close(&context->mem);
}
