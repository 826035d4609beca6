/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TIMES_H
#define VTPM_TIMES_H

/**
 * @file
 * How long commands took: counts by duration, of constant size.
 *
 * A duration is counted in microseconds, exactly below 16 and within a
 * sixteenth above. One thread adds; any thread and any signal handler reads,
 * and may see a duration that is being added or not.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** Sixteen for the exact ones, sixteen for each power of two up to 2^32. */
#define VTPM_TIMES_SLOTS (29u * 16u)
/** Room for vtpm_times_line(). */
#define VTPM_TIMES_LINE_SIZE 160u

/** All zero at first. */
struct vtpm_times {
    _Atomic uint64_t count[VTPM_TIMES_SLOTS];
    _Atomic uint64_t longest;
};

/** Counts one duration. What is longer than 2^32 us counts as that. */
void vtpm_times_add(struct vtpm_times *times, uint64_t us);

/** How many there are. */
uint64_t vtpm_times_count(const struct vtpm_times *times);

/** The duration within which so many of a hundred were, rounded up by a
 *  sixteenth at most; 0 if there is none. */
uint64_t vtpm_times_percentile(const struct vtpm_times *times,
                               unsigned percent);

/**
 * Says it in a line: count, median, 99th percentile, longest.
 * @param program begins the line; at most 20 bytes
 * @param line gets the line, with a newline and a NUL
 * @return its length
 */
size_t vtpm_times_line(const struct vtpm_times *times, const char *program,
                       char line[VTPM_TIMES_LINE_SIZE]);

#endif
