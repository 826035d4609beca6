/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define SECTOR 512u

ssize_t __real_pwrite(int fd, const void *from, size_t len, off_t at);
int __real_fdatasync(int fd);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags);
ssize_t __wrap_pwrite(int fd, const void *from, size_t len, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags);

struct faults faults;

static uint8_t *durable;
static size_t durable_len;
static const char *watched;

void faults_reset(void)
{
    memset(&faults, 0, sizeof faults);
    free(durable);
    durable = NULL;
}

static uint8_t *snapshot(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t *bytes;

    if (fd < 0 || fstat(fd, &st) != 0)
        abort();
    *len = (size_t)st.st_size;
    bytes = malloc(*len);
    if (!bytes || pread(fd, bytes, *len, 0) != (ssize_t)*len)
        abort();
    (void)close(fd);
    return bytes;
}

void faults_watch(const char *path)
{
    free(durable);
    watched = path;
    durable = snapshot(path, &durable_len);
}

static uint32_t next_random(void)
{
    faults.power_cut = faults.power_cut * 1664525u + 1013904223u;
    return faults.power_cut >> 16;
}

/* What a disk may hold after the power went: any of the sectors that were
 * written since the last sync. */
static void lose_unsynced(void)
{
    size_t len;
    uint8_t *now = snapshot(watched, &len);
    int fd = open(watched, O_WRONLY | O_CLOEXEC);

    for (size_t at = 0; at + SECTOR <= len && at < durable_len; at += SECTOR)
        if (memcmp(now + at, durable + at, SECTOR) != 0 && next_random() % 2)
            (void)!__real_pwrite(fd, durable + at, SECTOR, (off_t)at);
    (void)close(fd);
}

static void crash(void)
{
    if (faults.power_cut != 0 && durable)
        lose_unsynced();
    _exit(FAULT_EXIT);
}

/* Counts a step; true if this is the one to hit. */
static bool step(void)
{
    faults.steps++;
    if (faults.at == 0)
        return false;
    return faults.steps == faults.at ||
           (faults.stays && faults.steps > faults.at);
}

static bool fails(bool hit, bool is_sync)
{
    if (!hit || faults.mode != FAULT_ERROR || (faults.only_syncs && !is_sync))
        return false;
    errno = faults.error;
    return true;
}

static void crash_if(bool hit, enum fault_mode mode)
{
    if (hit && faults.mode == mode)
        crash();
}

void fault_point(void)
{
    bool hit = step();

    crash_if(hit, FAULT_CRASH_BEFORE);
    crash_if(hit, FAULT_CRASH_DURING);
    crash_if(hit, FAULT_CRASH_AFTER);
}

ssize_t __wrap_pwrite(int fd, const void *from, size_t len, off_t at)
{
    bool hit = step();
    ssize_t n;

    faults.writes++;
    if (fails(hit, false))
        return -1;
    crash_if(hit, FAULT_CRASH_BEFORE);
    if (hit && faults.mode == FAULT_CRASH_DURING)
        len /= 2;
    n = __real_pwrite(fd, from, len, at);
    faults.dirty++;
    crash_if(hit, FAULT_CRASH_DURING);
    crash_if(hit, FAULT_CRASH_AFTER);
    return n;
}

int __wrap_fdatasync(int fd)
{
    bool hit = step();
    int result;

    faults.syncs++;
    if (fails(hit, true))
        return -1;
    crash_if(hit, FAULT_CRASH_BEFORE);
    crash_if(hit, FAULT_CRASH_DURING);
    result = __real_fdatasync(fd);
    if (result == 0)
        faults.dirty = 0;
    if (durable && result == 0)
        faults_watch(watched);
    crash_if(hit, FAULT_CRASH_AFTER);
    return result;
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags)
{
    bool hit = step();
    int result;

    if (fails(hit, false))
        return -1;
    crash_if(hit, FAULT_CRASH_BEFORE);
    crash_if(hit, FAULT_CRASH_DURING);
    faults.named_dirty |= faults.dirty > 0;
    result = __real_linkat(from_dir, from, to_dir, to, flags);
    crash_if(hit, FAULT_CRASH_AFTER);
    return result;
}
