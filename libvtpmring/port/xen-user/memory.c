/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <vtpmring/page.h>

#define PAGES_MAX ((size_t)VTPMRING_PAGE_EXTRA_MAX + 1)

enum vtpmring_status
vtpmring_xen_user_memory_init(struct vtpmring_port_xen_user *xen,
                              unsigned roles)
{
    if (roles & VTPMRING_PORT_XEN_USER_FRONT) {
        xen->gntshr = xengntshr_open(&xen->xen_logger, 0);
        if (!xen->gntshr)
            return vtpmring_xen_user_open_failed(
                xen, "/dev/xen/gntalloc",
                "load the kernel module xen-gntalloc");
        /* Unlike the others this one may be inherited by exec. */
        (void)fcntl(xengntshr_fd(xen->gntshr), F_SETFD, FD_CLOEXEC);
    }
    if (roles & VTPMRING_PORT_XEN_USER_BACK) {
        xen->gnttab = xengnttab_open(&xen->xen_logger, 0);
        if (!xen->gnttab)
            return vtpmring_xen_user_open_failed(
                xen, "/dev/xen/gntdev", "load the kernel module xen-gntdev");
    }
    return VTPMRING_OK;
}

void vtpmring_xen_user_memory_end(struct vtpmring_port_xen_user *xen)
{
    if (xen->gntshr)
        (void)xengntshr_close(xen->gntshr);
    if (xen->gnttab)
        (void)xengnttab_close(xen->gnttab);
}

static enum vtpmring_status failed(struct vtpmring_port_xen_user *xen,
                                   const char *verb, size_t count,
                                   const char *whose, uint16_t peer)
{
    const int error = errno;

    if (error == ENOMEM)
        return VTPMRING_ENOMEM;
    vtpmring_xen_user_complain(
        xen, "cannot %s %zu page(s) %s domain %u: %s%s", verb, count, whose,
        (unsigned)peer, strerror(error),
        error == ENOSPC ? "; raise the limit of grants (module "
                          "parameter of xen-gntalloc)"
                        : "");
    return VTPMRING_EPORT;
}

enum vtpmring_status vtpmring_xen_user_share(struct vtpmring_port *port,
                                             uint16_t peer, size_t count,
                                             void **pages, uint32_t *refs)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    void *shared;

    if (!xen->gntshr)
        return VTPMRING_EUNSUPPORTED;
    if (count == 0 || count > PAGES_MAX)
        return VTPMRING_EINVAL;
    shared = xengntshr_share_pages(xen->gntshr, peer, (int)count, refs, 1);
    if (!shared)
        return failed(xen, "share", count, "with", peer);
    memset(shared, 0, count * VTPMRING_PAGE_SIZE);
    *pages = shared;
    return VTPMRING_OK;
}

void vtpmring_xen_user_unshare(struct vtpmring_port *port, void *pages,
                               size_t count)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (xengntshr_unshare(xen->gntshr, pages, (uint32_t)count) != 0)
        vtpmring_xen_user_complain(xen, "cannot end sharing %zu page(s): %s",
                                   count, strerror(errno));
}

enum vtpmring_status vtpmring_xen_user_map(struct vtpmring_port *port,
                                           uint16_t peer, const uint32_t *refs,
                                           size_t count, void **pages)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    uint32_t own_refs[PAGES_MAX]; /* the library wants to be free to write */
    void *mapped;

    if (!xen->gnttab)
        return VTPMRING_EUNSUPPORTED;
    if (count == 0 || count > PAGES_MAX)
        return VTPMRING_EINVAL;
    memcpy(own_refs, refs, count * sizeof(own_refs[0]));
    mapped = xengnttab_map_domain_grant_refs(xen->gnttab, (uint32_t)count, peer,
                                             own_refs, PROT_READ | PROT_WRITE);
    if (!mapped)
        return failed(xen, "map", count, "of", peer);
    *pages = mapped;
    return VTPMRING_OK;
}

void vtpmring_xen_user_unmap(struct vtpmring_port *port, void *pages,
                             size_t count)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);

    if (xengnttab_unmap(xen->gnttab, pages, (uint32_t)count) != 0)
        vtpmring_xen_user_complain(xen, "cannot unmap %zu page(s): %s", count,
                                   strerror(errno));
}
