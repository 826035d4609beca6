/* SPDX-License-Identifier: MIT */
#include "status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum vtpm_status vtpm_fail(struct vtpm_error *err, enum vtpm_status status,
                           const char *format, ...)
{
    if (err) {
        va_list args;

        va_start(args, format);
        (void)vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

enum vtpm_status vtpm_status_of_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return VTPM_ENOSPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return VTPM_EACCESS;
    case EBUSY:
    case EAGAIN:
        return VTPM_EBUSY;
    case ENOENT:
        return VTPM_EUNPROVISIONED;
    case EEXIST:
        return VTPM_EEXISTS;
    case ENOMEM:
        return VTPM_ENOMEM;
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return VTPM_EINVAL;
    default:
        return VTPM_EIO;
    }
}

static const char *remedy_of(enum vtpm_status status)
{
    switch (status) {
    case VTPM_ENOSPACE:
        return "make room there";
    case VTPM_EACCESS:
        return "run as its owner, or change owner and mode";
    case VTPM_EBUSY:
        return "end what uses it";
    case VTPM_EUNPROVISIONED:
        return "check the path, or make what is missing, see vtpm --help";
    case VTPM_EEXISTS:
        return "name another, or leave it out if it is to be used";
    case VTPM_ENOMEM:
        return "end other programs";
    case VTPM_EINVAL:
        return "check the path";
    default:
        return "check the disk and the kernel's log";
    }
}

enum vtpm_status vtpm_fail_errno(struct vtpm_error *err, int error,
                                 const char *what, const char *path)
{
    enum vtpm_status status = vtpm_status_of_errno(error);
    char cause[96];

    if (strerror_r(error, cause, sizeof cause) != 0)
        (void)snprintf(cause, sizeof cause, "error %d", error);
    return vtpm_fail(err, status, "cannot %s %s: %s; %s", what, path, cause,
                     remedy_of(status));
}

void vtpm_error_locate(struct vtpm_error *err, const char *path)
{
    struct vtpm_error line;

    if (!err || strstr(err->text, path))
        return;
    line = *err;
    /* a long path leaves room for the cause */
    (void)snprintf(err->text, sizeof err->text, "%.100s: %.150s", path,
                   line.text);
}

const char *vtpm_status_text(enum vtpm_status status)
{
    static const char *const texts[] = {
        [VTPM_OK] = "success",
        [VTPM_EUNPROVISIONED] = "not provisioned",
        [VTPM_EEXISTS] = "already there",
        [VTPM_EKEY] = "wrong key",
        [VTPM_EREFUSED] = "refused by the key keeper",
        [VTPM_ECORRUPT] = "corrupt",
        [VTPM_EROLLBACK] = "an older copy",
        [VTPM_EOTHER] = "of another vTPM",
        [VTPM_EVERSION] = "unsupported version",
        [VTPM_ETOOSMALL] = "device too small",
        [VTPM_ETOOBIG] = "state too big",
        [VTPM_EBUSY] = "in use",
        [VTPM_EACCESS] = "permission",
        [VTPM_ENOSPACE] = "no space",
        [VTPM_EIO] = "input or output error",
        [VTPM_ENOMEM] = "out of memory",
        [VTPM_EINVAL] = "invalid argument",
        [VTPM_EUNSUPPORTED] = "unsupported",
        [VTPM_ETPM] = "TPM failure",
    };

    if ((unsigned)status >= sizeof texts / sizeof texts[0])
        return "unknown";
    return texts[status];
}
