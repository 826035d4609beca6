/* SPDX-License-Identifier: MIT */
#include "command.h"

#include "client.h"
#include "uuid.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/vtpmring.h>
#include <vtpmring/xenbus.h>

#define TIMEOUT_S_DEFAULT 30u
#define TIMEOUT_S_MAX 3600u

enum { OPT_OWN = 256, OPT_JSON, OPT_TIMEOUT, OPT_VIA };

static const char common_help[] =
    "      --via WHERE       unix:PATH, the manager's socket, or device:N, a\n"
    "                        vTPM device of this domain\n"
    "                        (default " CTL_VIA_DEFAULT ")\n"
    "      --timeout SECONDS longest wait for an answer (default 30)\n";
static const char json_help[] = "      --json            as JSON\n";

enum ctl_code ctl_fail(struct vtpm_error *err, enum ctl_code code,
                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

enum ctl_code ctl_mistake(struct vtpm_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return CTL_USAGE;
}

enum ctl_code ctl_code_of(enum vtpm_status status)
{
    switch (status) {
    case VTPM_OK:
        return CTL_OK;
    case VTPM_EKEY:
    case VTPM_ECORRUPT:
    case VTPM_EROLLBACK:
    case VTPM_EOTHER:
        return CTL_BAD;
    default:
        return CTL_FAILED;
    }
}

const char *ctl_value(const struct ctl_args *args, const char *name)
{
    const struct ctl_option *options = args->command->options;

    for (size_t i = 0; options && options[i].name; i++)
        if (strcmp(options[i].name, name) == 0)
            return args->value[i];
    return NULL;
}

/* ---- help ---- */

static void print_usage(const struct ctl_command *command, FILE *to)
{
    fprintf(to, "usage: vtpmctl %s%s%s%s\n", command->name,
            command->options || command->asks || command->json ? " [OPTION...]"
                                                               : "",
            command->operands[0] ? " " : "", command->operands);
}

static void print_command_help(const struct ctl_command *command)
{
    const struct ctl_option *option = command->options;

    print_usage(command, stdout);
    printf("\n%s\n\n", command->help);
    for (; option && option->name; option++) {
        char left[32];
        const char *line = option->help;

        (void)snprintf(left, sizeof left, "%s%s%s", option->name,
                       option->value ? " " : "",
                       option->value ? option->value : "");
        printf("      --%-15s ", left);
        for (const char *end; (end = strchr(line, '\n')); line = end + 1)
            printf("%.*s\n%24s", (int)(end - line), line, "");
        puts(line);
    }
    if (command->asks)
        fputs(common_help, stdout);
    if (command->json)
        fputs(json_help, stdout);
    puts("  -h, --help            this text");
}

static void print_list(const char *prefix)
{
    size_t len = strlen(prefix);

    for (const struct ctl_command *c = ctl_commands; c->name; c++) {
        int first = (int)strcspn(c->help, "\n");
        char left[64];

        if (strncmp(c->name, prefix, len) != 0)
            continue;
        (void)snprintf(left, sizeof left, "%s %s", c->name, c->operands);
        printf("  %-26s %.*s\n", left, first, c->help);
    }
}

static void print_help(void)
{
    puts("usage: vtpmctl COMMAND [OPTION...] [ARGUMENT...]\n"
         "Manages the vTPM manager of a Xen host.\n");
    print_list("");
    puts("\n  -h, --help       this text; after a command, what it takes\n"
         "  -V, --version    the version\n"
         "\n"
         "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 the manager cannot "
         "be reached,\n4 what was checked is not good.");
}

/* ---- parsing ---- */

static int mistake(const struct ctl_command *command, const char *what,
                   const char *value)
{
    fprintf(stderr, "vtpmctl%s%s: %s%s%s; see vtpmctl%s%s --help\n",
            command ? " " : "", command ? command->name : "", what,
            value ? ": " : "", value ? value : "", command ? " " : "",
            command ? command->name : "");
    return CTL_USAGE;
}

/* Fills in getopt's table. */
static void options_of(const struct ctl_command *command, struct option *to)
{
    const struct ctl_option *own = command->options;

    for (int i = 0; own && own->name; own++, i++)
        *to++ = (struct option){own->name,
                                own->value ? required_argument : no_argument,
                                NULL, OPT_OWN + 16 + i};
    if (command->asks) {
        *to++ = (struct option){"via", required_argument, NULL, OPT_VIA};
        *to++ =
            (struct option){"timeout", required_argument, NULL, OPT_TIMEOUT};
    }
    if (command->json)
        *to++ = (struct option){"json", no_argument, NULL, OPT_JSON};
    *to++ = (struct option){"help", no_argument, NULL, 'h'};
    *to = (struct option){NULL, 0, NULL, 0};
}

static int take_timeout(struct ctl_args *args, const char *text)
{
    uint32_t seconds;

    if (vtpmring_xenbus_parse_number(text, strlen(text), TIMEOUT_S_MAX,
                                     &seconds) != VTPMRING_OK ||
        seconds == 0)
        return mistake(args->command, "--timeout takes 1 to 3600 seconds",
                       text);
    args->timeout_ms = seconds * 1000;
    return -1;
}

static int take(struct ctl_args *args, int option, char **argv)
{
    switch (option) {
    case OPT_JSON:
        args->json = true;
        return -1;
    case OPT_TIMEOUT:
        return take_timeout(args, optarg);
    case OPT_VIA:
        args->via = optarg;
        return -1;
    case 'h':
        print_command_help(args->command);
        return CTL_OK;
    case ':':
        return mistake(args->command, "an option needs a value",
                       argv[optind - 1]);
    case '?':
        return mistake(args->command, "unknown option", argv[optind - 1]);
    default:
        args->value[option - OPT_OWN - 16] = optarg ? optarg : "";
        return -1;
    }
}

static int parse_command(int argc, char **argv, struct ctl_args *args)
{
    struct option options[CTL_OPTIONS_MAX + 5];
    int option;

    options_of(args->command, options);
    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        int code = take(args, option, argv);

        if (code >= 0)
            return code;
    }
    args->count = argc - optind;
    args->operand = argv + optind;
    if (args->count < args->command->min)
        return mistake(args->command, "an argument is missing",
                       args->command->operands);
    if (args->command->max >= 0 && args->count > args->command->max)
        return mistake(args->command, "unexpected argument",
                       args->operand[args->command->max]);
    return -1;
}

/* How many words of the line name this command; 0 if they do not. */
static int matches(const struct ctl_command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    size_t first = space ? (size_t)(space - command->name) : 0;

    if (!space)
        return strcmp(argv[0], command->name) == 0;
    return argc > 1 && strlen(argv[0]) == first &&
                   strncmp(argv[0], command->name, first) == 0 &&
                   strcmp(argv[1], space + 1) == 0
               ? 2
               : 0;
}

/* A first word of several commands, with nothing or --help behind it. */
static int group_help(int argc, char **argv)
{
    char prefix[32];

    if (snprintf(prefix, sizeof prefix, "%s ", argv[0]) >= (int)sizeof prefix)
        return mistake(NULL, "unknown command", argv[0]);
    for (const struct ctl_command *c = ctl_commands; c->name; c++)
        if (strncmp(c->name, prefix, strlen(prefix)) == 0) {
            if (argc < 2)
                return mistake(NULL, "which command of it", argv[0]);
            if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0)
                return mistake(NULL, "unknown command", argv[1]);
            printf("usage: vtpmctl %sCOMMAND [OPTION...] [ARGUMENT...]\n\n",
                   prefix);
            print_list(prefix);
            return CTL_OK;
        }
    return mistake(NULL, "unknown command", argv[0]);
}

int ctl_parse(int argc, char **argv, struct ctl_args *args)
{
    *args = (struct ctl_args){.timeout_ms = TIMEOUT_S_DEFAULT * 1000};
    if (argc < 2)
        return mistake(NULL, "no command", NULL);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return CTL_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("vtpmctl " VTPMRING_VERSION);
        return CTL_OK;
    }
    if (argv[1][0] == '-')
        return mistake(NULL, "an option before the command", argv[1]);
    for (const struct ctl_command *c = ctl_commands; c->name; c++) {
        int words = matches(c, argc - 1, argv + 1);

        if (words == 0)
            continue;
        args->command = c;
        return parse_command(argc - words, argv + words, args);
    }
    return group_help(argc - 1, argv + 1);
}

enum ctl_code ctl_take_uuid(const char *text, uint8_t uuid[VTPM_UUID_SIZE],
                            struct vtpm_error *err)
{
    return vtpm_uuid_parse(text, uuid)
               ? CTL_OK
               : ctl_mistake(err, "not a UUID of 8-4-4-4-12 hex digits: %s",
                             text);
}

enum ctl_code ctl_take_group(const char *text, uint32_t *group,
                             struct vtpm_error *err)
{
    return vtpmring_xenbus_parse_number(text, strlen(text), UINT32_MAX,
                                        group) == VTPMRING_OK
               ? CTL_OK
               : ctl_mistake(err, "not a group's number: %s", text);
}
