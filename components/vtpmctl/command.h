/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_COMMAND_H
#define VTPMCTL_COMMAND_H

/**
 * @file
 * The command line of vtpmctl: which commands there are, what each takes, and
 * what it answers.
 */

#include "keys.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Exit codes. */
enum ctl_code {
    CTL_OK = 0,
    CTL_FAILED = 1, /**< refused, or it did not work */
    CTL_USAGE = 2,  /**< the command line makes no sense */
    CTL_AWAY = 3,   /**< the manager cannot be reached, or talks nonsense */
    CTL_BAD = 4     /**< what was checked is not good */
};

/** An option of one command. */
struct ctl_option {
    const char *name;  /**< without dashes; NULL ends a list */
    const char *value; /**< what it takes, in capitals; NULL: nothing */
    const char *help;
};

/** The most options of its own that a command has. */
#define CTL_OPTIONS_MAX 8u

struct ctl_args;

struct ctl_command {
    const char *name; /**< one or two words */
    /**
     * Does it. Results go to stdout.
     * @param err gets a line on any code but CTL_OK
     */
    enum ctl_code (*run)(const struct ctl_args *args, struct vtpm_error *err);
    const char *operands;             /**< for the usage line */
    int min, max;                     /**< how many operands; max -1: any */
    bool asks;                        /**< it asks the manager */
    bool json;                        /**< it has --json */
    const struct ctl_option *options; /**< NULL: none */
    const char *help; /**< one line, then what else there is to say */
};

/** Ended by one without a name. */
extern const struct ctl_command ctl_commands[];

/** What the command line says. Strings are argv's. */
struct ctl_args {
    const struct ctl_command *command;
    bool json;
    const char *via; /**< how to reach the manager; NULL: the default */
    unsigned timeout_ms;
    const char *value[CTL_OPTIONS_MAX]; /**< "" for options without values */
    int count;
    char **operand;
};

/**
 * Reads the command line, and on --help, --version and mistakes prints what is
 * to be said.
 * @return -1: go on; otherwise exit with this code
 */
int ctl_parse(int argc, char **argv, struct ctl_args *args);

/** The value of an option of this command; NULL if it was not given. */
const char *ctl_value(const struct ctl_args *args, const char *name);

/** Writes a line about a wrong command line. @return CTL_USAGE */
enum ctl_code ctl_mistake(struct vtpm_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Writes a line. @return @p code */
enum ctl_code ctl_fail(struct vtpm_error *err, enum ctl_code code,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The exit code of a status: what does not hold is CTL_BAD. */
enum ctl_code ctl_code_of(enum vtpm_status status);

/** Reads a UUID. @return CTL_OK; CTL_USAGE */
enum ctl_code ctl_take_uuid(const char *text, uint8_t uuid[VTPM_UUID_SIZE],
                            struct vtpm_error *err);
/** Reads the number of a group. @return CTL_OK; CTL_USAGE */
enum ctl_code ctl_take_group(const char *text, uint32_t *group,
                             struct vtpm_error *err);

struct vtpmmgr_pcrs;

/** Reads values of PCRs, each "BANK:N=HEX". @return CTL_OK; CTL_USAGE */
enum ctl_code ctl_take_pcrs(char **texts, int count, struct vtpmmgr_pcrs *pcrs,
                            struct vtpm_error *err);
/** Writes a whole file or none, and never over another one. */
enum ctl_code ctl_write_new(const char *path, const void *bytes, size_t len,
                            struct vtpm_error *err);

/** @name The commands @{ */
enum ctl_code ctl_approve(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_backup(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_endorsement(const struct ctl_args *args,
                              struct vtpm_error *err);
enum ctl_code ctl_group_activate(const struct ctl_args *args,
                                 struct vtpm_error *err);
enum ctl_code ctl_group_key(const struct ctl_args *args,
                            struct vtpm_error *err);
enum ctl_code ctl_quote(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_verify(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_group_list(const struct ctl_args *args,
                             struct vtpm_error *err);
enum ctl_code ctl_group_new(const struct ctl_args *args,
                            struct vtpm_error *err);
enum ctl_code ctl_group_remove(const struct ctl_args *args,
                               struct vtpm_error *err);
enum ctl_code ctl_group_show(const struct ctl_args *args,
                             struct vtpm_error *err);
enum ctl_code ctl_group_sign(const struct ctl_args *args,
                             struct vtpm_error *err);
enum ctl_code ctl_group_update(const struct ctl_args *args,
                               struct vtpm_error *err);
enum ctl_code ctl_restore(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_seal_request(const struct ctl_args *args,
                               struct vtpm_error *err);
enum ctl_code ctl_seal_status(const struct ctl_args *args,
                              struct vtpm_error *err);
enum ctl_code ctl_status(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_store_check(const struct ctl_args *args,
                              struct vtpm_error *err);
enum ctl_code ctl_vtpm_add(const struct ctl_args *args, struct vtpm_error *err);
enum ctl_code ctl_vtpm_list(const struct ctl_args *args,
                            struct vtpm_error *err);
enum ctl_code ctl_vtpm_remove(const struct ctl_args *args,
                              struct vtpm_error *err);
enum ctl_code ctl_vtpm_show(const struct ctl_args *args,
                            struct vtpm_error *err);
/** @} */

#endif
