/* SPDX-License-Identifier: MIT */
/**
 * @file port_xen_user.h
 * The port for user space on Xen: libxenevtchn, libxengnttab, libxenstore. The
 * same program runs on Xen and, without Xen, as a domain of simxen.
 *
 * A port belongs to the process that opened it. After fork() the child may not
 * use it, not even close it; its descriptors are closed by exec.
 *
 * An event that came before channel_close() may still be taken afterwards, as
 * one of a channel that is not open any more.
 *
 * A domain that has lost its xenstore cannot get it back: from then on every
 * store call is VTPMRING_EPORT. wait() reports VTPMRING_PORT_STORE until
 * store_next_watch() has said so once, and then no more, so that no loop spins;
 * pages and event channels live on.
 */
#ifndef VTPMRING_PORT_XEN_USER_H
#define VTPMRING_PORT_XEN_USER_H

#include <vtpmring/port.h>
#include <vtpmring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a program wants of Xen: a set of bits. */
enum vtpmring_port_xen_user_role {
    VTPMRING_PORT_XEN_USER_FRONT = 1, /**< share() pages: gntalloc */
    VTPMRING_PORT_XEN_USER_BACK = 2   /**< map() pages: gntdev */
};

/**
 * Takes a line for the operator. Any thread.
 * @param context the user's
 * @param level as syslog has it: 3 error, 4 warning, 6 info, 7 debug
 * @param text no final newline; may quote what a peer wrote
 */
typedef void vtpmring_port_xen_user_log(void *context, int level,
                                        const char *text);

/**
 * Opens the hypervisor's devices and xenstore. Event channels and xenstore
 * come with every role.
 * @param roles bits of enum vtpmring_port_xen_user_role; 0 is allowed
 * @param log gets all lines, also why opening failed; NULL: stderr, one line
 *        each, "prog: text", with levels if stderr is the journal, without
 *        those of level 7, unprintable bytes as '?'
 * @param context of log
 * @param prog name of the program, kept as a pointer; NULL: none in the lines
 * @param port gets the port, to be closed by vtpmring_port_xen_user_close();
 *        NULL after a failure
 * @retval VTPMRING_OK open
 * @retval VTPMRING_EINVAL unknown roles
 * @retval VTPMRING_EPORT something could not be opened; the log says what, why
 *         and what to do
 * @retval VTPMRING_ENOMEM no memory
 */
enum vtpmring_status
vtpmring_port_xen_user_open(unsigned roles, vtpmring_port_xen_user_log *log,
                            void *context, const char *prog,
                            struct vtpmring_port **port);

/**
 * Closes a port. No call of it may be running. Unmap and unshare all pages
 * before; event channels still open are closed, watches end.
 * @param port the port; NULL is harmless
 */
void vtpmring_port_xen_user_close(struct vtpmring_port *port);

/**
 * A descriptor for the caller's own poll(): readable when an event has come
 * that channel_next() has not taken. Only for polling, stays the port's.
 * @param port the port
 * @return the descriptor
 */
int vtpmring_port_xen_user_channel_fd(struct vtpmring_port *port);

#ifdef __cplusplus
}
#endif

#endif
