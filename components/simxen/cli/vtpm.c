/* SPDX-License-Identifier: MIT */
#include "vtpm.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

#include "paths.h"

void vtpm_init(struct vtpm *vtpm, uint32_t front, uint32_t back,
               uint32_t handle)
{
    vtpm->front = front;
    vtpm->back = back;
    vtpm->handle = handle;
    vtpm->front_path =
        path_format("/local/domain/%u/device/vtpm/%u", front, handle);
    vtpm->back_path =
        path_format("/local/domain/%u/backend/vtpm/%u/%u", back, front, handle);
    vtpm->libxl_path = path_format("/libxl/%u/device/vtpm/%u", front, handle);
    vtpm->booted_path = path_format("/libxl/%u/booted/%u", front, handle);
    vtpm->guest = NULL;
}

void vtpm_free(struct vtpm *vtpm)
{
    free(vtpm->front_path);
    free(vtpm->back_path);
    free(vtpm->libxl_path);
    free(vtpm->booted_path);
}

bool vtpm_uuid_ok(const char *uuid)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(uuid) != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < sizeof(shape) - 1; i++)
        if (shape[i] == '-' ? uuid[i] != '-'
                            : !isxdigit((unsigned char)uuid[i]))
            return false;
    return true;
}

static char *read_node(struct xs_handle *xs, xs_transaction_t t,
                       const char *folder, const char *key)
{
    char *path = path_format("%s/%s", folder, key);
    char *value = xs_read(xs, t, path, NULL);
    int error = errno;

    free(path);
    errno = error;
    return value;
}

static bool write_node(struct xs_handle *xs, xs_transaction_t t,
                       const char *folder, const char *key, const char *value)
{
    char *path = path_format("%s/%s", folder, key);
    bool written = xs_write(xs, t, path, value, (unsigned)strlen(value));
    int error = errno;

    free(path);
    errno = error;
    return written;
}

static bool write_number(struct xs_handle *xs, xs_transaction_t t,
                         const char *folder, const char *key, uint32_t value)
{
    char *text = path_format("%u", value);
    bool written = write_node(xs, t, folder, key, text);

    free(text);
    return written;
}

bool vtpm_exists(struct xs_handle *xs, const struct vtpm *vtpm)
{
    char *backend = read_node(xs, XBT_NULL, vtpm->libxl_path, "backend");

    free(backend);
    return backend != NULL;
}

/* An empty folder of owner that reader may read, and all that is made in it. */
static bool make_folder(struct xs_handle *xs, xs_transaction_t t,
                        const char *path, uint32_t owner, uint32_t reader)
{
    struct xs_permissions perms[2] = {{owner, XS_PERM_NONE},
                                      {reader, XS_PERM_READ}};

    (void)xs_rm(xs, t, path);
    return xs_mkdir(xs, t, path) && xs_set_permissions(xs, t, path, perms, 2);
}

static bool write_front(struct xs_handle *xs, xs_transaction_t t,
                        const struct vtpm *vtpm)
{
    const char *path = vtpm->front_path;

    return make_folder(xs, t, path, vtpm->front, vtpm->back) &&
           write_node(xs, t, path, "backend", vtpm->back_path) &&
           write_number(xs, t, path, "backend-id", vtpm->back) &&
           write_node(xs, t, path, "state", "1") &&
           write_number(xs, t, path, "handle", vtpm->handle);
}

static bool write_back(struct xs_handle *xs, xs_transaction_t t,
                       const struct vtpm *vtpm, const char *path,
                       const char *uuid)
{
    return write_node(xs, t, path, "frontend", vtpm->front_path) &&
           write_number(xs, t, path, "frontend-id", vtpm->front) &&
           write_node(xs, t, path, "online", "1") &&
           write_node(xs, t, path, "state", "1") &&
           write_number(xs, t, path, "handle", vtpm->handle) &&
           write_node(xs, t, path, "uuid", uuid) &&
           write_node(xs, t, path, "resume", "False");
}

/* A domain of simxen has no moment of boot: its first vTPM stands for it. */
static const char *know_guest(struct xs_handle *xs, xs_transaction_t t,
                              const struct vtpm *vtpm)
{
    char *booted;

    if (vtpm->guest)
        return vtpm->guest;
    booted = xs_read(xs, t, vtpm->booted_path, NULL);
    free(booted);
    return booted ? "running" : "boot";
}

static bool write_guest(struct xs_handle *xs, xs_transaction_t t,
                        const struct vtpm *vtpm)
{
    const char *guest = know_guest(xs, t, vtpm);

    if (strcmp(guest, VTPM_UNKNOWN) == 0)
        return true;
    return write_node(xs, t, vtpm->back_path, "guest", guest) &&
           xs_write(xs, t, vtpm->booted_path, "1", 1);
}

static bool write_all(struct xs_handle *xs, xs_transaction_t t,
                      const struct vtpm *vtpm, const char *uuid)
{
    (void)xs_rm(xs, t, vtpm->libxl_path);
    return write_front(xs, t, vtpm) &&
           make_folder(xs, t, vtpm->back_path, vtpm->back, vtpm->front) &&
           write_back(xs, t, vtpm, vtpm->back_path, uuid) &&
           write_guest(xs, t, vtpm) && xs_mkdir(xs, t, vtpm->libxl_path) &&
           write_node(xs, t, vtpm->libxl_path, "backend", vtpm->back_path) &&
           write_back(xs, t, vtpm, vtpm->libxl_path, uuid);
}

/* Remove a folder, then its parents up to `top` levels as long as empty. */
static bool remove_folder(struct xs_handle *xs, xs_transaction_t t,
                          const char *folder, unsigned levels)
{
    char *path = path_format("%s", folder);
    bool removed = xs_rm(xs, t, path) || errno == ENOENT;

    while (removed && levels-- > 0) {
        unsigned children = 0;
        char **names;

        *strrchr(path, '/') = '\0';
        names = xs_directory(xs, t, path, &children);
        free(names);
        if (!names || children > 0)
            break;
        removed = xs_rm(xs, t, path);
    }
    free(path);
    return removed;
}

static bool remove_all(struct xs_handle *xs, xs_transaction_t t,
                       const struct vtpm *vtpm, const char *unused)
{
    (void)unused;
    return remove_folder(xs, t, vtpm->front_path, 1) &&
           remove_folder(xs, t, vtpm->back_path, 2) &&
           remove_folder(xs, t, vtpm->libxl_path, 1);
}

static bool ask_to_close(struct xs_handle *xs, xs_transaction_t t,
                         const struct vtpm *vtpm, const char *unused)
{
    const char *guest = vtpm->guest ? vtpm->guest : "detached";
    char *state = read_node(xs, t, vtpm->back_path, "state");
    char *before = read_node(xs, t, vtpm->back_path, "guest");
    bool say = before && strcmp(guest, VTPM_UNKNOWN) != 0;

    (void)unused;
    free(state);
    free(before);
    return state && write_node(xs, t, vtpm->back_path, "online", "0") &&
           write_node(xs, t, vtpm->back_path, "state", "5") &&
           (!say || write_node(xs, t, vtpm->back_path, "guest", guest));
}

/* All or nothing, again as long as others interfere. */
static bool transact(struct xs_handle *xs, const struct vtpm *vtpm,
                     const char *uuid,
                     bool (*change)(struct xs_handle *, xs_transaction_t,
                                    const struct vtpm *, const char *))
{
    for (;;) {
        xs_transaction_t t = xs_transaction_start(xs);
        int error;

        if (t == XBT_NULL)
            return false;
        if (!change(xs, t, vtpm, uuid)) {
            error = errno;
            (void)xs_transaction_end(xs, t, true);
            errno = error;
            return false;
        }
        if (xs_transaction_end(xs, t, false))
            return true;
        if (errno != EAGAIN)
            return false;
    }
}

bool vtpm_write(struct xs_handle *xs, const struct vtpm *vtpm, const char *uuid)
{
    return transact(xs, vtpm, uuid, write_all);
}

bool vtpm_ask_to_close(struct xs_handle *xs, const struct vtpm *vtpm)
{
    return transact(xs, vtpm, NULL, ask_to_close);
}

bool vtpm_remove(struct xs_handle *xs, const struct vtpm *vtpm)
{
    return transact(xs, vtpm, NULL, remove_all);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum vtpm_wait judge(struct xs_handle *xs, const struct vtpm *vtpm,
                            unsigned lowest, unsigned highest)
{
    char *text = read_node(xs, XBT_NULL, vtpm->back_path, "state");
    unsigned long state = text ? strtoul(text, NULL, 10) : 0;

    if (!text && errno == ENOENT)
        return VTPM_GONE;
    free(text);
    return state < lowest    ? VTPM_TIMEOUT
           : state > highest ? VTPM_REFUSED
                             : VTPM_REACHED;
}

enum vtpm_wait vtpm_wait_state(struct xs_handle *xs, const struct vtpm *vtpm,
                               unsigned lowest, unsigned highest,
                               unsigned timeout_ms)
{
    const int64_t end = now_ms() + timeout_ms;
    struct pollfd event = {.fd = xs_fileno(xs), .events = POLLIN};
    enum vtpm_wait result = VTPM_TIMEOUT;
    char *path = path_format("%s/state", vtpm->back_path);
    int64_t left = timeout_ms;

    if (xs_watch(xs, path, "state"))
        while ((result = judge(xs, vtpm, lowest, highest)) == VTPM_TIMEOUT &&
               left > 0) {
            if (poll(&event, 1, (int)left) > 0)
                free(xs_check_watch(xs));
            left = end - now_ms();
        }
    (void)xs_unwatch(xs, path, "state");
    free(path);
    return result;
}
