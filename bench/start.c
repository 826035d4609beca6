/* SPDX-License-Identifier: MIT */
/*
 * From the start of a process with a new TPM to its first answer, and the
 * memory that it then has: vtpm and swtpm in turn. The devices of this domain,
 * 0 to N-1, are attached to domains start0 to startN-1.
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT = 512 };

struct place {
    const char *domains; /* folder of simxen's domains */
    const char *work;    /* folder for state and logs */
};

static struct bench_series start_chain, start_swtpm, pss_chain, pss_swtpm;
static struct bench_command command;

static void measure_chain(const struct place *place, unsigned number)
{
    char domain[TEXT], uuid[TEXT], state[TEXT], key[TEXT], log[TEXT];
    char *const argv[] = {"vtpm",    "--uuid",      uuid,
                          "--state", state,         "--key-file",
                          key,       "--provision", NULL};
    struct bench_target target;
    uint64_t start;
    pid_t pid;

    (void)snprintf(domain, TEXT, "%s/start%u", place->domains, number);
    (void)snprintf(uuid, TEXT, "5a1f0e3c-%04x-4b6e-9d11-0000000000aa", number);
    (void)snprintf(state, TEXT, "%s/start%u.state", place->work, number);
    (void)snprintf(key, TEXT, "%s/key", place->work);
    (void)snprintf(log, TEXT, "%s/start.log", place->work);
    start = bench_now_ns();
    pid = bench_spawn(domain, log, argv);
    bench_target_chain(&target, "chain", number, 50);
    bench_expect(&target, &command, 0);
    bench_series_add(&start_chain, (double)(bench_now_ns() - start));
    bench_series_add(&pss_chain, bench_pss_kib(pid));
    bench_target_chain_close(&target);
    bench_end(pid, SIGTERM);
    (void)unlink(state);
}

static void measure_swtpm(const struct place *place, unsigned number)
{
    char state[TEXT], folder[TEXT], server[TEXT], control[TEXT], log[TEXT];
    char *const argv[] = {"swtpm",
                          "socket",
                          "--tpm2",
                          "--tpmstate",
                          state,
                          "--server",
                          server,
                          "--ctrl",
                          control,
                          "--flags",
                          "not-need-init,startup-clear",
                          NULL};
    struct bench_target target;
    uint64_t start;
    pid_t pid;

    (void)snprintf(folder, TEXT, "%s/s%u", place->work, number);
    if (mkdir(folder, 0700) != 0)
        bench_die("cannot make %s", folder);
    (void)snprintf(state, TEXT, "dir=%s/s%u,mode=0600", place->work, number);
    (void)snprintf(server, TEXT, "type=unixio,path=%s/s%u/s", place->work,
                   number);
    (void)snprintf(control, TEXT, "type=unixio,path=%s/s%u/c", place->work,
                   number);
    (void)snprintf(log, TEXT, "%s/start.log", place->work);
    start = bench_now_ns();
    pid = bench_spawn(NULL, log, argv);
    bench_target_swtpm(&target, strstr(server, "path=") + 5);
    bench_expect(&target, &command, 0);
    bench_series_add(&start_swtpm, (double)(bench_now_ns() - start));
    bench_series_add(&pss_swtpm, bench_pss_kib(pid));
    bench_target_swtpm_close(&target);
    bench_end(pid, SIGTERM);
}

int main(int argc, char **argv)
{
    struct place place;
    unsigned count;

    errno = 0;
    if (argc != 4)
        bench_die("usage: bench_start DOMAINS-FOLDER WORK-FOLDER N");
    place = (struct place){argv[1], argv[2]};
    count = (unsigned)bench_number(argv[3], 1, 1000);
    bench_go_first();
    bench_command_make(&command, BENCH_GETRANDOM16);
    bench_series_init(&start_chain, "start", "chain", "ms", 1e-6, count);
    bench_series_init(&start_swtpm, "start", "swtpm", "ms", 1e-6, count);
    bench_series_init(&pss_chain, "pss", "chain", "KiB", 1, count);
    bench_series_init(&pss_swtpm, "pss", "swtpm", "KiB", 1, count);
    for (unsigned i = 0; i < count; i++) {
        measure_chain(&place, i);
        measure_swtpm(&place, i);
    }
    bench_series_print(&start_chain);
    bench_series_print(&start_swtpm);
    bench_series_print(&pss_chain);
    bench_series_print(&pss_swtpm);
    return 0;
}
