/* SPDX-License-Identifier: MIT */
/* tpm2-tss reaches the hardware TPM by the entry points of tpm_tis. Mini-OS
 * loads no libraries: this is what tctildr would find. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpm_tis.h>
#include <string.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>

#include <vtpmring/minios_tis.h>
#include <vtpmring/vtpmring.h>

#define MAGIC 0x76744d696e694f53ull
#define COMMAND_MAX 4096

struct tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first */
    struct tpm_chip *chip;
    uint8_t command[COMMAND_MAX];
    size_t length; /* 0: none was sent */
    uint8_t *response;
    size_t response_length;
};

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size,
                        const uint8_t *command)
{
    struct tcti *tcti = (struct tcti *)context;

    if (tcti->length != 0)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    if (size > sizeof(tcti->command))
        return TSS2_TCTI_RC_BAD_VALUE;
    memcpy(tcti->command, command, size);
    tcti->length = size;
    return TSS2_RC_SUCCESS;
}

/* The command runs here: other threads do so meanwhile. */
static TSS2_RC run(struct tcti *tcti)
{
    if (tcti->response != NULL)
        return TSS2_RC_SUCCESS;
    if (tpm_tis_cmd(tcti->chip, tcti->command, tcti->length, &tcti->response,
                    &tcti->response_length) == 0)
        return TSS2_RC_SUCCESS;
    tcti->length = 0;
    return TSS2_TCTI_RC_IO_ERROR;
}

/* Without a buffer, it asks for the size. */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size,
                       uint8_t *response, int32_t timeout)
{
    struct tcti *tcti = (struct tcti *)context;
    const size_t room = *size;
    TSS2_RC rc;

    (void)timeout;
    if (tcti->length == 0)
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    rc = run(tcti);
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    *size = tcti->response_length;
    if (response == NULL)
        return TSS2_RC_SUCCESS;
    if (room < tcti->response_length)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, tcti->response, tcti->response_length);
    free(tcti->response);
    tcti->response = NULL;
    tcti->length = 0;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *context)
{
    (void)context;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
    return tpm_tis_request_locality(((struct tcti *)context)->chip, locality) ==
                   locality
               ? TSS2_RC_SUCCESS
               : TSS2_TCTI_RC_IO_ERROR;
}

static void end(TSS2_TCTI_CONTEXT *context)
{
    struct tcti *tcti = (struct tcti *)context;

    free(tcti->response);
    shutdown_tpm_tis(tcti->chip);
}

/* The configuration is the locality, a digit. */
TSS2_RC Tss2_TctiLdr_Initialize(const char *conf, TSS2_TCTI_CONTEXT **context)
{
    const int locality =
        conf != NULL && conf[0] >= '0' && conf[0] <= '4' ? conf[0] - '0' : 0;
    struct tcti *tcti = malloc(sizeof(*tcti));

    if (tcti == NULL)
        return TSS2_TCTI_RC_MEMORY;
    memset(tcti, 0, sizeof(*tcti));
    tcti->chip =
        init_tpm2_tis(TPM_BASEADDR, TPM_TIS_LOCL_INT_TO_FLAG(locality), 0);
    if (tcti->chip == NULL) {
        free(tcti);
        return TSS2_TCTI_RC_NO_CONNECTION;
    }
    tcti->common.magic = MAGIC;
    tcti->common.version = 1;
    tcti->common.transmit = transmit;
    tcti->common.receive = receive;
    tcti->common.finalize = end;
    tcti->common.cancel = cancel;
    tcti->common.setLocality = set_locality;
    *context = (TSS2_TCTI_CONTEXT *)tcti;
    return TSS2_RC_SUCCESS;
}

void Tss2_TctiLdr_Finalize(TSS2_TCTI_CONTEXT **context)
{
    if (context == NULL || *context == NULL)
        return;
    end(*context);
    free(*context);
    *context = NULL;
}
