/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void call_init(struct call *call, enum simxen_op op)
{
    memset(call, 0, sizeof(*call));
    call->request.op = op;
    call->request.notify_offset = SIMXEN_NONE;
    call->request.notify_port = SIMXEN_NONE;
}

static int fail(const char *library, const char *what, const char *remedy)
{
    int error = errno;

    fprintf(stderr, "%s (simxen): %s: %s; %s\n", library, what, strerror(error),
            remedy);
    errno = error;
    return -1;
}

static int find_socket(struct sockaddr_un *address, const char *library)
{
    const char *domain = getenv("SIMXEN_DOMAIN");
    int len;

    if (!domain || !*domain) {
        errno = ENOENT;
        return fail(library, "SIMXEN_DOMAIN is not set",
                    "start the program with simxen run --domain NAME");
    }
    address->sun_family = AF_UNIX;
    len = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s",
                   domain, SIMXEN_HYPERVISOR);
    if (len < 0 || (size_t)len >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return fail(library, domain, "choose a shorter SIMXEN_DIR");
    }
    return 0;
}

int client_open(struct client *client, enum simxen_kind kind,
                const char *library, bool close_on_exec)
{
    struct sockaddr_un address = {0};
    struct call call;
    int error;

    if (find_socket(&address, library) < 0)
        return -1;
    client->pid = getpid();
    client->fd =
        socket(AF_UNIX, SOCK_SEQPACKET | (close_on_exec ? SOCK_CLOEXEC : 0), 0);
    if (client->fd < 0)
        return fail(library, "cannot make a socket", "see the cause");
    (void)pthread_mutex_init(&client->lock, NULL);
    call_init(&call, SIMXEN_OP_HELLO);
    call.request.port = SIMXEN_PROTOCOL;
    call.request.flags = kind;
    if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        client_call(client, &call, 0) < 0) {
        error = errno;
        close(client->fd);
        (void)pthread_mutex_destroy(&client->lock);
        errno = error;
        return fail(library, address.sun_path,
                    "is simxen running and the domain there?");
    }
    return 0;
}

static void take_fds(struct msghdr *msg, struct call *call)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t len = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
            len > sizeof(call->fds))
            continue;
        memcpy(call->fds, CMSG_DATA(c), len);
        call->fd_count = (unsigned)(len / sizeof(int));
    }
}

static ssize_t exchange(int fd, struct call *call, struct simxen_reply *reply)
{
    union {
        char bytes[CMSG_SPACE(SIMXEN_BATCH * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec out[2] = {
        {&call->request, sizeof(call->request)},
        {call->refs, call->request.count * sizeof(call->refs[0])}};
    struct iovec in[2] = {{reply, sizeof(*reply)},
                          {call->granted, sizeof(call->granted)}};
    struct msghdr request = {.msg_iov = out, .msg_iovlen = 2};
    struct msghdr answer = {.msg_iov = in,
                            .msg_iovlen = 2,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    do
        n = sendmsg(fd, &request, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return n;
    do
        n = recvmsg(fd, &answer, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        take_fds(&answer, call);
    return n;
}

static void drop_fds(struct call *call)
{
    while (call->fd_count > 0)
        close(call->fds[--call->fd_count]);
}

int client_call(struct client *client, struct call *call, unsigned fds_wanted)
{
    struct simxen_reply reply = {0};
    ssize_t n;

    call->fd_count = 0;
    call->value = 0;
    memset(call->granted, 0, sizeof(call->granted));
    (void)pthread_mutex_lock(&client->lock);
    n = exchange(client->fd, call, &reply);
    (void)pthread_mutex_unlock(&client->lock);
    if (n < (ssize_t)sizeof(reply)) {
        drop_fds(call);
        errno = ENOTCONN;
        return -1;
    }
    call->value = reply.value;
    if (reply.status < 0) {
        drop_fds(call);
        errno = -reply.status;
        return -1;
    }
    if (call->fd_count != fds_wanted) {
        drop_fds(call);
        errno = EMFILE;
        return -1;
    }
    return 0;
}

bool client_is_ours(const struct client *client)
{
    return client->pid == getpid();
}

void client_close(struct client *client)
{
    struct call call;

    if (client_is_ours(client)) {
        /* Wait for it: what we had is to be free when we return. */
        call_init(&call, SIMXEN_OP_BYE);
        (void)client_call(client, &call, 0);
    }
    close(client->fd);
    (void)pthread_mutex_destroy(&client->lock);
}
