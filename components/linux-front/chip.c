/* SPDX-License-Identifier: MIT */
/* The TPM as the kernel's TPM core sees it, and what it needs after each
 * connect. */
#include "tpmfront.h"
#include "tpm_core.h"

#include <linux/errno.h>
#include <linux/jiffies.h>

/* TPM_RC_INITIALIZE and TPM_INVALID_POSTINIT: it had been started. */
#define STARTED_20 0x100
#define STARTED_12 0x26

static const unsigned char startup_20[] = {0x80, 1, 0, 0,    0, 12,
                                           0,    0, 1, 0x44, 0, 0};
static const unsigned char self_test_20[] = {0x80, 1, 0, 0,    0, 11,
                                             0,    0, 1, 0x43, 0};
static const unsigned char startup_12[] = {0, 0xc1, 0, 0,    0, 12,
                                           0, 0,    0, 0x99, 0, 1};
static const unsigned char self_test_12[] = {0,  0xc1, 0, 0, 0,
                                             10, 0,    0, 0, 0x53};

/* A TPM 1.2 says itself how long its commands take: longer is not believed. */
#define LONGEST_US 300000000u

/* What the TPM core thinks of a command, but not less than the administrator
 * says: the host may be busy. */
static uint64_t limit_of(struct tpm_chip *chip, const void *command)
{
    struct vtpmring_tpm_header header;
    uint64_t least = (uint64_t)READ_ONCE(tpmfront_command_ms) * USEC_PER_MSEC;
    uint64_t limit;

    (void)vtpmring_tpm_parse(command, VTPMRING_TPM_HEADER_SIZE, &header);
    limit = jiffies_to_usecs(tpm_calc_ordinal_duration(chip, header.code));
    return max(min_t(uint64_t, limit, LONGEST_US), least);
}

static int send(struct tpm_chip *chip, u8 *command, size_t length)
{
    struct tpmfront *front = dev_get_drvdata(&chip->dev);

    if (length < VTPMRING_TPM_HEADER_SIZE)
        return -EINVAL;
    return tpmfront_send(front, command, length, limit_of(chip, command));
}

static int receive(struct tpm_chip *chip, u8 *response, size_t size)
{
    struct tpmfront *front = dev_get_drvdata(&chip->dev);

    return tpmfront_receive(front, response, size);
}

static void cancel(struct tpm_chip *chip)
{
    struct tpmfront *front = dev_get_drvdata(&chip->dev);

    tpmfront_cancel(front);
}

/* Together with a mask of 0 it says that the response can be received:
 * receive() does the waiting. */
static u8 status(struct tpm_chip *chip)
{
    return 0;
}

static bool is_canceled(struct tpm_chip *chip, u8 now)
{
    return false;
}

static const struct tpm_class_ops ops = {
    .flags = TPM_OPS_AUTO_STARTUP,
    .send = send,
    .recv = receive,
    .cancel = cancel,
    .status = status,
    .req_canceled = is_canceled,
};

static void open_to_all(struct tpmfront *front, uint32_t generation)
{
    unsigned long flags;

    spin_lock_irqsave(&front->lock, flags);
    front->opened = generation;
    tpmfront_changed(front);
    spin_unlock_irqrestore(&front->lock, flags);
}

/* A new chip on a new connection. */
static int add_chip(struct tpmfront *front, uint32_t generation)
{
    struct tpm_chip *chip = tpm_chip_alloc(&front->xdev->dev, &ops);
    int err;

    if (IS_ERR(chip))
        return PTR_ERR(chip);
    dev_set_drvdata(&chip->dev, front);
    err = tpm_chip_start(chip);
    if (err == 0) {
        err = tpm2_probe(chip);
        tpm_chip_stop(chip);
    }
    if (err == 0) {
        /* a chip has other users before its registration has returned */
        open_to_all(front, generation);
        err = tpm_chip_register(chip);
    }
    if (err == 0) {
        front->chip = chip;
        return 0;
    }
    put_device(&chip->dev);
    return err < 0 ? err : -EIO;
}

/* The TPM's answer to a command of our own: its code, or an error. */
static int ask(struct tpmfront *front, const unsigned char *command,
               size_t length)
{
    unsigned char response[64];
    struct vtpmring_tpm_header header;
    int rc;

    rc =
        tpmfront_send(front, command, length,
                      (uint64_t)READ_ONCE(tpmfront_command_ms) * USEC_PER_MSEC);
    if (rc == 0)
        rc = tpmfront_receive(front, response, sizeof(response));
    if (rc < 0)
        return rc;
    (void)vtpmring_tpm_parse(response, (size_t)rc, &header);
    return header.code <= INT_MAX ? (int)header.code : -EIO;
}

/* The chip was there before this connection. Its TPM runs on, or it is one that
 * was started anew, or another. */
static int start_again(struct tpmfront *front)
{
    struct device *dev = &front->xdev->dev;
    bool is_20 = front->chip->flags & TPM_CHIP_FLAG_TPM2;
    int rc;

    rc = is_20 ? ask(front, startup_20, sizeof(startup_20))
               : ask(front, startup_12, sizeof(startup_12));
    if (rc < 0 || rc == (is_20 ? STARTED_20 : STARTED_12))
        return rc < 0 ? rc : 0;
    if (rc > 0) {
        dev_err(dev, "the TPM does not start: error %#x\n", rc);
        return 0;
    }
    dev_warn(dev, "the TPM has started anew: its PCRs are reset\n");
    rc = is_20 ? ask(front, self_test_20, sizeof(self_test_20))
               : ask(front, self_test_12, sizeof(self_test_12));
    return rc < 0 ? rc : 0;
}

void tpmfront_attach(struct work_struct *work)
{
    struct tpmfront *front = container_of(work, struct tpmfront, attach);
    uint32_t generation;
    unsigned long flags;
    int err;

    spin_lock_irqsave(&front->lock, flags);
    front->attacher = current;
    generation = front->attached;
    spin_unlock_irqrestore(&front->lock, flags);
    if (front->chip == NULL) {
        err = add_chip(front, generation);
    } else {
        err = start_again(front);
        if (err == 0)
            open_to_all(front, generation);
    }
    if (err != 0)
        dev_err_ratelimited(&front->xdev->dev,
                            "no TPM behind this connection: error %d\n", err);
    spin_lock_irqsave(&front->lock, flags);
    front->attacher = NULL;
    /* the next connection may have one; there is a pause before it */
    if (err != 0 && front->session.generation == generation)
        session_give_up(&front->session, tpmfront_now());
    tpmfront_after(front);
    spin_unlock_irqrestore(&front->lock, flags);
    WRITE_ONCE(front->ready, true);
}

void tpmfront_detach(struct tpmfront *front)
{
    if (front->chip == NULL)
        return;
    tpm_chip_unregister(front->chip);
    put_device(&front->chip->dev);
    front->chip = NULL;
}
