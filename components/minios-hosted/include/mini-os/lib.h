/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_LIB_H
#define MINIOS_HOSTED_LIB_H

#include <mini-os/console.h>
#include <mini-os/types.h>
#include <stdlib.h>
#include <string.h>

domid_t get_domid(void);

#endif
