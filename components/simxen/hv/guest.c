/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DOMID_SELF_VALUE = 0x7FF0, RECEIVED_FDS = 8 };

struct request {
    struct simxen_request head;
    struct simxen_ref refs[SIMXEN_BATCH];
};

struct answer {
    struct simxen_reply head;
    uint32_t refs[SIMXEN_BATCH];
    int fds[SIMXEN_BATCH];
    unsigned fd_count;
    bool close_fds; /* they were opened for this answer */
};

static void end_all(struct guest *guest)
{
    /* Pages first: their notifications need the ports. */
    while (!LIST_EMPTY(&guest->mappings)) {
        struct mapping *mapping = LIST_FIRST(&guest->mappings);

        LIST_REMOVE(mapping, link);
        grant_unmap(mapping);
    }
    while (!LIST_EMPTY(&guest->grants)) {
        struct grant *grant = LIST_FIRST(&guest->grants);

        LIST_REMOVE(grant, link);
        grant_end(grant);
    }
    while (!LIST_EMPTY(&guest->ports)) {
        struct port *port = LIST_FIRST(&guest->ports);

        LIST_REMOVE(port, link);
        port_close(port);
    }
}

void guest_close(struct guest *guest)
{
    struct domain *domain = guest->domain;

    end_all(guest);
    source_close(domain->host, &guest->source);
    LIST_REMOVE(guest, link);
    domain->guest_count--;
    domain->fds--;
    free(guest);
}

static uint32_t real_domid(const struct guest *guest, uint32_t domid)
{
    return domid == DOMID_SELF_VALUE ? guest->domain->id : domid;
}

static struct port *own_port(struct guest *guest, uint32_t number)
{
    struct port *port;

    LIST_FOREACH(port, &guest->ports, link)
    if (port->number == number)
        return port;
    return NULL;
}

static int do_hello(struct guest *guest, const struct request *request,
                    struct answer *answer)
{
    if (request->head.port != SIMXEN_PROTOCOL ||
        request->head.flags < SIMXEN_EVTCHN ||
        request->head.flags > SIMXEN_GNTSHR)
        return -EPROTO;
    guest->kind = request->head.flags;
    answer->head.value = guest->domain->id;
    return 0;
}

static int do_bye(struct guest *guest, const struct request *request,
                  struct answer *answer)
{
    (void)request;
    (void)answer;
    end_all(guest);
    return 0;
}

static int hand_over_port(struct guest *guest, struct port *port,
                          const struct port_fds *fds, struct answer *answer)
{
    LIST_INSERT_HEAD(&guest->ports, port, link);
    memcpy(answer->fds, fds->fd, sizeof(fds->fd));
    answer->fd_count = SIMXEN_PORT_FDS;
    answer->close_fds = true;
    answer->head.value = port->number;
    answer->head.count = 1;
    answer->refs[0] = port->end;
    return 0;
}

static bool forbidden(const struct guest *guest, uint32_t domid)
{
    return guest->only_domid != SIMXEN_NONE && guest->only_domid != domid;
}

static int do_unbound(struct guest *guest, const struct request *request,
                      struct answer *answer)
{
    uint32_t remote = real_domid(guest, request->head.domid);
    struct port_fds fds;
    struct port *port;
    int error;

    if (forbidden(guest, remote))
        return -EACCES;
    error = port_unbound(guest->domain, remote, &port, &fds);
    return error < 0 ? error : hand_over_port(guest, port, &fds, answer);
}

static int do_interdomain(struct guest *guest, const struct request *request,
                          struct answer *answer)
{
    uint32_t remote = real_domid(guest, request->head.domid);
    struct port_fds fds;
    struct port *port;
    int error;

    if (forbidden(guest, remote))
        return -EACCES;
    error = port_interdomain(guest->domain, remote, request->head.port, &port,
                             &fds);
    return error < 0 ? error : hand_over_port(guest, port, &fds, answer);
}

static int do_unbind(struct guest *guest, const struct request *request,
                     struct answer *answer)
{
    struct port *port = own_port(guest, request->head.port);

    (void)answer;
    if (!port)
        return -ENOTCONN;
    LIST_REMOVE(port, link);
    port_close(port);
    return 0;
}

static int do_restrict(struct guest *guest, const struct request *request,
                       struct answer *answer)
{
    uint32_t domid = request->head.domid;

    (void)answer;
    if (guest->only_domid != SIMXEN_NONE)
        return -EACCES;
    if (domid == 0 || domid >= DOMID_SELF_VALUE)
        return -EINVAL;
    guest->only_domid = domid;
    return 0;
}

static int do_share(struct guest *guest, const struct request *request,
                    struct answer *answer)
{
    const struct farewell_request farewell = {request->head.notify_offset,
                                              request->head.notify_port};
    struct grant *made[SIMXEN_BATCH];
    uint32_t pages = request->head.pages;
    int error;

    if (pages == 0 || pages > SIMXEN_BATCH)
        return -EINVAL;
    error = grant_share(guest->domain, real_domid(guest, request->head.domid),
                        pages, request->head.flags & SIMXEN_WRITABLE, &farewell,
                        made);
    if (error < 0)
        return error;
    for (uint32_t i = 0; i < pages; i++) {
        LIST_INSERT_HEAD(&guest->grants, made[i], link);
        answer->refs[i] = made[i]->ref;
        answer->fds[i] = made[i]->fd;
    }
    answer->head.count = pages;
    answer->fd_count = pages;
    return 0;
}

static struct grant *own_grant(struct guest *guest, uint32_t ref)
{
    struct grant *grant;

    LIST_FOREACH(grant, &guest->grants, link)
    if (grant->ref == ref)
        return grant;
    return NULL;
}

static int do_end(struct guest *guest, const struct request *request,
                  struct answer *answer)
{
    int error = 0;

    (void)answer;
    for (uint32_t i = 0; i < request->head.count; i++) {
        struct grant *grant = own_grant(guest, request->refs[i].ref);

        if (!grant) {
            error = -EINVAL;
            continue;
        }
        LIST_REMOVE(grant, link);
        grant_end(grant);
    }
    return error;
}

static int do_map(struct guest *guest, const struct request *request,
                  struct answer *answer)
{
    const struct farewell_request farewell = {request->head.notify_offset,
                                              request->head.notify_port};
    struct simxen_ref refs[SIMXEN_BATCH];
    struct mapping *mapping;
    uint32_t count = request->head.count;
    int error;

    if (count == 0)
        return -EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        refs[i].domid = real_domid(guest, request->refs[i].domid);
        refs[i].ref = request->refs[i].ref;
    }
    error =
        grant_map(guest->domain, count, refs,
                  request->head.flags & SIMXEN_WRITABLE, &farewell, &mapping);
    if (error < 0)
        return error;
    mapping->id = guest->next_mapping++;
    LIST_INSERT_HEAD(&guest->mappings, mapping, link);
    answer->head.value = mapping->id;
    answer->fd_count = count;
    for (uint32_t i = 0; i < count; i++)
        answer->fds[i] = mapping->grants[i]->fd;
    return 0;
}

static int do_unmap(struct guest *guest, const struct request *request,
                    struct answer *answer)
{
    struct mapping *mapping;

    (void)answer;
    LIST_FOREACH(mapping, &guest->mappings, link)
    if (mapping->id == request->head.port) {
        LIST_REMOVE(mapping, link);
        grant_unmap(mapping);
        return 0;
    }
    return -EINVAL;
}

/* What a handle of which kind may ask. */
static const struct {
    uint32_t kind; /* 0: before hello, SIMXEN_NONE: any after it */
    int (*perform)(struct guest *, const struct request *, struct answer *);
} operations[SIMXEN_OP_LAST + 1] = {
    [SIMXEN_OP_HELLO] = {0, do_hello},
    [SIMXEN_OP_BYE] = {SIMXEN_NONE, do_bye},
    [SIMXEN_OP_UNBOUND] = {SIMXEN_EVTCHN, do_unbound},
    [SIMXEN_OP_INTERDOMAIN] = {SIMXEN_EVTCHN, do_interdomain},
    [SIMXEN_OP_UNBIND] = {SIMXEN_EVTCHN, do_unbind},
    [SIMXEN_OP_RESTRICT] = {SIMXEN_EVTCHN, do_restrict},
    [SIMXEN_OP_SHARE] = {SIMXEN_GNTSHR, do_share},
    [SIMXEN_OP_END] = {SIMXEN_GNTSHR, do_end},
    [SIMXEN_OP_MAP] = {SIMXEN_GNTTAB, do_map},
    [SIMXEN_OP_UNMAP] = {SIMXEN_GNTTAB, do_unmap},
};

/* A request of exactly the size it claims, without descriptors. */
static bool receive(int fd, struct request *request)
{
    union {
        char bytes[CMSG_SPACE(RECEIVED_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {request, sizeof(*request)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    bool stranger = false;

    if (n <= 0)
        return false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        size_t len = c->cmsg_len - CMSG_LEN(0);

        stranger = true;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i + sizeof(int) <= len; i += sizeof(int)) {
            int sent;

            memcpy(&sent, CMSG_DATA(c) + i, sizeof(sent));
            close(sent);
        }
    }
    return !stranger && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
           (size_t)n >= sizeof(request->head) &&
           request->head.count <= SIMXEN_BATCH &&
           (size_t)n == sizeof(request->head) +
                            request->head.count * sizeof(request->refs[0]);
}

static bool reply(int fd, const struct answer *answer)
{
    union {
        char bytes[CMSG_SPACE(SIMXEN_BATCH * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = {
        {(void *)(uintptr_t)&answer->head, sizeof(answer->head)},
        {(void *)(uintptr_t)answer->refs,
         answer->head.count * sizeof(answer->refs[0])}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

    if (answer->fd_count > 0) {
        size_t len = answer->fd_count * sizeof(int);
        struct cmsghdr *c;

        memset(&control, 0, sizeof(control));
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(len);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(len);
        memcpy(CMSG_DATA(c), answer->fds, len);
    }
    return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Replies that nobody reads would keep descriptors in flight. */
static bool previous_reply_read(int fd)
{
    int unread = 0;

    return ioctl(fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

static bool serve(struct guest *guest)
{
    struct request request;
    struct answer answer;
    uint32_t op;
    bool sent;

    memset(&answer, 0, sizeof(answer));
    if (!receive(guest->source.fd, &request) ||
        !previous_reply_read(guest->source.fd))
        return false;
    op = request.head.op;
    if (op > SIMXEN_OP_LAST || !operations[op].perform)
        return false;
    if (operations[op].kind == SIMXEN_NONE ? guest->kind == 0
                                           : operations[op].kind != guest->kind)
        return false;
    answer.head.status = operations[op].perform(guest, &request, &answer);
    sent = reply(guest->source.fd, &answer);
    if (answer.close_fds)
        for (unsigned i = 0; i < answer.fd_count; i++)
            close(answer.fds[i]);
    return sent;
}

static void guest_ready(struct source *source, uint32_t events)
{
    struct guest *guest = source->owner;

    if (!(events & EPOLLIN) || !serve(guest))
        guest_close(guest);
}

void guest_accept(struct source *listener, uint32_t events)
{
    struct domain *domain = listener->owner;
    int fd = host_accept(domain->host, listener->fd);
    struct guest *guest;

    (void)events;
    if (fd < 0)
        return;
    guest = calloc(1, sizeof(*guest));
    if (!guest || domain->guest_count >= SIMXEN_MAX_HANDLES ||
        !domain_charge(domain, 1))
        goto refuse;
    guest->domain = domain;
    guest->only_domid = SIMXEN_NONE;
    guest->next_mapping = 1;
    guest->source = (struct source){-1, guest_ready, guest};
    if (source_add(domain->host, &guest->source, fd, EPOLLIN) < 0) {
        domain->fds--;
        goto refuse;
    }
    LIST_INSERT_HEAD(&domain->guests, guest, link);
    domain->guest_count++;
    return;
refuse:
    free(guest);
    close(fd);
}
