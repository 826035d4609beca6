/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define SOURCES_MAX 5u

/* What one sleep looks at; bit[i] belongs to fd[i]. */
struct look {
    struct pollfd fd[SOURCES_MAX];
    unsigned bit[SOURCES_MAX];
    nfds_t count;
};

enum vtpmring_status
vtpmring_xen_user_wait_init(struct vtpmring_port_xen_user *xen)
{
    xen->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (xen->timer_fd >= 0)
        xen->server_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (xen->server_fd >= 0)
        xen->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (xen->control_fd < 0)
        return vtpmring_xen_user_open_failed(xen, "a timer and events",
                                             "end other programs");
    return VTPMRING_OK;
}

void vtpmring_xen_user_wait_end(struct vtpmring_port_xen_user *xen)
{
    const int fds[] = {xen->timer_fd, xen->server_fd, xen->control_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t vtpmring_xen_user_now_us(struct vtpmring_port *port)
{
    (void)port;
    return (uint64_t)now_ns() / 1000;
}

static void add(struct look *look, int fd, unsigned bit)
{
    look->fd[look->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    look->bit[look->count++] = bit;
}

/* Fills the look; what is lost and was not reported yet is there at once. */
static unsigned prepare(struct vtpmring_port_xen_user *xen, unsigned want,
                        struct look *look)
{
    const int store = atomic_load(&xen->store_health);
    const int channel = atomic_load(&xen->channel_health);
    unsigned there = 0;

    look->count = 0;
    if (channel == XEN_USER_LOST)
        there |= want & VTPMRING_PORT_CHANNEL;
    else if ((want & VTPMRING_PORT_CHANNEL) && channel == XEN_USER_GOOD)
        add(look, xen->evtchn_fd, VTPMRING_PORT_CHANNEL);
    if (store == XEN_USER_LOST)
        there |= want & VTPMRING_PORT_STORE;
    else if ((want & VTPMRING_PORT_STORE) && store == XEN_USER_GOOD)
        add(look, xen->store_fd, VTPMRING_PORT_STORE);
    if (want & VTPMRING_PORT_TIMER)
        add(look, xen->timer_fd, VTPMRING_PORT_TIMER);
    if (want & VTPMRING_PORT_SERVER)
        add(look, xen->server_fd, VTPMRING_PORT_SERVER);
    if (want & VTPMRING_PORT_CONTROL)
        add(look, xen->control_fd, VTPMRING_PORT_CONTROL);
    return there;
}

/* Sleeps; deadline_ns < 0 has no end. @return whether to look at the result */
static bool sleep_until(struct look *look, int64_t deadline_ns)
{
    struct timespec rest = {0, 0};
    int64_t rest_ns;

    if (deadline_ns < 0)
        return ppoll(look->fd, look->count, NULL, NULL) > 0;
    rest_ns = deadline_ns == 0 ? 0 : deadline_ns - now_ns();
    if (rest_ns > 0) {
        rest.tv_sec = (time_t)(rest_ns / NS_PER_S);
        rest.tv_nsec = (long)(rest_ns % NS_PER_S);
    }
    return ppoll(look->fd, look->count, &rest, NULL) > 0;
}

/* Of several threads that wait for the same, one gets it. */
static bool drained(int fd)
{
    uint64_t count;

    return read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

/* An event was seen, or the device gives none any more. */
static void channel_looked_at(struct vtpmring_port_xen_user *xen, short result,
                              uint64_t takes)
{
    int good = XEN_USER_GOOD;

    if (result & POLLIN)
        atomic_store(&xen->seen, takes + 1);
    else if (atomic_compare_exchange_strong(&xen->channel_health, &good,
                                            XEN_USER_LOST))
        vtpmring_xen_user_log(
            &xen->port, 3,
            "event channels are lost: /dev/xen/evtchn reports an "
            "error; restart this program");
}

/* A watch, or the end of xenstored: seldom asked. */
static unsigned store_looked_at(struct vtpmring_port_xen_user *xen)
{
    struct pollfd both[] = {{.fd = xen->watch_fd, .events = POLLIN},
                            {.fd = xen->alive_fd}};

    if (poll(both, 2, 0) <= 0)
        return 0;
    if (both[1].revents != 0)
        vtpmring_xen_user_store_lost(xen);
    return VTPMRING_PORT_STORE;
}

/* The events of a look that has found something. */
static unsigned collect(struct vtpmring_port_xen_user *xen,
                        const struct look *look, uint64_t takes)
{
    unsigned there = 0;

    for (nfds_t i = 0; i < look->count; i++) {
        const unsigned bit = look->bit[i];

        if (look->fd[i].revents == 0)
            continue;
        if (bit == VTPMRING_PORT_STORE) {
            there |= store_looked_at(xen);
            continue;
        }
        if (bit == VTPMRING_PORT_CHANNEL)
            channel_looked_at(xen, look->fd[i].revents, takes);
        else if (!drained(look->fd[i].fd))
            continue;
        there |= bit;
    }
    return there;
}

unsigned vtpmring_xen_user_wait(struct vtpmring_port *port, unsigned want,
                                int timeout_ms)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    int64_t deadline_ns = timeout_ms;

    if (timeout_ms > 0)
        deadline_ns = now_ns() + (int64_t)timeout_ms * NS_PER_MS;
    for (;;) {
        struct look look;
        const uint64_t takes = atomic_load(&xen->takes);
        unsigned there = prepare(xen, want, &look);

        if (sleep_until(&look, there != 0 ? 0 : deadline_ns))
            there |= collect(xen, &look, takes);
        /* Nothing: time is over, a signal came, or another thread was first. */
        if (there != 0 || deadline_ns == 0 ||
            (deadline_ns > 0 && now_ns() >= deadline_ns))
            return there;
    }
}

void vtpmring_xen_user_wake(struct vtpmring_port *port,
                            enum vtpmring_port_event which)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    const int saved_errno = errno;
    const uint64_t one = 1;
    ssize_t written = 0;

    if (which & VTPMRING_PORT_SERVER)
        written = write(xen->server_fd, &one, sizeof(one));
    if (which & VTPMRING_PORT_CONTROL)
        written = write(xen->control_fd, &one, sizeof(one));
    (void)written; /* fails only when it would count too far: it is awake */
    errno = saved_errno;
}

void vtpmring_xen_user_timer(struct vtpmring_port *port, unsigned timeout_ms)
{
    struct itimerspec timer = {
        .it_value = {.tv_sec = (time_t)(timeout_ms / 1000),
                     .tv_nsec = (long)(timeout_ms % 1000) * NS_PER_MS}};

    if (timeout_ms == 0)
        timer.it_value.tv_nsec = 1; /* 0 would stop it */
    (void)timerfd_settime(xen_user(port)->timer_fd, 0, &timer, NULL);
}
