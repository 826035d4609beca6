/* SPDX-License-Identifier: MIT */
/*
 * Round trips of the same commands on every way to a TPM, and their floors.
 * Everything takes turns in short blocks, so that what else the machine does
 * falls on all alike. Prints the lines of bench_series_print().
 */
#include "bench.h"
#include "store.h"
#include "store_format.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Samples of one block; the first exchanges of a block are not counted. */
enum { BLOCK = 200, WARM = 20, NV_BLOCK = 8, NV_WARM = 2, BATCH = 64 };
enum { POLLING, SLEEPING, INPROCESS, SWTPM, TARGETS };
/* Targets of durable writes: some of the above, and two whose state is in
 * memory, to see what is left without a disk. */
enum {
    NV_CHAIN,
    NV_INPROCESS,
    NV_SWTPM,
    NV_MEM_CHAIN,
    NV_MEM_SWTPM,
    NV_TARGETS
};
enum { TPM_RC_SIZE_95 = 0x95 };

struct options {
    const char *swtpm;     /* socket */
    const char *mem_swtpm; /* of the one whose state is in memory */
    const char *store;     /* of the vTPM that polls */
    const char *floor;     /* a file to write to, on the same file system */
    const char *replaced;  /* another */
    long rounds;
    long poll_us;
    int cpu, partner_cpu;
};

static struct bench_target targets[TARGETS], mem_chain, mem_swtpm;
static struct bench_command commands[BENCH_WORKS];
static struct bench_series series[BENCH_WORKS][TARGETS];
static struct bench_series pingpong_eventfd, pingpong_spin, write_eventfd;
static struct bench_series nv[NV_TARGETS], write_fdatasync, write_replace;
static struct bench_partner partner;

static void sample(struct bench_series *to, struct bench_target *target,
                   const struct bench_command *command)
{
    uint8_t response[BENCH_PACKET_MAX];
    const uint64_t start = bench_now_ns();

    (void)target->exchange(target, command, response);
    bench_series_add(to, (double)(bench_now_ns() - start));
}

static void block(enum bench_work work, unsigned which)
{
    struct bench_target *target = &targets[which];
    const uint32_t code = work == BENCH_MAX4096 ? TPM_RC_SIZE_95 : 0;

    for (int i = 0; i < WARM; i++)
        bench_expect(target, &commands[work], code);
    for (int i = 0; i < BLOCK; i++)
        sample(&series[work][which], target, &commands[work]);
}

static void floors(int eventfd_alone)
{
    const uint64_t one = 1;
    uint64_t start;

    for (int i = 0; i < WARM; i++)
        bench_partner_events(&partner);
    for (int i = 0; i < BLOCK; i++) {
        start = bench_now_ns();
        bench_partner_events(&partner);
        bench_series_add(&pingpong_eventfd, (double)(bench_now_ns() - start));
    }
    bench_partner_may_spin(&partner, 1);
    for (int i = 0; i < BLOCK / 4; i++) {
        start = bench_now_ns();
        for (int j = 0; j < BATCH; j++)
            bench_partner_spin(&partner);
        if (i > 0) /* until then it woke up */
            bench_series_add(&pingpong_spin,
                             (double)(bench_now_ns() - start) / BATCH);
    }
    bench_partner_may_spin(&partner, 0);
    for (int i = 0; i < BLOCK / 4; i++) {
        start = bench_now_ns();
        for (int j = 0; j < BATCH; j++)
            if (write(eventfd_alone, &one, sizeof(one)) != sizeof(one))
                bench_die("cannot write to an eventfd");
        bench_series_add(&write_eventfd,
                         (double)(bench_now_ns() - start) / BATCH);
    }
}

static void round_trips(const struct options *options)
{
    const size_t room = (size_t)options->rounds * BLOCK;
    const int eventfd_alone = eventfd(0, EFD_CLOEXEC);

    for (unsigned w = 0; w < BENCH_WORKS; w++)
        for (unsigned t = 0; t < TARGETS; t++)
            bench_series_init(&series[w][t], commands[w].name, targets[t].where,
                              "us", 1e-3, room);
    bench_series_init(&pingpong_eventfd, "pingpong", "eventfd", "us", 1e-3,
                      room * BENCH_WORKS);
    bench_series_init(&pingpong_spin, "pingpong", "spin", "us", 1e-3,
                      room * BENCH_WORKS);
    bench_series_init(&write_eventfd, "write", "eventfd", "us", 1e-3,
                      room * BENCH_WORKS);
    for (long round = 0; round < options->rounds; round++)
        for (unsigned w = 0; w < BENCH_WORKS; w++) {
            for (unsigned t = 0; t < TARGETS; t++)
                block(w, t);
            floors(eventfd_alone);
        }
    for (unsigned w = 0; w < BENCH_WORKS; w++)
        for (unsigned t = 0; t < TARGETS; t++)
            bench_series_print(&series[w][t]);
    bench_series_print(&pingpong_eventfd);
    bench_series_print(&pingpong_spin);
    bench_series_print(&write_eventfd);
    (void)close(eventfd_alone);
}

/* ---- durable writes ---- */

/* Bytes that the vTPM writes for one change of its state. */
static size_t bytes_of_a_save(const char *store)
{
    struct vtpm_store_info info;
    struct vtpm_error err;
    size_t most = 0;

    errno = 0;
    if (vtpm_store_check(store, &info, &err) != VTPM_OK)
        bench_die("%s", err.text);
    for (int i = 0; i < VTPM_SLOTS; i++)
        if (info.slot[i].condition == VTPM_SLOT_WHOLE &&
            info.slot[i].state_len > most)
            most = info.slot[i].state_len;
    most += VTPM_HEAD_SIZE;
    return (most + VTPM_BLOCK - 1) / VTPM_BLOCK * VTPM_BLOCK;
}

static int open_floor(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    void *zeros = calloc(2, size);

    if (fd < 0 || !zeros || pwrite(fd, zeros, 2 * size, 0) < 0 || fsync(fd) < 0)
        bench_die("cannot write %s", path);
    free(zeros);
    return fd;
}

/* Two places in turn, as the slots of a store. */
static void write_floor(int fd, const void *bytes, size_t size, uint64_t number)
{
    const uint64_t start = bench_now_ns();

    if (pwrite(fd, bytes, size, (off_t)(number % 2 * size)) != (ssize_t)size ||
        fdatasync(fd) != 0)
        bench_die("cannot write to the disk");
    bench_series_add(&write_fdatasync, (double)(bench_now_ns() - start));
}

/* What swtpm does for a change of state, and the syncs that it leaves out: a
 * new file takes the place of the old one. */
static void replace_durably(const char *path, const void *bytes, size_t size)
{
    char other[512], folder[512];
    uint64_t start;
    int fd, folder_fd;

    (void)snprintf(other, sizeof(other), "%s.new", path);
    (void)snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    start = bench_now_ns();
    fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || folder_fd < 0 || write(fd, bytes, size) < 0 ||
        fsync(fd) != 0 || rename(other, path) != 0 || fsync(folder_fd) != 0)
        bench_die("cannot replace %s", path);
    (void)close(fd);
    (void)close(folder_fd);
    bench_series_add(&write_replace, (double)(bench_now_ns() - start));
}

/* What one has left to be written is not to be paid by the next. */
static void quiet_disk(int fd)
{
    if (syncfs(fd) != 0)
        bench_die("cannot sync the disk");
}

static void durable_writes(const struct options *options)
{
    const size_t room = (size_t)options->rounds * (NV_BLOCK + NV_WARM);
    struct bench_target *const which[NV_TARGETS] = {
        &targets[POLLING], &targets[INPROCESS], &targets[SWTPM], &mem_chain,
        &mem_swtpm};
    static const char *const where[NV_TARGETS] = {"chain", "inprocess", "swtpm",
                                                  "chain", "swtpm"};
    struct bench_command command;
    uint64_t number = 0;
    size_t size;
    uint8_t *bytes;
    int fd;

    bench_command_nv_define(&command);
    for (unsigned i = 0; i < NV_TARGETS; i++) {
        bench_series_init(&nv[i], i < NV_MEM_CHAIN ? "nvwrite8" : "nvwrite8mem",
                          where[i], "us", 1e-3, room);
        bench_expect(which[i], &command, 0);
    }
    bench_series_init(&write_fdatasync, "write", "fdatasync", "us", 1e-3, room);
    bench_series_init(&write_replace, "write", "replace", "us", 1e-3, room);
    bench_command_nv_write(&command, number++);
    for (unsigned i = 0; i < NV_TARGETS; i++)
        bench_expect(which[i], &command, 0);
    size = bytes_of_a_save(options->store);
    fd = open_floor(options->floor, size);
    bytes = calloc(1, size);
    if (!bytes)
        bench_die("no memory");
    for (long round = 0; round < options->rounds; round++) {
        for (unsigned i = 0; i < NV_TARGETS; i++) {
            quiet_disk(fd);
            for (int j = 0; j < NV_WARM + NV_BLOCK; j++) {
                bench_command_nv_write(&command, number++);
                if (j < NV_WARM)
                    bench_expect(which[i], &command, 0);
                else
                    sample(&nv[i], which[i], &command);
            }
        }
        quiet_disk(fd);
        for (int j = 0; j < NV_BLOCK; j++) {
            memset(bytes, (int)(number & 0xff), size);
            write_floor(fd, bytes, size, number++);
        }
        quiet_disk(fd);
        for (int j = 0; j < NV_BLOCK; j++)
            replace_durably(options->replaced, bytes, size);
    }
    for (unsigned i = 0; i < NV_TARGETS; i++)
        bench_series_print(&nv[i]);
    bench_series_print(&write_fdatasync);
    bench_series_print(&write_replace);
    printf("note bytes of a durable write: %zu\n", size);
    free(bytes);
    (void)close(fd);
    (void)unlink(options->floor);
    (void)unlink(options->replaced);
}

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"swtpm", required_argument, NULL, 's'},
        {"mem-swtpm", required_argument, NULL, 'm'},
        {"store", required_argument, NULL, 'S'},
        {"floor", required_argument, NULL, 'f'},
        {"replaced", required_argument, NULL, 'R'},
        {"rounds", required_argument, NULL, 'r'},
        {"poll-us", required_argument, NULL, 'p'},
        {"cpu", required_argument, NULL, 'c'},
        {"partner-cpu", required_argument, NULL, 'C'},
        {NULL, 0, NULL, 0}};
    struct options options = {.rounds = 20, .poll_us = 50, .partner_cpu = 1};
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
        switch (c) {
        case 's':
            options.swtpm = optarg;
            break;
        case 'm':
            options.mem_swtpm = optarg;
            break;
        case 'S':
            options.store = optarg;
            break;
        case 'f':
            options.floor = optarg;
            break;
        case 'R':
            options.replaced = optarg;
            break;
        case 'r':
            options.rounds = bench_number(optarg, 1, 100000);
            break;
        case 'p':
            options.poll_us = bench_number(optarg, 1, 1000000);
            break;
        case 'c':
            options.cpu = (int)bench_number(optarg, 0, 1023);
            break;
        case 'C':
            options.partner_cpu = (int)bench_number(optarg, 0, 1023);
            break;
        default:
            exit(2);
        }
    errno = 0;
    if (!options.swtpm || !options.mem_swtpm || !options.store ||
        !options.floor || !options.replaced || !strchr(options.replaced, '/') ||
        optind != argc)
        bench_die(
            "usage: bench_latency --swtpm SOCKET --mem-swtpm SOCKET --store "
            "PATH "
            "--floor PATH --replaced PATH [--rounds N] [--poll-us N] [--cpu N] "
            "[--partner-cpu N]");
    return options;
}

int main(int argc, char **argv)
{
    const struct options options = parse(argc, argv);

    for (unsigned w = 0; w < BENCH_WORKS; w++)
        bench_command_make(&commands[w], w);
    bench_target_chain(&targets[POLLING], "polling", 0,
                       (unsigned)options.poll_us);
    bench_target_chain(&targets[SLEEPING], "sleeping", 1, 0);
    bench_target_chain(&mem_chain, "memory", 2, (unsigned)options.poll_us);
    bench_target_inprocess(&targets[INPROCESS]);
    bench_target_swtpm(&targets[SWTPM], options.swtpm);
    bench_target_swtpm(&mem_swtpm, options.mem_swtpm);
    /* not before: a program that has one CPU from the start polls otherwise */
    bench_pin(options.cpu);
    bench_go_first();
    bench_partner_start(&partner, options.partner_cpu);
    round_trips(&options);
    durable_writes(&options);
    bench_partner_stop(&partner);
    bench_target_swtpm_close(&mem_swtpm);
    bench_target_swtpm_close(&targets[SWTPM]);
    bench_target_chain_close(&mem_chain);
    bench_target_chain_close(&targets[SLEEPING]);
    bench_target_chain_close(&targets[POLLING]);
    return 0;
}
