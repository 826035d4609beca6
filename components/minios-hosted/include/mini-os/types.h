/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_TYPES_H
#define MINIOS_HOSTED_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;
typedef uint32_t evtchn_port_t;

#endif
