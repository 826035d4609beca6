/* SPDX-License-Identifier: MIT */
/* The entry points of Mini-OS's tpmfront, over the link. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/sched.h>
#include <mini-os/semaphore.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpmfront.h>

#include <vtpmring/link.h>
#include <vtpmring/minios_front.h>
#include <vtpmring/page.h>
#include <vtpmring/port_minios.h>
#include <vtpmring/xenbus.h>

#include "front.h"

#define DIRECTORY "device/vtpm/"
#define EXTRA_PAGES 1

/* Longer than any command of a TPM takes. */
unsigned vtpmring_tpmfront_limit_ms = 300000;

struct front {
    struct tpmfront_dev dev; /* first: it is what callers have */
    struct vtpmring_port *port;
    struct vtpmring_front_link link;
    struct semaphore one; /* command at a time */
    /* what all pages hold: a backend may answer with more than a TPM */
    uint8_t response[(1 + EXTRA_PAGES) * VTPMRING_PAGE_SIZE];
};

static struct front *front_of(struct tpmfront_dev *dev)
{
    return (struct front *)dev;
}

static void complain(const char *what, enum vtpmring_status status)
{
    printk("tpmfront: %s: %s\n", what, vtpmring_status_text(status));
}

/* NULL stands for the first device. */
static bool device_of(const char *nodename, unsigned *device)
{
    const size_t length = sizeof(DIRECTORY) - 1;
    uint32_t number;

    *device = 0;
    if (nodename == NULL)
        return true;
    if (strncmp(nodename, DIRECTORY, length) != 0 ||
        vtpmring_xenbus_parse_number(nodename + length,
                                     strlen(nodename + length), 0x7fffffff,
                                     &number) != VTPMRING_OK)
        return false;
    *device = number;
    return true;
}

static enum vtpmring_status connect(struct front *front, unsigned device)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    enum vtpmring_status status = vtpmring_port_minios_open(&front->port);

    if (status != VTPMRING_OK)
        return status;
    config.device = device;
    config.extra_pages = EXTRA_PAGES;
    /* looking would keep the other threads of the domain waiting */
    config.poll_us = 0;
    status = vtpmring_front_link_open(&front->link, front->port, &config);
    if (status != VTPMRING_OK)
        vtpmring_port_minios_close(front->port);
    return status;
}

struct tpmfront_dev *init_tpmfront(const char *nodename)
{
    struct front *front;
    enum vtpmring_status status;
    unsigned device;

    if (!device_of(nodename, &device)) {
        printk("tpmfront: no vtpm device: %s\n", nodename);
        return NULL;
    }
    front = malloc(sizeof(*front));
    if (front == NULL) {
        complain("cannot begin", VTPMRING_ENOMEM);
        return NULL;
    }
    memset(front, 0, sizeof(*front));
    init_MUTEX(&front->one);
    front->dev.bedomid = 0;
#ifdef HAVE_LIBC
    front->dev.fd = -1;
#endif
    status = connect(front, device);
    if (status == VTPMRING_OK) {
        front->dev.bedomid = front->link.peer;
        return &front->dev;
    }
    complain("cannot connect", status);
    free(front);
    return NULL;
}

void shutdown_tpmfront(struct tpmfront_dev *dev)
{
    struct front *front = front_of(dev);

    if (dev == NULL)
        return;
    down(&front->one);
    vtpmring_front_link_close(&front->link);
    vtpmring_port_minios_close(front->port);
    free(front->dev.respbuf);
    free(front);
}

static enum vtpmring_status receive(struct front *front, size_t *length,
                                    int timeout_ms)
{
    return vtpmring_front_link_receive(&front->link, front->response,
                                       sizeof(front->response), length,
                                       timeout_ms);
}

/* A backend that has gone away takes the command along; the next one finds the
 * one that came after it. */
static enum vtpmring_status exchange(struct front *front, const uint8_t *req,
                                     size_t reqlen, size_t *resplen)
{
    enum vtpmring_status status =
        vtpmring_front_link_send(&front->link, req, reqlen);

    if (status != VTPMRING_OK)
        return status;
    status = receive(front, resplen, (int)vtpmring_tpmfront_limit_ms);
    if (status != VTPMRING_AGAIN)
        return status;
    (void)vtpmring_front_link_cancel(&front->link);
    return receive(front, resplen, -1);
}

int tpmfront_cmd(struct tpmfront_dev *dev, uint8_t *req, size_t reqlen,
                 uint8_t **resp, size_t *resplen)
{
    struct front *front = front_of(dev);
    enum vtpmring_status status;

    *resp = NULL;
    *resplen = 0;
    if (dev == NULL)
        return -1;
    down(&front->one);
    status = exchange(front, req, reqlen, resplen);
    up(&front->one);
    if (status != VTPMRING_OK) {
        *resplen = 0;
        complain("no response", status);
        return -1;
    }
    *resp = front->response;
    return 0;
}

/* Nothing runs between the end of a command and the copy of its response. */
int vtpmring_tpmfront_keep(struct tpmfront_dev *dev, const void *command,
                           size_t length)
{
    uint8_t *response;
    size_t size;

    free(dev->respbuf);
    dev->respbuf = NULL;
    dev->resplen = 0;
    if (tpmfront_cmd(dev, (uint8_t *)(uintptr_t)command, length, &response,
                     &size) != 0)
        return -1;
    dev->respbuf = malloc(size);
    if (dev->respbuf == NULL)
        return -1;
    memcpy(dev->respbuf, response, size);
    dev->resplen = size;
    return 0;
}

int tpmfront_set_locality(struct tpmfront_dev *dev, int locality)
{
    if (dev == NULL || locality < 0 || locality > 255)
        return -1;
    return vtpmring_front_link_set_locality(&front_of(dev)->link,
                                            (uint8_t)locality) == VTPMRING_OK
               ? 0
               : -1;
}
