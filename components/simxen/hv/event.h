/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * Event channels: ports, the channels that join them, and who may bind what.
 *
 * The daemon is not on the way of an event. It makes for each channel two
 * pipes and a shared page (see struct simxen_channel_page) and hands each end
 * only to the domain it is for.
 */
#ifndef SIMXEN_EVENT_H
#define SIMXEN_EVENT_H

#include "domain.h"

/** Two ends; end i reads pipe[i] and writes pipe[!i]. */
struct channel {
    struct host *host;
    uint16_t payer; /**< the domain its descriptors are accounted to */
    int pipe[2];
    int page_fd;
    struct simxen_channel_page *page;
    struct {
        struct port *port; /**< NULL: unbound */
        uint16_t domid;    /**< the only domain that may have this end */
    } end[2];
    unsigned holds; /**< pending notifications, see channel_hold() */
};

struct port {
    LIST_ENTRY(port) link; /**< the handle's ports */
    struct domain *domain;
    uint32_t number;
    struct channel *channel;
    unsigned end;
};

/** What a library gets for a bound port; the caller closes the descriptors. */
struct port_fds {
    int fd[SIMXEN_PORT_FDS];
};

/**
 * A new port of domain that remote may bind to.
 * @return 0; -EINVAL: reserved domid; -ENOSPC: quota; -ENOMEM, -EMFILE.
 */
int port_unbound(struct domain *domain, uint32_t remote, struct port **made,
                 struct port_fds *fds);

/**
 * A new port of domain bound to a port of remote. The new port is pending, so
 * that no event sent before is lost.
 * @return 0; -ESRCH: no such domain; -EINVAL: no such port, already bound, or
 *         not for this domain; -ENOSPC: quota; -ENOMEM, -EMFILE.
 */
int port_interdomain(struct domain *domain, uint32_t remote,
                     uint32_t remote_port, struct port **made,
                     struct port_fds *fds);

/** Close a port; its peer's becomes unbound. */
void port_close(struct port *port);

/** @return the domain's port or NULL. */
struct port *port_find(struct domain *domain, uint32_t number);

/** Keep a channel's memory and pipes for channel_signal(). */
void channel_hold(struct channel *channel);
void channel_release(struct channel *channel);
/** Send an event to an end; never blocks. */
void channel_signal(struct channel *channel, unsigned end);

#endif
