/* SPDX-License-Identifier: MIT */
/* Stores on virtual disks, named by their nodes: "device/vbd/51712". There are
 * no files. blkfront's own functions for files hide errors; here each request
 * has its own result. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/blkfront.h>
#include <mini-os/mm.h>
#include <mini-os/wait.h>
#include <mini-os/xmalloc.h>
#include <fcntl.h>
#include <string.h>

#include "os.h"

#define DISKS 4

/* A descriptor is a place here. */
static struct disk {
    struct blkfront_dev *device; /* NULL: the place is free */
    struct blkfront_info info;
    uint8_t *page; /* what is read and written goes through it */
} disks[DISKS];

struct request {
    struct blkfront_aiocb block; /* first */
    bool over;
    int result;
};

static void end(struct blkfront_aiocb *block, int result)
{
    struct request *request = (struct request *)block;

    request->result = result;
    request->over = true;
}

static bool is_over(struct request *request)
{
    if (!request->over)
        (void)blkfront_aio_poll(request->block.aio_dev);
    return request->over;
}

static bool finish(struct request *request)
{
    wait_event(blkfront_queue, is_over(request));
    return request->result == 0;
}

/* Whole sectors, at most a page of them. */
static bool transfer(struct disk *disk, uint64_t offset, size_t length,
                     bool write)
{
    struct request request;

    memset(&request, 0, sizeof(request));
    request.block.aio_dev = disk->device;
    request.block.aio_buf = disk->page;
    request.block.aio_nbytes = length;
    request.block.aio_offset = (off_t)offset;
    request.block.aio_cb = end;
    blkfront_aio(&request.block, write);
    return finish(&request);
}

static bool flush(struct disk *disk)
{
    struct request request;
    uint8_t operation = BLKIF_OP_FLUSH_DISKCACHE;

    if (disk->info.flush != 1) {
        /* a backend with neither has written when it answers */
        if (disk->info.barrier != 1)
            return true;
        operation = BLKIF_OP_WRITE_BARRIER;
    }
    memset(&request, 0, sizeof(request));
    request.block.aio_dev = disk->device;
    request.block.aio_cb = end;
    blkfront_aio_push_operation(&request.block, operation);
    return finish(&request);
}

static enum vtpm_status no_files(const char *path, struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EINVAL,
                     "cannot use %s: Mini-OS has no files; name a disk, "
                     "device/vbd/NUMBER, and let a manager or a TPM keep the "
                     "keys",
                     path);
}

static bool begin(struct disk *disk, const char *path)
{
    char *node = strdup(path);

    disk->page = (uint8_t *)alloc_page();
    if (node != NULL && disk->page != NULL)
        disk->device = init_blkfront(node, &disk->info);
    if (disk->device != NULL && disk->info.sector_size <= PAGE_SIZE) {
        free(node);
        return true;
    }
    if (disk->device != NULL)
        shutdown_blkfront(disk->device);
    if (disk->page != NULL)
        free_page(disk->page);
    disk->device = NULL;
    disk->page = NULL;
    free(node);
    return false;
}

enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err)
{
    int place = 0;

    memset(file, 0, sizeof(*file));
    file->fd = -1;
    file->path = path;
    file->block = file->published = true;
    if (strncmp(path, "device/vbd/", 11) != 0)
        return no_files(path, err);
    while (place < DISKS && disks[place].device != NULL)
        place++;
    if (place == DISKS)
        return vtpm_fail(err, VTPM_ENOMEM, "cannot open %s: too many disks",
                         path);
    if (!begin(&disks[place], path))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot open %s: the domain has no such disk; see "
                         "disk= in its configuration",
                         path);
    file->fd = place;
    file->size = disks[place].info.sectors * disks[place].info.sector_size;
    if (mode == VTPM_OS_OWN && disks[place].info.mode != O_RDWR) {
        vtpm_os_close(file);
        return vtpm_fail(err, VTPM_EACCESS,
                         "cannot write %s: the disk is read-only; give it "
                         "mode w",
                         path);
    }
    return VTPM_OK;
}

void vtpm_os_close(struct vtpm_os_file *file)
{
    struct disk *disk;

    if (file->fd < 0)
        return;
    disk = &disks[file->fd];
    shutdown_blkfront(disk->device);
    free_page(disk->page);
    disk->device = NULL;
    disk->page = NULL;
    file->fd = -1;
}

/* The sectors around a piece of what is asked for; as much as fits a page.
 * Returns the bytes of the piece. */
static size_t piece(const struct disk *disk, uint64_t offset, size_t len,
                    uint64_t *first, size_t *span)
{
    const size_t sector = disk->info.sector_size;
    const size_t skip = (size_t)(offset % sector);

    *first = offset - skip;
    if (len > PAGE_SIZE - skip)
        len = PAGE_SIZE - skip;
    *span = (skip + len + sector - 1) / sector * sector;
    return len;
}

enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err)
{
    struct disk *disk = &disks[file->fd];
    uint8_t *at = to;

    if (offset > file->size || len > file->size - offset)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "cannot read %s: it ends early; restore it from a "
                         "backup",
                         file->path);
    while (len > 0) {
        uint64_t first;
        size_t span, n = piece(disk, offset, len, &first, &span);

        if (!transfer(disk, first, span, false))
            return vtpm_fail(err, VTPM_EIO,
                             "cannot read %s: input/output "
                             "error; see the log of dom0",
                             file->path);
        memcpy(at, disk->page + (offset - first), n);
        at += n;
        offset += n;
        len -= n;
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err)
{
    struct disk *disk = &disks[file->fd];
    const uint8_t *at = from;

    if (offset > file->size || len > file->size - offset)
        return vtpm_fail(err, VTPM_ENOSPACE,
                         "cannot write %s: the disk is too small; enlarge it",
                         file->path);
    while (len > 0) {
        uint64_t first;
        size_t span, n = piece(disk, offset, len, &first, &span);
        bool good = true;

        /* what is around it in its sectors stays */
        if (n != span)
            good = transfer(disk, first, span, false);
        memcpy(disk->page + (offset - first), at, n);
        if (!good || !transfer(disk, first, span, true))
            return vtpm_fail(err, VTPM_EIO,
                             "cannot write %s: input/output "
                             "error; see the log of dom0",
                             file->path);
        at += n;
        offset += n;
        len -= n;
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file, struct vtpm_error *err)
{
    if (flush(&disks[file->fd]))
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EIO,
                     "cannot sync %s: the disk's cache was not written; see "
                     "the log of dom0",
                     file->path);
}

enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err)
{
    return vtpm_os_sync(file, err);
}

enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err)
{
    memset(file, 0, sizeof(*file));
    file->fd = -1;
    return no_files(path, err);
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
    return no_files(file->path, err);
}

int vtpm_os_sink(void)
{
    return -1;
}

void vtpm_os_sink_close(int fd)
{
    (void)fd;
}

enum vtpm_status vtpm_os_read_secret(const char *path, uint8_t *to, size_t cap,
                                     size_t *len, struct vtpm_error *err)
{
    (void)to;
    (void)cap;
    *len = 0;
    return no_files(path, err);
}

enum vtpm_status vtpm_os_write_secret(const char *path, const uint8_t *from,
                                      size_t len, struct vtpm_error *err)
{
    (void)from;
    (void)len;
    return no_files(path, err);
}
