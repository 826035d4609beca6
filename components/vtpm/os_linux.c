/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory part of a path; false if it is too long. */
static bool parent_of(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 1;

    if (len >= PATH_MAX)
        return false;
    if (!slash)
        strcpy(dir, ".");
    else if (len == 0)
        strcpy(dir, "/");
    else {
        memcpy(dir, path, len);
        dir[len] = '\0';
    }
    return true;
}

/* A new name is durable only when its directory is. 0 or an errno. */
static int sync_parent(const char *path)
{
    char dir[PATH_MAX];
    int fd, error = 0;

    if (!parent_of(path, dir))
        return ENAMETOOLONG;
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fsync(fd) != 0)
        error = errno;
    (void)close(fd);
    return error;
}

static enum vtpm_status own(struct vtpm_os_file *file, struct vtpm_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    /* of the open file, not of the process: a second open in this process
     * is refused too, and closing another descriptor does not unlock */
    if (fcntl(file->fd, F_OFD_SETLK, &lock) == 0)
        return VTPM_OK;
    if (errno == EAGAIN || errno == EACCES)
        return vtpm_fail(err, VTPM_EBUSY,
                         "cannot own %s: another process uses it; a store has "
                         "one owner",
                         file->path);
    return vtpm_fail_errno(err, errno, "lock", file->path);
}

static enum vtpm_status adopt(struct vtpm_os_file *file, enum vtpm_os_mode mode,
                              struct vtpm_error *err)
{
    struct stat st;
    off_t end;

    if (fstat(file->fd, &st) != 0)
        return vtpm_fail_errno(err, errno, "examine", file->path);
    file->block = S_ISBLK(st.st_mode);
    if (!file->block && !S_ISREG(st.st_mode))
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot use %s: it is neither a regular file nor a "
                         "block device; name one",
                         file->path);
    end = lseek(file->fd, 0, SEEK_END);
    if (end < 0)
        return vtpm_fail_errno(err, errno, "find the size of", file->path);
    file->size = (uint64_t)end;
    return mode == VTPM_OS_OWN ? own(file, err) : VTPM_OK;
}

enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err)
{
    /* O_NONBLOCK: a FIFO must not hang us before it is refused */
    int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    struct stat st;
    enum vtpm_status status;

    memset(file, 0, sizeof *file);
    file->path = path;
    file->published = true;
    flags |= mode == VTPM_OS_OWN ? O_RDWR : O_RDONLY;
    /* on a block device, without O_CREAT, O_EXCL is an exclusive claim that
     * also keeps file systems and device mapper away */
    if (mode == VTPM_OS_OWN && stat(path, &st) == 0 && S_ISBLK(st.st_mode))
        flags |= O_EXCL;
    file->fd = open(path, flags);
    if (file->fd < 0) {
        if (errno == EBUSY)
            return vtpm_fail(err, VTPM_EBUSY,
                             "cannot own %s: another process or a file "
                             "system uses it; a store has one owner",
                             path);
        return vtpm_fail_errno(err, errno, "open", path);
    }
    status = adopt(file, mode, err);
    if (status != VTPM_OK)
        vtpm_os_close(file);
    return status;
}

enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err)
{
    char dir[PATH_MAX];
    struct stat st;
    enum vtpm_status status;

    memset(file, 0, sizeof *file);
    file->path = path;
    file->fd = -1;
    if (!parent_of(path, dir))
        return vtpm_fail_errno(err, ENAMETOOLONG, "create", path);
    if (lstat(path, &st) == 0)
        return vtpm_fail_errno(err, EEXIST, "create", path);
    file->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    file->anonymous = file->fd >= 0;
    if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
        file->fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (file->fd < 0)
        return vtpm_fail_errno(err, errno, "create", path);
    status = adopt(file, VTPM_OS_OWN, err);
    if (status != VTPM_OK)
        vtpm_os_close(file);
    return status;
}

/* Whether the open file is what its path leads to. */
static bool has_its_name(const struct vtpm_os_file *file)
{
    struct stat here, there;

    return fstat(file->fd, &here) == 0 && lstat(file->path, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

enum vtpm_status vtpm_os_publish(struct vtpm_os_file *file,
                                 struct vtpm_error *err)
{
    char link_path[64];
    int error;

    if (file->published)
        return VTPM_OK;
    (void)snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", file->fd);
    if (!has_its_name(file) &&
        linkat(AT_FDCWD, link_path, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW))
        return vtpm_fail_errno(err, errno, "create", file->path);
    file->anonymous = false;
    error = sync_parent(file->path);
    if (error != 0)
        return vtpm_fail_errno(err, error, "sync the directory of", file->path);
    file->published = true;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_allocate(struct vtpm_os_file *file, uint64_t size,
                                  struct vtpm_error *err)
{
    int error = posix_fallocate(file->fd, 0, (off_t)size);

    if (error != 0)
        return vtpm_fail_errno(err, error, "reserve disk space for",
                               file->path);
    file->size = size;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err)
{
    uint8_t *at = to;

    while (len > 0) {
        ssize_t n = pread(file->fd, at, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vtpm_fail_errno(err, errno, "read", file->path);
        if (n == 0)
            return vtpm_fail(err, VTPM_ECORRUPT,
                             "cannot read %s: it ends early; restore it from "
                             "a backup",
                             file->path);
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err)
{
    const uint8_t *at = from;

    while (len > 0) {
        ssize_t n = pwrite(file->fd, at, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return vtpm_fail_errno(err, n == 0 ? ENOSPC : errno, "write",
                                   file->path);
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file, struct vtpm_error *err)
{
    if (fdatasync(file->fd) == 0)
        return VTPM_OK;
    return vtpm_fail_errno(err, errno, "sync", file->path);
}

enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_os_sync(file, err);

    /* After a failed sync, Linux keeps pages as clean that are not on the
     * disk. A page cache is advice; there is nothing to do if it stays. */
    if (status == VTPM_OK)
        (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
    return status;
}

void vtpm_os_close(struct vtpm_os_file *file)
{
    if (file->fd < 0)
        return;
    if (!file->published && has_its_name(file))
        (void)unlink(file->path);
    (void)close(file->fd);
    file->fd = -1;
}

int vtpm_os_sink(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

void vtpm_os_sink_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

/* Secrets are worth nothing when others could read or choose them. */
static enum vtpm_status check_private(int fd, const char *path,
                                      struct vtpm_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return vtpm_fail_errno(err, errno, "examine", path);
    if (!S_ISREG(st.st_mode))
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot use key file %s: it is not a regular file; "
                         "name another",
                         path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return vtpm_fail(err, VTPM_EACCESS,
                         "cannot use key file %s: it belongs to user %lu; it "
                         "must belong to root or to the user of this process",
                         path, (unsigned long)st.st_uid);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return vtpm_fail(err, VTPM_EACCESS,
                         "cannot use key file %s: its mode %03lo lets others "
                         "in; run: chmod 600 %s",
                         path, (unsigned long)(st.st_mode & 0777), path);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_read_secret(const char *path, uint8_t *to, size_t cap,
                                     size_t *len, struct vtpm_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum vtpm_status status;

    *len = 0;
    if (fd < 0)
        return vtpm_fail_errno(err, errno, "open key file", path);
    status = check_private(fd, path, err);
    while (status == VTPM_OK && *len < cap) {
        ssize_t n = pread(fd, to + *len, cap - *len, (off_t)*len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = vtpm_fail_errno(err, errno, "read key file", path);
        if (n <= 0)
            break;
        *len += (size_t)n;
    }
    (void)close(fd);
    return status;
}

enum vtpm_status vtpm_os_write_secret(const char *path, const uint8_t *from,
                                      size_t len, struct vtpm_error *err)
{
    struct vtpm_os_file file;
    enum vtpm_status status = vtpm_os_create(&file, path, err);

    if (status != VTPM_OK)
        return status;
    status = vtpm_os_write(&file, 0, from, len, err);
    if (status == VTPM_OK && fsync(file.fd) != 0)
        status = vtpm_fail_errno(err, errno, "sync", path);
    if (status == VTPM_OK)
        status = vtpm_os_publish(&file, err);
    vtpm_os_close(&file);
    return status;
}
