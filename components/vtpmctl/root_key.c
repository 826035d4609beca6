/* SPDX-License-Identifier: MIT */
#include "root_key.h"

#include "root_open.h"
#include "store.h"

#include <string.h>

enum vtpm_status ctl_root_key_open(struct ctl_root_key *key,
                                   const struct ctl_args *args,
                                   const char *path, struct vtpm_error *err)
{
    const struct vtpmmgr_root_tpm_options options = {
        .approvals = ctl_value(args, "approvals"),
        .parent_auth_file = ctl_value(args, "parent-auth"),
    };
    struct vtpmmgr_opened_root opened;
    struct vtpmmgr_envelope envelope;
    enum vtpm_status status =
        vtpmmgr_envelope_read(path, envelope.at, &envelope.len, err);

    if (status == VTPM_OK)
        status =
            vtpmmgr_root_open(&opened, ctl_value(args, "root"), &options, err);
    if (status != VTPM_OK)
        return status;
    key->has_counter = opened.root->ops->raise != NULL;
    status = opened.root->ops->open(opened.root, &envelope, key->key,
                                    &key->anchor, err);
    vtpmmgr_root_shut(&opened);
    if (status != VTPM_OK)
        ctl_root_key_wipe(key);
    return status;
}

void ctl_root_key_wipe(struct ctl_root_key *key)
{
    vtpm_cleanse(key, sizeof *key);
}
