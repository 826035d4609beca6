/* SPDX-License-Identifier: MIT */
/*
 * A guest that keeps to no rule. It runs in the place of the guest's driver,
 * and uses nothing of the library but the names of what is on the page.
 *
 *     xen_hostile WAY
 *
 * The ways are in the table at the end; each is a list without end or chance:
 * it does the same in every run. It exits with 0 if its vTPM has refused or
 * answered all of it in time and as it should. It lets go of nothing and
 * leaves every node as it is: whoever comes next begins as after a crash.
 */
#include "hostile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct hostile hostile;

_Noreturn void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    exit(1);
}

void nap(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool too_late(int64_t begin)
{
    return now_ms() - begin > 20000;
}

uint32_t chance(void)
{
    static uint32_t x = 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

void *share(uint32_t domid, unsigned count, uint32_t *refs, bool writable)
{
    void *shared = xengntshr_share_pages(hostile.grants, domid, (int)count,
                                         refs, writable);

    if (shared == NULL)
        die("cannot share: %s", strerror(errno));
    memset(shared, 0, count * (size_t)4096);
    return shared;
}

void unshare(volatile void *pages, unsigned count)
{
    if (xengntshr_unshare(hostile.grants, (void *)pages, count) != 0)
        die("cannot unshare: %s", strerror(errno));
}

uint32_t open_channel(uint32_t domid)
{
    xenevtchn_port_or_error_t bound =
        xenevtchn_bind_unbound_port(hostile.channels, domid);

    if (bound < 0)
        die("cannot open an event channel: %s", strerror(errno));
    return (uint32_t)bound;
}

void take_new_pages(void)
{
    hostile.page = share(hostile.peer, 2, hostile.refs, true);
    hostile.port = open_channel(hostile.peer);
}

static void begin(void)
{
    const uint32_t another = 77;
    unsigned length;
    uint32_t us;
    char *path;

    hostile.store = xs_open(0);
    hostile.channels = xenevtchn_open(NULL, 0);
    hostile.grants = xengntshr_open(NULL, 0);
    if (hostile.store == NULL || hostile.channels == NULL ||
        hostile.grants == NULL)
        die("cannot open xenstore, evtchn or gntalloc: %s", strerror(errno));
    path = xs_read(hostile.store, XBT_NULL, FRONT "/backend", &length);
    if (path == NULL || length >= sizeof(hostile.backend))
        die("no device");
    memcpy(hostile.backend, path, length + 1);
    free(path);
    hostile.peer = (uint32_t)front_number("backend-id");
    take_new_pages();
    (void)share(hostile.peer, 1, &hostile.ref_read_only, false);
    (void)share(hostile.peer + another, 1, &hostile.ref_of_another, true);
    hostile.port_of_another = open_channel(hostile.peer + another);
    path = xs_read(hostile.store, XBT_NULL, "domid", &length);
    if (path == NULL)
        die("no number of our own");
    us = (uint32_t)strtoul(path, NULL, 10);
    free(path);
    hostile.port_taken = open_channel(us);
    if (xenevtchn_bind_interdomain(hostile.channels, us, hostile.port_taken) <
        0)
        die("cannot bind an event channel: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
        const char *about;
    } ways[] = {
        {"nodes", hostile_nodes,
         "odd values in each node, in all combinations"},
        {"states", hostile_states, "its state in disorder, nodes removed"},
        {"page", hostile_page, "every state, header and reference on the page"},
        {"race", hostile_race, "the page changes while the vTPM looks at it"},
        {"revoke", hostile_revoke, "pages and channel are taken away"},
        {"exit", hostile_exit, "it ends in the middle of a command"},
        {"odd-state", hostile_odd_state, "a state that is none"},
        {"no-state", hostile_no_state, "its state removed"},
        {"no-device", hostile_no_device, "all its nodes removed"},
    };

    (void)setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; argc == 2 && i < COUNT(ways); i++)
        if (strcmp(argv[1], ways[i].name) == 0) {
            const int64_t start = now_ms();

            begin();
            ways[i].run();
            printf("in %lld ms\n", (long long)(now_ms() - start));
            return 0;
        }
    fprintf(stderr, "usage: xen_hostile WAY\n");
    for (size_t i = 0; i < COUNT(ways); i++)
        fprintf(stderr, "  %-10s %s\n", ways[i].name, ways[i].about);
    return 2;
}
