/* SPDX-License-Identifier: MIT */
/**
 * @file fake_xen.h
 * A host in memory for tests of the link: domains are ports of one process,
 * and every call of a port can be made to fail.
 */
#ifndef FAKE_XEN_H
#define FAKE_XEN_H

#include <vtpmring/port.h>

struct fake_xen;

/** Makes a host. @return to be freed with fake_xen_free() */
struct fake_xen *fake_xen_new(void);
/** Frees it; fails the test when a domain still holds a page or a channel. */
void fake_xen_free(struct fake_xen *xen);

/** A domain's port. @return the host's; one per domain */
struct vtpmring_port *fake_xen_port(struct fake_xen *xen, uint16_t domid);
/** What the process of a domain holds is gone, as by kill -9. */
void fake_xen_kill(struct fake_xen *xen, uint16_t domid);

/** Writes what libxl writes for a device. */
void fake_xen_attach(struct fake_xen *xen, uint16_t front, uint16_t back,
                     const char *uuid);
/** Writes a node by its absolute path; NULL removes it and all below. */
void fake_xen_write(struct fake_xen *xen, const char *path, const char *value);
/** Reads a node by its absolute path. @return "" if absent; valid until the
 *  next call of this thread */
const char *fake_xen_read(struct fake_xen *xen, const char *path);

/** The domain's n-th call that can fail from now on fails; 0 never. */
void fake_xen_fail_at(struct fake_xen *xen, uint16_t domid, unsigned n);
/** Whether a call has been made to fail since. */
bool fake_xen_has_failed(struct fake_xen *xen, uint16_t domid);
/** First page that a domain has granted, NULL for none. */
unsigned char *fake_xen_page(struct fake_xen *xen, uint16_t domid);
/** Calls of wait() that a domain has made. */
unsigned fake_xen_waits(struct fake_xen *xen, uint16_t domid);
/** The clock of all domains goes ahead. */
void fake_xen_advance(struct fake_xen *xen, uint64_t us);
/** Lines that a domain has logged. */
unsigned fake_xen_lines(struct fake_xen *xen, uint16_t domid);

#endif
