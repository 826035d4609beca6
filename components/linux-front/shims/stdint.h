/* SPDX-License-Identifier: MIT */
/* The core's <stdint.h>, in the kernel. */
#ifndef VTPMRING_SHIM_STDINT_H
#define VTPMRING_SHIM_STDINT_H

#include <linux/types.h>
#include <linux/limits.h>

#define INT32_MAX S32_MAX
#define UINT16_MAX U16_MAX
#define UINT32_MAX U32_MAX
#define UINT64_MAX U64_MAX

#endif
