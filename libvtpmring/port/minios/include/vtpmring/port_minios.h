/* SPDX-License-Identifier: MIT */
/**
 * @file port_minios.h
 * The port for Mini-OS: cooperative threads on one virtual processor.
 *
 * A port may be used by several threads of the domain. Its sleeps let other
 * threads run; its calls of xenstore block the caller, as those of Mini-OS do.
 */
#ifndef VTPMRING_PORT_MINIOS_H
#define VTPMRING_PORT_MINIOS_H

#include <vtpmring/port.h>

/**
 * Opens a port.
 * @param port gets it, to be closed by vtpmring_port_minios_close(); NULL on
 *        failure
 * @retval VTPMRING_OK opened
 * @retval VTPMRING_ENOMEM no memory
 */
enum vtpmring_status vtpmring_port_minios_open(struct vtpmring_port **port);

/**
 * Closes a port, of which nothing is in use any more. Pages that a peer still
 * maps stay allocated for good: they must not become somebody else's.
 * @param port the port; NULL is harmless
 */
void vtpmring_port_minios_close(struct vtpmring_port *port);

#endif
