/* SPDX-License-Identifier: MIT */
#include "tcti_tap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>

#define MAGIC 0x74617074617074ull

struct context {
    TSS2_TCTI_CONTEXT_COMMON_V2 common;
    TSS2_TCTI_CONTEXT *inner;
    struct tap *tap;
    bool chosen; /* the command that is out is the one */
    bool dead;
};

static struct context *of(TSS2_TCTI_CONTEXT *opaque)
{
    return (struct context *)opaque;
}

static void record(struct tap *tap, const uint8_t *bytes, size_t len)
{
    if (len > sizeof tap->log - tap->len) {
        tap->lost += (uint32_t)len;
        return;
    }
    memcpy(tap->log + tap->len, bytes, len);
    tap->len += len;
}

static uint32_t code_of(const uint8_t *command)
{
    return (uint32_t)command[6] << 24 | (uint32_t)command[7] << 16 |
           (uint32_t)command[8] << 8 | command[9];
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *opaque, size_t size,
                        const uint8_t *command)
{
    struct context *self = of(opaque);
    struct tap *tap = self->tap;

    if (self->dead)
        return TSS2_TCTI_RC_IO_ERROR;
    record(tap, command, size);
    self->chosen = false;
    if (tap->code == 0 || tap->code == code_of(command))
        self->chosen = ++tap->count == tap->at;
    if (self->chosen && tap->deed == TAP_LOSE_COMMAND) {
        self->dead = true;
        return TSS2_TCTI_RC_IO_ERROR;
    }
    if (self->chosen && tap->deed == TAP_ANSWER)
        return TSS2_RC_SUCCESS;
    return Tss2_Tcti_Transmit(self->inner, size, command);
}

static TSS2_RC answer(struct tap *tap, size_t *size, uint8_t *response)
{
    const uint8_t own[10] = {0x80,
                             1,
                             0,
                             0,
                             0,
                             10,
                             (uint8_t)(tap->answer >> 24),
                             (uint8_t)(tap->answer >> 16),
                             (uint8_t)(tap->answer >> 8),
                             (uint8_t)tap->answer};

    *size = sizeof own;
    if (response)
        memcpy(response, own, sizeof own);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *opaque, size_t *size,
                       uint8_t *response, int32_t timeout)
{
    struct context *self = of(opaque);
    struct tap *tap = self->tap;
    TSS2_RC rc;

    if (self->dead)
        return TSS2_TCTI_RC_IO_ERROR;
    if (self->chosen && tap->deed == TAP_ANSWER)
        return answer(tap, size, response);
    rc = Tss2_Tcti_Receive(self->inner, size, response, timeout);
    if (rc != TSS2_RC_SUCCESS || !response)
        return rc;
    record(tap, response, *size);
    if (self->chosen && tap->deed == TAP_FLIP)
        response[tap->byte % *size] ^= 0x10;
    if (self->chosen && tap->deed == TAP_LOSE_RESPONSE) {
        self->dead = true;
        return TSS2_TCTI_RC_IO_ERROR;
    }
    return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *opaque)
{
    Tss2_TctiLdr_Finalize(&of(opaque)->inner);
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *opaque)
{
    return Tss2_Tcti_Cancel(of(opaque)->inner);
}

static TSS2_RC locality(TSS2_TCTI_CONTEXT *opaque, uint8_t n)
{
    return Tss2_Tcti_SetLocality(of(opaque)->inner, n);
}

static TSS2_RC init(TSS2_TCTI_CONTEXT *opaque, size_t *size, const char *conf)
{
    struct context *self = of(opaque);
    char *inner;

    if (!opaque) {
        *size = sizeof *self;
        return TSS2_RC_SUCCESS;
    }
    memset(self, 0, sizeof *self);
    self->tap = (struct tap *)(uintptr_t)strtoull(conf, &inner, 16);
    if (*inner != ':')
        return TSS2_TCTI_RC_BAD_VALUE;
    self->common.v1.magic = MAGIC;
    self->common.v1.version = 2;
    self->common.v1.transmit = transmit;
    self->common.v1.receive = receive;
    self->common.v1.finalize = finalize;
    self->common.v1.cancel = cancel;
    self->common.v1.setLocality = locality;
    return Tss2_TctiLdr_Initialize(inner + 1, &self->inner);
}

static const TSS2_TCTI_INFO info = {2, "tap", "a TCTI that listens",
                                    "ADDRESS:NAME:CONF", init};

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void);
const TSS2_TCTI_INFO *Tss2_Tcti_Info(void)
{
    return &info;
}
