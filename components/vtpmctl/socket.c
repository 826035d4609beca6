/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct local {
    struct ctl_transport transport;
    int fd;
    unsigned timeout_ms;
};

static enum ctl_code lost(const struct local *self, struct vtpm_error *err)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return ctl_fail(err, CTL_AWAY,
                        "the manager did not answer in %u s; see its log, or "
                        "wait longer with --timeout",
                        self->timeout_ms / 1000);
    if (errno == 0 || errno == EPIPE || errno == ECONNRESET)
        return ctl_fail(err, CTL_AWAY,
                        "the manager hung up; its log says why: it stopped, or "
                        "you may not manage it");
    return ctl_fail(err, CTL_AWAY,
                    "the connection to the manager broke: %s; try again",
                    strerror(errno));
}

/* errno is 0 if the manager has hung up. */
static ssize_t swap_packets(const struct local *self, const uint8_t *request,
                            size_t request_len, uint8_t *response)
{
    ssize_t n;

    do
        n = send(self->fd, request, request_len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -1;
    do
        n = recv(self->fd, response, VTPMMGR_FRAME_MAX, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        errno = 0;
    return n == 0 ? -1 : n;
}

static enum ctl_code exchange(struct ctl_transport *transport,
                              const uint8_t *request, size_t request_len,
                              uint8_t *response, size_t *response_len,
                              struct vtpm_error *err)
{
    struct local *self = (struct local *)transport;
    ssize_t n = swap_packets(self, request, request_len, response);

    if (n < 0)
        return lost(self, err);
    if ((size_t)n > VTPMMGR_FRAME_MAX)
        return ctl_fail(err, CTL_AWAY,
                        "nonsense: what answers is not the manager; check "
                        "--via");
    *response_len = (size_t)n;
    return CTL_OK;
}

static void hang_up(struct ctl_transport *transport)
{
    struct local *self = (struct local *)transport;

    (void)close(self->fd);
    free(self);
}

static enum ctl_code refused(const char *path, struct vtpm_error *err)
{
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
        return ctl_fail(err, CTL_AWAY,
                        "no manager at %s: %s; start vtpmmgr, or name its "
                        "socket with --via unix:PATH",
                        path, strerror(errno));
    case EACCES:
    case EPERM:
        return ctl_fail(err, CTL_AWAY,
                        "cannot open %s: %s; run as the user that the manager "
                        "runs as",
                        path, strerror(errno));
    default:
        return ctl_fail(err, CTL_AWAY, "cannot connect to %s: %s; check --via",
                        path, strerror(errno));
    }
}

static bool connect_to(int fd, const char *path, unsigned timeout_ms)
{
    const struct timeval timeout = {(time_t)(timeout_ms / 1000),
                                    (suseconds_t)(timeout_ms % 1000) * 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path));
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) ==
               0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) ==
               0 &&
           connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

enum ctl_code ctl_socket_open(struct ctl_transport **transport,
                              const char *path, unsigned timeout_ms,
                              struct vtpm_error *err)
{
    struct local *self;
    enum ctl_code code;

    if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return ctl_mistake(err, "too long a path for a socket: %s", path);
    self = calloc(1, sizeof *self);
    if (!self)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    self->transport = (struct ctl_transport){exchange, hang_up};
    self->timeout_ms = timeout_ms;
    self->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (self->fd >= 0 && connect_to(self->fd, path, timeout_ms)) {
        *transport = &self->transport;
        return CTL_OK;
    }
    code = refused(path, err);
    if (self->fd >= 0)
        (void)close(self->fd);
    free(self);
    return code;
}
