/* SPDX-License-Identifier: MIT */
/**
 * @file commands.h
 * The commands. Each gets its own arguments (argv[0] is its name), parses
 * them with getopt_long and returns the exit code of the program: 0, 1
 * failure, 2 usage.
 */
#ifndef SIMXEN_COMMANDS_H
#define SIMXEN_COMMANDS_H

enum { EXIT_USAGE = 2 };

struct command {
    const char *name;
    int (*run)(const struct command *self, int argc, char **argv);
    const char *usage; /**< arguments, after the name */
    const char *help;
};

/** The argument of --dir; set by options that precede or follow a command. */
extern const char *command_dir;

/** Options that every command has; use them with getopt_long(). */
#define COMMAND_OPTIONS                                                        \
    {"dir", required_argument, 0, 'D'},                                        \
    {                                                                          \
        "help", no_argument, 0, 'h'                                            \
    }

/**
 * Treat an option that is not the command's own.
 * @return -1: go on; otherwise the exit code.
 */
int command_option(const struct command *self, int option);
/**
 * Parse a command that has no options of its own and wants this many operands.
 * @return -1: go on, optind is the first operand; otherwise the exit code.
 */
int command_parse(const struct command *self, int argc, char **argv,
                  int operands);
/** Connect to the daemon that the options and the environment name.
 *  @return a descriptor, or -1 after a line on stderr. */
int command_connect(void);
/** Say how it is used. @return EXIT_USAGE. */
int command_misused(const struct command *self, const char *what);

int command_start(const struct command *self, int argc, char **argv);
int command_stop(const struct command *self, int argc, char **argv);
int command_create(const struct command *self, int argc, char **argv);
int command_destroy(const struct command *self, int argc, char **argv);
int command_list(const struct command *self, int argc, char **argv);
int command_domid(const struct command *self, int argc, char **argv);
int command_env(const struct command *self, int argc, char **argv);
int command_run(const struct command *self, int argc, char **argv);
int command_attach(const struct command *self, int argc, char **argv);
int command_detach(const struct command *self, int argc, char **argv);

#endif
