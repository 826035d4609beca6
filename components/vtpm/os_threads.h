/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OS_THREADS_H
#define VTPM_OS_THREADS_H

/**
 * @file
 * The platform: threads, locks, the clock. os_threads_posix.c has threads of
 * the system; minios/threads.c those of Mini-OS, which give way by themselves.
 * The structures are in an os_types.h for each, which the build picks.
 */

#include "os_types.h"
#include "status.h"

#include <stdint.h>

void vtpm_os_lock_init(struct vtpm_os_lock *lock);
void vtpm_os_lock_free(struct vtpm_os_lock *lock);
/** Not twice by one thread. */
void vtpm_os_lock(struct vtpm_os_lock *lock);
void vtpm_os_unlock(struct vtpm_os_lock *lock);

/** Something that a lock guards may have changed. */
void vtpm_os_change_init(struct vtpm_os_change *change);
void vtpm_os_change_free(struct vtpm_os_change *change);
/** Lets go of the lock until vtpm_os_change_tell(), or for no reason. */
void vtpm_os_change_wait(struct vtpm_os_change *change,
                         struct vtpm_os_lock *lock);
/** Wakes all who wait. */
void vtpm_os_change_tell(struct vtpm_os_change *change);

/**
 * Runs @p function in a thread.
 * @param thread stays where it is until vtpm_os_thread_join()
 * @return VTPM_OK; VTPM_ENOMEM: there is no thread
 */
enum vtpm_status vtpm_os_thread_begin(struct vtpm_os_thread *thread,
                                      void (*function)(void *context),
                                      void *context, struct vtpm_error *err);
/** Waits for its end. */
void vtpm_os_thread_join(struct vtpm_os_thread *thread);

/** Milliseconds since some point in time, those asleep among them. */
uint64_t vtpm_os_now_ms(void);
void vtpm_os_sleep_ms(unsigned ms);

#endif
