/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sealed.h"

enum { FIRST_RESERVED_DOMID = 0x7FF0, CHANNEL_FDS = 3 };

static void write_byte(int fd)
{
    /* A full pipe is readable as well: nothing is lost. */
    ssize_t n = write(fd, "", 1);

    (void)n;
}

void channel_signal(struct channel *channel, unsigned end)
{
    _Atomic uint32_t *state = &channel->page->end[end].state;

    if (atomic_fetch_or(state, SIMXEN_PENDING) == 0)
        write_byte(channel->pipe[end]);
}

/*
 * A pipe of its own file descriptions at each side: with an eventfd both
 * sides and the daemon would share one, and either side could make a write
 * of the others block or swallow its own events in the middle of a poll.
 */
static int make_pipe(void)
{
    int fds[2];
    int both;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    (void)fcntl(fds[1], F_SETPIPE_SZ, (int)SIMXEN_PAGE_SIZE);
    /* For reading and writing: never hung up, one descriptor less. */
    both = fd_reopen(fds[0], O_RDWR | O_NONBLOCK);
    close(fds[0]);
    close(fds[1]);
    return both;
}

static void channel_free(struct channel *channel)
{
    if (channel->page)
        munmap(channel->page, SIMXEN_PAGE_SIZE);
    if (channel->page_fd >= 0)
        close(channel->page_fd);
    for (unsigned i = 0; i < 2; i++)
        if (channel->pipe[i] >= 0)
            close(channel->pipe[i]);
    domain_refund(channel->host, channel->payer, CHANNEL_FDS);
    free(channel);
}

static void free_if_unused(struct channel *channel)
{
    if (!channel->end[0].port && !channel->end[1].port && !channel->holds)
        channel_free(channel);
}

void channel_hold(struct channel *channel)
{
    channel->holds++;
}

void channel_release(struct channel *channel)
{
    channel->holds--;
    free_if_unused(channel);
}

static int make_channel(struct domain *domain, uint16_t remote,
                        struct channel **made)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    int error;

    if (!channel)
        return -ENOMEM;
    if (!domain_charge(domain, CHANNEL_FDS)) {
        free(channel);
        return -ENOSPC;
    }
    channel->host = domain->host;
    channel->payer = domain->id;
    channel->end[0].domid = domain->id;
    channel->end[1].domid = remote;
    channel->pipe[0] = make_pipe();
    channel->pipe[1] = make_pipe();
    channel->page_fd = sealed_page(F_SEAL_SEAL);
    channel->page = sealed_map(channel->page_fd);
    error = channel->pipe[0] < 0   ? channel->pipe[0]
            : channel->pipe[1] < 0 ? channel->pipe[1]
            : channel->page_fd < 0 ? channel->page_fd
            : !channel->page       ? -ENOMEM
                                   : 0;
    if (error < 0) {
        channel_free(channel);
        return error;
    }
    *made = channel;
    return 0;
}

static int make_port(struct domain *domain, struct port **made)
{
    struct port *port;
    uint32_t number = 1;

    if (domain->port_count >= SIMXEN_MAX_PORTS)
        return -ENOSPC;
    port = calloc(1, sizeof(*port));
    if (!port)
        return -ENOMEM;
    while (domain->ports[number])
        number++;
    port->domain = domain;
    port->number = number;
    domain->ports[number] = port;
    domain->port_count++;
    *made = port;
    return 0;
}

static void free_port(struct port *port)
{
    port->domain->ports[port->number] = NULL;
    port->domain->port_count--;
    free(port);
}

static void attach(struct port *port, struct channel *channel, unsigned end)
{
    port->channel = channel;
    port->end = end;
    channel->end[end].port = port;
}

static int open_fds(const struct channel *channel, unsigned end,
                    struct port_fds *fds)
{
    fds->fd[0] = fd_reopen(channel->pipe[end], O_RDWR | O_NONBLOCK);
    fds->fd[1] = fd_reopen(channel->pipe[!end], O_WRONLY | O_NONBLOCK);
    fds->fd[2] = fcntl(channel->page_fd, F_DUPFD_CLOEXEC, 0);
    if (fds->fd[0] >= 0 && fds->fd[1] >= 0 && fds->fd[2] >= 0)
        return 0;
    for (unsigned i = 0; i < SIMXEN_PORT_FDS; i++)
        if (fds->fd[i] >= 0)
            close(fds->fd[i]);
    return -EMFILE;
}

int port_unbound(struct domain *domain, uint32_t remote, struct port **made,
                 struct port_fds *fds)
{
    struct channel *channel;
    struct port *port;
    int error;

    if (remote >= FIRST_RESERVED_DOMID)
        return -EINVAL;
    error = make_port(domain, &port);
    if (error < 0)
        return error;
    error = make_channel(domain, (uint16_t)remote, &channel);
    if (error < 0) {
        free_port(port);
        return error;
    }
    attach(port, channel, 0);
    error = open_fds(channel, 0, fds);
    if (error < 0) {
        port_close(port);
        return error;
    }
    *made = port;
    return 0;
}

/*
 * A process that died between setting the bit and writing the byte would leave
 * a port deaf. Its successor's bind makes up for it.
 */
static void repair(struct channel *channel, unsigned end)
{
    if (atomic_load(&channel->page->end[end].state) == SIMXEN_PENDING)
        write_byte(channel->pipe[end]);
}

int port_interdomain(struct domain *domain, uint32_t remote,
                     uint32_t remote_port, struct port **made,
                     struct port_fds *fds)
{
    struct domain *other = domain_by_id(domain->host, remote);
    struct port *theirs = other ? port_find(other, remote_port) : NULL;
    struct channel *channel;
    struct port *port;
    unsigned end;
    int error;

    if (!other)
        return -ESRCH;
    if (!theirs)
        return -EINVAL;
    channel = theirs->channel;
    end = !theirs->end;
    if (channel->end[end].port || channel->end[end].domid != domain->id)
        return -EINVAL;
    error = make_port(domain, &port);
    if (error < 0)
        return error;
    error = open_fds(channel, end, fds);
    if (error < 0) {
        free_port(port);
        return error;
    }
    attach(port, channel, end);
    atomic_store(&channel->page->end[end].state, SIMXEN_PENDING);
    write_byte(channel->pipe[end]);
    repair(channel, theirs->end);
    *made = port;
    return 0;
}

void port_close(struct port *port)
{
    struct channel *channel = port->channel;

    channel->end[port->end].port = NULL;
    free_port(port);
    free_if_unused(channel);
}

struct port *port_find(struct domain *domain, uint32_t number)
{
    return number <= SIMXEN_MAX_PORTS ? domain->ports[number] : NULL;
}
