/* SPDX-License-Identifier: MIT */
#ifndef VTPM_BLANK_H
#define VTPM_BLANK_H

/**
 * @file
 * Whether a place is certainly nobody's, so that a new store may be made in
 * it.
 */

#include "os.h"

/**
 * Looks for anything but zeros: in all of a regular file, in the first MiB and
 * the last 64 KiB of a block device.
 * @return VTPM_OK (blank); VTPM_EEXISTS; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpm_require_blank(struct vtpm_os_file *file,
                                    struct vtpm_error *err);

#endif
