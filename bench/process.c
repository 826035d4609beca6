/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t bench_spawn(const char *domain, const char *log, char *const argv[])
{
    const pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        bench_die("cannot start %s", argv[0]);
    if (pid > 0)
        return pid;
    /* whatever becomes of us, it does not stay behind */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out >= 0) {
        (void)dup2(out, STDOUT_FILENO);
        (void)dup2(out, STDERR_FILENO);
    }
    if (domain)
        (void)setenv("SIMXEN_DOMAIN", domain, 1);
    (void)execvp(argv[0], argv);
    bench_die("cannot start %s", argv[0]);
}

void bench_end(pid_t pid, int signal_number)
{
    (void)kill(pid, signal_number);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

double bench_pss_kib(pid_t pid)
{
    char path[64], line[128];
    double pss = -1;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    if (!file)
        bench_die("cannot read %s (are you root?)", path);
    while (pss < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, "Pss:", 4) == 0)
            pss = strtod(line + 4, NULL);
    (void)fclose(file);
    return pss;
}
