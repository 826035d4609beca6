/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_IOREMAP_H
#define MINIOS_HOSTED_IOREMAP_H

void *ioremap_nocache(unsigned long phys_addr, unsigned long size);
void iounmap(void *address, unsigned long size);

#endif
