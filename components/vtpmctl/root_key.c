/* SPDX-License-Identifier: MIT */
#include "root_key.h"

#include "root_key_file.h"
#include "root_tpm.h"
#include "store.h"

#include <string.h>

static const char *behind(const char *name, const char *kind)
{
    size_t len = strlen(kind);

    return strncmp(name, kind, len) == 0 && name[len] ? name + len : NULL;
}

enum vtpm_status ctl_root_open(struct vtpmmgr_root **root,
                               const struct ctl_args *args,
                               struct vtpm_error *err)
{
    const char *name = ctl_value(args, "root");
    const char *key_file = behind(name, "key-file:");
    const struct vtpmmgr_root_tpm_options options = {
        .tcti = behind(name, "tpm:"),
        .approvals = ctl_value(args, "approvals"),
        .parent_auth_file = ctl_value(args, "parent-auth"),
    };

    if (key_file)
        return vtpmmgr_root_key_file(root, key_file, err);
    if (options.tcti)
        return vtpmmgr_root_tpm_open(root, &options, err);
    return vtpm_fail(err, VTPM_EINVAL,
                     "not a root: %.80s; name key-file:PATH or tpm:TCTI", name);
}

enum vtpm_status ctl_root_key_open(struct ctl_root_key *key,
                                   const struct ctl_args *args,
                                   const char *path, struct vtpm_error *err)
{
    struct vtpmmgr_root *root;
    struct vtpmmgr_envelope envelope;
    enum vtpm_status status =
        vtpmmgr_envelope_read(path, envelope.at, &envelope.len, err);

    if (status == VTPM_OK)
        status = ctl_root_open(&root, args, err);
    if (status != VTPM_OK)
        return status;
    key->has_counter = root->ops->raise != NULL;
    status = root->ops->open(root, &envelope, key->key, &key->anchor, err);
    vtpmmgr_root_close(root);
    if (status != VTPM_OK)
        ctl_root_key_wipe(key);
    return status;
}

void ctl_root_key_wipe(struct ctl_root_key *key)
{
    vtpm_cleanse(key, sizeof *key);
}
