/* SPDX-License-Identifier: MIT */
/* Mini-OS says what failed by the name of an errno, which the caller frees. */
#include "minios.h"

static enum vtpmring_status status_of(char *error)
{
    static const struct {
        const char *name;
        enum vtpmring_status status;
    } names[] = {
        {"ENOENT", VTPMRING_EPEER_GONE}, {"EACCES", VTPMRING_EPEER_GONE},
        {"EPERM", VTPMRING_EPEER_GONE},  {"EINVAL", VTPMRING_EPEER_STRING},
        {"ENOMEM", VTPMRING_ENOMEM},     {"ENOSPC", VTPMRING_ENOMEM},
        {"E2BIG", VTPMRING_ENOMEM},      {"EAGAIN", VTPMRING_AGAIN},
    };
    enum vtpmring_status status = VTPMRING_EPORT;

    if (error == NULL)
        return VTPMRING_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(error, names[i].name) == 0)
            status = names[i].status;
    free(error);
    return status;
}

enum vtpmring_status vtpmring_minios_read(struct vtpmring_port *port,
                                          const char *path, char *value,
                                          size_t size, size_t *length)
{
    char *found = NULL;
    enum vtpmring_status status =
        status_of(xenbus_read(minios(port)->transaction, path, &found));

    if (status != VTPMRING_OK)
        return status;
    *length = strlen(found);
    if (*length > size) {
        *length = size;
        status = VTPMRING_ENOBUF;
    }
    memcpy(value, found, *length);
    free(found);
    return status;
}

enum vtpmring_status vtpmring_minios_write(struct vtpmring_port *port,
                                           const char *path, const char *value)
{
    return status_of(xenbus_write(minios(port)->transaction, path, value));
}

enum vtpmring_status vtpmring_minios_remove(struct vtpmring_port *port,
                                            const char *path)
{
    enum vtpmring_status status =
        status_of(xenbus_rm(minios(port)->transaction, path));

    return status == VTPMRING_EPEER_GONE ? VTPMRING_OK : status;
}

enum vtpmring_status vtpmring_minios_list(struct vtpmring_port *port,
                                          const char *path, char *names,
                                          size_t size, size_t *length)
{
    char **found = NULL;
    enum vtpmring_status status =
        status_of(xenbus_ls(minios(port)->transaction, path, &found));

    *length = 0;
    if (status != VTPMRING_OK)
        return status;
    for (size_t i = 0; found[i] != NULL; i++) {
        const size_t bytes = strlen(found[i]) + 1;

        if (bytes > size - *length) {
            status = VTPMRING_ENOBUF;
        } else {
            memcpy(names + *length, found[i], bytes);
            *length += bytes;
        }
        free(found[i]);
    }
    free(found);
    return status;
}

enum vtpmring_status vtpmring_minios_begin(struct vtpmring_port *port)
{
    struct vtpmring_minios_port *self = minios(port);

    if (self->transaction != XBT_NIL)
        return VTPMRING_ESTATE;
    return status_of(xenbus_transaction_start(&self->transaction));
}

enum vtpmring_status vtpmring_minios_end(struct vtpmring_port *port,
                                         bool commit)
{
    struct vtpmring_minios_port *self = minios(port);
    const xenbus_transaction_t transaction = self->transaction;
    enum vtpmring_status status;
    int retry = 0;

    if (transaction == XBT_NIL)
        return VTPMRING_ESTATE;
    self->transaction = XBT_NIL;
    status = status_of(xenbus_transaction_end(transaction, !commit, &retry));
    return status == VTPMRING_OK && retry != 0 ? VTPMRING_AGAIN : status;
}

enum vtpmring_status vtpmring_minios_watch(struct vtpmring_port *port,
                                           const char *path, const char *token)
{
    return status_of(
        xenbus_watch_path_token(XBT_NIL, path, token, &minios(port)->watches));
}

void vtpmring_minios_unwatch(struct vtpmring_port *port, const char *path,
                             const char *token)
{
    (void)port;
    (void)status_of(xenbus_unwatch_path_token(XBT_NIL, path, token));
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t i;

    for (i = 0; i + 1 < size && from[i] != '\0'; i++)
        to[i] = from[i];
    if (size > 0)
        to[i] = '\0';
}

enum vtpmring_status vtpmring_minios_next_watch(struct vtpmring_port *port,
                                                char *path, size_t path_size,
                                                char *token, size_t token_size)
{
    struct vtpmring_minios_port *self = minios(port);
    char **event;

    if (self->watches == NULL)
        return VTPMRING_AGAIN;
    event = xenbus_wait_for_watch_return(&self->watches);
    copy_cut(path, path_size, event[0]);
    copy_cut(token, token_size, event[1]);
    free(event);
    return VTPMRING_OK;
}
