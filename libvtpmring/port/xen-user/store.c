/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum vtpmring_status vtpmring_xen_user_store_read(struct vtpmring_port *port,
                                                  const char *path, char *value,
                                                  size_t size, size_t *length)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    unsigned found_length = 0;
    bool fits;
    void *found;

    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    found = xs_read(xen->xs, xen->transaction, path, &found_length);
    if (!found)
        return vtpmring_xen_user_store_failed(xen, "read", path);
    fits = found_length <= size;
    *length = fits ? found_length : size;
    memcpy(value, found, *length);
    free(found);
    return fits ? VTPMRING_OK : VTPMRING_ENOBUF;
}

enum vtpmring_status vtpmring_xen_user_store_write(struct vtpmring_port *port,
                                                   const char *path,
                                                   const char *value)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    if (!xs_write(xen->xs, xen->transaction, path, value,
                  (unsigned)strlen(value)))
        return vtpmring_xen_user_store_failed(xen, "write", path);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_xen_user_store_remove(struct vtpmring_port *port,
                                                    const char *path)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    if (!xs_rm(xen->xs, xen->transaction, path) && errno != ENOENT)
        return vtpmring_xen_user_store_failed(xen, "remove", path);
    return VTPMRING_OK;
}

/* As many whole names as fit. */
static enum vtpmring_status copy_names(char **found, unsigned count,
                                       char *names, size_t size, size_t *length)
{
    enum vtpmring_status status = VTPMRING_OK;
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        const size_t needed = strlen(found[i]) + 1;

        if (needed > size - used) {
            status = VTPMRING_ENOBUF;
            continue;
        }
        memcpy(names + used, found[i], needed);
        used += needed;
    }
    *length = used;
    return status;
}

enum vtpmring_status vtpmring_xen_user_store_list(struct vtpmring_port *port,
                                                  const char *path, char *names,
                                                  size_t size, size_t *length)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    enum vtpmring_status status;
    unsigned count = 0;
    char **found;

    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    found = xs_directory(xen->xs, xen->transaction, path, &count);
    if (!found)
        return vtpmring_xen_user_store_failed(xen, "list", path);
    status = copy_names(found, count, names, size, length);
    free(found);
    return status;
}

enum vtpmring_status vtpmring_xen_user_store_begin(struct vtpmring_port *port)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (xen->transaction != XBT_NULL)
        return VTPMRING_ESTATE;
    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    xen->transaction = xs_transaction_start(xen->xs);
    if (xen->transaction == XBT_NULL)
        return vtpmring_xen_user_store_failed(xen, "begin", "a transaction");
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_xen_user_store_end(struct vtpmring_port *port,
                                                 bool commit)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    const xs_transaction_t transaction = xen->transaction;

    if (transaction == XBT_NULL)
        return VTPMRING_ESTATE;
    xen->transaction = XBT_NULL;
    if (!vtpmring_xen_user_store_is_good(xen))
        return VTPMRING_EPORT;
    if (xs_transaction_end(xen->xs, transaction, !commit))
        return VTPMRING_OK;
    if (errno == EAGAIN)
        return VTPMRING_AGAIN;
    return vtpmring_xen_user_store_failed(xen, "end", "a transaction");
}
