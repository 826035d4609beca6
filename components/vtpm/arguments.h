/* SPDX-License-Identifier: MIT */
#ifndef VTPM_ARGUMENTS_H
#define VTPM_ARGUMENTS_H

/**
 * @file
 * What is common to the command lines of the daemons. What is wrong is said in
 * one line on stderr, which names the program and its --help.
 */

#include <stdbool.h>
#include <stdint.h>

/** The exit code for a wrong command line. */
#define VTPM_EXIT_USAGE 2

/**
 * Says what is wrong.
 * @param value what was given instead, or NULL
 * @return VTPM_EXIT_USAGE
 */
int vtpm_argument_mistake(const char *program, const char *what,
                          const char *value);

/**
 * Reads a number.
 * @param name of the option
 * @return -1; or VTPM_EXIT_USAGE, and the result is as it was
 */
int vtpm_argument_number(const char *program, const char *name,
                         const char *text, unsigned min, unsigned max,
                         unsigned *result);

/**
 * Reads a list of small numbers, each at most once in the result: "all",
 * "none", or as in 16,20-22.
 * @param count how many numbers there are, from 0 on; 1 to 32
 * @param bits  gets a bit for each of the list
 * @return whether it is one; bits are as they were if not
 */
bool vtpm_list_parse(const char *text, unsigned count, uint32_t *bits);

/** The same for the command line. @return as vtpm_argument_number() */
int vtpm_argument_list(const char *program, const char *name, const char *text,
                       unsigned count, uint32_t *bits);

/** Reads --ready-fd: a descriptor that is open. @return as
 * vtpm_argument_number() */
int vtpm_argument_ready_fd(const char *program, const char *text, int *fd);

#endif
