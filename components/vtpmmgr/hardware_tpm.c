/* SPDX-License-Identifier: MIT */
#include "hardware_tpm.h"

#include "bytes.h"
#include "tpm_identity.h"
#include "tpm_nv.h"
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_mu.h>

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

static uint32_t code_of(enum vtpm_status status)
{
    return status == VTPM_OK       ? VTPMMGR_SUCCESS
           : status == VTPM_EINVAL ? VTPMMGR_BAD_PARAMETER
                                   : VTPMMGR_FAIL;
}

/* The group's key; its two halves are kept in the group. */
static uint32_t new_group(struct vtpmmgr_hardware *hardware,
                          const struct vtpmmgr_hardware_request *request,
                          struct vtpmmgr_group_content *group,
                          struct vtpmmgr_message *response)
{
    struct vtpmmgr_identity identity;
    size_t public = 0, all;
    enum vtpm_status status =
        vtpmmgr_identity_make(of(hardware)->tpm, &identity, &hardware->error);

    if (status != VTPM_OK)
        return code_of(status);
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(&identity.public, request->bytes,
                                     VTPMMGR_HARDWARE_ROOM,
                                     &public) != TSS2_RC_SUCCESS)
        return VTPMMGR_FAIL;
    all = public;
    if (Tss2_MU_TPM2B_PRIVATE_Marshal(&identity.secret, request->bytes,
                                      VTPMMGR_HARDWARE_ROOM,
                                      &all) != TSS2_RC_SUCCESS ||
        identity.public.publicArea.unique.rsa.size != VTPMMGR_RSA_SIZE ||
        all + VTPMMGR_RSA_SIZE > VTPMMGR_HARDWARE_ROOM)
        return VTPMMGR_FAIL;
    group->key_public = (struct vtpm_bytes){request->bytes, public};
    group->key_private =
        (struct vtpm_bytes){request->bytes + public, all - public};
    memcpy(request->bytes + all, identity.public.publicArea.unique.rsa.buffer,
           VTPMMGR_RSA_SIZE);
    response->modulus =
        (struct vtpmmgr_span){request->bytes + all, VTPMMGR_RSA_SIZE};
    return VTPMMGR_SUCCESS;
}

static bool identity_of(struct hardware_tpm *self,
                        const struct vtpmmgr_group_content *group,
                        struct vtpmmgr_identity *identity)
{
    if (vtpmmgr_identity_decode(group->key_public, group->key_private,
                                identity))
        return true;
    (void)vtpm_fail(&self->hardware.error, VTPM_EUNPROVISIONED,
                    "the group has no key of this TPM: it was made without "
                    "one; make a group with vtpmctl group new");
    return false;
}

static uint32_t evidence(struct hardware_tpm *self,
                         const struct vtpmmgr_hardware_request *request,
                         struct vtpmmgr_message *response)
{
    const struct vtpmmgr_message *message = request->message;
    const struct vtpm_bytes nonce = {message->blob.at, message->blob.len};
    struct vtpmmgr_statement statement = {.sequence = 0};
    struct vtpmmgr_identity identity;
    struct vtpmmgr_pcrs pcrs = {.bank = (uint16_t)message->index,
                                .mask = message->attributes};
    struct vtpmmgr_list list;
    enum vtpm_status status;
    size_t len;

    if (nonce.len == 0 || nonce.len > VTPMMGR_NONCE_MAX ||
        message->index > UINT16_MAX || pcrs.mask == 0 ||
        pcrs.mask >> VTPMMGR_PCRS != 0)
        return VTPMMGR_BAD_PARAMETER;
    if (!identity_of(self, request->group, &identity) ||
        !vtpmmgr_nonce_digest(nonce, statement.nonce))
        return VTPMMGR_FAIL;
    if (request->group->list.len > 0 &&
        vtpmmgr_list_decode((struct vtpmmgr_span){request->group->list.at,
                                                  request->group->list.len},
                            &list))
        statement.sequence = list.sequence;
    memcpy(statement.group, request->group->uuid, sizeof statement.group);
    memcpy(statement.endorsement, message->recovery.at,
           sizeof statement.endorsement);
    if (request->uuid) {
        memcpy(statement.uuid, request->uuid, sizeof statement.uuid);
        memcpy(statement.label, request->label, sizeof statement.label);
    }
    status =
        vtpmmgr_identity_evidence(self->tpm, &identity, &statement, &pcrs,
                                  request->bytes, &len, &self->hardware.error);
    response->blob = (struct vtpmmgr_span){request->bytes, len};
    return status == VTPM_EUNSUPPORTED ? VTPMMGR_BAD_PARAMETER
                                       : code_of(status);
}

/* As a TPM_SYMMETRIC_KEY: algorithm, scheme, size; no algorithm is meant. */
static uint32_t activate(struct hardware_tpm *self,
                         const struct vtpmmgr_hardware_request *request,
                         struct vtpmmgr_message *response)
{
    const struct vtpm_bytes blob = {request->message->blob.at,
                                    request->message->blob.len};
    struct vtpmmgr_identity identity;
    TPM2B_DIGEST secret;
    enum vtpm_status status;

    if (!identity_of(self, request->group, &identity))
        return VTPMMGR_FAIL;
    status = vtpmmgr_identity_activate(self->tpm, &identity, blob, &secret,
                                       &self->hardware.error);
    if (status != VTPM_OK)
        return code_of(status);
    vtpm_put32(request->bytes, 0);
    vtpm_put16(request->bytes + 4, 1);
    vtpm_put16(request->bytes + 6, secret.size);
    memcpy(request->bytes + 8, secret.buffer, secret.size);
    response->symmetric =
        (struct vtpmmgr_span){request->bytes, (size_t)8 + secret.size};
    vtpm_cleanse(&secret, sizeof secret);
    return VTPMMGR_SUCCESS;
}

static uint32_t read_endorsement(struct hardware_tpm *self,
                                 const struct vtpmmgr_hardware_request *request,
                                 struct vtpmmgr_message *response)
{
    struct vtpmmgr_endorsement key;
    size_t len = 0;
    enum vtpm_status status =
        vtpmmgr_endorsement_read(self->tpm, &key, &self->hardware.error);

    if (status != VTPM_OK)
        return code_of(status);
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(&key.public, request->bytes,
                                     VTPMMGR_HARDWARE_ROOM,
                                     &len) != TSS2_RC_SUCCESS ||
        len + key.certificate_len > VTPMMGR_HARDWARE_ROOM)
        return VTPMMGR_FAIL;
    memcpy(request->bytes + len, key.certificate, key.certificate_len);
    response->blob = (struct vtpmmgr_span){request->bytes, len};
    response->certificate =
        (struct vtpmmgr_span){request->bytes + len, key.certificate_len};
    return VTPMMGR_SUCCESS;
}

static uint32_t answer(struct vtpmmgr_hardware *hardware,
                       const struct vtpmmgr_hardware_request *request,
                       struct vtpmmgr_message *response)
{
    const struct vtpmmgr_message *message = request->message;
    struct hardware_tpm *self = of(hardware);
    const struct vtpm_bytes blob = {message->blob.at, message->blob.len};

    switch (request->command->ordinal) {
    case VTPMMGR_EVIDENCE:
        return evidence(self, request, response);
    case VTPMMGR_GROUP_ACTIVATE:
        return activate(self, request, response);
    case VTPMMGR_READ_PUBEK:
        return read_endorsement(self, request, response);
    case VTPMMGR_NV_DEFINE_SPACE:
        return code_of(vtpmmgr_nv_define(self->tpm, message->index,
                                         message->size, message->attributes,
                                         &hardware->error));
    case VTPMMGR_NV_WRITE_VALUE:
        return code_of(vtpmmgr_nv_write(self->tpm, message->index,
                                        message->offset, blob,
                                        &hardware->error));
    case VTPMMGR_NV_READ_VALUE:
        if (message->size > VTPMMGR_NV_MAX)
            return VTPMMGR_BAD_PARAMETER;
        response->blob = (struct vtpmmgr_span){request->bytes, message->size};
        return code_of(vtpmmgr_nv_read(self->tpm, message->index,
                                       message->offset, request->bytes,
                                       message->size, &hardware->error));
    default:
        (void)vtpm_fail(&hardware->error, VTPM_EUNSUPPORTED,
                        "a TPM 2.0 cannot answer that frame, which was made "
                        "for a TPM 1.2; vtpmctl quote has evidence");
        return VTPMMGR_FAIL;
    }
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
