/* SPDX-License-Identifier: MIT */
/* vtpm-agent: tells the vTPMs of a host what becomes of their guests. */
#define _GNU_SOURCE
#include "agent.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A descriptor that becomes readable when this process is to end; in each of
 * its threads the signals are blocked. */
static int stop_descriptor(void)
{
    sigset_t ends;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Two would each say half of the truth. */
static enum vtpm_status be_the_only_one(const char *folder, int *fd,
                                        struct vtpm_error *err)
{
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return vtpm_fail_errno(err, errno, "open", folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EBUSY,
                     "cannot use %s: another vtpm-agent runs with it; end that",
                     folder);
}

static enum vtpm_status serve(const struct agent_arguments *arguments,
                              struct vtpm_error *err)
{
    const struct agent_options options = {
        .xl = arguments->xl,
        .stop_fd = stop_descriptor(),
    };
    int lock_fd = -1;
    struct agent_records records;
    enum vtpm_status status;

    if (options.stop_fd < 0)
        return vtpm_fail_errno(err, errno, "make", "a descriptor for signals");
    status = agent_records_open(&records, arguments->folder, err);
    if (status == VTPM_OK)
        status = be_the_only_one(arguments->folder, &lock_fd, err);
    if (status == VTPM_OK)
        status = agent_run(&options, &records, err);
    if (lock_fd >= 0)
        (void)close(lock_fd);
    (void)close(options.stop_fd);
    return status;
}

static enum vtpm_status obey(const struct agent_arguments *arguments,
                             struct vtpm_error *err)
{
    const struct agent_record record = {arguments->order == AGENT_FORGET
                                            ? AGENT_RECORD_NONE
                                            : AGENT_RECORD_SUSPENDED,
                                        0};
    struct agent_records records;
    enum vtpm_status status =
        agent_records_open(&records, arguments->folder, err);

    if (status == VTPM_OK)
        status = agent_record_write(&records, arguments->uuid, record, err);
    return status;
}

int main(int argc, char **argv)
{
    struct agent_arguments arguments;
    struct vtpm_error err;
    int code = agent_options_parse(argc, argv, &arguments);
    enum vtpm_status status;

    if (code >= 0)
        return code;
    status = arguments.order == AGENT_SERVE ? serve(&arguments, &err)
                                            : obey(&arguments, &err);
    if (status == VTPM_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "vtpm-agent: %s\n", err.text);
    return EXIT_FAILURE;
}
