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
 * nobody looks, and each time that it is found it takes twice as many commands
 * until it is asked for again.
 */
#ifndef VTPMRING_POLL_TIME_H
#define VTPMRING_POLL_TIME_H

#include <vtpmring/link.h>

/** What a sleep adds to a wait: how long it takes to be woken, and to wake. */
#define POLL_WAKE_US 50u
/** Short waits in a row that bring polling back, if there is no crowd. */
#define POLL_STREAK 8u
/** Waits until a crowd is asked for again, after it was found once. */
#define POLL_CROWD 16u
/** The same after it was found often. */
#define POLL_CROWD_MAX 4096u
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
    if (poll->pause > 0)
        poll->pause--;
    if (waited_us > (uint64_t)max_us + POLL_WAKE_US) {
        poll->us /= 2;
        poll->streak = 0;
        return false;
    }
    poll->streak++;
    return poll->us < max_us && poll->streak >= POLL_STREAK && poll->pause == 0;
}

/**
 * After a wait that ended before it was worth to sleep. It may have been long
 * all the same: who looks can lose the CPU meanwhile.
 * @param poll learns
 * @param max_us how long may be looked
 * @param waited_us how long it was
 * @return whether to ask for a crowd, see poll_asked()
 */
static inline bool poll_found(struct vtpmring_link_poll *poll, unsigned max_us,
                              uint64_t waited_us)
{
    unsigned burst = poll->burst + 1;
    bool ask = poll_learn(poll, max_us, waited_us) || burst >= POLL_BURST;

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
        poll->crowd = 0;
        return;
    }
    poll->us = 0;
    poll->streak = 0;
    if (poll->crowd == 0)
        poll->crowd = POLL_CROWD;
    else if (poll->crowd < POLL_CROWD_MAX)
        poll->crowd *= 2;
    poll->pause = poll->crowd;
}

#endif
