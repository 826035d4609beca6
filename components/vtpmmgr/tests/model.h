/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TESTS_MODEL_H
#define VTPMMGR_TESTS_MODEL_H

/**
 * @file
 * What a store should have in it, kept in plain arrays, and changes by chance
 * that are made to both.
 */

#include "folder.h"
#include "store.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#define MODEL_VTPMS 512u
#define MODEL_GROUPS 8u

struct model {
    size_t vtpm_count;
    struct vtpmmgr_vtpm vtpm[MODEL_VTPMS];
    size_t group_len[MODEL_GROUPS]; /* 0: not there; the number is the place */
    uint8_t group_fill[MODEL_GROUPS];
};

/** What to do to a store and its model. */
struct model_change {
    enum { PUT, REMOVE, PUT_GROUP, REMOVE_GROUP, ANCHOR } what;
    struct vtpmmgr_vtpm vtpm[VTPMMGR_BATCH_MAX];
    size_t count;
    uint32_t group;
    size_t len;
    uint8_t fill;
};

extern const uint8_t root_key[VTPM_KEY_SIZE];
extern const uint8_t other_key[VTPM_KEY_SIZE];

/** A random number below @p n; the same in every run. */
uint32_t chance(uint32_t n);
void chance_seed(uint64_t seed);

/** A change that the model allows; grows to about @p vtpms vTPMs. */
void model_choose(const struct model *model, size_t vtpms,
                  struct model_change *change);
/** Makes it to the store. */
enum vtpm_status model_try(struct vtpmmgr_store *store,
                           const struct model_change *change,
                           struct vtpm_error *err);
/** Makes it to the model. */
void model_apply(struct model *model, const struct model_change *change);
/** Whether the store is what the model says, in every record and list. */
bool model_equal(const struct model *model, const struct vtpmmgr_store *store);

/** A vTPM that is recognisable. */
struct vtpmmgr_vtpm numbered_vtpm(uint32_t number, uint32_t group,
                                  uint64_t saves);

/** Fails the test unless the status is as expected, and its line has @p words.
 */
#define assert_status(status, expected, err, words)                            \
    check_status((status), (expected), (err), (words), __FILE__, __LINE__)
void check_status(enum vtpm_status status, enum vtpm_status expected,
                  const struct vtpm_error *err, const char *words,
                  const char *file, int line);

#endif
