/* SPDX-License-Identifier: MIT */
/* The commands about vTPMs. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

#include "ask.h"
#include "commands.h"
#include "paths.h"
#include "vtpm.h"

enum {
    TOOLSTACK_WAIT_S = 10, /* libxl's */
    MAX_WAIT_S = 3600,
    STATE_INIT_WAIT = 2,
    STATE_CONNECTED = 4,
    STATE_CLOSED = 6,
};

struct arguments {
    const char *uuid;
    const char *guest; /* NULL: as the toolstack knows */
    uint32_t handle;
    uint32_t wait_s;
};

/* A decimal number up to most. @return false: it is not one. */
static bool parse_number(const char *text, uint32_t most, uint32_t *number)
{
    unsigned long value;

    if (!*text || strlen(text) > 9 ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    value = strtoul(text, NULL, 10);
    *number = (uint32_t)value;
    return value <= most;
}

/* Whether a backend understands what --guest is given. */
static bool guest_ok(const char *guest, bool attach)
{
    static const char *const words[2][4] = {
        {"suspended", "ended", "detached", VTPM_UNKNOWN},
        {"boot", "resume", "running", VTPM_UNKNOWN}};

    for (size_t i = 0; i < sizeof(words[0]) / sizeof(words[0][0]); i++)
        if (strcmp(guest, words[attach][i]) == 0)
            return true;
    return false;
}

/* @return -1: go on; otherwise the exit code. */
static int parse(const struct command *self, int argc, char **argv, bool attach,
                 struct arguments *arguments)
{
    static const struct option options[] = {
        COMMAND_OPTIONS,
        {"guest", required_argument, 0, 'g'},
        {"handle", required_argument, 0, 'n'},
        {"uuid", required_argument, 0, 'u'},
        {"wait", required_argument, 0, 'w'},
        {0, 0, 0, 0},
    };
    int option;
    int code;

    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        switch (option) {
        case 'g':
            if (!guest_ok(optarg, attach))
                return command_misused(
                    self, attach
                              ? "--guest takes boot, resume, running or unknown"
                              : "--guest takes suspended, ended, detached or "
                                "unknown");
            arguments->guest = optarg;
            break;
        case 'n':
            if (!parse_number(optarg, INT_MAX, &arguments->handle))
                return command_misused(self, "--handle takes a number");
            break;
        case 'u':
        case 'w':
            if (!attach)
                return command_misused(self, "unknown option");
            if (option == 'u')
                arguments->uuid = optarg;
            else if (!parse_number(optarg, MAX_WAIT_S, &arguments->wait_s))
                return command_misused(self,
                                       "--wait takes seconds, up to 3600");
            break;
        default:
            code = command_option(self, option);
            if (code >= 0)
                return code;
        }
    if (argc - optind != (attach ? 2 : 1))
        return command_misused(self, attach ? "two domains are needed"
                                            : "one domain is needed");
    if (attach && !arguments->uuid)
        return command_misused(self, "--uuid is needed");
    if (attach && !vtpm_uuid_ok(arguments->uuid))
        return command_misused(self,
                               "--uuid takes 8-4-4-4-12 hexadecimal digits");
    return -1;
}

/* Xenstore as Domain-0 sees it. */
static struct xs_handle *open_store(void)
{
    char *dir = path_runtime(command_dir);
    char *path;
    struct xs_handle *xs;

    if (!dir)
        return NULL;
    path = path_format("%s/domains/Domain-0/xenstored", dir);
    (void)setenv("XENSTORED_PATH", path, 1);
    xs = xs_open(0);
    if (!xs)
        fprintf(stderr, "simxen: %s: %s; is simxen running?\n", path,
                strerror(errno));
    free(path);
    free(dir);
    return xs;
}

static int wait_for_backend(struct xs_handle *xs, const struct vtpm *vtpm,
                            uint32_t wait_s)
{
    const char *what = "has closed the device";

    switch (vtpm_wait_state(xs, vtpm, STATE_INIT_WAIT, STATE_CONNECTED,
                            wait_s * 1000)) {
    case VTPM_REACHED:
        return EXIT_SUCCESS;
    case VTPM_TIMEOUT:
        fprintf(stderr,
                "simxen: the backend in domain %u did not answer within %u s: "
                "%s/state is not 2; start it, or undo this with simxen "
                "detach-vtpm %u --handle %u\n",
                vtpm->back, wait_s, vtpm->back_path, vtpm->front, vtpm->handle);
        return EXIT_FAILURE;
    case VTPM_GONE:
        what = "has removed the device";
        break;
    case VTPM_REFUSED:
        break;
    }
    fprintf(stderr,
            "simxen: the backend in domain %u %s; see its log, and undo this "
            "with simxen detach-vtpm %u --handle %u\n",
            vtpm->back, what, vtpm->front, vtpm->handle);
    return EXIT_FAILURE;
}

static int attach(struct xs_handle *xs, const struct vtpm *vtpm,
                  const struct arguments *arguments)
{
    if (vtpm_exists(xs, vtpm)) {
        fprintf(stderr,
                "simxen: domain %u has a vTPM with handle %u already; detach "
                "it or choose another --handle\n",
                vtpm->front, vtpm->handle);
        return EXIT_FAILURE;
    }
    if (!vtpm_write(xs, vtpm, arguments->uuid)) {
        fprintf(stderr, "simxen: cannot write the vTPM's nodes: %s\n",
                strerror(errno));
        return EXIT_FAILURE;
    }
    return arguments->wait_s == 0
               ? EXIT_SUCCESS
               : wait_for_backend(xs, vtpm, arguments->wait_s);
}

int command_attach(const struct command *self, int argc, char **argv)
{
    struct arguments arguments = {.wait_s = TOOLSTACK_WAIT_S};
    struct simxen_control_reply front;
    struct simxen_control_reply back;
    struct xs_handle *xs;
    struct vtpm vtpm;
    int code = parse(self, argc, argv, true, &arguments);
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0 || ask_domain(fd, argv[optind], &front) < 0 ||
        ask_domain(fd, argv[optind + 1], &back) < 0)
        return EXIT_FAILURE;
    close(fd);
    xs = open_store();
    if (!xs)
        return EXIT_FAILURE;
    vtpm_init(&vtpm, front.domid, back.domid, arguments.handle);
    vtpm.guest = arguments.guest;
    code = attach(xs, &vtpm, &arguments);
    vtpm_free(&vtpm);
    xs_close(xs);
    return code;
}

/* Which domain serves it, as the toolstack noted when it was attached. */
static bool find_back(struct xs_handle *xs, uint32_t front, uint32_t handle,
                      uint32_t *back)
{
    char *path = path_format("/libxl/%u/device/vtpm/%u/backend", front, handle);
    char *value = xs_read(xs, XBT_NULL, path, NULL);
    bool found = value && sscanf(value, "/local/domain/%u/", back) == 1;

    free(path);
    free(value);
    return found;
}

static int detach(struct xs_handle *xs, const struct vtpm *vtpm)
{
    enum vtpm_wait closed = VTPM_GONE;
    int code = EXIT_SUCCESS;

    if (vtpm_ask_to_close(xs, vtpm))
        closed = vtpm_wait_state(xs, vtpm, STATE_CLOSED, STATE_CLOSED,
                                 TOOLSTACK_WAIT_S * 1000);
    if (closed == VTPM_TIMEOUT || closed == VTPM_REFUSED) {
        fprintf(stderr,
                "simxen: the backend in domain %u did not let go within %d s: "
                "%s/state is not 6; its nodes are removed all the same\n",
                vtpm->back, TOOLSTACK_WAIT_S, vtpm->back_path);
        code = EXIT_FAILURE;
    }
    if (!vtpm_remove(xs, vtpm)) {
        fprintf(stderr, "simxen: cannot remove the vTPM's nodes: %s\n",
                strerror(errno));
        code = EXIT_FAILURE;
    }
    return code;
}

int command_detach(const struct command *self, int argc, char **argv)
{
    struct arguments arguments = {0};
    struct simxen_control_reply front;
    struct xs_handle *xs;
    struct vtpm vtpm;
    uint32_t back;
    int code = parse(self, argc, argv, false, &arguments);
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0 || ask_domain(fd, argv[optind], &front) < 0)
        return EXIT_FAILURE;
    close(fd);
    xs = open_store();
    if (!xs)
        return EXIT_FAILURE;
    if (find_back(xs, front.domid, arguments.handle, &back)) {
        vtpm_init(&vtpm, front.domid, back, arguments.handle);
        vtpm.guest = arguments.guest;
        code = detach(xs, &vtpm);
        vtpm_free(&vtpm);
    } else {
        fprintf(stderr, "simxen: domain %u has no vTPM with handle %u\n",
                front.domid, arguments.handle);
        code = EXIT_FAILURE;
    }
    xs_close(xs);
    return code;
}
