/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int ask_connect(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir,
                       SIMXEN_CONTROL);
    int fd;

    if (len < 0 || (size_t)len >= sizeof(address.sun_path)) {
        fprintf(stderr,
                "simxen: %s: path too long for a socket; choose a shorter "
                "--dir or SIMXEN_DIR\n",
                dir);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        fprintf(stderr,
                "simxen: not running in %s; start it with simxen "
                "start\n",
                dir);
    else
        fprintf(stderr, "simxen: %s: %s\n", address.sun_path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int ask(int fd, enum simxen_control_op op, uint32_t domid, const char *name,
        struct simxen_control_reply *reply)
{
    struct simxen_control_request request = {.op = op, .domid = domid};

    if (name && strlen(name) >= sizeof(request.name))
        return -EINVAL;
    if (name)
        strcpy(request.name, name);
    if (send(fd, &request, sizeof(request), MSG_NOSIGNAL) < 0 ||
        recv(fd, reply, sizeof(*reply), 0) != (ssize_t)sizeof(*reply))
        return -EIO;
    reply->name[sizeof(reply->name) - 1] = '\0';
    return reply->status;
}

static int find(int fd, const char *name_or_id,
                struct simxen_control_reply *reply)
{
    size_t digits = strspn(name_or_id, "0123456789");

    if (digits == 0 || name_or_id[digits])
        return name_or_id[0]
                   ? ask(fd, SIMXEN_CONTROL_FIND, 0, name_or_id, reply)
                   : -ENOENT;
    return digits > 5
               ? -ENOENT
               : ask(fd, SIMXEN_CONTROL_FIND,
                     (uint32_t)strtoul(name_or_id, NULL, 10), NULL, reply);
}

int ask_domain(int fd, const char *name_or_id,
               struct simxen_control_reply *reply)
{
    int error = find(fd, name_or_id, reply);

    if (error == 0)
        return 0;
    if (error == -ENOENT || error == -EINVAL)
        fprintf(stderr,
                "simxen: no domain \"%s\"; see simxen list, or make it with "
                "simxen create\n",
                name_or_id);
    else
        fprintf(stderr, "simxen: cannot ask the daemon: %s\n",
                strerror(-error));
    return -1;
}

static const char *remedy(int error)
{
    switch (error) {
    case -EEXIST:
        return "a domain of this name exists; see simxen list";
    case -EINVAL:
        return "a name is 1 to 48 letters, digits and ._+-, does not begin "
               "with . or - and is not a number";
    case -ENAMETOOLONG:
        return "path too long for a socket; choose a shorter name or --dir";
    case -ENOSPC:
        return "too many domains; destroy some or restart simxen";
    default:
        return strerror(-error);
    }
}

int ask_create(int fd, const char *name, struct simxen_control_reply *reply)
{
    int error =
        name[0] ? ask(fd, SIMXEN_CONTROL_CREATE, 0, name, reply) : -EINVAL;

    if (error == 0)
        return 0;
    fprintf(stderr, "simxen: cannot create \"%s\": %s\n", name, remedy(error));
    return -1;
}

int ask_find_or_create(int fd, const char *name_or_id,
                       struct simxen_control_reply *reply)
{
    if (find(fd, name_or_id, reply) == 0)
        return 0;
    return ask_create(fd, name_or_id, reply);
}
