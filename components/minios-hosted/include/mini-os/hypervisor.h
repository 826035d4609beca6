/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_HYPERVISOR_H
#define MINIOS_HOSTED_HYPERVISOR_H

#include <mini-os/types.h>

void unmask_evtchn(uint32_t port);

#endif
