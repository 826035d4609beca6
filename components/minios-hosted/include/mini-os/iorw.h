/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_IORW_H
#define MINIOS_HOSTED_IORW_H

#include <mini-os/types.h>

uint8_t ioread8(volatile void *address);
uint32_t ioread32(volatile void *address);
void iowrite8(volatile void *address, uint8_t value);
void iowrite32(volatile void *address, uint32_t value);

#endif
