/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_OPTIONS_H
#define VTPMMGR_OPTIONS_H

/**
 * @file
 * The command line of vtpmmgr.
 */

#include "keys.h"
#include "root_tpm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More administrators are better marked in the store. */
#define VTPMMGR_ADMINS_MAX 64u

enum vtpmmgr_counter_policy {
    VTPMMGR_COUNTER_EACH_START,
    VTPMMGR_COUNTER_EACH_COMMIT
};

enum vtpmmgr_verb {
    VTPMMGR_SERVE,
    VTPMMGR_PROVISION, /**< make the store, and do no more */
    VTPMMGR_RESEAL     /**< a new envelope for the same store */
};

struct vtpmmgr_options {
    enum vtpmmgr_verb verb;
    const char *root;
    const char *store;
    struct vtpmmgr_root_tpm_options tpm;
    bool create_key; /**< make the key file first */
    uint64_t size;   /**< of a new store; 0: as usual */
    uint8_t admins[VTPMMGR_ADMINS_MAX][VTPM_UUID_SIZE];
    size_t admin_count;
    bool auto_provision;
    enum vtpmmgr_counter_policy counter;
    uint32_t extend;    /**< PCRs, by bit */
    const char *socket; /**< NULL: none */
    unsigned max_devices;
    unsigned poll_us;
    int ready_fd; /**< told when it serves; -1 for none */
};

/**
 * Reads the command line. On --help and --version, and on a mistake, it prints
 * what is to be said.
 * @param options gets the options; strings stay argv's
 * @return -1: go on; otherwise exit with this code
 */
int vtpmmgr_options_parse(int argc, char **argv,
                          struct vtpmmgr_options *options);

#endif
