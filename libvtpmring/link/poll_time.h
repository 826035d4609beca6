/* SPDX-License-Identifier: MIT */
/**
 * @file poll_time.h
 * For how long it is worth to look at a page before sleeping.
 *
 * While waits are short, looking finds what comes. When they are not, as when
 * the peer does not get a CPU because everybody looks, it is in vain, and each
 * such wait halves the time. Only several short waits in a row bring it back:
 * a single one is luck.
 */
#ifndef VTPMRING_POLL_TIME_H
#define VTPMRING_POLL_TIME_H

#include <vtpmring/link.h>

/** Short waits in a row that bring polling back. */
#define POLL_STREAK 8u

/**
 * After a wait.
 * @param poll learns
 * @param max_us how long may be looked
 * @param waited_us how long it was, with the sleep if there was one
 */
static inline void poll_learn(struct vtpmring_link_poll *poll, unsigned max_us,
                              uint64_t waited_us)
{
    if (waited_us > max_us) {
        poll->us /= 2;
        poll->streak = 0;
    } else if (++poll->streak >= POLL_STREAK) {
        poll->us = max_us;
    }
}

#endif
