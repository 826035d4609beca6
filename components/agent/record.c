/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "record.h"
#include "domains.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define SUSPENDED "suspended\n"
#define LIVE "live "

void agent_uuid_text(const uint8_t uuid[VTPM_UUID_SIZE],
                     char text[AGENT_UUID_TEXT])
{
    char *at = text;

    for (int i = 0; i < VTPM_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += sprintf(at, "%02x", uuid[i]);
    }
}

/* As much of a file as fits. -1: see errno. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n;
    int error;

    if (fd < 0)
        return -1;
    do
        n = read(fd, text, size - 1);
    while (n < 0 && errno == EINTR);
    error = errno;
    (void)close(fd);
    errno = error;
    text[n > 0 ? n : 0] = '\0';
    return n;
}

static enum vtpm_status read_boot_id(struct agent_records *records,
                                     struct vtpm_error *err)
{
    char text[AGENT_BOOT_ID_SIZE + 1];
    uint8_t ignored[VTPM_UUID_SIZE];

    if (read_file(BOOT_ID, text, sizeof(text)) < 0)
        return vtpm_fail_errno(err, errno, "read", BOOT_ID);
    text[strcspn(text, "\n")] = '\0';
    if (!vtpm_uuid_parse(text, ignored))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot read " BOOT_ID ": it is no UUID; check the "
                         "kernel");
    strcpy(records->boot_id, text);
    return VTPM_OK;
}

/* With its parents. */
static enum vtpm_status make_folder(const char *folder, struct vtpm_error *err)
{
    char path[PATH_MAX];
    size_t length = strlen(folder);

    if (length == 0 || length >= sizeof(path))
        return vtpm_fail_errno(err, length == 0 ? ENOTDIR : ENAMETOOLONG,
                               "make", folder);
    for (size_t i = 1; i <= length; i++) {
        if (folder[i] != '/' && folder[i] != '\0')
            continue;
        memcpy(path, folder, i);
        path[i] = '\0';
        if (mkdir(path, i == length ? 0700 : 0755) != 0 && errno != EEXIST)
            return vtpm_fail_errno(err, errno, "make", path);
    }
    return VTPM_OK;
}

enum vtpm_status agent_records_open(struct agent_records *records,
                                    const char *folder, struct vtpm_error *err)
{
    enum vtpm_status status = make_folder(folder, err);
    struct stat st;

    records->folder = folder;
    if (status != VTPM_OK)
        return status;
    if (stat(folder, &st) != 0)
        return vtpm_fail_errno(err, errno, "examine", folder);
    if (!S_ISDIR(st.st_mode))
        return vtpm_fail_errno(err, ENOTDIR, "use", folder);
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return vtpm_fail(err, VTPM_EACCESS,
                         "cannot use %s: others can change it; it must belong "
                         "to the user of this process, with mode 0700",
                         folder);
    return read_boot_id(records, err);
}

/* @return false: the path is too long */
static bool file_of(const struct agent_records *records,
                    const uint8_t uuid[VTPM_UUID_SIZE], char path[PATH_MAX])
{
    char name[AGENT_UUID_TEXT];

    agent_uuid_text(uuid, name);
    return snprintf(path, PATH_MAX, "%s/%s", records->folder, name) <
           PATH_MAX - (int)sizeof(".new");
}

/* "live BOOT-ID DOMID\n" */
static bool parse_live(const struct agent_records *records, const char *text,
                       struct agent_record *record)
{
    const size_t head = strlen(LIVE), id = AGENT_BOOT_ID_SIZE - 1;
    uint8_t ignored[VTPM_UUID_SIZE];
    char boot_id[AGENT_BOOT_ID_SIZE];
    size_t length = strlen(text);

    if (length < head + id + 3 || strncmp(text, LIVE, head) != 0 ||
        text[head + id] != ' ' || text[length - 1] != '\n')
        return false;
    memcpy(boot_id, text + head, id);
    boot_id[id] = '\0';
    text += head + id + 1;
    if (!vtpm_uuid_parse(boot_id, ignored) ||
        !agent_number(text, strlen(text) - 1, AGENT_DOMID_END - 1,
                      &record->domid))
        return false;
    record->kind = strcmp(boot_id, records->boot_id) == 0 ? AGENT_RECORD_LIVE
                                                          : AGENT_RECORD_NONE;
    return true;
}

struct agent_record agent_record_read(const struct agent_records *records,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      struct vtpm_error *err)
{
    struct agent_record record = {AGENT_RECORD_SUSPENDED, 0};
    char path[PATH_MAX], text[128];
    ssize_t length;

    err->text[0] = '\0';
    if (!file_of(records, uuid, path)) {
        (void)vtpm_fail_errno(err, ENAMETOOLONG, "read", path);
        return record;
    }
    length = read_file(path, text, sizeof(text));
    if (length < 0 && errno == ENOENT)
        return (struct agent_record){AGENT_RECORD_NONE, 0};
    if (length < 0)
        (void)vtpm_fail_errno(err, errno, "read", path);
    else if (strlen(text) != (size_t)length ||
             (strcmp(text, SUSPENDED) != 0 &&
              !parse_live(records, text, &record)))
        (void)vtpm_fail(err, VTPM_ECORRUPT,
                        "cannot understand %s: its guest counts as suspended; "
                        "see --forget",
                        path);
    return record;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = 0;

    if (fd < 0)
        return errno;
    if (fsync(fd) != 0)
        error = errno;
    (void)close(fd);
    return error;
}

/* 0 or an errno. */
static int write_file(const char *path, const char *text)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const size_t length = strlen(text);
    int error = 0;
    ssize_t n;

    if (fd < 0)
        return errno;
    n = write(fd, text, length);
    if (n < 0)
        error = errno;
    else if ((size_t)n != length)
        error = ENOSPC;
    else if (fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

static enum vtpm_status replace(const char *path, const char *text,
                                struct vtpm_error *err)
{
    char new_path[PATH_MAX];
    int error;

    (void)snprintf(new_path, sizeof(new_path), "%.*s.new",
                   PATH_MAX - (int)sizeof(".new"), path);
    error = write_file(new_path, text);
    if (error == 0 && rename(new_path, path) != 0)
        error = errno;
    if (error == 0)
        return VTPM_OK;
    (void)unlink(new_path);
    return vtpm_fail_errno(err, error, "write", path);
}

enum vtpm_status agent_record_write(const struct agent_records *records,
                                    const uint8_t uuid[VTPM_UUID_SIZE],
                                    struct agent_record record,
                                    struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;
    char path[PATH_MAX], text[128];
    int error;

    if (!file_of(records, uuid, path))
        return vtpm_fail_errno(err, ENAMETOOLONG, "write", path);
    if (record.kind == AGENT_RECORD_NONE) {
        if (unlink(path) != 0 && errno != ENOENT)
            return vtpm_fail_errno(err, errno, "remove", path);
    } else if (record.kind == AGENT_RECORD_SUSPENDED) {
        status = replace(path, SUSPENDED, err);
    } else {
        (void)snprintf(text, sizeof(text), LIVE "%s %u\n", records->boot_id,
                       (unsigned)record.domid);
        status = replace(path, text, err);
    }
    if (status != VTPM_OK)
        return status;
    error = sync_folder(records->folder);
    if (error != 0)
        return vtpm_fail_errno(err, error, "sync", records->folder);
    return VTPM_OK;
}
