/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_TIME_H
#define MINIOS_HOSTED_TIME_H

#include <mini-os/types.h>

/** Nanoseconds. */
typedef int64_t s_time_t;

uint64_t monotonic_clock(void);

#define NOW() ((s_time_t)monotonic_clock())
#define MILLISECS(ms) ((s_time_t)(ms)*1000000)

#endif
