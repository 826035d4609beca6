/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

const char *command_dir;

static const struct command commands[] = {
    {"start", command_start, "[--foreground]",
     "start the host; returns when it answers"},
    {"stop", command_stop, "", "end the host and all its domains"},
    {"create", command_create, "NAME", "create a domain"},
    {"destroy", command_destroy, "NAME",
     "end a domain, its ports, grants and nodes"},
    {"list", command_list, "", "domid, name, ports and grants of all domains"},
    {"domid", command_domid, "NAME", "print a domain's number"},
    {"env", command_env, "NAME",
     "print the environment of a domain's programs, for eval"},
    {"run", command_run, "--domain NAME -- PROGRAM [ARGUMENT...]",
     "run a program in a domain, created if absent"},
    {"attach-vtpm", command_attach,
     "FRONT BACK --uuid UUID [--handle N] [--wait SECONDS] [--guest HOW]",
     "give domain FRONT a vTPM that domain BACK serves; HOW it is: boot,\n"
     "      resume, running or unknown"},
    {"detach-vtpm", command_detach, "FRONT [--handle N] [--guest HOW]",
     "take it away; HOW FRONT is: detached, ended, suspended or unknown"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    puts("usage: simxen [--dir DIR] COMMAND [ARGUMENT...]\n"
         "A Xen host in a box for user-space programs.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %s %s\n      %s\n", commands[i].name, commands[i].usage,
               commands[i].help);
    puts("\n  --dir DIR   runtime folder (default $SIMXEN_DIR, or simxen-UID "
         "in\n              $XDG_RUNTIME_DIR or /tmp)\n"
         "  --help, --version");
}

int command_misused(const struct command *self, const char *what)
{
    fprintf(stderr, "simxen %s: %s; usage: simxen %s %s\n", self->name, what,
            self->name, self->usage);
    return EXIT_USAGE;
}

int command_option(const struct command *self, int option)
{
    switch (option) {
    case 'D':
        command_dir = optarg;
        return -1;
    case 'h':
        printf("usage: simxen %s [--dir DIR] %s\n%s\n", self->name, self->usage,
               self->help);
        return EXIT_SUCCESS;
    default:
        return command_misused(self, option == ':' ? "an option needs a value"
                                                   : "unknown option");
    }
}

int command_parse(const struct command *self, int argc, char **argv,
                  int operands)
{
    static const struct option options[] = {COMMAND_OPTIONS, {0, 0, 0, 0}};
    int option;

    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        int code = command_option(self, option);

        if (code >= 0)
            return code;
    }
    if (argc - optind != operands)
        return command_misused(self, argc - optind < operands
                                         ? "an argument is missing"
                                         : "too many arguments");
    return -1;
}

static int misused(const char *what, const char *which)
{
    fprintf(stderr, "simxen: %s%s; see simxen --help\n", what, which);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        COMMAND_OPTIONS, {"version", no_argument, 0, 'V'}, {0, 0, 0, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1)
        switch (option) {
        case 'D':
            command_dir = optarg;
            break;
        case 'h':
            print_help();
            return EXIT_SUCCESS;
        case 'V':
            puts("simxen " SIMXEN_VERSION);
            return EXIT_SUCCESS;
        default:
            return misused(option == ':' ? "an option needs a value"
                                         : "unknown option",
                           "");
        }
    if (optind >= argc)
        return misused("no command", "");
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[optind], commands[i].name) == 0) {
            argc -= optind;
            argv += optind;
            optind = 0; /* glibc: begin anew */
            return commands[i].run(&commands[i], argc, argv);
        }
    return misused("unknown command ", argv[optind]);
}
