/* SPDX-License-Identifier: MIT */
/*
 * Many frontends at once.
 *
 *     minios_crowd DOMAINS GUESTS DEVICES ROUNDS SERVER
 *
 * In the host whose domains are in that folder, the guests guest-0, guest-1 and
 * so on have the devices 0, 1 and so on. All of their frontends connect. While
 * the process SERVER is stopped, each sends a command; it answers with how many
 * it has had. Then each sends ROUNDS commands, one after the other. Prints
 *
 *     late N      so many second commands were served before the last first one
 *     took NS     the time of a processor that SERVER needed for a command
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

#define TIMEOUT_MS 60000
#define ANSWER_SIZE 28
#define FRONTS_MAX 2048
#define GUESTS_MAX 64

struct front {
    struct vtpmring_port *port;
    struct vtpmring_front_link link;
    unsigned device, done;
};

static struct {
    atomic_uint connected, sent, done;
    unsigned turn[FRONTS_MAX]; /* the server's number of its first command */
} * common;

static const unsigned char get_random[12] = {0x80, 1, 0, 0,    0, 12,
                                             0,    0, 1, 0x7b, 0, 16};
static const unsigned char what_turn[12] = {0x80, 1,    0, 0, 0,
                                            10,   0x20, 0, 0, 6};
static unsigned guests, devices, rounds;

static _Noreturn void fail(const char *what, unsigned device,
                           enum vtpmring_status status)
{
    fprintf(stderr, "device %u: %s: %s\n", device, what,
            vtpmring_status_text(status));
    exit(1);
}

static void enter(const char *domains, unsigned guest)
{
    char text[4096];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(text, sizeof(text), "%s/guest-%u", domains, guest);
    (void)setenv("SIMXEN_DOMAIN", text, 1);
    (void)snprintf(text, sizeof(text), "%s/guest-%u/xenstored", domains, guest);
    (void)setenv("XENSTORED_PATH", text, 1);
}

static void connect_all(struct front *fronts)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    enum vtpmring_status status;

    config.poll_us = 0;
    config.connect_timeout_ms = TIMEOUT_MS;
    for (unsigned i = 0; i < devices; i++) {
        status = vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL,
                                             NULL, "crowd", &fronts[i].port);
        config.device = fronts[i].device = i;
        if (status == VTPMRING_OK)
            status = vtpmring_front_link_open(&fronts[i].link, fronts[i].port,
                                              &config);
        if (status != VTPMRING_OK)
            fail("no connection", i, status);
        atomic_fetch_add(&common->connected, 1);
    }
    /* the last one finds the server stopped */
    while (atomic_load(&common->connected) <= guests * devices)
        (void)usleep(1000);
}

static void send_one(struct front *front, const unsigned char command[12])
{
    enum vtpmring_status status =
        vtpmring_front_link_send(&front->link, command, command[5]);

    if (status != VTPMRING_OK)
        fail("not sent", front->device, status);
}

/* The length of the response, 0 if there is none yet. */
static size_t take_one(struct front *front, unsigned char response[4096])
{
    size_t length = 0;
    enum vtpmring_status status =
        vtpmring_front_link_receive(&front->link, response, 4096, &length, 0);

    if (status == VTPMRING_AGAIN)
        return 0;
    if (status != VTPMRING_OK || response[9] != 0)
        fail("no response", front->device, status);
    return length;
}

/* Each sends its first command, and once that is answered, another one. */
static void take_turns(struct front *fronts, unsigned *turn)
{
    unsigned char response[4096];
    unsigned left = devices;

    for (unsigned i = 0; i < devices; i++) {
        send_one(&fronts[i], what_turn);
        atomic_fetch_add(&common->sent, 1);
    }
    while (left > 0)
        for (unsigned i = 0; i < devices; i++)
            if (turn[i] == 0 && take_one(&fronts[i], response) == 14) {
                turn[i] = (unsigned)response[10] << 24 |
                          (unsigned)response[11] << 16 |
                          (unsigned)response[12] << 8 | response[13];
                send_one(&fronts[i], get_random);
                left--;
            }
}

static void take_rounds(struct front *fronts)
{
    unsigned char response[4096];
    unsigned long left = (unsigned long)devices * rounds;

    while (left > 0)
        for (unsigned i = 0; i < devices; i++)
            if (fronts[i].done < rounds && take_one(&fronts[i], response) > 0) {
                if (++fronts[i].done < rounds)
                    send_one(&fronts[i], get_random);
                left--;
            }
}

static _Noreturn void be_guest(const char *domains, unsigned guest)
{
    struct front *fronts = calloc(devices, sizeof(*fronts));

    enter(domains, guest);
    if (fronts == NULL)
        exit(1);
    connect_all(fronts);
    take_turns(fronts, &common->turn[guest * devices]);
    take_rounds(fronts);
    atomic_fetch_add(&common->done, 1);
    for (unsigned i = 0; i < devices; i++) {
        vtpmring_front_link_close(&fronts[i].link);
        vtpmring_port_xen_user_close(fronts[i].port);
    }
    free(fronts);
    exit(0);
}

/* Of a process, in nanoseconds. */
static unsigned long long time_of(const char *process)
{
    unsigned long long time = 0;
    char text[64];
    FILE *file;

    (void)snprintf(text, sizeof(text), "/proc/%s/schedstat", process);
    file = fopen(text, "r");
    if (file == NULL || fscanf(file, "%llu", &time) != 1)
        exit(1);
    (void)fclose(file);
    return time;
}

static void wait_for(atomic_uint *number, unsigned wanted)
{
    while (atomic_load(number) < wanted) {
        /* a guest ends only when all is done */
        if (number != &common->done && waitpid(-1, NULL, WNOHANG) != 0)
            exit(1);
        (void)usleep(1000);
    }
}

static unsigned late(void)
{
    unsigned first = common->turn[0], last = first;

    for (unsigned i = 1; i < guests * devices; i++) {
        first = common->turn[i] < first ? common->turn[i] : first;
        last = common->turn[i] > last ? common->turn[i] : last;
    }
    return last - first + 1 - guests * devices;
}

static void measure(const char *server)
{
    const pid_t process = (pid_t)atoi(server);
    unsigned long long start;

    wait_for(&common->connected, guests * devices);
    (void)kill(process, SIGSTOP);
    start = time_of(server);
    atomic_fetch_add(&common->connected, 1);
    wait_for(&common->sent, guests * devices);
    (void)kill(process, SIGCONT);
    wait_for(&common->done, guests);
    printf("late %u\ntook %llu\n", late(),
           (time_of(server) - start) / guests / devices / (rounds + 1));
}

static bool arguments(int argc, char **argv)
{
    if (argc != 6)
        return false;
    guests = (unsigned)atoi(argv[2]);
    devices = (unsigned)atoi(argv[3]);
    rounds = (unsigned)atoi(argv[4]);
    return guests > 0 && guests <= GUESTS_MAX && devices > 0 && rounds > 0 &&
           devices <= FRONTS_MAX / guests;
}

int main(int argc, char **argv)
{
    int code = 0, status;

    if (!arguments(argc, argv)) {
        fprintf(stderr, "usage: minios_crowd DOMAINS GUESTS DEVICES ROUNDS "
                        "SERVER\n");
        return 2;
    }
    common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED)
        return 1;
    for (unsigned i = 0; i < guests; i++)
        if (fork() == 0)
            be_guest(argv[1], i);
    measure(argv[5]);
    for (unsigned i = 0; i < guests; i++)
        if (wait(&status) < 0 || status != 0)
            code = 1;
    return code;
}
