/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void vtpm_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t length = path != NULL ? strlen(path) : 0;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd;

    if (length < 2 || length > sizeof(to.sun_path) ||
        (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') /* a name that is not in the file system */
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    (void)close(fd);
}

void vtpm_notify_fd(int fd)
{
    static const char line[] = "ready\n";

    if (fd < 0)
        return;
    if (write(fd, line, sizeof(line) - 1) < 0)
        fprintf(stderr, "%s: cannot say that it is ready: %s; it serves\n",
                program_invocation_short_name, strerror(errno));
    (void)close(fd);
}
