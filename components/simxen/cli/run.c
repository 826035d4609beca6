/* SPDX-License-Identifier: MIT */
/* The environment of a domain's programs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../wire.h"
#include "ask.h"
#include "commands.h"
#include "paths.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct environment {
    char *dir;
    char *domain;
    char *xenstored;
    char *library_path;
};

static void free_environment(struct environment *e)
{
    free(e->dir);
    free(e->domain);
    free(e->xenstored);
    free(e->library_path);
}

/* The folder in front of what is there, once. */
static char *prefixed(const char *folder, const char *before)
{
    size_t len = strlen(folder);

    if (!before || !*before)
        return path_format("%s", folder);
    if (strncmp(before, folder, len) == 0 &&
        (before[len] == ':' || before[len] == '\0'))
        return path_format("%s", before);
    return path_format("%s:%s", folder, before);
}

static int make_environment(struct environment *e, const char *name)
{
    char *libraries = path_libraries();

    memset(e, 0, sizeof(*e));
    if (!libraries)
        return -1;
    e->library_path = prefixed(libraries, getenv("LD_LIBRARY_PATH"));
    free(libraries);
    e->dir = path_runtime(command_dir);
    if (!e->dir) {
        free_environment(e);
        return -1;
    }
    e->domain = path_format("%s/domains/%s", e->dir, name);
    e->xenstored = path_format("%s/%s", e->domain, SIMXEN_XENSTORED);
    return 0;
}

static void print_quoted(const char *name, const char *value)
{
    printf("export %s='", name);
    for (; *value; value++)
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    puts("'");
}

int command_env(const struct command *self, int argc, char **argv)
{
    struct simxen_control_reply reply;
    struct environment e;
    int code = command_parse(self, argc, argv, 1);
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0 || ask_domain(fd, argv[optind], &reply) < 0 ||
        make_environment(&e, reply.name) < 0)
        return EXIT_FAILURE;
    close(fd);
    print_quoted("SIMXEN_DIR", e.dir);
    print_quoted("SIMXEN_DOMAIN", e.domain);
    print_quoted("XENSTORED_PATH", e.xenstored);
    print_quoted("LD_LIBRARY_PATH", e.library_path);
    free_environment(&e);
    return EXIT_SUCCESS;
}

static int run_program(const struct environment *e, char **argv)
{
    if (setenv("SIMXEN_DIR", e->dir, 1) < 0 ||
        setenv("SIMXEN_DOMAIN", e->domain, 1) < 0 ||
        setenv("XENSTORED_PATH", e->xenstored, 1) < 0 ||
        setenv("LD_LIBRARY_PATH", e->library_path, 1) < 0) {
        fputs("simxen: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    (void)execvp(argv[0], argv);
    fprintf(stderr, "simxen: cannot run %s: %s\n", argv[0], strerror(errno));
    return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int command_run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {
        COMMAND_OPTIONS, {"domain", required_argument, 0, 'd'}, {0, 0, 0, 0}};
    struct simxen_control_reply reply;
    const char *name = NULL;
    struct environment e;
    int option;
    int code;
    int fd;

    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
        code = option == 'd' ? -1 : command_option(self, option);
        if (option == 'd')
            name = optarg;
        if (code >= 0)
            return code;
    }
    if (!name || optind >= argc)
        return command_misused(self, "a domain and a program are needed");
    fd = command_connect();
    if (fd < 0 || ask_find_or_create(fd, name, &reply) < 0 ||
        make_environment(&e, reply.name) < 0)
        return EXIT_FAILURE;
    close(fd);
    code = run_program(&e, &argv[optind]);
    free_environment(&e);
    return code;
}
