/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "arguments.h"
#include "root_open.h"
#include "store.h"
#include "uuid.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/vtpmring.h>
#include <vtpmring/xenbus.h>

#define POLL_US_DEFAULT 50
#define POLL_US_MAX 1000000
#define DEVICES_DEFAULT 1024
#define DEVICES_MAX 65536
#define SOCKET_DEFAULT "/run/vtpmring/vtpmmgr.sock"
#define PCRS 24u

static const char usage[] =
    "usage: vtpmmgr --root ROOT --store PATH [OPTION...]\n"
    "       vtpmmgr provision --root ROOT --store PATH [--size N] "
    "[--create-key]\n"
    "       vtpmmgr reseal --root ROOT --store PATH\n"
    "\n"
    "Keeps the keys of vTPMs, which are frontends of this domain.\n"
    "\n"
    "  -r, --root ROOT            who opens the store: key-file:PATH, a "
    "256-bit key\n"
    "                             that only its owner can read, or tpm:TCTI, "
    "a\n"
    "                             hardware TPM 2.0\n"
    "  -s, --store PATH           the encrypted store: a file or a block "
    "device\n"
    "\n"
    "making a new store, which nothing else does:\n"
    "      --size N[K|M|G]        bytes of a new file (default 64M)\n"
    "      --create-key           make the key file first; it must not exist\n"
    "\n"
    "with a hardware TPM:\n"
    "      --pcrs BANK:LIST       sealed to these "
    "(default " VTPMMGR_PCRS_DEFAULT ")\n"
    "      --approval-key FILE    sealed to what the owner of this public key\n"
    "                             approves, in PEM\n"
    "      --approvals FOLDER     where its approvals are\n"
    "      --label LABEL          what approvals are for (default vtpmmgr)\n"
    "      --owner-auth FILE      has the password of the owner's hierarchy\n"
    "      --parent-auth FILE     has that of the storage parent\n"
    "      --no-counter           provision without a counter\n"
    "      --ignore-counter       open the store although the counter is gone\n"
    "\n"
    "reseal gives the store to the platform as it is now, or to other "
    "options;\n"
    "request prints the platform's state, for the owner of the key to sign.\n"
    "\n"
    "serving:\n"
    "      --admin UUID           this vTPM may manage; may be repeated\n"
    "      --auto-provision       a vTPM that is unknown is made when it saves "
    "a key\n"
    "      --counter each-start|each-commit\n"
    "                             when the root's counter is raised, so that "
    "older\n"
    "                             copies are refused (default each-start)\n"
    "      --extend-pcrs LIST     PCRs that an administrator may extend, as in "
    "16,20-22\n"
    "      --socket PATH|none     for local administrators (default\n"
    "                             " SOCKET_DEFAULT ")\n"
    "      --max-vtpms N          serve so many at once (default 1024)\n"
    "      --poll-us N            look for the next command so long before "
    "sleeping\n"
    "                             (default 50, 0 sleeps at once)\n"
    "      --ready-fd N           write a line to this open descriptor when it "
    "serves,\n"
    "                             and close it\n"
    "\n"
    "  -h, --help                 this text\n"
    "  -V, --version              the version\n"
    "\n"
    "Exit codes: 0 stopped in order, 1 failure, 2 wrong usage. SIGTERM and "
    "SIGINT\n"
    "stop it; the vTPMs stay connected and go on when vtpmmgr runs again. On "
    "SIGUSR1\n"
    "it says how long commands took.\n";

enum {
    OPT_SIZE = 256,
    OPT_CREATE_KEY,
    OPT_PCRS,
    OPT_APPROVAL_KEY,
    OPT_APPROVALS,
    OPT_LABEL,
    OPT_OWNER_AUTH,
    OPT_PARENT_AUTH,
    OPT_NO_COUNTER,
    OPT_IGNORE_COUNTER,
    OPT_ADMIN,
    OPT_AUTO,
    OPT_COUNTER,
    OPT_EXTEND,
    OPT_SOCKET,
    OPT_MAX,
    OPT_POLL_US,
    OPT_READY
};

static const struct option long_options[] = {
    {"root", required_argument, NULL, 'r'},
    {"store", required_argument, NULL, 's'},
    {"size", required_argument, NULL, OPT_SIZE},
    {"create-key", no_argument, NULL, OPT_CREATE_KEY},
    {"pcrs", required_argument, NULL, OPT_PCRS},
    {"approval-key", required_argument, NULL, OPT_APPROVAL_KEY},
    {"approvals", required_argument, NULL, OPT_APPROVALS},
    {"label", required_argument, NULL, OPT_LABEL},
    {"owner-auth", required_argument, NULL, OPT_OWNER_AUTH},
    {"parent-auth", required_argument, NULL, OPT_PARENT_AUTH},
    {"no-counter", no_argument, NULL, OPT_NO_COUNTER},
    {"ignore-counter", no_argument, NULL, OPT_IGNORE_COUNTER},
    {"admin", required_argument, NULL, OPT_ADMIN},
    {"auto-provision", no_argument, NULL, OPT_AUTO},
    {"counter", required_argument, NULL, OPT_COUNTER},
    {"extend-pcrs", required_argument, NULL, OPT_EXTEND},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"max-vtpms", required_argument, NULL, OPT_MAX},
    {"poll-us", required_argument, NULL, OPT_POLL_US},
    {"ready-fd", required_argument, NULL, OPT_READY},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int mistake(const char *what, const char *value)
{
    return vtpm_argument_mistake("vtpmmgr", what, value);
}

static int size(const char *text, struct vtpmmgr_options *options)
{
    static const char units[] = "KMG";
    size_t len = strlen(text);
    const char *unit = len > 0 ? strchr(units, text[len - 1]) : NULL;
    uint32_t value;

    len -= unit != NULL;
    if (vtpmring_xenbus_parse_number(text, len, UINT32_MAX, &value) !=
        VTPMRING_OK)
        return mistake("--size takes bytes, or a number and K, M or G", text);
    options->size = value;
    if (unit != NULL)
        options->size <<= 10 * (unit - units + 1);
    if (options->size < VTPMMGR_STORE_MIN)
        return mistake("--size takes at least 2M", text);
    return -1;
}

static int admin(const char *text, struct vtpmmgr_options *options)
{
    if (options->admin_count == VTPMMGR_ADMINS_MAX)
        return mistake("--admin may be given 64 times", text);
    if (!vtpm_uuid_parse(text, options->admins[options->admin_count]))
        return mistake("not a UUID of 8-4-4-4-12 hex digits", text);
    options->admin_count++;
    return -1;
}

static int counter(const char *text, struct vtpmmgr_options *options)
{
    if (strcmp(text, "each-start") == 0)
        options->counter = VTPMMGR_COUNTER_EACH_START;
    else if (strcmp(text, "each-commit") == 0)
        options->counter = VTPMMGR_COUNTER_EACH_COMMIT;
    else
        return mistake("--counter takes each-start or each-commit", text);
    return -1;
}

/* @return -1; -2: it is none of these */
static int tpm(int option, const char *value,
               struct vtpmmgr_root_tpm_options *options)
{
    switch (option) {
    case OPT_PCRS:
        options->pcrs = value;
        return -1;
    case OPT_APPROVAL_KEY:
        options->authority = value;
        return -1;
    case OPT_APPROVALS:
        options->approvals = value;
        return -1;
    case OPT_LABEL:
        options->label = value;
        return -1;
    case OPT_OWNER_AUTH:
        options->owner_auth_file = value;
        return -1;
    case OPT_PARENT_AUTH:
        options->parent_auth_file = value;
        return -1;
    case OPT_NO_COUNTER:
        options->no_counter = true;
        return -1;
    case OPT_IGNORE_COUNTER:
        options->ignore_counter = true;
        return -1;
    default:
        return -2;
    }
}

static int one(int option, const char *value, struct vtpmmgr_options *options)
{
    switch (option) {
    case 'r':
        options->root = value;
        return -1;
    case 's':
        options->store = value;
        return -1;
    case OPT_SIZE:
        return size(value, options);
    case OPT_CREATE_KEY:
        options->create_key = true;
        return -1;
    case OPT_ADMIN:
        return admin(value, options);
    case OPT_AUTO:
        options->auto_provision = true;
        return -1;
    case OPT_COUNTER:
        return counter(value, options);
    case OPT_EXTEND:
        return vtpm_argument_list("vtpmmgr", "--extend-pcrs", value, PCRS,
                                  &options->extend);
    case OPT_SOCKET:
        options->socket = strcmp(value, "none") == 0 ? NULL : value;
        return -1;
    case OPT_MAX:
        return vtpm_argument_number("vtpmmgr", "--max-vtpms", value, 1,
                                    DEVICES_MAX, &options->max_devices);
    case OPT_POLL_US:
        return vtpm_argument_number("vtpmmgr", "--poll-us", value, 0,
                                    POLL_US_MAX, &options->poll_us);
    case OPT_READY:
        return vtpm_argument_ready_fd("vtpmmgr", value, &options->ready_fd);
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    case 'V':
        puts("vtpmmgr " VTPMRING_VERSION);
        return EXIT_SUCCESS;
    default:
        /* getopt has said what */
        return VTPM_EXIT_USAGE;
    }
}

static bool is_tpm_used(const struct vtpmmgr_root_tpm_options *tpm)
{
    return tpm->pcrs != NULL || tpm->authority != NULL ||
           tpm->approvals != NULL || tpm->label != NULL ||
           tpm->owner_auth_file != NULL || tpm->parent_auth_file != NULL ||
           tpm->no_counter || tpm->ignore_counter;
}

static int check_root(const struct vtpmmgr_options *options)
{
    if (options->root == NULL)
        return mistake("--root is missing", NULL);
    if (vtpmmgr_root_is_tpm(options->root))
        return -1;
    if (is_tpm_used(&options->tpm))
        return mistake("options for a hardware TPM go with --root tpm:TCTI",
                       NULL);
    return -1;
}

static int check(const struct vtpmmgr_options *options)
{
    int code = check_root(options);

    if (code >= 0)
        return code;
    if (options->store == NULL)
        return mistake("--store is missing", NULL);
    if (options->verb != VTPMMGR_PROVISION &&
        (options->create_key || options->size > 0))
        return mistake("--create-key and --size go with provision: they make "
                       "a new store",
                       NULL);
    if (options->create_key && vtpmmgr_root_key_path(options->root) == NULL)
        return mistake("--create-key goes with --root key-file:PATH", NULL);
    return -1;
}

static bool is_verb(const char *text, enum vtpmmgr_verb *verb)
{
    static const struct {
        const char *name;
        enum vtpmmgr_verb verb;
    } verbs[] = {
        {"provision", VTPMMGR_PROVISION},
        {"reseal", VTPMMGR_RESEAL},
    };

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(text, verbs[i].name) == 0) {
            *verb = verbs[i].verb;
            return true;
        }
    return false;
}

int vtpmmgr_options_parse(int argc, char **argv,
                          struct vtpmmgr_options *options)
{
    int option, code;

    *options = (struct vtpmmgr_options){.socket = SOCKET_DEFAULT,
                                        .max_devices = DEVICES_DEFAULT,
                                        .poll_us = POLL_US_DEFAULT,
                                        .ready_fd = -1};
    while ((option = getopt_long(argc, argv, "r:s:hV", long_options, NULL)) !=
           -1) {
        code = tpm(option, optarg, &options->tpm);
        if (code == -2)
            code = one(option, optarg, options);
        if (code >= 0)
            return code;
    }
    if (optind < argc && is_verb(argv[optind], &options->verb))
        optind++;
    if (optind < argc)
        return mistake("unexpected argument", argv[optind]);
    return check(options);
}
