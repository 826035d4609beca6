/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_XSM_H
#define VTPMMGR_XSM_H

/**
 * @file
 * What Xen's security module (XSM, Flask) says of the domain at the other end
 * of an event channel: xen/xsm/flask_op.h, FLASK_GET_PEER_SID and
 * FLASK_SID_TO_CONTEXT. It takes a device for hypercalls, which a domain of the
 * manager's own has; in dom0 it would give a process all of Xen, and the
 * service does not have it.
 */

#include "sender.h"

#include <stdint.h>

struct vtpmmgr_xsm;

/** @return NULL: there is nothing to ask */
struct vtpmmgr_xsm *vtpmmgr_xsm_open(void);
void vtpmmgr_xsm_close(struct vtpmmgr_xsm *xsm);

/**
 * @param xsm   NULL gives no label
 * @param port  of the event channel, in this domain
 * @param label gets the label; "" if Xen gives none, or one that is too long or
 *              no text: who demands a label refuses these
 */
void vtpmmgr_xsm_label(struct vtpmmgr_xsm *xsm, uint32_t port,
                       char label[VTPMMGR_LABEL_SIZE]);

#endif
