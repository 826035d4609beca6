/* SPDX-License-Identifier: MIT */
#ifndef VTPM_KEYS_MANAGER_H
#define VTPM_KEYS_MANAGER_H

/**
 * @file
 * A remote keeper: the manager, asked with the frames of Xen's vtpmmgr,
 * SAVEHASHKEY and LOADHASHKEY (docs/manager-protocol.md). Which vTPM is meant,
 * the manager knows by the UUID of the device; the UUID of the store is not
 * sent.
 *
 * A manager may know a vTPM without a record, or make it with its first one:
 * a UUID that is unknown to LOADHASHKEY has no record.
 *
 * An answer is taken whole or not at all. Whatever the manager does, VTPM_OK
 * is returned for a well-formed answer with status 0 only.
 */

#include "keys.h"
#include "manager.h"

/**
 * @param keys    to be closed with vtpm_keys_close()
 * @param manager stays the caller's, must outlive the keeper
 * @return VTPM_OK; VTPM_ENOMEM
 */
enum vtpm_status vtpm_keys_manager_open(struct vtpm_keys **keys,
                                        struct vtpm_manager *manager,
                                        struct vtpm_error *err);

#endif
