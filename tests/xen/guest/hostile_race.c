/* SPDX-License-Identifier: MIT */
/* Changes at the wrong time: of the page, of what is granted; events. */
#include "hostile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vtpmring/page.h>

/* A signing key of RSA-2048: the TPM searches for its primes for seconds. */
static const unsigned char primary[] = {
    0x80, 0x02, 0, 0,    0, 0x3f, 0, 0,    0x01, 0x31, 0x40, 0, 0,
    0x07, 0,    0, 0,    9, 0x40, 0, 0,    9,    0,    0,    0, 0,
    0,    0,    4, 0,    0, 0,    0, 0,    0x16, 0,    0x01, 0, 0x0b,
    0,    0x04, 0, 0x72, 0, 0,    0, 0x10, 0,    0x10, 0x08, 0, 0,
    0,    0,    0, 0,    0, 0,    0, 0,    0,    0,    0};

/* The head of a command without extra pages. */
static void put_command(const unsigned char *command, size_t size)
{
    const uint32_t length = (uint32_t)size;

    memset((void *)(hostile.page + VTPMRING_PAGE_LOCALITY_OFFSET), 0, 3);
    memcpy((void *)hostile.page, &length, sizeof(length));
    memcpy((void *)(hostile.page + VTPMRING_PAGE_HEAD_SIZE), command, size);
}

static void submit_primary(void)
{
    put_command(primary, sizeof(primary));
    store_state(VTPMRING_PAGE_SUBMIT);
}

/* The last command may still run: it writes until it has ended. */
static void settle(void)
{
    const uint8_t ours = 77;
    int64_t begin = now_ms(), quiet = begin;

    while (now_ms() - quiet < 300) {
        if (hostile.page[VTPMRING_PAGE_STATE_OFFSET] != ours) {
            hostile.page[VTPMRING_PAGE_STATE_OFFSET] = ours;
            quiet = now_ms();
        }
        if (too_late(begin))
            die("the vTPM goes on writing");
        nap(1);
    }
}

/* The header and the command change all the while. */
static unsigned changes(void)
{
    const unsigned count = 2000;

    for (unsigned i = 0; i < count; i++) {
        submit();
        if (i % 3 == 0)
            store_state(VTPMRING_PAGE_CANCEL);
        for (unsigned n = chance() % 2000; n > 0; n--)
            hostile.page[chance() % 32] = (unsigned char)(chance() % 5);
    }
    settle();
    works();
    return count;
}

/* Events without anything on the page, with a command, with odd states. */
static unsigned storm(void)
{
    const unsigned count = 10000;

    for (unsigned i = 0; i < count; i++) {
        if (i % 100 == 0)
            hostile.page[VTPMRING_PAGE_STATE_OFFSET] =
                (unsigned char)(i / 100 % 5);
        if (xenevtchn_notify(hostile.channels, hostile.port) != 0)
            die("cannot notify: %s", strerror(errno));
    }
    settle();
    works();
    return count;
}

/* A command that takes long is cancelled again and again. */
static unsigned cancels(void)
{
    const unsigned count = 5;

    for (unsigned i = 0; i < count; i++) {
        submit_primary();
        nap(i * 20);
        for (unsigned n = 0; n < 50; n++)
            store_state(VTPMRING_PAGE_CANCEL);
        (void)answered("cancel");
        settle();
        works();
    }
    return count;
}

void hostile_race(void)
{
    connect_device();
    printf("%u changes, ", changes());
    printf("%u events, ", storm());
    printf("%u cancels\n", cancels());
}

/* A page that is no longer granted when the vTPM wants it. */
static void extra_before(void)
{
    unsigned char command[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8};
    volatile unsigned char *packet =
        hostile.page + VTPMRING_PAGE_HEAD_SIZE + VTPMRING_PAGE_REF_SIZE;
    uint32_t ref;
    void *extra = share(hostile.peer, 1, &ref, true);

    unshare(extra, 1);
    put_command(command, sizeof(command));
    hostile.page[VTPMRING_PAGE_NR_EXTRA_OFFSET] = 1;
    memcpy((void *)(hostile.page + VTPMRING_PAGE_HEAD_SIZE), &ref, sizeof(ref));
    memcpy((void *)packet, command, sizeof(command));
    store_state(VTPMRING_PAGE_SUBMIT);
    if (answered("an extra page that is gone") != VTPMRING_PAGE_FINISH ||
        memcmp((void *)packet, "\x80\x01\0\0\0\x0a\0\0\x01\x42", 10) != 0)
        die("an extra page that is gone was used");
    works();
}

/* Both pages while they are mapped: the kernel keeps them until the vTPM lets
 * go, the guest has lost them. */
static void pages_after(void)
{
    volatile unsigned char *old;

    connect_device();
    works();
    submit();
    old = hostile.page;
    take_new_pages();
    unshare(old, 2);
    connect_device();
    works();
}

static void channel_after(void)
{
    uint32_t old;

    connect_device();
    submit_primary();
    old = hostile.port;
    if (xenevtchn_unbind(hostile.channels, old) != 0)
        die("cannot close: %s", strerror(errno));
    hostile.port = open_channel(hostile.peer);
    connect_device();
    works();
}

/* The device is begun anew while the TPM searches for primes. */
static void begun_anew(void)
{
    connect_device();
    submit_primary();
    nap(20);
    connect_device();
    works();
}

void hostile_revoke(void)
{
    const unsigned rounds = 3;

    connect_device();
    for (unsigned i = 0; i < rounds; i++) {
        extra_before();
        pages_after();
        channel_after();
        begun_anew();
    }
    printf("%u times pages, channel and device taken away\n", rounds);
}

/* The kernel takes away all that this process has. */
void hostile_exit(void)
{
    connect_device();
    submit_primary();
    nap(20);
    printf("gone in the middle of a command\n");
}
