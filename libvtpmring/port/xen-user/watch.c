/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A connection with a watch has a thread of libxenstore that reads for it, and
 * every answer would come by way of that thread: two more switches of context
 * for each call. So the watches have a connection of their own.
 *
 * libxenstore does not make its watch descriptor readable when xenstored ends:
 * who waits for watches would sleep for ever. Another, silent connection hangs
 * up at the same moment. Where xenstore is reached by the kernel (a domain
 * without a daemon of its own) there is no socket, and no end of xenstored that
 * could be seen.
 *
 * libxenstore blocks all signals in its reader thread, so nothing is to be done
 * about them here. What it must be spared are calls after the connection is
 * lost: two of its threads may then close the same descriptor number.
 */
static int connect_silently(void)
{
    const char *path = xs_daemon_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (!path || strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Each descriptor costs every sleep, and these two seldom say anything: one
 * stands for both. */
static bool join_both(struct vtpmring_port_xen_user *xen)
{
    struct epoll_event watch = {.events = EPOLLIN}, end = {.events = EPOLLHUP};

    xen->store_fd = epoll_create1(EPOLL_CLOEXEC);
    return xen->store_fd >= 0 &&
           epoll_ctl(xen->store_fd, EPOLL_CTL_ADD, xen->watch_fd, &watch) ==
               0 &&
           (xen->alive_fd < 0 ||
            epoll_ctl(xen->store_fd, EPOLL_CTL_ADD, xen->alive_fd, &end) == 0);
}

enum vtpmring_status
vtpmring_xen_user_store_init(struct vtpmring_port_xen_user *xen)
{
    xen->xs = xs_open(0);
    if (xen->xs)
        xen->watch_xs = xs_open(0);
    if (!xen->watch_xs)
        return vtpmring_xen_user_open_failed(xen, "xenstore",
                                             "start xenstored");
    xen->watch_fd = xs_fileno(xen->watch_xs);
    if (xen->watch_fd >= 0)
        xen->alive_fd = connect_silently();
    if (xen->watch_fd < 0 || !join_both(xen))
        return vtpmring_xen_user_open_failed(xen, "xenstore",
                                             "end other programs");
    return VTPMRING_OK;
}

void vtpmring_xen_user_store_finish(struct vtpmring_port_xen_user *xen)
{
    if (xen->store_fd >= 0)
        (void)close(xen->store_fd);
    if (xen->alive_fd >= 0)
        (void)close(xen->alive_fd);
    xs_close(xen->watch_xs);
    xs_close(xen->xs);
}

bool vtpmring_xen_user_store_is_good(struct vtpmring_port_xen_user *xen)
{
    return atomic_load(&xen->store_health) == XEN_USER_GOOD;
}

void vtpmring_xen_user_store_lost(struct vtpmring_port_xen_user *xen)
{
    int good = XEN_USER_GOOD;

    if (atomic_compare_exchange_strong(&xen->store_health, &good,
                                       XEN_USER_LOST))
        vtpmring_xen_user_log(
            &xen->port, 3,
            "xenstore is lost: xenstored has closed the connection; "
            "restart this program when xenstored is back");
}

static bool xenstored_has_gone(const struct vtpmring_port_xen_user *xen,
                               int error)
{
    struct pollfd look = {.fd = xen->alive_fd};

    return error == EPIPE || error == EBADF || error == ECONNRESET ||
           poll(&look, 1, 0) == 1;
}

enum vtpmring_status
vtpmring_xen_user_store_failed(struct vtpmring_port_xen_user *xen,
                               const char *verb, const char *path)
{
    const int error = errno;

    switch (error) {
    case ENOENT:
    case EACCES:
        return VTPMRING_EPEER_GONE;
    case ENOMEM:
        return VTPMRING_ENOMEM;
    default:
        break;
    }
    if (xenstored_has_gone(xen, error))
        vtpmring_xen_user_store_lost(xen);
    else
        vtpmring_xen_user_complain(xen, "xenstore: cannot %s %s: %s", verb,
                                   path, strerror(error));
    switch (error) {
    case EINVAL: /* a path that is none: somebody has written it */
        return VTPMRING_EPEER_STRING;
    case E2BIG: /* our domain's quota; what we have works on */
    case ENOSPC:
        return VTPMRING_ENOMEM;
    default:
        return VTPMRING_EPORT;
    }
}

enum vtpmring_status vtpmring_xen_user_store_watch(struct vtpmring_port *port,
                                                   const char *path,
                                                   const char *token)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    if (!xs_watch(xen->watch_xs, path, token))
        return vtpmring_xen_user_store_failed(xen, "watch", path);
    return VTPMRING_OK;
}

void vtpmring_xen_user_store_unwatch(struct vtpmring_port *port,
                                     const char *path, const char *token)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    /* ENOENT: there is no such watch, or no more. */
    if (vtpmring_xen_user_store_is_good(xen) &&
        !xs_unwatch(xen->watch_xs, path, token))
        (void)vtpmring_xen_user_store_failed(xen, "unwatch", path);
}

static void copy_cut(char *to, size_t size, const char *from)
{
    const size_t length = strnlen(from, size);

    if (size == 0)
        return;
    memcpy(to, from, length < size ? length : size - 1);
    to[length < size ? length : size - 1] = '\0';
}

enum vtpmring_status
vtpmring_xen_user_store_next_watch(struct vtpmring_port *port, char *path,
                                   size_t path_size, char *token,
                                   size_t token_size)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    char **event;

    if (vtpmring_xen_user_store_is_good(xen)) {
        event = xs_check_watch(xen->watch_xs);
        if (event) {
            copy_cut(path, path_size, event[XS_WATCH_PATH]);
            copy_cut(token, token_size, event[XS_WATCH_TOKEN]);
            free(event);
            return VTPMRING_OK;
        }
        if (errno == EAGAIN)
            return VTPMRING_AGAIN;
        if (errno == ENOMEM)
            return VTPMRING_ENOMEM;
        vtpmring_xen_user_store_lost(xen);
    }
    atomic_store(&xen->store_health, XEN_USER_LOST_REPORTED);
    return VTPMRING_EPORT;
}
