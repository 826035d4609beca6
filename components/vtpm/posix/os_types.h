/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OS_TYPES_H
#define VTPM_OS_TYPES_H

#include <pthread.h>

struct vtpm_os_lock {
    pthread_mutex_t mutex;
};

struct vtpm_os_change {
    pthread_cond_t condition;
};

struct vtpm_os_thread {
    pthread_t thread;
    void (*function)(void *context);
    void *context;
};

#endif
