/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

/* A conflict with another writer of the same nodes is rare. */
#define TRANSACTION_TRIES 100

/*
 * Watches have a connection of their own: libxenstore then has a thread that
 * reads, and each answer would come by way of it. When xenstored ends,
 * libxenstore does not make the descriptor of the watches readable; a third,
 * silent connection hangs up at that moment.
 */
struct agent_store {
    struct xs_handle *xs;
    struct xs_handle *watches;
    int alive_fd;
    bool lost;
};

static int connect_silently(void)
{
    const char *path = xs_daemon_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

enum vtpm_status agent_store_open(struct agent_store **store,
                                  struct vtpm_error *err)
{
    struct agent_store *opened = calloc(1, sizeof(*opened));

    *store = NULL;
    if (opened == NULL)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot open xenstore: out of memory; end other "
                         "programs");
    opened->alive_fd = -1;
    opened->xs = xs_open(0);
    if (opened->xs != NULL)
        opened->watches = xs_open(0);
    if (opened->watches == NULL || xs_fileno(opened->watches) < 0) {
        (void)vtpm_fail(err, VTPM_EIO,
                        "cannot open xenstore: %s; start xenstored, and run "
                        "this in dom0",
                        strerrordesc_np(errno));
        agent_store_close(opened);
        return VTPM_EIO;
    }
    opened->alive_fd = connect_silently();
    *store = opened;
    return VTPM_OK;
}

void agent_store_close(struct agent_store *store)
{
    if (store == NULL)
        return;
    if (store->alive_fd >= 0)
        (void)close(store->alive_fd);
    if (store->watches != NULL)
        xs_close(store->watches);
    if (store->xs != NULL)
        xs_close(store->xs);
    free(store);
}

int agent_store_watch_fd(const struct agent_store *store)
{
    return xs_fileno(store->watches);
}

int agent_store_alive_fd(const struct agent_store *store)
{
    return store->alive_fd;
}

bool agent_store_is_alive(const struct agent_store *store)
{
    return !store->lost;
}

/* libxenstore must not be called once its connection is lost: two of its
 * threads may then close the same descriptor. */
static void look_alive(struct agent_store *store, int error)
{
    struct pollfd look = {.fd = store->alive_fd};

    if (error == EPIPE || error == EBADF || error == ECONNRESET ||
        (store->alive_fd >= 0 && poll(&look, 1, 0) == 1))
        store->lost = true;
}

/* @return false: the path is too long */
static bool path_of(char path[AGENT_PATH_SIZE], const char *directory,
                    const char *key)
{
    return snprintf(path, AGENT_PATH_SIZE, "%s/%s", directory, key) <
           AGENT_PATH_SIZE;
}

static bool read_in(struct agent_store *store, xs_transaction_t t,
                    const char *directory, const char *key,
                    char value[AGENT_VALUE_SIZE])
{
    char path[AGENT_PATH_SIZE];
    unsigned length = 0;
    char *found;

    value[0] = '\0';
    if (store->lost || !path_of(path, directory, key))
        return false;
    found = xs_read(store->xs, t, path, &length);
    if (found == NULL) {
        look_alive(store, errno);
        return false;
    }
    /* a value with a NUL in it is none that we know */
    if (length >= AGENT_VALUE_SIZE || memchr(found, '\0', length) != NULL)
        length = 0;
    memcpy(value, found, length);
    value[length] = '\0';
    free(found);
    return true;
}

bool agent_store_read(struct agent_store *store, const char *directory,
                      const char *key, char value[AGENT_VALUE_SIZE])
{
    return read_in(store, XBT_NULL, directory, key, value);
}

char **agent_store_list(struct agent_store *store, const char *directory,
                        unsigned *count)
{
    char **names;

    *count = 0;
    if (store->lost)
        return NULL;
    names = xs_directory(store->xs, XBT_NULL, directory, count);
    if (names == NULL)
        look_alive(store, errno);
    return names;
}

bool agent_store_watch(struct agent_store *store, const char *path,
                       const char *token)
{
    if (store->lost)
        return false;
    if (xs_watch(store->watches, path, token))
        return true;
    look_alive(store, errno);
    return false;
}

void agent_store_unwatch(struct agent_store *store, const char *path,
                         const char *token)
{
    if (!store->lost && !xs_unwatch(store->watches, path, token))
        look_alive(store, errno);
}

bool agent_store_next(struct agent_store *store, char path[AGENT_PATH_SIZE],
                      char token[AGENT_VALUE_SIZE])
{
    char **event;

    if (store->lost)
        return false;
    event = xs_check_watch(store->watches);
    if (event == NULL) {
        if (errno != EAGAIN && errno != ENOMEM)
            store->lost = true;
        return false;
    }
    (void)snprintf(path, AGENT_PATH_SIZE, "%s", event[XS_WATCH_PATH]);
    (void)snprintf(token, AGENT_VALUE_SIZE, "%s", event[XS_WATCH_TOKEN]);
    free(event);
    return true;
}

/* Within a transaction; @return whether there is something to commit. */
static bool put(struct agent_store *store, xs_transaction_t t,
                const char *directory, const struct agent_guard *guard,
                const char *word, const char *otherwise, enum agent_said *said)
{
    char online[AGENT_VALUE_SIZE], state[AGENT_VALUE_SIZE];
    char before[AGENT_VALUE_SIZE], path[AGENT_PATH_SIZE];
    bool is_said = read_in(store, t, directory, "guest", before);

    *said = AGENT_SAID_NOTHING;
    if (!read_in(store, t, directory, "state", state) ||
        !read_in(store, t, directory, "online", online) ||
        (guard->online != NULL && strcmp(online, guard->online) != 0))
        return false;
    *said = AGENT_SAID_BEFORE;
    if (is_said && guard->unsaid)
        return false;
    *said = AGENT_SAID;
    if (guard->state != NULL && strcmp(state, guard->state) != 0) {
        *said = AGENT_SAID_OTHERWISE;
        word = otherwise;
    }
    if (strcmp(before, word) == 0) {
        *said = AGENT_SAID_BEFORE;
        return false;
    }
    if (path_of(path, directory, "guest") &&
        xs_write(store->xs, t, path, word, (unsigned)strlen(word)))
        return true;
    *said = AGENT_SAID_FAILED;
    look_alive(store, errno);
    return false;
}

enum agent_said agent_store_say(struct agent_store *store,
                                const char *directory,
                                const struct agent_guard *guard,
                                const char *word, const char *otherwise)
{
    for (int i = 0; i < TRANSACTION_TRIES && !store->lost; i++) {
        xs_transaction_t t = xs_transaction_start(store->xs);
        enum agent_said said;
        bool commit;

        if (t == XBT_NULL) {
            look_alive(store, errno);
            break;
        }
        commit = put(store, t, directory, guard, word, otherwise, &said);
        if (store->lost)
            break;
        if (xs_transaction_end(store->xs, t, !commit) || !commit)
            return said;
        if (errno != EAGAIN) {
            look_alive(store, errno);
            break;
        }
    }
    return AGENT_SAID_FAILED;
}
