/* SPDX-License-Identifier: MIT */
/*
 * A guest that does harm to its own vTPM as fast as it can: it writes headers
 * that are wrong in turn, says SUBMIT and CANCEL, and sends an event after
 * each. What matters is what another guest notices of it.
 *
 *     bench_flood DEVICE      floods until it is killed
 *     bench_flood hog                            takes CPU until it is killed
 *     bench_flood rest DEVICE                    connects, and does nothing
 *     bench_flood victim DEVICE SECONDS NAME     measures
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

static _Noreturn void flood(unsigned device)
{
    static struct vtpmring_front_link link;
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    static const uint8_t states[] = {VTPMRING_PAGE_SUBMIT, VTPMRING_PAGE_CANCEL,
                                     VTPMRING_PAGE_SUBMIT, 77};
    struct vtpmring_port *port;
    volatile unsigned char *page;

    config.device = device;
    errno = 0;
    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL, NULL,
                                    "flood", &port) != VTPMRING_OK ||
        vtpmring_front_link_open(&link, port, &config) != VTPMRING_OK)
        bench_die("cannot connect device %u", device);
    page = link.pages;
    for (unsigned i = 0;; i++) {
        page[VTPMRING_PAGE_LENGTH_OFFSET] = (unsigned char)(i * 7);
        page[VTPMRING_PAGE_STATE_OFFSET] = states[i % sizeof(states)];
        (void)port->ops->channel_notify(port, link.channel);
    }
}

static void victim(unsigned device, long seconds, const char *where)
{
    const uint64_t end = bench_now_ns() + (uint64_t)seconds * 1000000000u;
    struct bench_command command;
    struct bench_series series;
    struct bench_target target;
    uint64_t now = 0;

    bench_command_make(&command, BENCH_GETRANDOM16);
    bench_series_init(&series, "victim", where, "us", 1e-3, 20000000);
    /* asleep between commands: polling pays when both sides happen to have a
     * CPU at once, and that luck would be all that is measured */
    bench_target_chain(&target, "chain", device, 0);
    bench_expect(&target, &command, 0);
    while (now < end) {
        const uint64_t start = bench_now_ns();

        bench_expect(&target, &command, 0);
        now = bench_now_ns();
        bench_series_add(&series, (double)(now - start));
    }
    printf("result rate/%s 1/s %.1f %.1f 1\n", where,
           (double)series.count / (double)seconds,
           (double)series.count / (double)seconds);
    bench_series_print(&series);
    bench_target_chain_close(&target);
}

/* One command, then a wait for a response that does not come: a guest that has
 * a connection and nothing to say. */
static void rest(unsigned device)
{
    struct bench_command command;
    struct bench_target target;

    bench_command_make(&command, BENCH_GETRANDOM16);
    bench_target_chain(&target, "chain", device, 50);
    bench_expect(&target, &command, 0);
    (void)pause();
}

static _Noreturn void hog(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

int main(int argc, char **argv)
{
    errno = 0;
    if (argc == 2 && strcmp(argv[1], "hog") == 0)
        hog();
    if (argc == 2)
        flood((unsigned)bench_number(argv[1], 0, 1000));
    if (argc == 3 && strcmp(argv[1], "rest") == 0) {
        rest((unsigned)bench_number(argv[2], 0, 1000));
        return 0;
    }
    if (argc != 5 || strcmp(argv[1], "victim") != 0)
        bench_die("usage: bench_flood DEVICE | hog | rest DEVICE | victim "
                  "DEVICE SECONDS "
                  "NAME");
    victim((unsigned)bench_number(argv[2], 0, 1000),
           bench_number(argv[3], 1, 3600), argv[4]);
    return 0;
}
