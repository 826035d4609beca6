/* SPDX-License-Identifier: MIT */
#include "xsm.h"

#include <mini-os/types.h>
#include <mini-os/events.h>
#include <mini-os/lib.h>
#include <string.h>

struct vtpmmgr_xsm *vtpmmgr_xsm_open(void)
{
    return NULL;
}

void vtpmmgr_xsm_close(struct vtpmmgr_xsm *xsm)
{
    (void)xsm;
}

/* Without a security module there is no label. */
void vtpmmgr_xsm_label(struct vtpmmgr_xsm *xsm, uint32_t port,
                       char label[VTPMMGR_LABEL_SIZE])
{
    (void)xsm;
    label[0] = '\0';
    if (evtchn_get_peercontext(port, label, VTPMMGR_LABEL_SIZE) != 0)
        label[0] = '\0';
    label[VTPMMGR_LABEL_SIZE - 1] = '\0';
}
