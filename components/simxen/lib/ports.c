/* SPDX-License-Identifier: MIT */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The pipe is read only now and then: a write to a pipe in an epoll set wakes
 * it whether or not there are bytes before (Linux 5.14, and 5.10.62). It must
 * not become full, so this is below its 4096 bytes.
 */
enum { TAKEN_PER_DRAIN = 1024 };

struct local_port {
    int receive_fd;
    int send_fd;
    uint32_t generation; /* a number may be used again */
    unsigned end;
    _Atomic unsigned taken;
    struct simxen_channel_page *page;
};

int ports_init(struct ports *ports, bool close_on_exec)
{
    pthread_rwlockattr_t attr;

    ports->epoll_fd = epoll_create1(close_on_exec ? EPOLL_CLOEXEC : 0);
    if (ports->epoll_fd < 0)
        return -1;
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(
        &attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&ports->lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    return 0;
}

static void free_port(struct local_port *port, bool unmap)
{
    if (port->receive_fd >= 0)
        close(port->receive_fd);
    if (port->send_fd >= 0)
        close(port->send_fd);
    if (port->page && unmap)
        (void)munmap(port->page, SIMXEN_PAGE_SIZE);
    free(port);
}

void ports_close(struct ports *ports, bool unmap)
{
    for (uint32_t i = 1; i <= SIMXEN_MAX_PORTS; i++)
        if (ports->port[i])
            free_port(ports->port[i], unmap);
    close(ports->epoll_fd);
    (void)pthread_rwlock_destroy(&ports->lock);
}

/*
 * With a reading end of its own, a writer is never killed by SIGPIPE when the
 * peer and the daemon are gone.
 */
static int guard_against_sigpipe(int send_fd)
{
    char path[32];
    int both;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", send_fd);
    both = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (both < 0)
        return send_fd;
    close(send_fd);
    return both;
}

static int insert(struct ports *ports, uint32_t number, struct local_port *port)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int result;

    (void)pthread_rwlock_wrlock(&ports->lock);
    port->generation = ports->generation++;
    event.data.u64 = (uint64_t)port->generation << 32 | number;
    ports->port[number] = port;
    result =
        epoll_ctl(ports->epoll_fd, EPOLL_CTL_ADD, port->receive_fd, &event);
    if (result < 0)
        ports->port[number] = NULL;
    (void)pthread_rwlock_unlock(&ports->lock);
    return result;
}

int ports_add(struct ports *ports, uint32_t number, unsigned end,
              const int fds[SIMXEN_PORT_FDS])
{
    struct local_port *port = calloc(1, sizeof(*port));
    int error = ENOMEM;

    if (port) {
        port->receive_fd = fds[0];
        port->send_fd = guard_against_sigpipe(fds[1]);
        port->end = end;
        port->page = mmap(NULL, SIMXEN_PAGE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_SHARED, fds[2], 0);
        close(fds[2]);
        if (port->page == MAP_FAILED)
            port->page = NULL;
        else if (number > SIMXEN_MAX_PORTS)
            error = EPROTO;
        else if (insert(ports, number, port) == 0)
            return 0;
        else
            error = errno;
        free_port(port, true);
    } else {
        for (unsigned i = 0; i < SIMXEN_PORT_FDS; i++)
            close(fds[i]);
    }
    errno = error;
    return -1;
}

static struct local_port *look_up(struct ports *ports, uint32_t number)
{
    return number <= SIMXEN_MAX_PORTS ? ports->port[number] : NULL;
}

bool ports_remove(struct ports *ports, uint32_t number)
{
    struct local_port *port;

    (void)pthread_rwlock_wrlock(&ports->lock);
    port = look_up(ports, number);
    if (port) {
        ports->port[number] = NULL;
        (void)epoll_ctl(ports->epoll_fd, EPOLL_CTL_DEL, port->receive_fd, NULL);
        free_port(port, true);
    }
    (void)pthread_rwlock_unlock(&ports->lock);
    return port != NULL;
}

bool ports_has(struct ports *ports, uint32_t number)
{
    bool there;

    (void)pthread_rwlock_rdlock(&ports->lock);
    there = look_up(ports, number) != NULL;
    (void)pthread_rwlock_unlock(&ports->lock);
    return there;
}

static void write_byte(int fd)
{
    int error = errno;
    /* When the pipe is full the peer's descriptor is readable anyway. */
    ssize_t n = write(fd, "", 1);

    (void)n;
    errno = error;
}

bool ports_notify(struct ports *ports, uint32_t number)
{
    struct local_port *port;

    (void)pthread_rwlock_rdlock(&ports->lock);
    port = look_up(ports, number);
    if (port && atomic_fetch_or(&port->page->end[!port->end].state,
                                SIMXEN_PENDING) == 0)
        write_byte(port->send_fd);
    (void)pthread_rwlock_unlock(&ports->lock);
    return port != NULL;
}

bool ports_unmask(struct ports *ports, uint32_t number)
{
    struct local_port *port;

    (void)pthread_rwlock_rdlock(&ports->lock);
    port = look_up(ports, number);
    if (port &&
        atomic_fetch_and(&port->page->end[port->end].state, SIMXEN_PENDING) ==
            (SIMXEN_PENDING | SIMXEN_MASKED))
        write_byte(port->receive_fd);
    (void)pthread_rwlock_unlock(&ports->lock);
    return port != NULL;
}

static void drain_now_and_then(struct local_port *port)
{
    char bytes[4096];
    ssize_t n;

    if (atomic_fetch_add(&port->taken, 1) % TAKEN_PER_DRAIN !=
        TAKEN_PER_DRAIN - 1)
        return;
    /* The port is still pending: nobody writes the byte of another event. */
    n = read(port->receive_fd, bytes, sizeof(bytes));
    (void)n;
}

/* Pending alone becomes masked: an event. Anything else is none. */
static int take(struct ports *ports, uint64_t woken)
{
    uint32_t number = (uint32_t)woken;
    uint32_t expected = SIMXEN_PENDING;
    struct local_port *port;
    int taken = -1;

    (void)pthread_rwlock_rdlock(&ports->lock);
    port = look_up(ports, number);
    if (port && port->generation == (uint32_t)(woken >> 32)) {
        _Atomic uint32_t *state = &port->page->end[port->end].state;

        if (atomic_load(state) == SIMXEN_PENDING) {
            drain_now_and_then(port);
            if (atomic_compare_exchange_strong(state, &expected, SIMXEN_MASKED))
                taken = (int)number;
        }
    }
    (void)pthread_rwlock_unlock(&ports->lock);
    return taken;
}

static bool may_block(const struct ports *ports)
{
    int flags = fcntl(ports->epoll_fd, F_GETFL);

    return flags < 0 || !(flags & O_NONBLOCK);
}

int ports_take(struct ports *ports)
{
    const bool polled = atomic_load(&ports->polled);
    struct epoll_event event;
    /* Who polls finds an event at once: the usual case is one call. */
    int n = epoll_wait(ports->epoll_fd, &event, 1, polled ? 0 : -1);

    if (n == 0 && may_block(ports))
        n = epoll_wait(ports->epoll_fd, &event, 1, -1);
    while (n > 0) {
        int port = take(ports, event.data.u64);

        if (port >= 0)
            return port;
        /* A misbehaving peer's wake-up must not hang who has polled. */
        n = epoll_wait(ports->epoll_fd, &event, 1, polled ? 0 : -1);
    }
    if (n == 0)
        errno = EAGAIN;
    return -1;
}
