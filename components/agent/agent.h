/* SPDX-License-Identifier: MIT */
#ifndef AGENT_H
#define AGENT_H

/**
 * @file
 * The agent: looks at devices and their guests, and tells the vTPMs.
 */

#include "record.h"

struct agent_options {
    const char *xl;
    int stop_fd; /**< the agent ends when this becomes readable */
};

/**
 * Works until it is told to stop. Says on standard error what becomes of each
 * guest, and to a service manager when the first look has been taken.
 * @return VTPM_OK: it was told to stop
 */
enum vtpm_status agent_run(const struct agent_options *options,
                           const struct agent_records *records,
                           struct vtpm_error *err);

#endif
