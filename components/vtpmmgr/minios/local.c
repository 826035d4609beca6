/* SPDX-License-Identifier: MIT */
/* A domain of Mini-OS has no sockets, so no clients of its own. Administrators
 * come by the vtpm device of an admin's domain. */
#include "local.h"

enum vtpm_status vtpmmgr_local_begin(struct vtpmmgr_local **local,
                                     struct vtpmmgr_manager *manager,
                                     const char *path, struct vtpm_error *err)
{
    (void)manager;
    (void)path;
    (void)err;
    *local = NULL;
    return VTPM_OK;
}

void vtpmmgr_local_end(struct vtpmmgr_local *local)
{
    (void)local;
}
