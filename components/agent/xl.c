/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "xl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* It has nothing to wait for. */
#define PATIENCE_MS 10000
/* 32,000 domains, with names and labels of 100 bytes */
#define OUTPUT_MAX (8u << 20)

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum vtpm_status start(const char *program, int output, pid_t *pid,
                              struct vtpm_error *err)
{
    char *const argv[] = {(char *)(uintptr_t)program, (char[]){"list"},
                          (char[]){"-v"}, NULL};
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error = posix_spawn_file_actions_init(&actions);

    if (error == 0 && (error = posix_spawnattr_init(&attributes)) != 0)
        (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return vtpm_fail_errno(err, error, "run", program);
    (void)sigemptyset(&none);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    error =
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (error == 0)
        error =
            posix_spawnp(pid, program, &actions, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return vtpm_fail(err, vtpm_status_of_errno(error),
                         "cannot run %s: %s; install Xen's tools, or name it "
                         "by --xl",
                         program, strerrordesc_np(error));
    return VTPM_OK;
}

/* Waits until there is something to read. */
static enum vtpm_status wait_output(int fd, int stop_fd, int64_t end,
                                    struct vtpm_error *err)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = stop_fd, .events = POLLIN}};
    int64_t left;
    int n;

    do {
        left = end - now_ms();
        n = left > 0 ? poll(fds, 2, (int)left) : 0;
    } while (n < 0 && errno == EINTR);
    if (n > 0 && fds[1].revents == 0)
        return VTPM_OK;
    if (n > 0)
        return vtpm_fail(err, VTPM_EBUSY, "xl list: this process is ending");
    return vtpm_fail(err, VTPM_EIO,
                     "xl list does not end: killed after %d s; see whether "
                     "xenstored runs",
                     PATIENCE_MS / 1000);
}

/* All that comes, as a string. */
static enum vtpm_status collect(int fd, int stop_fd, char **text,
                                struct vtpm_error *err)
{
    const int64_t end = now_ms() + PATIENCE_MS;
    enum vtpm_status status;
    size_t used = 0, size = 0;

    for (;;) {
        char *more = *text;
        ssize_t n;

        if (used + 1 >= size) {
            size = size == 0 ? 16384 : 2 * size;
            more = size <= OUTPUT_MAX ? realloc(*text, size) : NULL;
        }
        if (more == NULL)
            return vtpm_fail(err, VTPM_ENOMEM,
                             "cannot read what xl list says: it is too much; "
                             "end other programs");
        *text = more;
        (*text)[used] = '\0';
        status = wait_output(fd, stop_fd, end, err);
        if (status != VTPM_OK)
            return status;
        n = read(fd, *text + used, size - used - 1);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return vtpm_fail_errno(err, errno, "read", "what xl list says");
        used += n > 0 ? (size_t)n : 0;
    }
    (*text)[used] = '\0';
    if (strlen(*text) != used)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot read what xl list says: it is no text; see "
                         "what the program is");
    return VTPM_OK;
}

static enum vtpm_status finish(pid_t pid, enum vtpm_status status,
                               struct vtpm_error *err)
{
    int how = 0;
    pid_t ended;

    if (status != VTPM_OK)
        (void)kill(pid, SIGKILL);
    do
        ended = waitpid(pid, &how, 0);
    while (ended < 0 && errno == EINTR);
    if (status != VTPM_OK)
        return status;
    if (ended == pid && WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EIO,
                     "xl list failed, with %s %d; it said why above",
                     WIFSIGNALED(how) ? "signal" : "exit code",
                     WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
}

enum vtpm_status agent_xl_list(const char *program, int stop_fd,
                               struct agent_domains *domains,
                               struct vtpm_error *err)
{
    enum vtpm_status status;
    char *text = NULL;
    int ends[2];
    pid_t pid;

    *domains = (struct agent_domains){NULL, 0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return vtpm_fail_errno(err, errno, "make", "a pipe");
    status = start(program, ends[1], &pid, err);
    (void)close(ends[1]);
    if (status == VTPM_OK)
        status = finish(pid, collect(ends[0], stop_fd, &text, err), err);
    if (status == VTPM_OK)
        status = agent_domains_parse(domains, text, err);
    (void)close(ends[0]);
    free(text);
    return status;
}
