/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OS_TYPES_H
#define VTPM_OS_TYPES_H

#include <mini-os/types.h>
#include <mini-os/sched.h>
#include <mini-os/semaphore.h>
#include <mini-os/wait.h>
#include <stdbool.h>

struct vtpm_os_lock {
    struct semaphore one;
};

struct vtpm_os_change {
    struct wait_queue_head waiting;
    unsigned count;
};

struct vtpm_os_thread {
    void (*function)(void *context);
    void *context;
    struct wait_queue_head waiting;
    bool ended;
};

#endif
