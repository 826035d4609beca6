/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

#include "../control_wire.h"
#include "../store.h"
#include "control.h"
#include "domain.h"

/* One domain may take up this part of the daemon's descriptors. */
enum { FD_SHARES = 8, FEWEST_FDS = 64 };

static char *in_dir(const char *dir, const char *file)
{
    char *path;

    return asprintf(&path, "%s/%s", dir, file) < 0 ? NULL : path;
}

static int make_dir(const char *dir)
{
    struct stat st;

    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (lstat(dir, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    return st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -EPERM;
}

/*
 * The pid file is the lock. It is locked before it is trusted to be the one
 * that others see: the daemon before us may have removed it meanwhile.
 */
static int lock_dir(const char *dir, int *lock_fd)
{
    char *path = in_dir(dir, SIMXEN_PID);
    int error = -EAGAIN;
    int fd = -1;

    if (!path)
        return -ENOMEM;
    while (error == -EAGAIN) {
        struct stat ours;
        struct stat seen;

        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            error = -errno;
        } else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            error = errno == EWOULDBLOCK ? -EALREADY : -errno;
        } else if (fstat(fd, &ours) == 0 && stat(path, &seen) == 0 &&
                   ours.st_ino == seen.st_ino && ours.st_dev == seen.st_dev) {
            error = 0;
        }
        if (error < 0 && fd >= 0)
            close(fd);
    }
    free(path);
    if (error == 0)
        *lock_fd = fd;
    return error;
}

static int write_pid(int fd)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return -errno;
    return 0;
}

/* Remove the sockets of a daemon that was killed, or of this one. */
static void remove_domains(const char *domains)
{
    DIR *folder = opendir(domains);
    struct dirent *entry;

    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        static const char *const files[] = {"/" SIMXEN_HYPERVISOR,
                                            "/" SIMXEN_XENSTORED, ""};
        char *path;

        if (!domain_name_ok(entry->d_name))
            continue;
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
            if (asprintf(&path, "%s/%s%s", domains, entry->d_name, files[i]) >=
                0) {
                (void)remove(path);
                free(path);
            }
    }
    closedir(folder);
    (void)rmdir(domains);
}

static void clean_dir(const char *dir, bool whole)
{
    char *domains = in_dir(dir, "domains");
    char *control = in_dir(dir, SIMXEN_CONTROL);
    char *pid = in_dir(dir, SIMXEN_PID);

    if (control)
        (void)unlink(control);
    if (domains)
        remove_domains(domains);
    if (whole && pid) {
        (void)unlink(pid);
        (void)rmdir(dir);
    }
    free(domains);
    free(control);
    free(pid);
}

static void got_signal(struct source *source, uint32_t events)
{
    struct host *host = source->owner;

    (void)events;
    host->stopping = true;
}

static int catch_signals(struct host *host)
{
    sigset_t set;
    int error;
    int fd;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    error = source_add(host, &host->signals, fd, EPOLLIN);
    if (error < 0)
        close(fd);
    return error;
}

static int open_control(struct host *host)
{
    char *path = in_dir(host->dir, SIMXEN_CONTROL);
    int error;
    int fd;

    if (!path)
        return -ENOMEM;
    fd = host_listen(path, SOCK_SEQPACKET);
    free(path);
    if (fd < 0)
        return fd;
    error = source_add(host, &host->control, fd, EPOLLIN);
    if (error < 0)
        close(fd);
    return error;
}

static void share_out_fds(struct host *host)
{
    struct rlimit limit;

    host->fd_share = FEWEST_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1u << 20)
        limit.rlim_cur = 1u << 20;
    if (limit.rlim_cur / FD_SHARES > FEWEST_FDS)
        host->fd_share = (unsigned)(limit.rlim_cur / FD_SHARES);
}

static int host_open(struct host *host)
{
    struct domain *domain;
    char *domains = in_dir(host->dir, "domains");
    int error = 0;

    if (!domains)
        return -ENOMEM;
    if (mkdir(domains, 0700) < 0)
        error = -errno;
    free(domains);
    if (error < 0)
        return error;
    share_out_fds(host);
    host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (host->epoll_fd < 0 || host->spare_fd < 0)
        return -errno;
    host->store = simxen_store_new();
    if (!host->store)
        return -ENOMEM;
    error = catch_signals(host);
    if (error == 0)
        error = domain_create(host, "Domain-0", &domain);
    if (error == 0)
        error = open_control(host);
    return error;
}

static void host_close(struct host *host)
{
    while (!LIST_EMPTY(&host->clients))
        control_close(LIST_FIRST(&host->clients));
    while (!LIST_EMPTY(&host->domains))
        domain_destroy(LIST_FIRST(&host->domains));
    simxen_store_free(host->store);
    source_close(host, &host->control);
    source_close(host, &host->signals);
    if (host->spare_fd >= 0)
        close(host->spare_fd);
    if (host->epoll_fd >= 0)
        close(host->epoll_fd);
}

int daemon_serve(const char *dir, void (*ready)(void *ctx), void *ctx)
{
    struct host host = {.epoll_fd = -1, .spare_fd = -1};
    int lock_fd = -1;
    int error = make_dir(dir);

    if (error == 0)
        error = lock_dir(dir, &lock_fd);
    if (error < 0)
        return error;
    clean_dir(dir, false);
    host.control = (struct source){-1, control_accept, &host};
    host.signals = (struct source){-1, got_signal, &host};
    host.dir = strdup(dir);
    error = host.dir ? write_pid(lock_fd) : -ENOMEM;
    if (error == 0)
        error = host_open(&host);
    if (error == 0) {
        if (ready)
            ready(ctx);
        error = host_run(&host);
    }
    host_close(&host);
    clean_dir(dir, true);
    free(host.dir);
    close(lock_fd);
    return error;
}
