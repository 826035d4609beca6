/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_EVENTS_H
#define MINIOS_HOSTED_EVENTS_H

#include <mini-os/types.h>

struct pt_regs;
typedef void (*evtchn_handler_t)(evtchn_port_t, struct pt_regs *, void *);

int evtchn_alloc_unbound(domid_t peer, evtchn_handler_t handler, void *data,
                         evtchn_port_t *port);
int evtchn_bind_interdomain(domid_t peer, evtchn_port_t remote,
                            evtchn_handler_t handler, void *data,
                            evtchn_port_t *port);
void unbind_evtchn(evtchn_port_t port);
int notify_remote_via_evtchn(evtchn_port_t port);
int evtchn_get_peercontext(evtchn_port_t port, char *context, int size);

#endif
