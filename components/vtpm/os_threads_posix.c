/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "os_threads.h"

#include <stddef.h>
#include <time.h>

void vtpm_os_lock_init(struct vtpm_os_lock *lock)
{
    (void)pthread_mutex_init(&lock->mutex, NULL);
}

void vtpm_os_lock_free(struct vtpm_os_lock *lock)
{
    (void)pthread_mutex_destroy(&lock->mutex);
}

void vtpm_os_lock(struct vtpm_os_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

void vtpm_os_unlock(struct vtpm_os_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

void vtpm_os_change_init(struct vtpm_os_change *change)
{
    (void)pthread_cond_init(&change->condition, NULL);
}

void vtpm_os_change_free(struct vtpm_os_change *change)
{
    (void)pthread_cond_destroy(&change->condition);
}

void vtpm_os_change_wait(struct vtpm_os_change *change,
                         struct vtpm_os_lock *lock)
{
    (void)pthread_cond_wait(&change->condition, &lock->mutex);
}

void vtpm_os_change_tell(struct vtpm_os_change *change)
{
    (void)pthread_cond_broadcast(&change->condition);
}

static void *run(void *context)
{
    struct vtpm_os_thread *thread = context;

    thread->function(thread->context);
    return NULL;
}

enum vtpm_status vtpm_os_thread_begin(struct vtpm_os_thread *thread,
                                      void (*function)(void *context),
                                      void *context, struct vtpm_error *err)
{
    thread->function = function;
    thread->context = context;
    if (pthread_create(&thread->thread, NULL, run, thread) == 0)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_ENOMEM,
                     "cannot start a thread: out of memory or processes; "
                     "raise the limits");
}

void vtpm_os_thread_join(struct vtpm_os_thread *thread)
{
    (void)pthread_join(thread->thread, NULL);
}

uint64_t vtpm_os_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void vtpm_os_sleep_ms(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000,
                                   .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&pause, NULL);
}
