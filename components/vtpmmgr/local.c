/* SPDX-License-Identifier: MIT */
#include "local.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The descriptors of a poll: the bell, the socket, then the clients, the
 * oldest first. */
enum { BELL, LISTENER, CLIENTS };

struct vtpmmgr_local {
    struct vtpmmgr_manager *manager;
    const char *path;
    struct vtpmmgr_sender sender;
    pthread_t thread;
    struct stat made; /* the socket that is ours */
    struct pollfd polled[CLIENTS + VTPMMGR_LOCAL_CLIENTS];
    nfds_t count;
    /* one byte more, to see that a packet is too long */
    uint8_t frame[VTPMMGR_FRAME_MAX + 1];
    uint8_t answer[VTPMMGR_FRAME_MAX];
};

/* ---- clients ---- */

static void drop(struct vtpmmgr_local *local, nfds_t i)
{
    (void)close(local->polled[i].fd);
    local->count--;
    memmove(&local->polled[i], &local->polled[i + 1],
            (local->count - i) * sizeof local->polled[0]);
}

static bool may_connect(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void admit(struct vtpmmgr_local *local)
{
    int fd = accept4(local->polled[LISTENER].fd, NULL, NULL,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (!may_connect(fd)) {
        (void)close(fd);
        return;
    }
    if (local->count == CLIENTS + VTPMMGR_LOCAL_CLIENTS)
        drop(local, CLIENTS);
    local->polled[local->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* One frame of one client. @return whether it stays */
static bool serve(struct vtpmmgr_local *local, int fd)
{
    ssize_t got = recv(fd, local->frame, sizeof local->frame, 0), sent;
    size_t len;

    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    len = vtpmmgr_manager_execute(local->manager, &local->sender, local->frame,
                                  (size_t)got, local->answer,
                                  sizeof local->answer);
    /* who does not read has no room left */
    sent = send(fd, local->answer, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    vtpm_cleanse(local->answer, sizeof local->answer);
    return sent == (ssize_t)len;
}

/* Each client has one turn, so none waits for more than one command of each
 * other. A dropped one shifts those behind it: from the last to the first. */
static void serve_clients(struct vtpmmgr_local *local)
{
    for (nfds_t i = local->count; i-- > CLIENTS;) {
        const short events = local->polled[i].revents;

        if (events != 0 &&
            ((events & POLLIN) == 0 || !serve(local, local->polled[i].fd)))
            drop(local, i);
    }
}

static void *run(void *context)
{
    struct vtpmmgr_local *local = context;

    for (;;) {
        if (poll(local->polled, local->count, -1) < 0 && errno != EINTR)
            return NULL;
        if (local->polled[BELL].revents != 0)
            return NULL;
        serve_clients(local);
        if (local->polled[LISTENER].revents != 0)
            admit(local);
    }
}

/* ---- the socket ---- */

static enum vtpm_status address_of(const char *path, struct sockaddr_un *to,
                                   struct vtpm_error *err)
{
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) >= sizeof to->sun_path)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot listen at %.100s: a socket's path has 1 to "
                         "%zu bytes; name another with --socket",
                         path, sizeof to->sun_path - 1);
    strcpy(to->sun_path, path);
    return VTPM_OK;
}

/* A socket that nobody serves is a dead manager's. */
static enum vtpm_status clear_place(const struct sockaddr_un *at,
                                    struct vtpm_error *err)
{
    const char *path = at->sun_path;
    struct stat st;
    bool served;
    int fd;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? VTPM_OK
                               : vtpm_fail_errno(err, errno, "examine", path);
    if (!S_ISSOCK(st.st_mode))
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot listen at %s: something else is there; name "
                         "another place with --socket",
                         path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return vtpm_fail_errno(err, errno, "make a socket for", path);
    served = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ||
             errno != ECONNREFUSED;
    (void)close(fd);
    if (served)
        return vtpm_fail(err, VTPM_EBUSY,
                         "cannot listen at %s: another process does; end it, "
                         "or name another place with --socket",
                         path);
    if (unlink(path) != 0 && errno != ENOENT)
        return vtpm_fail_errno(err, errno, "remove", path);
    return VTPM_OK;
}

static void make_folder(const char *path)
{
    struct sockaddr_un folder;
    char *slash;

    strcpy(folder.sun_path, path);
    slash = strrchr(folder.sun_path, '/');
    if (slash == NULL || slash == folder.sun_path)
        return;
    *slash = '\0';
    /* what is wrong with it, bind() says */
    (void)mkdir(folder.sun_path, 0755);
}

/* Nobody else may connect, not even before the mode is set. */
static int bind_private(int fd, const struct sockaddr_un *at)
{
    const mode_t before = umask(0177);
    const int result = bind(fd, (const struct sockaddr *)at, sizeof *at);
    const int error = errno;

    (void)umask(before);
    errno = error;
    return result;
}

static enum vtpm_status make_socket(struct vtpmmgr_local *local,
                                    struct vtpm_error *err)
{
    struct sockaddr_un at;
    enum vtpm_status status = address_of(local->path, &at, err);
    int fd;

    if (status == VTPM_OK)
        make_folder(local->path);
    if (status == VTPM_OK)
        status = clear_place(&at, err);
    if (status != VTPM_OK)
        return status;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return vtpm_fail_errno(err, errno, "make a socket for", local->path);
    local->polled[LISTENER] = (struct pollfd){.fd = fd, .events = POLLIN};
    if (bind_private(fd, &at) != 0)
        return vtpm_fail_errno(err, errno, "listen at", local->path);
    if (lstat(local->path, &local->made) != 0 ||
        listen(fd, (int)VTPMMGR_LOCAL_CLIENTS) != 0)
        return vtpm_fail_errno(err, errno, "listen at", local->path);
    return VTPM_OK;
}

/* Somebody may have put another one in its place. */
static void remove_socket(const struct vtpmmgr_local *local)
{
    struct stat st;

    if (local->made.st_ino != 0 && lstat(local->path, &st) == 0 &&
        st.st_dev == local->made.st_dev && st.st_ino == local->made.st_ino)
        (void)unlink(local->path);
}

static void free_local(struct vtpmmgr_local *local)
{
    for (nfds_t i = 0; i < local->count; i++)
        if (local->polled[i].fd >= 0)
            (void)close(local->polled[i].fd);
    remove_socket(local);
    free(local);
}

enum vtpm_status vtpmmgr_local_begin(struct vtpmmgr_local **out,
                                     struct vtpmmgr_manager *manager,
                                     const char *path, struct vtpm_error *err)
{
    struct vtpmmgr_local *local = calloc(1, sizeof *local);
    enum vtpm_status status;

    *out = NULL;
    if (local == NULL)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot listen at %s: out of memory; end other "
                         "programs",
                         path);
    local->manager = manager;
    local->path = path;
    local->sender.local = true;
    local->count = CLIENTS;
    local->polled[LISTENER].fd = -1;
    local->polled[BELL] = (struct pollfd){
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN};
    status = local->polled[BELL].fd < 0
                 ? vtpm_fail_errno(err, errno, "make an event for", path)
                 : make_socket(local, err);
    if (status == VTPM_OK &&
        pthread_create(&local->thread, NULL, run, local) != 0)
        status = vtpm_fail(err, VTPM_ENOMEM,
                           "cannot start a thread: out of memory or processes; "
                           "raise the limits");
    if (status != VTPM_OK) {
        free_local(local);
        return status;
    }
    *out = local;
    return VTPM_OK;
}

void vtpmmgr_local_end(struct vtpmmgr_local *local)
{
    if (local == NULL)
        return;
    (void)eventfd_write(local->polled[BELL].fd, 1);
    (void)pthread_join(local->thread, NULL);
    free_local(local);
}
