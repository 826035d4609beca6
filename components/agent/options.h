/* SPDX-License-Identifier: MIT */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

/**
 * @file
 * The command line of vtpm-agent.
 */

#include "uuid.h"

enum agent_order {
    AGENT_SERVE,
    AGENT_FORGET,  /**< the guest of a vTPM is not going to be continued */
    AGENT_REMEMBER /**< it is */
};

struct agent_arguments {
    enum agent_order order;
    uint8_t uuid[VTPM_UUID_SIZE]; /**< whose, unless it serves */
    const char *folder;
    const char *xl;
};

/**
 * Reads the command line. On --help and --version, and on a mistake, it prints
 * what is to be said.
 * @param arguments gets the options; strings stay argv's
 * @return -1: go on; otherwise exit with this code
 */
int agent_options_parse(int argc, char **argv,
                        struct agent_arguments *arguments);

#endif
