/* SPDX-License-Identifier: MIT */
/* Sends a command and waits for its response, in the thread that wants it. */
#include "tpmfront.h"

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

/* Short waits in a row after which it is worth to look at the page again. */
#define STREAK 8
/* Looks at the page between two looks at the clock. */
#define SPIN 16
/* Longest look at a page. */
#define POLL_MAX_US 1000u
/* A device that is about to go does not wait longer for a command. */
#define LEAVING_US 2000000u

/* A system that goes down, or a device. */
static bool is_hurried(const struct tpmfront *front)
{
    return front->leaving || system_state > SYSTEM_RUNNING;
}

/* A process that ends closes its files, which may take commands: these are not
 * to be interrupted by what ended it. */
static bool is_killed(void)
{
    return !(current->flags & PF_EXITING) && fatal_signal_pending(current);
}

/* Sleeps until something may have changed since `seen` was read, at most until
 * the deadline. A sleep is no obstacle to a suspend of the system: who waits
 * for the TPM holds its locks, but nobody needs the TPM meanwhile. */
static void sleep_until(struct tpmfront *front, uint32_t seen,
                        uint64_t deadline)
{
    DEFINE_WAIT(wait);
    uint64_t now = tpmfront_now(), us = deadline > now ? deadline - now : 0;

    if (us > 60 * USEC_PER_SEC)
        us = 60 * USEC_PER_SEC;
    prepare_to_wait(&front->changed, &wait,
                    current->flags & PF_EXITING
                        ? TASK_UNINTERRUPTIBLE
                        : TASK_KILLABLE | TASK_FREEZABLE_UNSAFE);
    if (READ_ONCE(front->changes) == seen)
        (void)schedule_timeout((long)usecs_to_jiffies((unsigned int)us) + 1);
    finish_wait(&front->changed, &wait);
}

/* Before the TPM is known to be ready, it is for the one who finds out. */
static bool may_send(const struct tpmfront *front)
{
    const struct session *session = &front->session;

    return session->connected &&
           (front->opened == session->generation || front->attacher == current);
}

static int try_send(struct tpmfront *front, const void *command, size_t length,
                    uint64_t limit_us, bool last)
{
    uint64_t now = tpmfront_now(), cancel_us;
    int err;

    session_tick(&front->session, now);
    if (!may_send(front)) {
        err = is_hurried(front) || last ? -EIO : -ENOTCONN;
    } else {
        cancel_us = (uint64_t)tpmfront_cancel_ms * USEC_PER_MSEC;
        if (is_hurried(front) && limit_us > LEAVING_US)
            limit_us = LEAVING_US;
        if (is_hurried(front) && cancel_us > LEAVING_US)
            cancel_us = LEAVING_US;
        err = session_send(&front->session, command, length, now, limit_us,
                           cancel_us);
        if (err == -EBUSY && last)
            err = -ETIME;
    }
    tpmfront_after(front);
    return err;
}

int tpmfront_send(struct tpmfront *front, const void *command, size_t length,
                  uint64_t limit_us)
{
    uint64_t until =
        tpmfront_now() + (uint64_t)tpmfront_connect_ms * USEC_PER_MSEC;
    uint64_t wake;
    unsigned long flags;
    uint32_t seen;
    int err;

    for (;;) {
        spin_lock_irqsave(&front->lock, flags);
        err =
            try_send(front, command, length, limit_us, tpmfront_now() >= until);
        seen = front->changes;
        wake = min(until, session_deadline(&front->session));
        spin_unlock_irqrestore(&front->lock, flags);
        if (err != -EBUSY && err != -ENOTCONN)
            return err;
        if (is_killed())
            return -EINTR;
        sleep_until(front, seen, wake);
    }
}

/* One look; -EAGAIN if the command has not ended. */
static int try_receive(struct tpmfront *front, void *response, size_t size,
                       uint32_t *seen, uint64_t *wake)
{
    unsigned long flags;
    int rc;

    spin_lock_irqsave(&front->lock, flags);
    session_tick(&front->session, tpmfront_now());
    rc = session_receive(&front->session, response, size);
    *seen = front->changes;
    *wake = session_deadline(&front->session);
    if (rc == -EAGAIN && is_killed()) {
        session_abandon(&front->session, tpmfront_now());
        rc = -EINTR;
    }
    tpmfront_after(front);
    spin_unlock_irqrestore(&front->lock, flags);
    return rc;
}

static bool look(struct tpmfront *front, uint64_t now)
{
    unsigned long flags;
    bool ended;

    spin_lock_irqsave(&front->lock, flags);
    ended = session_look(&front->session, now);
    spin_unlock_irqrestore(&front->lock, flags);
    return ended;
}

/* Before it is worth to sleep. Returns when that began. */
static uint64_t poll_page(struct tpmfront *front)
{
    uint64_t start = tpmfront_now(), now = start;
    int i;

    while (now - start < front->poll_us && !need_resched()) {
        for (i = 0; i < SPIN; i++) {
            if (look(front, now))
                return start;
            cpu_relax();
        }
        now = tpmfront_now();
    }
    return start;
}

/* While waits are short, looking finds what comes. When they are not, looking
 * is in vain, and soon ends; several short ones in a row bring it back. */
static void learn(struct tpmfront *front, unsigned int max_us,
                  uint64_t waited_us)
{
    if (waited_us > max_us) {
        front->poll_us /= 2;
        front->streak = 0;
    } else if (++front->streak >= STREAK) {
        front->poll_us = max_us;
    }
}

int tpmfront_receive(struct tpmfront *front, void *response, size_t size)
{
    unsigned int max_us = min(READ_ONCE(tpmfront_poll_us), POLL_MAX_US);
    uint64_t start, wake;
    uint32_t seen;
    int rc;

    front->poll_us = min(front->poll_us, max_us);
    start = poll_page(front);
    for (;;) {
        rc = try_receive(front, response, size, &seen, &wake);
        if (rc != -EAGAIN)
            break;
        sleep_until(front, seen, wake);
    }
    learn(front, max_us, tpmfront_now() - start);
    return rc;
}

void tpmfront_settle(struct tpmfront *front, uint64_t grace_us)
{
    uint64_t until = tpmfront_now() + grace_us, now;
    unsigned long flags;
    uint8_t command;

    do {
        spin_lock_irqsave(&front->lock, flags);
        now = tpmfront_now();
        if (now >= until)
            session_cancel(&front->session, now);
        session_tick(&front->session, now);
        command = front->session.command;
        tpmfront_after(front);
        spin_unlock_irqrestore(&front->lock, flags);
        if (command == SESSION_NONE || command == SESSION_ENDED)
            return;
        schedule_timeout_uninterruptible(1);
    } while (true);
}
