/* SPDX-License-Identifier: MIT */
/* What no transport can be faster than. */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two lines, as a shared page has them in the best case: one. */
struct line {
    _Alignas(64) _Atomic unsigned long ball;
    _Alignas(64) atomic_bool spin;
    atomic_bool stop;
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* The ball is odd when it is the partner's turn. */
static void spin_back(struct line *line)
{
    while (atomic_load_explicit(&line->spin, memory_order_relaxed)) {
        const unsigned long ball =
            atomic_load_explicit(&line->ball, memory_order_acquire);

        if (ball % 2 == 1)
            atomic_store_explicit(&line->ball, ball + 1, memory_order_release);
        else
            relax();
    }
}

static _Noreturn void partner_main(struct bench_partner *partner, int cpu)
{
    struct line *line = partner->line;
    uint64_t count;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_pin(cpu);
    while (read(partner->to, &count, sizeof(count)) == sizeof(count)) {
        if (atomic_load(&line->stop))
            break;
        if (atomic_load(&line->spin))
            spin_back(line);
        else if (write(partner->from, &count, sizeof(count)) < 0)
            break;
    }
    _exit(0);
}

void bench_partner_start(struct bench_partner *partner, int cpu)
{
    partner->line = mmap(NULL, sizeof(struct line), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    partner->to = eventfd(0, EFD_CLOEXEC);
    partner->from = eventfd(0, EFD_CLOEXEC);
    partner->rounds = 0;
    if (partner->line == MAP_FAILED || partner->to < 0 || partner->from < 0)
        bench_die("cannot make what two processes share");
    partner->pid = fork();
    if (partner->pid < 0)
        bench_die("cannot start a process");
    if (partner->pid == 0)
        partner_main(partner, cpu);
}

static void tell(int fd)
{
    const uint64_t one = 1;

    if (write(fd, &one, sizeof(one)) != sizeof(one))
        bench_die("cannot write to an eventfd");
}

void bench_partner_events(struct bench_partner *partner)
{
    uint64_t count;

    tell(partner->to);
    if (read(partner->from, &count, sizeof(count)) != sizeof(count))
        bench_die("cannot read an eventfd");
}

void bench_partner_spin(struct bench_partner *partner)
{
    struct line *line = partner->line;

    partner->rounds += 2;
    atomic_store_explicit(&line->ball, partner->rounds - 1,
                          memory_order_release);
    while (atomic_load_explicit(&line->ball, memory_order_acquire) !=
           partner->rounds)
        relax();
}

void bench_partner_may_spin(struct bench_partner *partner, int on)
{
    struct line *line = partner->line;

    atomic_store(&line->spin, on != 0);
    if (on)
        tell(partner->to);
}

void bench_partner_stop(struct bench_partner *partner)
{
    struct line *line = partner->line;

    atomic_store(&line->stop, true);
    atomic_store(&line->spin, false);
    tell(partner->to);
    (void)waitpid(partner->pid, NULL, 0);
    (void)close(partner->to);
    (void)close(partner->from);
    (void)munmap(line, sizeof(*line));
}
