/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_SEMAPHORE_H
#define MINIOS_HOSTED_SEMAPHORE_H

#include <mini-os/wait.h>

struct semaphore {
    int count;
    struct wait_queue_head wait;
};

static inline void init_SEMAPHORE(struct semaphore *semaphore, int count)
{
    semaphore->count = count;
    init_waitqueue_head(&semaphore->wait);
}

#define init_MUTEX(semaphore) init_SEMAPHORE(semaphore, 1)

static inline void down(struct semaphore *semaphore)
{
    wait_event(semaphore->wait, semaphore->count > 0);
    semaphore->count--;
}

static inline void up(struct semaphore *semaphore)
{
    semaphore->count++;
    wake_up(&semaphore->wait);
}

#endif
