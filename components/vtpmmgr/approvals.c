/* SPDX-License-Identifier: MIT */
#include "approval.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A regular file, opened without waiting for anything. */
static FILE *open_file(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    FILE *file = NULL;

    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        errno = EINVAL;
    else if (fd >= 0)
        file = fdopen(fd, "r");
    if (!file && fd >= 0)
        (void)close(fd);
    return file;
}

static enum vtpm_status read_one(int folder, const char *name,
                                 struct vtpmmgr_approval *approval,
                                 struct vtpm_error *err)
{
    char text[VTPMMGR_APPROVAL_MAX + 1];
    FILE *file = open_file(folder, name);
    enum vtpm_status status;
    size_t len;

    if (!file)
        return vtpm_fail_errno(err, errno, "cannot open", name);
    len = fread(text, 1, sizeof text, file);
    if (ferror(file))
        status = vtpm_fail_errno(err, errno, "cannot read", name);
    else if (len > VTPMMGR_APPROVAL_MAX)
        status = vtpm_fail(err, VTPM_EINVAL,
                           "not an approval: it is too long; make it anew");
    else
        status = vtpmmgr_approval_parse(text, len, approval, err);
    (void)fclose(file);
    return status;
}

enum vtpm_status vtpmmgr_approval_read(const char *path,
                                       struct vtpmmgr_approval *approval,
                                       struct vtpm_error *err)
{
    enum vtpm_status status = read_one(AT_FDCWD, path, approval, err);

    if (status != VTPM_OK)
        vtpm_error_locate(err, path);
    return status;
}

static bool is_approval(const char *name)
{
    size_t len = strlen(name), suffix = strlen(VTPMMGR_APPROVAL_SUFFIX);

    return name[0] != '.' && len > suffix &&
           strcmp(name + len - suffix, VTPMMGR_APPROVAL_SUFFIX) == 0;
}

static enum vtpm_status add(struct vtpmmgr_approvals *all, int folder,
                            const char *name, struct vtpm_error *err)
{
    struct vtpmmgr_approval *bigger =
        realloc(all->at, (all->count + 1) * sizeof *all->at);

    if (!bigger)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    all->at = bigger;
    if (read_one(folder, name, &all->at[all->count], NULL) == VTPM_OK)
        all->count++;
    else
        all->bad++;
    return VTPM_OK;
}

enum vtpm_status vtpmmgr_approvals_read(const char *folder,
                                        struct vtpmmgr_approvals *all,
                                        struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;
    const struct dirent *entry;
    DIR *dir;

    memset(all, 0, sizeof *all);
    if (!folder)
        return VTPM_OK;
    dir = opendir(folder);
    if (!dir) {
        status = vtpm_fail_errno(err, errno, "cannot open", folder);
        return status == VTPM_EUNPROVISIONED ? VTPM_EINVAL : status;
    }
    while (status == VTPM_OK && (entry = readdir(dir)) != NULL)
        if (is_approval(entry->d_name))
            status = add(all, dirfd(dir), entry->d_name, err);
    (void)closedir(dir);
    if (status != VTPM_OK)
        vtpmmgr_approvals_free(all);
    return status;
}

void vtpmmgr_approvals_free(struct vtpmmgr_approvals *all)
{
    free(all->at);
    *all = (struct vtpmmgr_approvals){NULL, 0, 0};
}
