/* SPDX-License-Identifier: MIT */
/* The core's <stddef.h>, in the kernel. */
#ifndef VTPMRING_SHIM_STDDEF_H
#define VTPMRING_SHIM_STDDEF_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
