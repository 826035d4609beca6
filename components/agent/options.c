/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <vtpmring/vtpmring.h>

static const char usage[] =
    "usage: vtpm-agent [OPTION...]\n"
    "       vtpm-agent --forget UUID | --remember UUID [--state DIR]\n"
    "\n"
    "Tells the vTPMs of this Xen host how the life of their guests begins and\n"
    "ends, so that PCRs are reset by a boot and kept by a resume. Runs in "
    "dom0.\n"
    "\n"
    "  -s, --state DIR      what it remembers of suspended guests\n"
    "                       (default " AGENT_FOLDER ")\n"
    "      --xl PROGRAM     the toolstack that it asks (default xl)\n"
    "\n"
    "instead of running:\n"
    "      --forget UUID    the guest of this vTPM, saved or lost, will not "
    "be\n"
    "                       continued: the next one boots\n"
    "      --remember UUID  the next guest of this vTPM is a saved one: of\n"
    "                       another host, or restored once more\n"
    "\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version\n"
    "\n"
    "Exit codes: 0 stopped in order, 1 failure, 2 wrong usage.\n";

enum { OPT_XL = 256, OPT_FORGET, OPT_REMEMBER };

static const struct option long_options[] = {
    {"state", required_argument, NULL, 's'},
    {"xl", required_argument, NULL, OPT_XL},
    {"forget", required_argument, NULL, OPT_FORGET},
    {"remember", required_argument, NULL, OPT_REMEMBER},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int mistake(const char *what, const char *value)
{
    return vtpm_argument_mistake("vtpm-agent", what, value);
}

static int order(enum agent_order what, const char *value,
                 struct agent_arguments *arguments)
{
    if (arguments->order != AGENT_SERVE)
        return mistake("one --forget or --remember at a time", NULL);
    arguments->order = what;
    return vtpm_uuid_parse(value, arguments->uuid)
               ? -1
               : mistake("not a UUID of 8-4-4-4-12 hex digits", value);
}

static int one(int option, const char *value, struct agent_arguments *arguments)
{
    switch (option) {
    case 's':
        arguments->folder = value;
        return -1;
    case OPT_XL:
        arguments->xl = value;
        return -1;
    case OPT_FORGET:
        return order(AGENT_FORGET, value, arguments);
    case OPT_REMEMBER:
        return order(AGENT_REMEMBER, value, arguments);
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    case 'V':
        puts("vtpm-agent " VTPMRING_VERSION);
        return EXIT_SUCCESS;
    default:
        /* getopt has said what */
        return VTPM_EXIT_USAGE;
    }
}

int agent_options_parse(int argc, char **argv,
                        struct agent_arguments *arguments)
{
    int option, code;

    *arguments = (struct agent_arguments){
        .order = AGENT_SERVE, .folder = AGENT_FOLDER, .xl = "xl"};
    while ((option = getopt_long(argc, argv, "s:hV", long_options, NULL)) !=
           -1) {
        code = one(option, optarg, arguments);
        if (code >= 0)
            return code;
    }
    if (optind < argc)
        return mistake("unexpected argument", argv[optind]);
    if (arguments->folder[0] == '\0' || arguments->xl[0] == '\0')
        return mistake("--state and --xl take a path", NULL);
    return -1;
}
