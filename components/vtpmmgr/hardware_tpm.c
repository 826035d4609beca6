/* SPDX-License-Identifier: MIT */
#include "hardware_tpm.h"

#include <stdlib.h>

struct hardware_tpm {
    struct vtpmmgr_hardware hardware;
    struct vtpmmgr_tpm *tpm;
};

static struct hardware_tpm *of(struct vtpmmgr_hardware *hardware)
{
    return (struct hardware_tpm *)(void *)hardware;
}

/* Between two calls of tpm2-tss nobody else is on its connection. */
static size_t exchange(struct vtpmmgr_hardware *hardware,
                       const uint8_t *command, size_t len, uint8_t *response,
                       size_t room)
{
    struct vtpmmgr_tpm *tpm = of(hardware)->tpm;
    struct vtpm_error err;
    TSS2_RC rc;

    if (vtpmmgr_tpm_connect(tpm, &err) != VTPM_OK)
        return 0;
    rc = Tss2_Tcti_Transmit(tpm->tcti, len, command);
    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_Tcti_Receive(tpm->tcti, &room, response,
                               TSS2_TCTI_TIMEOUT_BLOCK);
    tpm->lost = rc != TSS2_RC_SUCCESS;
    return tpm->lost ? 0 : room;
}

/* Groups have keys of a TPM only where they can be used. */
static uint32_t new_group(struct vtpmmgr_hardware *hardware,
                          const struct vtpmmgr_hardware_request *request,
                          struct vtpmmgr_group_content *group,
                          struct vtpmmgr_message *response)
{
    (void)hardware;
    (void)request;
    (void)group;
    (void)response;
    return VTPMMGR_SUCCESS;
}

static uint32_t answer(struct vtpmmgr_hardware *hardware,
                       const struct vtpmmgr_hardware_request *request,
                       struct vtpmmgr_message *response)
{
    (void)hardware;
    (void)request;
    (void)response;
    return VTPMMGR_FAIL;
}

static void close_hardware(struct vtpmmgr_hardware *hardware)
{
    free(of(hardware));
}

static const struct vtpmmgr_hardware_ops ops = {
    .exchange = exchange,
    .new_group = new_group,
    .answer = answer,
    .close = close_hardware,
};

enum vtpm_status vtpmmgr_hardware_tpm(struct vtpmmgr_hardware **hardware,
                                      struct vtpmmgr_tpm *tpm,
                                      struct vtpm_error *err)
{
    struct hardware_tpm *self = calloc(1, sizeof *self);

    *hardware = NULL;
    if (!self)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    self->hardware.ops = &ops;
    self->hardware.family = VTPMMGR_FAMILY_20;
    self->tpm = tpm;
    *hardware = &self->hardware;
    return VTPM_OK;
}
