/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OPTIONS_H
#define VTPM_OPTIONS_H

/**
 * @file
 * The command line of vtpm.
 */

#include "store.h"

#include <stdbool.h>
#include <stdint.h>

struct vtpm_options {
    uint8_t uuid[VTPM_UUID_SIZE];
    const char *state;        /**< file or block device */
    const char *key_file;     /**< master key; NULL: the manager */
    bool manager;             /**< it keeps the keys */
    unsigned manager_device;  /**< number of the own domain's device */
    unsigned manager_ms;      /**< longest wait for it */
    enum vtpm_family family;  /**< of a new TPM */
    bool family_given;        /**< --tpm was there */
    bool provision;           /**< make a new TPM */
    bool create_key;          /**< make the key file first */
    bool exit;                /**< do not serve */
    unsigned poll_us;         /**< adaptive polling */
    unsigned max_extra_pages; /**< extra pages to take */
    uint32_t localities;      /**< that the guest may use, by bit */
    uint32_t hardware_pcrs;   /**< that PCRs begin with, by bit */
    int ready_fd;             /**< told when it serves; -1 for none */
};

/**
 * Reads the command line. On --help and --version, and on a mistake, it prints
 * what is to be said.
 * @param options gets the options; strings stay argv's
 * @return -1: go on; otherwise exit with this code
 */
int vtpm_options_parse(int argc, char **argv, struct vtpm_options *options);

#endif
