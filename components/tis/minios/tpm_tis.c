/* SPDX-License-Identifier: MIT */
/* The entry points of Mini-OS's tpm_tis, over our driver: it finds out itself
 * whether the chip is a FIFO or a CRB, and of which family. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/ioremap.h>
#include <mini-os/iorw.h>
#include <mini-os/sched.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpm_tis.h>

#include "chip.h"

static volatile void *at(void *context, uint32_t offset)
{
    return (char *)((struct tpm_chip *)context)->registers + offset;
}

static uint8_t read8(void *context, uint32_t offset)
{
    return ioread8(at(context, offset));
}

static void write8(void *context, uint32_t offset, uint8_t value)
{
    iowrite8(at(context, offset), value);
}

static uint32_t read32(void *context, uint32_t offset)
{
    return ioread32(at(context, offset));
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
    iowrite32(at(context, offset), value);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return (uint64_t)NOW() / 1000;
}

/* Others run meanwhile; a sleep of Mini-OS has milliseconds. */
static void delay_us(void *context, uint32_t us)
{
    const uint64_t until = now_us(context) + us;

    if (us >= 1000)
        msleep(us / 1000);
    while (now_us(context) < until)
        schedule();
}

static const struct vtpmring_tis_access registers_access = {
    read8, write8, read32, write32, now_us, delay_us};

static void complain(const char *what, enum vtpmring_status status)
{
    printk("tpm_tis: %s: %s\n", what, vtpmring_status_text(status));
}

static enum vtpmring_status probe(struct tpm_chip *chip, unsigned long base)
{
    struct vtpmring_tis_config config = VTPMRING_TIS_CONFIG_DEFAULT;
    enum vtpmring_status status;

    /* a CRB says by address where its buffers are */
    config.base = base;
    status = vtpmring_tis_init(&chip->tis, &registers_access, chip, &config);
    if (status == VTPMRING_OK)
        status = vtpmring_tis_probe(&chip->tis);
    if (status == VTPMRING_OK)
        status = vtpmring_tis_run(&chip->tis);
    return status;
}

/* The lowest that is allowed; tpm_tis_request_locality() changes that. */
static uint8_t lowest(uint8_t allowed)
{
    uint8_t locality = 0;

    while (locality < 4 && !(allowed >> locality & 1))
        locality++;
    return locality;
}

struct tpm_chip *init_tpm_tis(unsigned long baseaddr, int localities,
                              unsigned int irq)
{
    struct tpm_chip *chip = malloc(sizeof(*chip));
    enum vtpmring_status status = VTPMRING_EPORT;

    (void)irq; /* never used: a chip is looked at */
    if (chip == NULL) {
        complain("cannot begin", VTPMRING_ENOMEM);
        return NULL;
    }
    memset(chip, 0, sizeof(*chip));
    init_MUTEX(&chip->one);
    chip->allowed = (uint8_t)(localities & 0x1f);
    chip->locality = lowest(chip->allowed);
    chip->fd = -1;
    chip->registers = ioremap_nocache(baseaddr, VTPMRING_TIS_SIZE);
    if (chip->registers != NULL)
        status = probe(chip, baseaddr);
    if (status == VTPMRING_OK)
        return chip;
    complain("no TPM", status);
    if (chip->registers != NULL)
        iounmap(chip->registers, VTPMRING_TIS_SIZE);
    free(chip);
    return NULL;
}

struct tpm_chip *init_tpm2_tis(unsigned long baseaddr, int localities,
                               unsigned int irq)
{
    return init_tpm_tis(baseaddr, localities, irq);
}

void shutdown_tpm_tis(struct tpm_chip *chip)
{
    if (chip == NULL)
        return;
    down(&chip->one);
    if (vtpmring_tis_release(&chip->tis) == VTPMRING_OK)
        (void)vtpmring_tis_run(&chip->tis);
    iounmap(chip->registers, VTPMRING_TIS_SIZE);
    free(chip->answer);
    free(chip);
}

int tpm_tis_request_locality(struct tpm_chip *chip, int locality)
{
    enum vtpmring_status status;

    if (chip == NULL || locality < 0 || locality > 4 ||
        !(chip->allowed >> locality & 1))
        return -1;
    down(&chip->one);
    status = vtpmring_tis_request(&chip->tis, (uint8_t)locality, false);
    if (status == VTPMRING_OK)
        status = vtpmring_tis_run(&chip->tis);
    if (status == VTPMRING_OK)
        chip->locality = (uint8_t)locality;
    up(&chip->one);
    if (status == VTPMRING_OK)
        return locality;
    complain("no locality", status);
    return -1;
}

/* The caller frees the response. */
int tpm_tis_cmd(struct tpm_chip *chip, uint8_t *req, size_t reqlen,
                uint8_t **resp, size_t *resplen)
{
    enum vtpmring_status status;

    *resp = NULL;
    *resplen = 0;
    if (chip == NULL)
        return -1;
    down(&chip->one);
    status = vtpmring_tis_submit(&chip->tis, chip->locality, req, reqlen,
                                 chip->response, sizeof(chip->response));
    if (status == VTPMRING_OK)
        status = vtpmring_tis_run(&chip->tis);
    if (status == VTPMRING_OK) {
        *resp = malloc(chip->tis.length);
        if (*resp == NULL)
            status = VTPMRING_ENOMEM;
    }
    if (status == VTPMRING_OK) {
        *resplen = chip->tis.length;
        memcpy(*resp, chip->response, *resplen);
    }
    up(&chip->one);
    if (status == VTPMRING_OK)
        return 0;
    complain("no response", status);
    return -1;
}

int vtpmring_tpm_tis_keep(struct tpm_chip *chip, const void *command,
                          size_t length)
{
    free(chip->answer);
    chip->answer = NULL;
    chip->answer_length = 0;
    return tpm_tis_cmd(chip, (uint8_t *)(uintptr_t)command, length,
                       &chip->answer, &chip->answer_length);
}
