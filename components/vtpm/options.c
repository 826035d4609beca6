/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "arguments.h"
#include "manager.h"
#include "tpm_commands.h"
#include "uuid.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/page.h>
#include <vtpmring/vtpmring.h>

#define POLL_US_DEFAULT 50
#define POLL_US_MAX 1000000
#define LOCALITIES 5u
/* locality 4 is the processor's own, for a measured launch */
#define LOCALITIES_DEFAULT 0x0fu

static const char usage[] =
    "usage: vtpm --uuid UUID --state PATH --key-file PATH [OPTION...]\n"
    "       vtpm --uuid UUID --state PATH --manager[=N] [OPTION...]\n"
    "\n"
    "Serves one TPM to the guest whose vtpm device has this UUID.\n"
    "\n"
    "  -u, --uuid UUID            which vTPM, as in xl's vtpm=[\"uuid=...\"]\n"
    "  -s, --state PATH           its encrypted state: a file or a block "
    "device\n"
    "  -k, --key-file PATH        256-bit master key, 32 bytes or 64 hex "
    "digits,\n"
    "                             that only its owner can read\n"
    "  -m, --manager[=N]          the manager keeps the keys, behind the vtpm "
    "device\n"
    "                             N of this domain (default 0)\n"
    "      --manager-timeout-ms N wait so long for its answer (default 5000)\n"
    "\n"
    "making a new TPM, which nothing else does:\n"
    "  -p, --provision            make it in a blank or absent PATH, then "
    "serve it\n"
    "  -t, --tpm 2.0|1.2          its family (default 2.0)\n"
    "      --create-key           make the key file first; it must not exist\n"
    "      --exit                 do not serve: check or provision, then exit\n"
    "\n"
    "serving:\n"
    "      --poll-us N            look for the next command so long before "
    "sleeping\n"
    "                             (default 50, 0 sleeps at once)\n"
    "      --max-extra-pages N    take commands of 1+N pages (default 1, 0 to "
    "255)\n"
    "      --locality LIST        localities that the guest may use (default "
    "0-3)\n"
    "      --hwinitpcr LIST       at each boot of the guest, extend these PCRs "
    "with\n"
    "                             those of the hardware TPM, through the "
    "manager\n"
    "                             (default none)\n"
    "      --ready-fd N           write a line to this open descriptor when it "
    "serves,\n"
    "                             and close it\n"
    "\n"
    "  -h, --help                 this text\n"
    "  -V, --version              the version\n"
    "\n"
    "Exit codes: 0 stopped in order, 1 failure, 2 wrong usage. SIGTERM and "
    "SIGINT\n"
    "stop it; the guest stays connected and goes on when vtpm runs again. On "
    "SIGUSR1\n"
    "it says how long commands took.\n";

enum {
    OPT_CREATE_KEY = 256,
    OPT_EXIT,
    OPT_POLL_US,
    OPT_MAX_EXTRA,
    OPT_READY,
    OPT_MANAGER_MS,
    OPT_LOCALITY,
    OPT_HWINITPCR
};

static const struct option long_options[] = {
    {"uuid", required_argument, NULL, 'u'},
    {"state", required_argument, NULL, 's'},
    {"key-file", required_argument, NULL, 'k'},
    {"manager", optional_argument, NULL, 'm'},
    {"manager-timeout-ms", required_argument, NULL, OPT_MANAGER_MS},
    {"provision", no_argument, NULL, 'p'},
    {"tpm", required_argument, NULL, 't'},
    {"create-key", no_argument, NULL, OPT_CREATE_KEY},
    {"exit", no_argument, NULL, OPT_EXIT},
    {"poll-us", required_argument, NULL, OPT_POLL_US},
    {"max-extra-pages", required_argument, NULL, OPT_MAX_EXTRA},
    {"locality", required_argument, NULL, OPT_LOCALITY},
    {"hwinitpcr", required_argument, NULL, OPT_HWINITPCR},
    {"ready-fd", required_argument, NULL, OPT_READY},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int mistake(const char *what, const char *value)
{
    return vtpm_argument_mistake("vtpm", what, value);
}

static int number(const char *name, const char *text, unsigned max,
                  unsigned *result)
{
    return vtpm_argument_number("vtpm", name, text, 0, max, result);
}

static int family(const char *text, struct vtpm_options *options)
{
    options->family_given = true;
    if (strcmp(text, "2.0") == 0)
        options->family = VTPM_FAMILY_20;
    else if (strcmp(text, "1.2") == 0)
        options->family = VTPM_FAMILY_12;
    else
        return mistake("--tpm takes 2.0 or 1.2", text);
    return -1;
}

static int manager(const char *text, struct vtpm_options *options)
{
    options->manager = true;
    return text == NULL
               ? -1
               : number("--manager", text, INT_MAX, &options->manager_device);
}

static int manager_wait(const char *text, struct vtpm_options *options)
{
    int code = number("--manager-timeout-ms", text, VTPM_MANAGER_TIMEOUT_MAX_MS,
                      &options->manager_ms);

    if (code < 0 && options->manager_ms == 0)
        return mistake("--manager-timeout-ms takes 1 at least", NULL);
    return code;
}

static int one(int option, const char *value, struct vtpm_options *options,
               bool *have_uuid)
{
    switch (option) {
    case 'u':
        *have_uuid = vtpm_uuid_parse(value, options->uuid);
        return *have_uuid
                   ? -1
                   : mistake("not a UUID of 8-4-4-4-12 hex digits", value);
    case 's':
        options->state = value;
        return -1;
    case 'k':
        /* an empty one is none: a service's file says so */
        options->key_file = *value != '\0' ? value : NULL;
        return -1;
    case 'm':
        return manager(value, options);
    case OPT_MANAGER_MS:
        return manager_wait(value, options);
    case 'p':
        options->provision = true;
        return -1;
    case 't':
        return family(value, options);
    case OPT_CREATE_KEY:
        options->create_key = true;
        return -1;
    case OPT_EXIT:
        options->exit = true;
        return -1;
    case OPT_POLL_US:
        return number("--poll-us", value, POLL_US_MAX, &options->poll_us);
    case OPT_MAX_EXTRA:
        return number("--max-extra-pages", value, VTPMRING_PAGE_EXTRA_MAX,
                      &options->max_extra_pages);
    case OPT_LOCALITY:
        return vtpm_argument_list("vtpm", "--locality", value, LOCALITIES,
                                  &options->localities);
    case OPT_HWINITPCR:
        return vtpm_argument_list("vtpm", "--hwinitpcr", value, VTPM_PCR_COUNT,
                                  &options->hardware_pcrs);
    case OPT_READY:
        return vtpm_argument_ready_fd("vtpm", value, &options->ready_fd);
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    case 'V':
        puts("vtpm " VTPMRING_VERSION);
        return EXIT_SUCCESS;
    default:
        /* getopt has said what */
        return VTPM_EXIT_USAGE;
    }
}

/* What must be there, and together. */
static int complete(const struct vtpm_options *options, bool have_uuid)
{
    if (!have_uuid)
        return mistake("--uuid is missing", NULL);
    if (options->state == NULL)
        return mistake("--state is missing", NULL);
    if (options->key_file == NULL && !options->manager)
        return mistake("--key-file or --manager is missing", NULL);
    if (options->key_file != NULL && options->manager)
        return mistake("--key-file or --manager, not both", NULL);
    if (options->create_key &&
        (!options->provision || options->key_file == NULL))
        return mistake("--create-key goes with --provision and --key-file: a "
                       "new key opens no old state",
                       NULL);
    if (options->localities == 0)
        return mistake("--locality leaves the guest none", NULL);
    if (options->hardware_pcrs != 0 && !options->manager)
        return mistake("--hwinitpcr goes with --manager, which has the "
                       "hardware TPM",
                       NULL);
    return -1;
}

int vtpm_options_parse(int argc, char **argv, struct vtpm_options *options)
{
    bool have_uuid = false;
    int option, code;

    *options = (struct vtpm_options){.family = VTPM_FAMILY_20,
                                     .poll_us = POLL_US_DEFAULT,
                                     .max_extra_pages = 1,
                                     .localities = LOCALITIES_DEFAULT,
                                     .manager_ms = VTPM_MANAGER_TIMEOUT_MS,
                                     .ready_fd = -1};
    while ((option = getopt_long(argc, argv, "u:s:k:m::pt:hV", long_options,
                                 NULL)) != -1) {
        code = one(option, optarg, options, &have_uuid);
        if (code >= 0)
            return code;
    }
    if (optind < argc)
        return mistake("unexpected argument", argv[optind]);
    return complete(options, have_uuid);
}
