/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int source_add(struct host *host, struct source *source, int fd,
               uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (epoll_ctl(host->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    source->fd = fd;
    return 0;
}

void source_change(struct host *host, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (source->fd >= 0)
        (void)epoll_ctl(host->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void source_forget(struct host *host, struct source *source)
{
    if (source->fd < 0)
        return;
    (void)epoll_ctl(host->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->fd = -1;
}

void source_close(struct host *host, struct source *source)
{
    int fd = source->fd;

    source_forget(host, source);
    if (fd >= 0)
        close(fd);
}

int host_accept(struct host *host, int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    /* A connection that stays in the queue would wake the loop for ever. */
    close(host->spare_fd);
    fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return -1;
}

int host_listen(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        chmod(path, 0600) == 0 && listen(fd, 128) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

int host_run(struct host *host)
{
    struct epoll_event event;

    /* One event at a time: a handler may free any other source. */
    while (!host->stopping) {
        struct source *source;
        int n = epoll_wait(host->epoll_fd, &event, 1, -1);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n <= 0)
            continue;
        source = event.data.ptr;
        source->ready(source, event.events);
    }
    return 0;
}
