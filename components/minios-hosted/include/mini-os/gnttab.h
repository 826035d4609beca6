/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_GNTTAB_H
#define MINIOS_HOSTED_GNTTAB_H

#include <mini-os/types.h>

grant_ref_t gnttab_grant_access(domid_t peer, unsigned long frame,
                                int readonly);
int gnttab_end_access(grant_ref_t ref);

#endif
