/* SPDX-License-Identifier: MIT */
/* Where the lock file lives. Every process that can reach a vTPM must come to
   the same file, and nobody else may get in the way. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

#define FOLDER "/run/vtpmring"
#define PATH_MAX_BYTES 64

/* A folder in which nobody but root, us and a group of root's choice can make
   files. errno after -1. */
static int open_folder(const char *path, bool make)
{
    struct stat st;
    int fd;
    bool made = make && mkdir(path, 0700) == 0;

    if (make && !made && errno != EEXIST)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* Whatever the umask of the program is. */
    if (made)
        (void)fchmod(fd, 0700);
    if (fstat(fd, &st) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()) ||
        (st.st_mode & S_IWOTH) != 0 ||
        faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        (void)close(fd);
        errno = EACCES;
        return -1;
    }
    return fd;
}

int tcti_lock_folder(char error[TCTI_LOCK_ERROR_MAX])
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    bool root = geteuid() == 0;
    char path[PATH_MAX_BYTES];
    int fd = open_folder(FOLDER, root);

    if (fd < 0 && !root && runtime != NULL && runtime[0] == '/')
        fd = open_folder(runtime, false);
    if (fd < 0) {
        (void)snprintf(path, sizeof(path), "/tmp/vtpmring-%ju",
                       (uintmax_t)geteuid());
        fd = open_folder(path, true);
    }
    if (fd < 0)
        (void)snprintf(error, TCTI_LOCK_ERROR_MAX,
                       "no folder for the lock file: neither " FOLDER
                       " nor %s can be used: %s; make " FOLDER
                       " writable for your group, closed to others",
                       path, strerror(errno));
    return fd;
}

/* FNV-1a. Two simulated domains with one hash would only wait for each
   other. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

static void file_name(char name[TCTI_LOCK_NAME_MAX], const char *world,
                      unsigned device)
{
    if (world[0] == '\0')
        (void)snprintf(name, TCTI_LOCK_NAME_MAX, "vtpmring-%u.lock", device);
    else
        (void)snprintf(name, TCTI_LOCK_NAME_MAX,
                       "vtpmring-%016" PRIx64 "-%u.lock", hash(world), device);
}

/* The umask must not lock the folder's group out. */
static void share_with_group(int fd, int folder, const struct stat *file)
{
    struct stat st;

    if (fstat(folder, &st) == 0 && (st.st_mode & S_IWGRP) != 0 &&
        file->st_uid == geteuid() && (file->st_mode & 0777) != 0660)
        (void)fchmod(fd, 0660);
}

static bool refuse(struct tcti_lock *lock, int why)
{
    (void)close(lock->fd);
    lock->fd = -1;
    errno = why;
    return false;
}

bool tcti_lock_open_file(struct tcti_lock *lock,
                         char error[TCTI_LOCK_ERROR_MAX])
{
    struct stat st;

    lock->fd = openat(lock->folder, lock->name,
                      O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
                          O_CLOEXEC,
                      0600);
    if (lock->fd < 0) {
        (void)snprintf(error, TCTI_LOCK_ERROR_MAX,
                       "cannot open lock file %s: %s; remove it if it is none "
                       "of this library's",
                       lock->name, strerror(errno));
        return false;
    }
    /* A link count of 0: it was removed since, which is no fault. */
    if (fstat(lock->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
        (void)snprintf(error, TCTI_LOCK_ERROR_MAX,
                       "lock file %s is not a plain file of its own; remove it",
                       lock->name);
        return refuse(lock, EINVAL);
    }
    share_with_group(lock->fd, lock->folder, &st);
    return true;
}

bool tcti_lock_open(struct tcti_lock *lock, int folder, const char *world,
                    unsigned device, unsigned idle_ms,
                    char error[TCTI_LOCK_ERROR_MAX])
{
    *lock = (struct tcti_lock){.fd = -1, .idle_ms = idle_ms};
    file_name(lock->name, world, device);
    lock->folder = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    if (lock->folder < 0) {
        (void)snprintf(error, TCTI_LOCK_ERROR_MAX,
                       "cannot open lock file %s: %s; raise the limit of open "
                       "files",
                       lock->name, strerror(errno));
        return false;
    }
    if (tcti_lock_open_file(lock, error))
        return true;
    tcti_lock_close(lock);
    return false;
}
