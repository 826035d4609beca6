/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void relax(struct vtpmring_port *port)
{
    /* On one CPU the peer cannot go on before we let it. */
    if (xen_user(port)->one_cpu)
        (void)sched_yield();
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* The fourth field of /proc/loadavg begins with the number of those who run or
 * want to, the caller among them. */
static bool is_crowded(struct vtpmring_port *port)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    char text[64] = "";
    unsigned runnable = 0;

    if (xen->loadavg_fd < 0 ||
        pread(xen->loadavg_fd, text, sizeof(text) - 1, 0) <= 0 ||
        sscanf(text, "%*s %*s %*s %u/", &runnable) != 1)
        return false;
    return runnable > xen->cpus;
}

static void lock(struct vtpmring_port *port)
{
    (void)pthread_mutex_lock(&xen_user(port)->lock);
}

static void unlock(struct vtpmring_port *port)
{
    (void)pthread_mutex_unlock(&xen_user(port)->lock);
}

static void *allocate(struct vtpmring_port *port, size_t size)
{
    (void)port;
    return calloc(1, size);
}

static void release(struct vtpmring_port *port, void *memory)
{
    (void)port;
    free(memory);
}

static const struct vtpmring_port_ops ops = {
    .share = vtpmring_xen_user_share,
    .unshare = vtpmring_xen_user_unshare,
    .map = vtpmring_xen_user_map,
    .unmap = vtpmring_xen_user_unmap,
    .channel_open = vtpmring_xen_user_channel_open,
    .channel_bind = vtpmring_xen_user_channel_bind,
    .channel_close = vtpmring_xen_user_channel_close,
    .channel_notify = vtpmring_xen_user_channel_notify,
    .channel_next = vtpmring_xen_user_channel_next,
    .store_read = vtpmring_xen_user_store_read,
    .store_write = vtpmring_xen_user_store_write,
    .store_remove = vtpmring_xen_user_store_remove,
    .store_list = vtpmring_xen_user_store_list,
    .store_begin = vtpmring_xen_user_store_begin,
    .store_end = vtpmring_xen_user_store_end,
    .store_watch = vtpmring_xen_user_store_watch,
    .store_unwatch = vtpmring_xen_user_store_unwatch,
    .store_next_watch = vtpmring_xen_user_store_next_watch,
    .wait = vtpmring_xen_user_wait,
    .wake = vtpmring_xen_user_wake,
    .timer = vtpmring_xen_user_timer,
    .now_us = vtpmring_xen_user_now_us,
    .relax = relax,
    .is_crowded = is_crowded,
    .lock = lock,
    .unlock = unlock,
    .alloc = allocate,
    .free = release,
    .log = vtpmring_xen_user_log,
};

static bool only_one_cpu(void)
{
    cpu_set_t ours;

    return sched_getaffinity(0, sizeof(ours), &ours) == 0 &&
           CPU_COUNT(&ours) == 1;
}

static unsigned all_cpus(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? (unsigned)count : 1;
}

static enum vtpmring_status open_all(struct vtpmring_port_xen_user *xen,
                                     unsigned roles)
{
    enum vtpmring_status status = vtpmring_xen_user_channels_init(xen);

    if (status == VTPMRING_OK)
        status = vtpmring_xen_user_memory_init(xen, roles);
    if (status == VTPMRING_OK)
        status = vtpmring_xen_user_store_init(xen);
    if (status == VTPMRING_OK)
        status = vtpmring_xen_user_wait_init(xen);
    return status;
}

enum vtpmring_status
vtpmring_port_xen_user_open(unsigned roles, vtpmring_port_xen_user_log *log,
                            void *context, const char *prog,
                            struct vtpmring_port **port)
{
    const unsigned known =
        VTPMRING_PORT_XEN_USER_FRONT | VTPMRING_PORT_XEN_USER_BACK;
    struct vtpmring_port_xen_user *xen;
    enum vtpmring_status status;

    *port = NULL;
    if (roles & ~known)
        return VTPMRING_EINVAL;
    xen = calloc(1, sizeof(*xen));
    if (!xen)
        return VTPMRING_ENOMEM;
    xen->port.ops = &ops;
    xen->store_fd = xen->alive_fd = xen->timer_fd = xen->server_fd =
        xen->control_fd = -1;
    xen->one_cpu = only_one_cpu();
    xen->cpus = all_cpus();
    xen->loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    (void)pthread_mutex_init(&xen->lock, NULL);
    (void)pthread_mutex_init(&xen->take_lock, NULL);
    (void)pthread_mutex_init(&xen->complaint_lock, NULL);
    vtpmring_xen_user_log_init(xen, log, context, prog);
    status = open_all(xen, roles);
    if (status == VTPMRING_OK)
        *port = &xen->port;
    else
        vtpmring_port_xen_user_close(&xen->port);
    return status;
}

void vtpmring_port_xen_user_close(struct vtpmring_port *port)
{
    struct vtpmring_port_xen_user *xen;

    if (!port)
        return;
    xen = xen_user(port);
    vtpmring_xen_user_wait_end(xen);
    vtpmring_xen_user_store_finish(xen);
    vtpmring_xen_user_memory_end(xen);
    vtpmring_xen_user_channels_end(xen);
    if (xen->loadavg_fd >= 0)
        (void)close(xen->loadavg_fd);
    (void)pthread_mutex_destroy(&xen->lock);
    (void)pthread_mutex_destroy(&xen->take_lock);
    (void)pthread_mutex_destroy(&xen->complaint_lock);
    free(xen);
}

int vtpmring_port_xen_user_channel_fd(struct vtpmring_port *port)
{
    return xen_user(port)->evtchn_fd;
}
