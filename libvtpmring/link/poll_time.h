/* SPDX-License-Identifier: MIT */
/**
 * @file poll_time.h
 * For how long it is worth to look at a page before sleeping.
 *
 * While waits are short, looking finds what comes. When they are not, as when
 * the peer does not get a CPU because everybody looks, it is in vain, and each
 * such wait halves the time. Only several short waits in a row bring it back:
 * a single one is luck.
 *
 * Luck is also that both sides have a CPU while many others want one: they
 * would answer each other for as long as the scheduler lets them, and the
 * others would wait. So the platform is asked whether there is a crowd before
 * looking begins again, and after some commands while it goes on. In a crowd
 * nobody looks, and each time that it is found it takes twice as many short
 * waits until it is asked for again.
 */
#ifndef VTPMRING_POLL_TIME_H
#define VTPMRING_POLL_TIME_H

#include <vtpmring/link.h>

/** Short waits in a row that bring polling back, if there is no crowd. */
#define POLL_STREAK 8u
/** The same in the worst crowd. */
#define POLL_STREAK_MAX 4096u
/** Commands that one side finds without a sleep before it asks for a crowd. */
#define POLL_BURST 512u

/**
 * After a wait.
 * @param poll learns
 * @param max_us how long may be looked
 * @param waited_us how long it was, with the sleep if there was one
 * @return whether to ask for a crowd, see poll_asked()
 */
static inline bool poll_learn(struct vtpmring_link_poll *poll, unsigned max_us,
                              uint64_t waited_us)
{
    poll->burst = 0;
    if (waited_us > max_us) {
        poll->us /= 2;
        poll->streak = 0;
        return false;
    }
    poll->streak++;
    return poll->us < max_us && poll->streak >= POLL_STREAK &&
           poll->streak >= poll->need;
}

/**
 * After a wait that ended before it was worth to sleep.
 * @param poll learns
 * @param max_us how long may be looked
 * @return whether to ask for a crowd, see poll_asked()
 */
static inline bool poll_found(struct vtpmring_link_poll *poll, unsigned max_us)
{
    unsigned burst = poll->burst + 1;
    bool ask = poll_learn(poll, max_us, 0) || burst >= POLL_BURST;

    poll->burst = ask ? 0 : burst;
    return ask;
}

/**
 * After the platform was asked for a crowd.
 * @param poll learns
 * @param max_us how long may be looked
 * @param crowd what it said
 */
static inline void poll_asked(struct vtpmring_link_poll *poll, unsigned max_us,
                              bool crowd)
{
    if (!crowd) {
        poll->us = max_us;
        poll->need = 0;
        return;
    }
    poll->us = 0;
    poll->streak = 0;
    if (poll->need < POLL_STREAK)
        poll->need = POLL_STREAK;
    if (poll->need < POLL_STREAK_MAX)
        poll->need *= 2;
}

#endif
