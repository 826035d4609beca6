/* SPDX-License-Identifier: MIT */
#ifndef VTPM_MANAGER_H
#define VTPM_MANAGER_H

/**
 * @file
 * The way to the manager: a frontend of the own domain's vtpm device whose
 * backend is the manager's domain. One question, one answer, bounded waits.
 *
 * A manager that is killed and started again takes the connection over; one
 * whose domain is made anew is connected to anew. Either loses the question
 * that it had, and then it is asked again, so only what may be asked twice may
 * be asked: saving the same record, loading, reading.
 *
 * Used by one thread at a time.
 */

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/** The longest question and answer, bytes: one page. */
#define VTPM_MANAGER_FRAME_MAX 4096u
/** What is waited for an answer if nothing else is asked for. */
#define VTPM_MANAGER_TIMEOUT_MS 5000u
/** The longest wait that may be asked for. */
#define VTPM_MANAGER_TIMEOUT_MAX_MS 600000u

struct vtpm_manager;

struct vtpm_manager_options {
    unsigned device; /**< number in device/vtpm/N of the own domain */
    /** Longest wait for an answer, connecting included; letting go of a
     * connection that broke may take as long again. After a failure it is a
     * tenth, until there is an answer. */
    unsigned timeout_ms;
};

/**
 * Nothing is connected before the first question.
 * @param manager to be closed by vtpm_manager_close(); NULL on failure
 * @param options copied
 * @return VTPM_OK; VTPM_EINVAL (no time to wait); VTPM_ENOMEM
 */
enum vtpm_status vtpm_manager_open(struct vtpm_manager **manager,
                                   const struct vtpm_manager_options *options,
                                   struct vtpm_error *err);

/**
 * Asks and waits for the answer. A question that was not answered in time is
 * still on its way: the same one again waits for that answer, a few times;
 * another one takes it back first.
 * @param question a whole frame, at most VTPM_MANAGER_FRAME_MAX bytes
 * @param answer   room for VTPM_MANAGER_FRAME_MAX bytes
 * @param answer_len at least 10, and what the answer's size field says; nothing
 *                 else about the answer was checked
 * @return VTPM_OK; VTPM_EREFUSED (not there, silent, or it broke the protocol
 *         of the page); VTPM_EINVAL (too long); VTPM_EIO (Xen)
 */
enum vtpm_status vtpm_manager_ask(struct vtpm_manager *manager,
                                  const uint8_t *question, size_t question_len,
                                  uint8_t answer[VTPM_MANAGER_FRAME_MAX],
                                  size_t *answer_len, struct vtpm_error *err);

/** Disconnects in order, frees and wipes. NULL does nothing. */
void vtpm_manager_close(struct vtpm_manager *manager);

#endif
