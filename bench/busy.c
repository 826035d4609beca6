/* SPDX-License-Identifier: MIT */
/*
 * Many vTPMs, each a process in a domain of its own, each with a guest that is
 * a process in a domain of its own, all busy at once. The domains are there:
 * back0, back1, ..., and front0, front1, ... with their devices attached.
 *
 *     bench_busy DOMAINS-FOLDER WORK-FOLDER SECONDS COUNT...
 *
 * Each COUNT is one measurement; the vTPMs of the one before go on living.
 */
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT = 512, GUESTS_MAX = 10000, STARTING_MAX = 8 };
/* A histogram of nanoseconds: 32 buckets to an octave. */
enum { FINE = 32, BUCKETS = 48 * FINE };

struct guest {
    uint64_t count;
    uint32_t bucket[BUCKETS];
};

/* What guests and we share. */
struct common {
    sem_t connected;
    sem_t go[GUESTS_MAX];
    sem_t done;
    atomic_bool count; /* what is answered now counts */
    atomic_bool stop;
    struct guest guest[];
};

struct place {
    const char *domains, *work;
};

static struct common *common;
static pid_t vtpms[GUESTS_MAX], guests[GUESTS_MAX];
static unsigned living;

static unsigned bucket_of(uint64_t ns)
{
    unsigned octave = 0;

    if (ns < FINE)
        return (unsigned)ns;
    while (ns >> octave >= 2 * FINE)
        octave++;
    octave = octave * FINE + (unsigned)(ns >> octave);
    return octave < BUCKETS ? octave : BUCKETS - 1;
}

static double ns_of(unsigned bucket)
{
    const unsigned octave = bucket < 2 * FINE ? 0 : bucket / FINE - 1;

    return (double)((uint64_t)(bucket - octave * FINE) << octave);
}

static void count_one(struct guest *guest, uint64_t ns)
{
    guest->bucket[bucket_of(ns)]++;
    guest->count++;
}

/* Who is always busy waits for its turn. Otherwise the scheduler lets some
 * pairs wake each other ahead of all who wait, for minutes; pairs with nothing
 * but two eventfds, too. */
static void wait_for_turns(void)
{
    const struct sched_param none = {.sched_priority = 0};

    (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

/* Each guest has a CPU that it stays on, and all CPUs have as many of them; a
 * vTPM goes where it is woken. Left alone, the scheduler's balance of load had
 * a tenth of 1000 pairs on one of two CPUs for half a minute, and the rest on
 * the other. */
static void stay_on_a_cpu(unsigned number)
{
    cpu_set_t all, one;
    size_t cpu = 0;

    if (sched_getaffinity(0, sizeof(all), &all) != 0)
        bench_die("which CPUs are there?");
    number %= (unsigned)CPU_COUNT(&all);
    while (!CPU_ISSET(cpu, &all) || number-- > 0)
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0)
        bench_die("a guest cannot stay on a CPU");
}

static _Noreturn void guest_main(const struct place *place, unsigned number)
{
    struct guest *guest = &common->guest[number];
    struct bench_command command;
    struct bench_target target;
    char text[TEXT];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    wait_for_turns();
    stay_on_a_cpu(number);
    (void)snprintf(text, TEXT, "%s/front%u", place->domains, number);
    (void)setenv("SIMXEN_DOMAIN", text, 1);
    (void)snprintf(text, TEXT, "%s/front%u/xenstored", place->domains, number);
    (void)setenv("XENSTORED_PATH", text, 1);
    bench_command_make(&command, BENCH_GETRANDOM16);
    bench_target_chain(&target, "busy", 0, 50);
    bench_expect(&target, &command, 0);
    (void)sem_post(&common->connected);
    for (;;) {
        if (sem_wait(&common->go[number]) != 0)
            continue;
        while (!atomic_load_explicit(&common->stop, memory_order_relaxed)) {
            const uint64_t start = bench_now_ns();

            bench_expect(&target, &command, 0);
            if (atomic_load_explicit(&common->count, memory_order_relaxed))
                count_one(guest, bench_now_ns() - start);
        }
        (void)sem_post(&common->done);
    }
}

static void start_one(const struct place *place, unsigned number)
{
    char domain[TEXT], uuid[TEXT], state[TEXT], key[TEXT], log[TEXT];
    char *const argv[] = {"vtpm",    "--uuid",      uuid,
                          "--state", state,         "--key-file",
                          key,       "--provision", NULL};

    (void)snprintf(domain, TEXT, "%s/back%u", place->domains, number);
    (void)snprintf(uuid, TEXT, "5a1f0e3c-%04x-4b6e-9d11-0000000000bb", number);
    (void)snprintf(state, TEXT, "%s/busy%u.state", place->work, number);
    (void)snprintf(key, TEXT, "%s/key", place->work);
    (void)snprintf(log, TEXT, "%s/busy.log", place->work);
    vtpms[number] = bench_spawn(domain, log, argv);
    (void)fflush(stdout);
    guests[number] = fork();
    if (guests[number] < 0)
        bench_die("cannot start a guest");
    if (guests[number] == 0)
        guest_main(place, number);
    living++;
}

/* Waits for a semaphore of the guests; one that died will never post it. */
static void wait_for(sem_t *semaphore)
{
    struct timespec limit;

    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    while (sem_timedwait(semaphore, &limit) != 0)
        if (errno != EINTR)
            bench_die("%u guests: one does not answer", living);
}

static void grow(const struct place *place, unsigned count)
{
    unsigned starting = 0;

    for (unsigned i = living; i < count; i++) {
        if (starting == STARTING_MAX) {
            wait_for(&common->connected);
            starting--;
        }
        start_one(place, i);
        starting++;
    }
    while (starting-- > 0)
        wait_for(&common->connected);
}

static double quantile(const uint64_t *buckets, uint64_t total, double q)
{
    const uint64_t rank = (uint64_t)(q * (double)(total - 1));
    uint64_t seen = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if (seen > rank)
            return ns_of(i) / 1000;
    }
    return ns_of(BUCKETS - 1) / 1000;
}

static void report(unsigned count, double seconds)
{
    static uint64_t all[BUCKETS];
    uint64_t total = 0, least = UINT64_MAX, most = 0;
    double mean;

    memset(all, 0, sizeof(all));
    for (unsigned i = 0; i < count; i++) {
        const struct guest *guest = &common->guest[i];

        total += guest->count;
        least = guest->count < least ? guest->count : least;
        most = guest->count > most ? guest->count : most;
        for (unsigned j = 0; j < BUCKETS; j++)
            all[j] += guest->bucket[j];
    }
    mean = (double)total / count;
    errno = 0;
    if (total == 0)
        bench_die("%u guests: no command was answered", count);
    printf("result busy/%u us %.2f %.2f %llu\n", count,
           quantile(all, total, 0.5), quantile(all, total, 0.99),
           (unsigned long long)total);
    printf("result throughput/%u 1/s %.1f %.1f 1\n", count,
           (double)total / seconds, (double)total / seconds);
    printf("result slowest-to-mean/%u ratio %.4f %.4f %u\n", count,
           (double)least / mean, (double)least / mean, count);
    printf("result slowest-to-fastest/%u ratio %.4f %.4f %u\n", count,
           (double)least / (double)most, (double)least / (double)most, count);
}

static void report_memory(unsigned count)
{
    struct bench_series pss;
    char where[16];

    (void)snprintf(where, sizeof(where), "%u", count);
    bench_series_init(&pss, "memory", where, "KiB", 1, count);
    for (unsigned i = 0; i < count; i++)
        bench_series_add(&pss, bench_pss_kib(vtpms[i]));
    bench_series_print(&pss);
}

static void wait_until(uint64_t then_ns)
{
    while (bench_now_ns() < then_ns)
        (void)usleep(1000);
}

/* The first seconds, until every guest runs, do not count. Among many guests
 * each has few turns, so that is measured for longer. */
static void measure(const struct place *place, unsigned count, unsigned seconds)
{
    const uint64_t second = 1000000000;
    uint64_t start;

    grow(place, count);
    memset(common->guest, 0, count * sizeof(common->guest[0]));
    atomic_store(&common->stop, false);
    for (unsigned i = 0; i < count; i++)
        (void)sem_post(&common->go[i]);
    wait_until(bench_now_ns() + second + count * second / 500);
    atomic_store(&common->count, true);
    start = bench_now_ns();
    wait_until(start + seconds * second + count * second / 10);
    atomic_store(&common->count, false);
    report(count, (double)(bench_now_ns() - start) / 1e9);
    atomic_store(&common->stop, true);
    for (unsigned i = 0; i < count; i++)
        wait_for(&common->done);
    report_memory(count);
}

static void end_all(void)
{
    for (unsigned i = 0; i < living; i++)
        bench_end(guests[i], SIGKILL);
    for (unsigned i = 0; i < living; i++)
        (void)kill(vtpms[i], SIGTERM);
    for (unsigned i = 0; i < living; i++)
        (void)waitpid(vtpms[i], NULL, 0);
}

/* Before all guests: who measures must not wait for a CPU. */
static void go_first_alone(void)
{
    const struct sched_param lowest = {.sched_priority = 1};

    (void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest);
}

int main(int argc, char **argv)
{
    const size_t size = sizeof(*common) + GUESTS_MAX * sizeof(common->guest[0]);
    struct place place;
    unsigned seconds;

    errno = 0;
    if (argc < 5)
        bench_die("usage: bench_busy DOMAINS-FOLDER WORK-FOLDER SECONDS "
                  "COUNT...");
    place = (struct place){argv[1], argv[2]};
    go_first_alone();
    seconds = (unsigned)bench_number(argv[3], 1, 3600);
    common = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (common == MAP_FAILED)
        bench_die("no memory");
    (void)sem_init(&common->connected, 1, 0);
    (void)sem_init(&common->done, 1, 0);
    for (unsigned i = 0; i < GUESTS_MAX; i++)
        (void)sem_init(&common->go[i], 1, 0);
    for (int i = 4; i < argc; i++)
        measure(&place, (unsigned)bench_number(argv[i], 1, GUESTS_MAX),
                seconds);
    end_all();
    return 0;
}
