/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

/*
 * xenevtchn_pending() sleeps when there is nothing to take, so it is called
 * only if the descriptor is readable and nobody else can empty it meanwhile:
 * under take_lock. wait() has mostly looked just before. Then `seen` holds
 * `takes` + 1 from before that look, and as long as `takes` has not moved on,
 * the event must still be there: no second look. Whatever may remove events
 * moves `takes` on, after it has done so.
 */

enum vtpmring_status
vtpmring_xen_user_channels_init(struct vtpmring_port_xen_user *xen)
{
    int flags;

    xen->evtchn = xenevtchn_open(&xen->xen_logger, 0);
    if (!xen->evtchn)
        return vtpmring_xen_user_open_failed(
            xen, "/dev/xen/evtchn", "load the kernel module xen-evtchn");
    xen->evtchn_fd = xenevtchn_fd(xen->evtchn);
    /* The second line of defence; it need not work. */
    flags = fcntl(xen->evtchn_fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(xen->evtchn_fd, F_SETFL, flags | O_NONBLOCK);
    return VTPMRING_OK;
}

void vtpmring_xen_user_channels_end(struct vtpmring_port_xen_user *xen)
{
    if (xen->evtchn)
        (void)xenevtchn_close(xen->evtchn);
}

static enum vtpmring_status opened(struct vtpmring_port_xen_user *xen,
                                   int result, const char *verb, uint16_t peer,
                                   uint32_t *channel)
{
    if (result < 0) {
        const int error = errno;

        vtpmring_xen_user_complain(
            xen, "cannot %s an event channel of domain %u: %s", verb,
            (unsigned)peer, strerror(error));
        return error == ENOMEM ? VTPMRING_ENOMEM : VTPMRING_EPORT;
    }
    *channel = (uint32_t)result;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_xen_user_channel_open(struct vtpmring_port *port,
                                                    uint16_t peer,
                                                    uint32_t *channel)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    return opened(xen, xenevtchn_bind_unbound_port(xen->evtchn, peer), "open",
                  peer, channel);
}

enum vtpmring_status vtpmring_xen_user_channel_bind(struct vtpmring_port *port,
                                                    uint16_t peer,
                                                    uint32_t remote,
                                                    uint32_t *channel)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    return opened(xen, xenevtchn_bind_interdomain(xen->evtchn, peer, remote),
                  "bind", peer, channel);
}

void vtpmring_xen_user_channel_close(struct vtpmring_port *port,
                                     uint32_t channel)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    (void)pthread_mutex_lock(&xen->take_lock);
    (void)xenevtchn_unbind(xen->evtchn, channel);
    atomic_fetch_add(&xen->takes, 1);
    (void)pthread_mutex_unlock(&xen->take_lock);
}

enum vtpmring_status
vtpmring_xen_user_channel_notify(struct vtpmring_port *port, uint32_t channel)
{
    if (xenevtchn_notify(xen_user(port)->evtchn, channel) == 0)
        return VTPMRING_OK;
    return VTPMRING_EPORT;
}

static bool event_is_there(struct vtpmring_port_xen_user *xen)
{
    struct pollfd look = {.fd = xen->evtchn_fd, .events = POLLIN};

    return atomic_load(&xen->seen) == atomic_load(&xen->takes) + 1 ||
           (poll(&look, 1, 0) == 1 && (look.revents & POLLIN) != 0);
}

enum vtpmring_status vtpmring_xen_user_channel_next(struct vtpmring_port *port,
                                                    uint32_t *channel)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    int taken = -1;
    int error = EAGAIN;

    if (atomic_load(&xen->channel_health) != XEN_USER_GOOD) {
        atomic_store(&xen->channel_health, XEN_USER_LOST_REPORTED);
        return VTPMRING_EPORT;
    }
    (void)pthread_mutex_lock(&xen->take_lock);
    if (event_is_there(xen)) {
        taken = xenevtchn_pending(xen->evtchn);
        error = errno;
        atomic_fetch_add(&xen->takes, 1);
    }
    (void)pthread_mutex_unlock(&xen->take_lock);
    if (taken >= 0) {
        *channel = (uint32_t)taken;
        /* Fails only for a channel that was closed meanwhile. */
        (void)xenevtchn_unmask(xen->evtchn, *channel);
        return VTPMRING_OK;
    }
    if (error == EAGAIN || error == EINTR)
        return VTPMRING_AGAIN;
    vtpmring_xen_user_complain(xen, "cannot take an event: %s",
                               strerror(error));
    return VTPMRING_EPORT;
}
