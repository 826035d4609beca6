/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "../wire.h"

/*
 * A program of a domain talks to the xenstore of the same domain, whatever
 * its parent's XENSTORED_PATH says: a shell may look at the store as
 * Domain-0 does while the programs it starts act for a guest.
 */
__attribute__((constructor)) static void choose_xenstore(void)
{
    const char *domain = getenv("SIMXEN_DOMAIN");
    char path[512];
    int len;

    if (!domain || !*domain)
        return;
    len = snprintf(path, sizeof(path), "%s/%s", domain, SIMXEN_XENSTORED);
    if (len > 0 && (size_t)len < sizeof(path))
        (void)setenv("XENSTORED_PATH", path, 1);
}
