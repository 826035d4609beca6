/* SPDX-License-Identifier: MIT */
#ifndef VTPM_OS_XEN_H
#define VTPM_OS_XEN_H

/**
 * @file
 * The platform: how a program reaches Xen. os_xen_linux.c by the libraries of
 * Xen's tools, minios/xen.c by Mini-OS.
 */

#include <vtpmring/port.h>

/** What a program is at the other end of a port. */
enum vtpm_os_side { VTPM_OS_BACK, VTPM_OS_FRONT };

/**
 * Opens a port. Logs why it cannot.
 * @param name begins the lines of its log
 * @return as vtpmring_port_xen_user_open()
 */
enum vtpmring_status vtpm_os_port_open(enum vtpm_os_side side, const char *name,
                                       struct vtpmring_port **port);
/** NULL does nothing. */
void vtpm_os_port_close(struct vtpmring_port *port);

#endif
