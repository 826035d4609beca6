/* SPDX-License-Identifier: MIT */
#include "os_xen.h"

#include <stddef.h>
#include <vtpmring/port_xen_user.h>

enum vtpmring_status vtpm_os_port_open(enum vtpm_os_side side, const char *name,
                                       struct vtpmring_port **port)
{
    return vtpmring_port_xen_user_open(side == VTPM_OS_BACK
                                           ? VTPMRING_PORT_XEN_USER_BACK
                                           : VTPMRING_PORT_XEN_USER_FRONT,
                                       NULL, NULL, name, port);
}

void vtpm_os_port_close(struct vtpmring_port *port)
{
    vtpmring_port_xen_user_close(port);
}
