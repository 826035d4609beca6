/* SPDX-License-Identifier: MIT */
#include "root_open.h"

#include "hardware_tpm.h"
#include "root_key_file.h"

#include <string.h>

static enum vtpm_status
open_key_file(struct vtpmmgr_opened_root *opened, const char *where,
              const struct vtpmmgr_root_tpm_options *tpm,
              struct vtpm_error *err)
{
    (void)tpm;
    return vtpmmgr_root_key_file(&opened->root, where, err);
}

static enum vtpm_status open_tpm(struct vtpmmgr_opened_root *opened,
                                 const char *where,
                                 const struct vtpmmgr_root_tpm_options *tpm,
                                 struct vtpm_error *err)
{
    struct vtpmmgr_root_tpm_options options = *tpm;
    enum vtpm_status status;

    options.tcti = where;
    status = vtpmmgr_root_tpm_open(&opened->root, &options, err);
    if (status == VTPM_OK)
        status = vtpmmgr_hardware_tpm(&opened->hardware,
                                      vtpmmgr_root_tpm_of(opened->root), err);
    if (status != VTPM_OK)
        vtpmmgr_root_shut(opened);
    return status;
}

static const struct kind {
    const char *name;
    enum vtpm_status (*open)(struct vtpmmgr_opened_root *opened,
                             const char *where,
                             const struct vtpmmgr_root_tpm_options *tpm,
                             struct vtpm_error *err);
} kinds[] = {
    {"key-file", open_key_file},
    {"tpm", open_tpm},
};

/* What is behind "NAME:"; NULL if nothing is, or the name is another. */
static const char *where_of(const char *name, const char *kind)
{
    size_t len = strlen(kind);

    return strncmp(name, kind, len) == 0 && name[len] == ':' &&
                   name[len + 1] != '\0'
               ? name + len + 1
               : NULL;
}

const char *vtpmmgr_root_key_path(const char *name)
{
    return where_of(name, "key-file");
}

bool vtpmmgr_root_is_tpm(const char *name)
{
    return where_of(name, "tpm") != NULL;
}

enum vtpm_status vtpmmgr_root_open(struct vtpmmgr_opened_root *opened,
                                   const char *name,
                                   const struct vtpmmgr_root_tpm_options *tpm,
                                   struct vtpm_error *err)
{
    memset(opened, 0, sizeof *opened);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *where = where_of(name, kinds[i].name);

        if (!where)
            continue;
        opened->kind = kinds[i].name;
        return kinds[i].open(opened, where, tpm, err);
    }
    return vtpm_fail(err, VTPM_EINVAL,
                     "not a root: %.80s; name key-file:PATH or tpm:TCTI", name);
}

void vtpmmgr_root_shut(struct vtpmmgr_opened_root *opened)
{
    if (opened->hardware)
        opened->hardware->ops->close(opened->hardware);
    vtpmmgr_root_close(opened->root);
    memset(opened, 0, sizeof *opened);
}
