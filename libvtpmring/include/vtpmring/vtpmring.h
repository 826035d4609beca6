/* SPDX-License-Identifier: MIT */
/**
 * @file vtpmring.h
 * Everything of the core.
 *
 * Conventions. Structures are allocated by the caller; their fields may be
 * read, not written. No call allocates, blocks or calls back. Sizes are size_t
 * in bytes. A function that can fail returns enum vtpmring_status, which says
 * whose fault it was. Text from xenstore is passed as pointer and length and is
 * never trusted. `peer` is the other domain.
 */
#ifndef VTPMRING_VTPMRING_H
#define VTPMRING_VTPMRING_H

#include <vtpmring/status.h>
#include <vtpmring/page.h>
#include <vtpmring/tpm.h>
#include <vtpmring/xenbus.h>
#include <vtpmring/front.h>
#include <vtpmring/back.h>

/** Version of the library, as in its package. */
#define VTPMRING_VERSION "0.1.0"

#endif
