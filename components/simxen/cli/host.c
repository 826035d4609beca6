/* SPDX-License-Identifier: MIT */
/* The commands about the host and its domains. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../hv/daemon.h"
#include "ask.h"
#include "commands.h"
#include "paths.h"

static int report_start(const char *dir, int error)
{
    switch (error) {
    case 0:
        return EXIT_SUCCESS;
    case -EALREADY:
        fprintf(stderr, "simxen: running already in %s; simxen stop ends it\n",
                dir);
        break;
    case -EPERM:
        fprintf(stderr,
                "simxen: %s: not ours alone: it belongs to another user or "
                "its mode is not 0700; choose another --dir\n",
                dir);
        break;
    case -ENAMETOOLONG:
        fprintf(stderr,
                "simxen: %s: path too long for a socket; choose a shorter "
                "--dir or SIMXEN_DIR\n",
                dir);
        break;
    default:
        fprintf(stderr, "simxen: cannot serve in %s: %s\n", dir,
                strerror(-error));
        break;
    }
    return EXIT_FAILURE;
}

static void tell_parent(void *ctx)
{
    const int *pipe_fd = ctx;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    ssize_t n;

    /* Nobody waits for the end of a pipe that a daemon holds open. */
    for (int fd = 0; fd <= 2 && null_fd >= 0; fd++)
        (void)dup2(null_fd, fd);
    if (null_fd > 2)
        close(null_fd);
    n = write(*pipe_fd, "", 1);
    (void)n;
    close(*pipe_fd);
}

static void daemonise(const char *dir, int ready_fd)
{
    const unsigned kept = (unsigned)ready_fd;

    (void)setsid();
    if (kept > 3)
        (void)close_range(3, kept - 1, 0);
    (void)close_range(kept + 1, ~0u, 0);
    if (chdir("/") < 0)
        _exit(EXIT_FAILURE);
    _exit(report_start(dir, daemon_serve(dir, tell_parent, &ready_fd)));
}

static int start_in_background(const char *dir)
{
    int ready[2];
    char byte;
    ssize_t n;
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        fprintf(stderr, "simxen: cannot start: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    if (pid == 0) {
        close(ready[0]);
        daemonise(dir, ready[1]);
    }
    close(ready[1]);
    do
        n = read(ready[0], &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_start(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {
        COMMAND_OPTIONS, {"foreground", no_argument, 0, 'f'}, {0, 0, 0, 0}};
    bool foreground = false;
    char *dir;
    int option;
    int code;

    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        code = option == 'f' ? -1 : command_option(self, option);
        foreground |= option == 'f';
        if (code >= 0)
            return code;
    }
    if (optind != argc)
        return command_misused(self, "too many arguments");
    dir = path_runtime(command_dir);
    if (!dir)
        return EXIT_FAILURE;
    code = foreground ? report_start(dir, daemon_serve(dir, NULL, NULL))
                      : start_in_background(dir);
    free(dir);
    return code;
}

int command_connect(void)
{
    char *dir = path_runtime(command_dir);
    int fd = dir ? ask_connect(dir) : -1;

    free(dir);
    return fd;
}

/* A descriptor that becomes readable when the daemon has ended. */
static int watch_daemon(int control_fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(control_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return -1;
    return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

int command_stop(const struct command *self, int argc, char **argv)
{
    enum { PATIENCE_MS = 10000 };
    struct simxen_control_reply reply;
    int code = command_parse(self, argc, argv, 0);
    struct pollfd end;
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0)
        return EXIT_FAILURE;
    end.fd = watch_daemon(fd);
    end.events = POLLIN;
    if (end.fd < 0) /* its end of the connection then has to do */
        end.fd = fd;
    code = ask(fd, SIMXEN_CONTROL_STOP, 0, NULL, &reply) == 0 &&
                   poll(&end, 1, PATIENCE_MS) == 1
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
    if (code != EXIT_SUCCESS)
        fputs("simxen: the daemon does not stop; kill the process in its pid "
              "file\n",
              stderr);
    close(fd);
    return code;
}

int command_create(const struct command *self, int argc, char **argv)
{
    struct simxen_control_reply reply;
    int code = command_parse(self, argc, argv, 1);
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0)
        return EXIT_FAILURE;
    code =
        ask_create(fd, argv[optind], &reply) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    close(fd);
    return code;
}

int command_destroy(const struct command *self, int argc, char **argv)
{
    struct simxen_control_reply reply;
    int code = command_parse(self, argc, argv, 1);
    int error;
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0 || ask_domain(fd, argv[optind], &reply) < 0)
        return EXIT_FAILURE;
    error = ask(fd, SIMXEN_CONTROL_DESTROY, 0, reply.name, &reply);
    close(fd);
    if (error == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "simxen: cannot destroy \"%s\": %s\n", argv[optind],
            error == -EPERM ? "Domain-0 lives as long as the host; use simxen "
                              "stop"
                            : strerror(-error));
    return EXIT_FAILURE;
}

int command_list(const struct command *self, int argc, char **argv)
{
    struct simxen_control_reply reply;
    int code = command_parse(self, argc, argv, 0);
    int error;
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0)
        return EXIT_FAILURE;
    puts("domid  ports  grants  name");
    for (uint32_t domid = 0;
         (error = ask(fd, SIMXEN_CONTROL_NEXT, domid, NULL, &reply)) == 0;
         domid = reply.domid + 1)
        printf("%5u  %5u  %6u  %s\n", reply.domid, reply.ports, reply.grants,
               reply.name);
    close(fd);
    return error == -ENOENT ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_domid(const struct command *self, int argc, char **argv)
{
    struct simxen_control_reply reply;
    int code = command_parse(self, argc, argv, 1);
    int fd;

    if (code >= 0)
        return code;
    fd = command_connect();
    if (fd < 0 || ask_domain(fd, argv[optind], &reply) < 0)
        return EXIT_FAILURE;
    printf("%u\n", reply.domid);
    close(fd);
    return EXIT_SUCCESS;
}
