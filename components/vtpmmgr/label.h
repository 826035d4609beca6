/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_LABEL_H
#define VTPMMGR_LABEL_H

/**
 * @file
 * Labels of Xen's security modules (XSM), which stand for the kernel of a
 * vTPM's domain, as with Xen's manager: a group lists the SHA-1 of those that
 * it takes.
 */

#include "wire.h"

#include <stdbool.h>

/** The SHA-1 of a label; zeros for none, and if it cannot be made. */
void vtpmmgr_label_hash(const char *label, uint8_t hash[VTPMMGR_DIGEST_SIZE]);

/**
 * Whether a list of digests takes a label: by itself, or with "*" for its user,
 * which is what precedes the first colon.
 * @param label   "" for none
 * @param kernels digests; a list without any takes every label, and none
 */
bool vtpmmgr_label_listed(const char *label, struct vtpmmgr_span kernels);

#endif
