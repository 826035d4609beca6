/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include "os.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

struct disk disks[2];

static void forget(struct disk *disk)
{
    for (size_t i = 0; i < disk->pending_count; i++) {
        free(disk->pending[i].before);
        free(disk->pending[i].bytes);
    }
    disk->pending_count = 0;
    disk->synced = 0;
}

void disks_free(void)
{
    for (int i = 0; i < 2; i++) {
        forget(&disks[i]);
        free(disks[i].bytes);
        memset(&disks[i], 0, sizeof disks[i]);
    }
}

void disks_reset(size_t size)
{
    disks_free();
    for (int i = 0; i < 2; i++) {
        disks[i].size = size;
        disks[i].bytes = calloc(1, size);
        if (!disks[i].bytes)
            abort();
    }
}

static void put(struct disk *disk, uint64_t offset, const void *from,
                size_t len)
{
    struct disk_write *write = &disk->pending[disk->pending_count++];

    if (disk->pending_count == DISK_PENDING || offset + len > disk->size)
        abort();
    *write = (struct disk_write){offset, len, malloc(len), malloc(len)};
    if (!write->before || !write->bytes)
        abort();
    memcpy(write->before, disk->bytes + offset, len);
    memcpy(write->bytes, from, len);
    memcpy(disk->bytes + offset, from, len);
}

/* Sectors that a power cut leaves of a write, as a function of their number;
 * or bytes, where it cuts in the middle of a sector. */
static void keep(struct disk *disk, const struct disk_write *write,
                 unsigned variant)
{
    static const size_t heads[] = {1, 300, SECTOR, 3 * SECTOR + 77, 4 * SECTOR};
    uint8_t *at = disk->bytes + write->offset;
    size_t len = write->len;

    switch (variant) {
    case 0: /* nothing */
        return;
    case 1:
        memcpy(at, write->bytes, len);
        return;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6: /* its beginning */
        if (heads[variant - 2] < len)
            len = heads[variant - 2];
        memcpy(at, write->bytes, len);
        return;
    case 7: /* its end */
    case 8:
        len = variant == 7 ? SECTOR : len / 2 + 100;
        if (len < write->len)
            memcpy(at + len, write->bytes + len, write->len - len);
        return;
    case 9:
    case 10: /* every other sector */
        for (size_t i = variant == 9 ? 0 : SECTOR; i < len; i += 2 * SECTOR)
            memcpy(at + i, write->bytes + i,
                   len - i < SECTOR ? len - i : SECTOR);
        return;
    case 11: /* all but one byte */
        memcpy(at, write->bytes, len - 1);
        return;
    case 12: /* all, and in one sector neither old nor new */
        memcpy(at, write->bytes, len);
        memset(at + (len > 2 * SECTOR ? SECTOR : 0), 0xa5,
               len < SECTOR ? len : SECTOR);
        return;
    default: /* the first sector is neither old nor new */
        memset(at, 0x5a, len < SECTOR ? len : SECTOR);
        return;
    }
}

/* The second device has its own cache; what a test did to it is taken back in
 * reverse. */
static void undo(struct disk *disk)
{
    for (size_t i = disk->pending_count; i-- > 0;)
        memcpy(disk->bytes + disk->pending[i].offset, disk->pending[i].before,
               disk->pending[i].len);
    forget(disk);
}

void disk_restore(void)
{
    undo(&disks[1]);
}

void disk_cut(const uint8_t *variants)
{
    struct disk *after = &disks[1];

    for (size_t i = 0; i < disks[0].pending_count; i++) {
        const struct disk_write *write = &disks[0].pending[i];

        /* remembered as a write that changed nothing, to be taken back */
        put(after, write->offset, after->bytes + write->offset, write->len);
        keep(after, write, variants[i]);
    }
}

/* ---- os.h ---- */

static struct disk *of(const struct vtpm_os_file *file)
{
    return &disks[file->fd];
}

static bool fails(struct disk *disk)
{
    disk->steps++;
    return disk->fail_step != 0 && disk->steps >= disk->fail_step &&
           disk->steps <= disk->fail_step + disk->fail_for;
}

enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err)
{
    struct disk *disk = &disks[strcmp(path, DISK_AFTER) == 0];

    file->fd = -1;
    if (mode == VTPM_OS_OWN && disk->opened > 0)
        return vtpm_fail(err, VTPM_EBUSY, "%s has one owner", path);
    *file = (struct vtpm_os_file){.fd = (int)(disk - disks),
                                  .block = true,
                                  .published = true,
                                  .size = disk->size,
                                  .path = path};
    disk->opened++;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err)
{
    (void)file;
    return vtpm_fail(err, VTPM_EEXISTS, "%s is a device", path);
}

enum vtpm_status vtpm_os_publish(struct vtpm_os_file *file,
                                 struct vtpm_error *err)
{
    (void)file;
    (void)err;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_allocate(struct vtpm_os_file *file, uint64_t size,
                                  struct vtpm_error *err)
{
    (void)size;
    return vtpm_fail(err, VTPM_EINVAL, "%s is a device", file->path);
}

enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err)
{
    const struct disk *disk = of(file);

    if (offset + len > disk->size)
        return vtpm_fail(err, VTPM_ECORRUPT, "%s ends early", file->path);
    if (disk->bad_len > 0 && offset < disk->bad_at + disk->bad_len &&
        disk->bad_at < offset + len)
        return vtpm_fail(err, VTPM_EIO, "cannot read %s", file->path);
    memcpy(to, disk->bytes + offset, len);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err)
{
    struct disk *disk = of(file);

    disk->writes++;
    if (fails(disk))
        return vtpm_fail(err, VTPM_EIO, "cannot write %s", file->path);
    put(disk, offset, from, len);
    if (disk->point)
        disk->point();
    return VTPM_OK;
}

enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file, struct vtpm_error *err)
{
    struct disk *disk = of(file);

    disk->syncs++;
    if (fails(disk))
        return vtpm_fail(err, VTPM_EIO, "cannot sync %s", file->path);
    if (disk->ignore_sync == disk->syncs)
        return VTPM_OK;
    disk->synced = disk->pending_count;
    if (disk == &disks[0]) {
        for (size_t i = 0; i < disk->pending_count; i++)
            memcpy(disks[1].bytes + disk->pending[i].offset,
                   disk->pending[i].bytes, disk->pending[i].len);
        forget(disk);
        if (disk->point)
            disk->point();
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err)
{
    return vtpm_os_sync(file, err);
}

void vtpm_os_close(struct vtpm_os_file *file)
{
    if (file->fd >= 0)
        of(file)->opened--;
    file->fd = -1;
}
