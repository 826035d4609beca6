/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

static void (*on_stop)(void), (*on_report)(void);

static void stopped(int signal_number)
{
    (void)signal_number;
    on_stop();
}

static void reported(int signal_number)
{
    (void)signal_number;
    on_report();
}

void vtpm_process_catch(void (*stop)(void), void (*report)(void))
{
    struct sigaction action = {.sa_handler = stopped};

    on_stop = stop;
    on_report = report;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = reported;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    /* a limit on the size of files is a full disk to us */
    sigaction(SIGXFSZ, &action, NULL);
}

void vtpm_process_seclude(void)
{
    /* the threads allocate little and rarely: a heap each is wasted */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)prctl(PR_SET_DUMPABLE, 0);
}
