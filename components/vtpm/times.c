/* SPDX-License-Identifier: MIT */
#include "times.h"

#include <string.h>

#define STEP_BITS 4u
#define STEPS (1u << STEP_BITS) /* in each power of two */

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* One thread writes: a load and a store, not a locked instruction. */
static void set(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static unsigned slot_of(uint32_t us)
{
    unsigned shift = 0;

    while ((us >> shift) >= 2 * STEPS)
        shift++;
    return us < STEPS ? us : shift * STEPS + (us >> shift);
}

/* The longest duration of a slot. */
static uint64_t end_of(unsigned slot)
{
    const unsigned shift = slot < STEPS ? 0 : (slot >> STEP_BITS) - 1;
    const uint64_t step = slot < STEPS ? slot : STEPS + slot % STEPS;

    return ((step + 1) << shift) - 1;
}

void vtpm_times_add(struct vtpm_times *times, uint64_t us)
{
    const uint32_t counted = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    _Atomic uint64_t *counter = &times->count[slot_of(counted)];

    set(counter, get(counter) + 1);
    if (counted > get(&times->longest))
        set(&times->longest, counted);
}

uint64_t vtpm_times_count(const struct vtpm_times *times)
{
    uint64_t sum = 0;

    for (unsigned slot = 0; slot < VTPM_TIMES_SLOTS; slot++)
        sum += get(&times->count[slot]);
    return sum;
}

uint64_t vtpm_times_percentile(const struct vtpm_times *times, unsigned percent)
{
    const uint64_t all = vtpm_times_count(times);
    const uint64_t longest = get(&times->longest);
    const uint64_t wanted =
        all / 100 * percent + (all % 100 * percent + 99) / 100;
    uint64_t sum = 0;

    for (unsigned slot = 0; slot < VTPM_TIMES_SLOTS && all > 0; slot++) {
        sum += get(&times->count[slot]);
        if (sum >= wanted)
            return end_of(slot) < longest ? end_of(slot) : longest;
    }
    return longest;
}

/* No stdio: a signal handler writes this. */
static char *add_text(char *at, const char *text)
{
    const size_t length = strlen(text);

    memcpy(at, text, length + 1);
    return at + length;
}

static char *add_number(char *at, uint64_t value)
{
    char digits[21];
    size_t i = sizeof(digits) - 1;

    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return add_text(at, digits + i);
}

size_t vtpm_times_line(const struct vtpm_times *times, const char *program,
                       char line[VTPM_TIMES_LINE_SIZE])
{
    char *at = add_text(add_text(line, program), ": service time of ");

    at = add_number(at, vtpm_times_count(times));
    at = add_text(at, " commands: p50 ");
    at = add_number(at, vtpm_times_percentile(times, 50));
    at = add_text(at, " us, p99 ");
    at = add_number(at, vtpm_times_percentile(times, 99));
    at = add_text(at, " us, longest ");
    at = add_number(at, get(&times->longest));
    at = add_text(at, " us\n");
    return (size_t)(at - line);
}
