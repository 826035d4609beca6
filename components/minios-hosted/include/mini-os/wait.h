/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_WAIT_H
#define MINIOS_HOSTED_WAIT_H

#include <mini-os/os.h>
#include <mini-os/sched.h>

/** Threads that sleep. */
struct wait_queue_head {
    struct thread *first;
};

static inline void init_waitqueue_head(struct wait_queue_head *head)
{
    head->first = NULL;
}

void wake_up(struct wait_queue_head *head);
/** Sleeps until woken, or until the deadline, unless that is 0.
 * @return false: it is over */
bool minios_sleep(struct wait_queue_head *head, s_time_t deadline);

#define wait_event_deadline(queue, condition, deadline)                        \
    do {                                                                       \
        while (!(condition) && minios_sleep(&(queue), (deadline)))             \
            ;                                                                  \
    } while (0)
#define wait_event(queue, condition) wait_event_deadline(queue, condition, 0)

#endif
