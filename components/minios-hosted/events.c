/* SPDX-License-Identifier: MIT */
#include "hosted.h"

#include <errno.h>
#include <stdio.h>

#include <mini-os/events.h>
#include <mini-os/hypervisor.h>
#include <xenevtchn.h>

#define PORTS 4096u

static xenevtchn_handle *handle;
static struct {
    evtchn_handler_t handler;
    void *data;
    bool bound, masked, pending;
} ports[PORTS];
static bool any; /* something is pending */

bool minios_events_open(void)
{
    handle = xenevtchn_open(NULL, 0);
    return handle != NULL;
}

struct pollfd minios_events_fd(void)
{
    return (struct pollfd){.fd = xenevtchn_fd(handle), .events = POLLIN};
}

void minios_events_deliver(void)
{
    if (minios_in_handler || minios_events_are_off)
        return;
    while (any) {
        any = false;
        for (evtchn_port_t port = 0; port < PORTS; port++) {
            if (!ports[port].pending || ports[port].masked)
                continue;
            ports[port].pending = false;
            minios_in_handler = minios_events_are_off = true;
            if (ports[port].handler != NULL)
                ports[port].handler(port, NULL, ports[port].data);
            minios_in_handler = minios_events_are_off = false;
        }
    }
}

void minios_events_take(void)
{
    struct pollfd more = minios_events_fd();

    while (poll(&more, 1, 0) == 1 && (more.revents & POLLIN) != 0) {
        const xenevtchn_port_or_error_t port = xenevtchn_pending(handle);

        if (port < 0 || port >= (int)PORTS)
            break;
        (void)xenevtchn_unmask(handle, (evtchn_port_t)port);
        ports[port].pending = any = true;
    }
    minios_events_deliver();
}

void unmask_evtchn(uint32_t port)
{
    ports[port].masked = false;
    any = any || ports[port].pending;
    minios_events_deliver();
}

static int bound(xenevtchn_port_or_error_t made, evtchn_handler_t handler,
                 void *data, evtchn_port_t *port)
{
    if (made < 0 || made >= (int)PORTS)
        return -(errno != 0 ? errno : ENOSPC);
    ports[made].handler = handler;
    ports[made].data = data;
    ports[made].bound = ports[made].masked = true;
    ports[made].pending = false;
    *port = (evtchn_port_t)made;
    return 0;
}

int evtchn_alloc_unbound(domid_t peer, evtchn_handler_t handler, void *data,
                         evtchn_port_t *port)
{
    return bound(xenevtchn_bind_unbound_port(handle, peer), handler, data,
                 port);
}

int evtchn_bind_interdomain(domid_t peer, evtchn_port_t remote,
                            evtchn_handler_t handler, void *data,
                            evtchn_port_t *port)
{
    return bound(xenevtchn_bind_interdomain(handle, peer, remote), handler,
                 data, port);
}

void unbind_evtchn(evtchn_port_t port)
{
    if (!ports[port].bound)
        minios_crash("an event channel is unbound twice");
    ports[port].bound = ports[port].pending = false;
    ports[port].handler = NULL;
    (void)xenevtchn_unbind(handle, port);
}

int notify_remote_via_evtchn(evtchn_port_t port)
{
    return xenevtchn_notify(handle, port) == 0 ? 0 : -errno;
}

int evtchn_get_peercontext(evtchn_port_t port, char *context, int size)
{
    (void)port;
    (void)context;
    (void)size;
    return -ENOSYS;
}
