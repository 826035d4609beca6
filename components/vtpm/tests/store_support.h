/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_STORE_SUPPORT_H
#define VTPM_TESTS_STORE_SUPPORT_H

/**
 * @file
 * Numbered states: state n is recognisable by every one of its bytes, and
 * has a length of its own.
 */

#include "support.h"

#include "store.h"

#define STATE_LEN_MAX 6000u

/** The length of state n, and its bytes. */
size_t numbered_state(unsigned n, uint8_t bytes[STATE_LEN_MAX]);

/** Saves state n. */
enum vtpm_status save_number(struct vtpm_store *store, unsigned n,
                             struct vtpm_error *err);

/**
 * Opens, loads, closes.
 * @param n the number of the state that was found, if VTPM_OK; the test
 *          fails if it is none of the numbered states
 */
enum vtpm_status load_number(const char *path, struct vtpm_keys *keys,
                             unsigned *n, struct vtpm_error *err);

/** Provisions and saves states 1 to @p last. */
void make_store(const char *path, struct vtpm_keys *keys, unsigned last);

/** Opens and loads; the caller closes. */
struct vtpm_store *open_loaded(const char *path, struct vtpm_keys *keys);

#endif
