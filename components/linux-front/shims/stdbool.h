/* SPDX-License-Identifier: MIT */
/* The core's <stdbool.h>, in the kernel: it has bool, true and false there. */
#ifndef VTPMRING_SHIM_STDBOOL_H
#define VTPMRING_SHIM_STDBOOL_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
