/* SPDX-License-Identifier: MIT */
/* Threads of Mini-OS: one processor, and nobody is interrupted by another. A
 * lock matters where its owner sleeps. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/time.h>

#include "os_threads.h"

void vtpm_os_lock_init(struct vtpm_os_lock *lock)
{
    init_MUTEX(&lock->one);
}

void vtpm_os_lock_free(struct vtpm_os_lock *lock)
{
    (void)lock;
}

void vtpm_os_lock(struct vtpm_os_lock *lock)
{
    down(&lock->one);
}

void vtpm_os_unlock(struct vtpm_os_lock *lock)
{
    up(&lock->one);
}

void vtpm_os_change_init(struct vtpm_os_change *change)
{
    init_waitqueue_head(&change->waiting);
    change->count = 0;
}

void vtpm_os_change_free(struct vtpm_os_change *change)
{
    (void)change;
}

void vtpm_os_change_wait(struct vtpm_os_change *change,
                         struct vtpm_os_lock *lock)
{
    const unsigned before = change->count;

    vtpm_os_unlock(lock);
    wait_event(change->waiting, change->count != before);
    vtpm_os_lock(lock);
}

void vtpm_os_change_tell(struct vtpm_os_change *change)
{
    change->count++;
    wake_up(&change->waiting);
}

static void run(void *context)
{
    struct vtpm_os_thread *thread = context;

    thread->function(thread->context);
    thread->ended = true;
    wake_up(&thread->waiting);
}

enum vtpm_status vtpm_os_thread_begin(struct vtpm_os_thread *thread,
                                      void (*function)(void *context),
                                      void *context, struct vtpm_error *err)
{
    static char name[] = "vtpm";

    thread->function = function;
    thread->context = context;
    thread->ended = false;
    init_waitqueue_head(&thread->waiting);
    if (create_thread(name, run, thread) != NULL)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_ENOMEM,
                     "cannot start a thread: out of memory; give the domain "
                     "more");
}

void vtpm_os_thread_join(struct vtpm_os_thread *thread)
{
    wait_event(thread->waiting, thread->ended);
}

uint64_t vtpm_os_now_ms(void)
{
    return (uint64_t)NOW() / 1000000;
}

void vtpm_os_sleep_ms(unsigned ms)
{
    msleep(ms);
}
