/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include <xenevtchn.h>

#include "client.h"
#include "ports.h"

struct xenevtchn_handle {
    struct client client;
    struct ports ports;
};

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                 unsigned int flags)
{
    const bool close_on_exec = !(flags & XENEVTCHN_NO_CLOEXEC);
    xenevtchn_handle *xce;
    int error;

    (void)logger;
    if (flags & ~(unsigned)XENEVTCHN_NO_CLOEXEC) {
        errno = EINVAL;
        return NULL;
    }
    xce = calloc(1, sizeof(*xce));
    if (!xce)
        return NULL;
    if (client_open(&xce->client, SIMXEN_EVTCHN, "libxenevtchn",
                    close_on_exec) == 0) {
        if (ports_init(&xce->ports, close_on_exec) == 0)
            return xce;
        error = errno;
        client_close(&xce->client);
        errno = error;
    }
    error = errno;
    free(xce);
    errno = error;
    return NULL;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd,
                                   unsigned open_flags)
{
    (void)logger;
    (void)fd;
    (void)open_flags;
    errno = ENOTSUP;
    return NULL;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    if (!xce)
        return 0;
    ports_close(&xce->ports, client_is_ours(&xce->client));
    client_close(&xce->client);
    free(xce);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    atomic_store(&xce->ports.polled, true);
    return xce->ports.epoll_fd;
}

static int unbind_remotely(xenevtchn_handle *xce, uint32_t port)
{
    struct call call;

    call_init(&call, SIMXEN_OP_UNBIND);
    call.request.port = port;
    return client_call(&xce->client, &call, 0);
}

static xenevtchn_port_or_error_t bind_port(xenevtchn_handle *xce,
                                           struct call *call)
{
    int error;

    if (client_call(&xce->client, call, SIMXEN_PORT_FDS) == 0 &&
        ports_add(&xce->ports, call->value, call->granted[0] & 1, call->fds) ==
            0)
        return (int)call->value;
    error = errno;
    if (call->value != 0)
        (void)unbind_remotely(xce, call->value);
    errno = error;
    return -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce,
                                                      uint32_t domid)
{
    struct call call;

    call_init(&call, SIMXEN_OP_UNBOUND);
    call.request.domid = domid;
    return bind_port(xce, &call);
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    struct call call;

    call_init(&call, SIMXEN_OP_INTERDOMAIN);
    call.request.domid = domid;
    call.request.port = remote_port;
    return bind_port(xce, &call);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
                                              unsigned int virq)
{
    (void)xce;
    (void)virq;
    errno = ENOSYS;
    return -1;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    if (!ports_remove(&xce->ports, port)) {
        errno = ENOTCONN;
        return -1;
    }
    return unbind_remotely(xce, port);
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    if (ports_notify(&xce->ports, port))
        return 0;
    errno = ENOTCONN;
    return -1;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    return ports_take(&xce->ports);
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    /* As Linux's driver: a port that is not ours is ignored. */
    (void)ports_unmask(&xce->ports, port);
    return 0;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
    struct call call;

    call_init(&call, SIMXEN_OP_RESTRICT);
    call.request.domid = domid;
    return client_call(&xce->client, &call, 0);
}
