/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_XMALLOC_H
#define MINIOS_HOSTED_XMALLOC_H

#include <stdlib.h>

#endif
