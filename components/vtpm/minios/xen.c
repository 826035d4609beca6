/* SPDX-License-Identifier: MIT */
#include <mini-os/types.h>
#include <mini-os/lib.h>

#include <vtpmring/port_minios.h>

#include "os_xen.h"

enum vtpmring_status vtpm_os_port_open(enum vtpm_os_side side, const char *name,
                                       struct vtpmring_port **port)
{
    (void)side;
    (void)name;
    return vtpmring_port_minios_open(port);
}

void vtpm_os_port_close(struct vtpmring_port *port)
{
    if (port != NULL)
        vtpmring_port_minios_close(port);
}
