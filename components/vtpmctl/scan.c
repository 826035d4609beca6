/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "scan.h"

#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES 8
/* The most blocks of one commit; store_impl.h has it for the store alone. */
#define COMMIT_MAX 15u
#define PIECE_BLOCKS 64u

static const uint8_t mark_magic[8] = {'v', 'T', 'P', 'M', 'm', 'g', 'r', 'M'};

static uint64_t offset_of(const struct ctl_scan *scan, uint64_t number)
{
    return (VTPMMGR_RING_AT + number % scan->header.ring_blocks) *
           VTPMMGR_BLOCK_SIZE;
}

/* ---- header and marks ---- */

/* All that stands before the ring, not while it is being changed. */
static enum vtpm_status read_front(struct ctl_scan *scan,
                                   struct vtpm_error *err)
{
    uint8_t *again = malloc(sizeof scan->front);
    enum vtpm_status status;

    if (!again)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    status = vtpm_os_read(&scan->file, 0, scan->front, sizeof scan->front, err);
    for (int i = 0; i < TRIES && status == VTPM_OK; i++) {
        status = vtpm_os_read(&scan->file, 0, again, sizeof scan->front, err);
        if (memcmp(again, scan->front, sizeof scan->front) == 0)
            break;
        memcpy(scan->front, again, sizeof scan->front);
    }
    free(again);
    return status;
}

static enum vtpm_status read_header(struct ctl_scan *scan,
                                    struct vtpm_error *err)
{
    uint8_t bytes[VTPMMGR_BLOCK_SIZE];
    struct vtpm_crypto crypto = {0};
    enum vtpm_status status;

    if (scan->file.size == 0)
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "not provisioned: the store is empty");
    status = vtpm_os_read(&scan->file, 0, bytes, sizeof bytes, err);
    if (status == VTPM_OK)
        status = vtpmmgr_header_decode(&crypto, bytes, scan->file.size,
                                       &scan->header, err);
    vtpm_crypto_free(&crypto);
    return status;
}

/* Whether block @p number is in its place and has this tag. */
static bool is_there(struct ctl_scan *scan, const struct vtpmmgr_mark *mark,
                     struct vtpmmgr_block *head)
{
    uint8_t bytes[VTPMMGR_BLOCK_SIZE];

    return vtpm_os_read(&scan->file, offset_of(scan, mark->number), bytes,
                        sizeof bytes, NULL) == VTPM_OK &&
           vtpmmgr_block_peek(bytes, head) &&
           memcmp(head->id, scan->header.id, sizeof head->id) == 0 &&
           head->number == mark->number &&
           memcmp(head->tag, mark->tag, sizeof mark->tag) == 0;
}

static bool read_mark(const struct ctl_scan *scan, unsigned which,
                      struct vtpmmgr_mark *mark)
{
    const uint8_t *bytes =
        scan->front + (size_t)(VTPMMGR_MARK_AT + which) * VTPMMGR_BLOCK_SIZE;

    if (memcmp(bytes, mark_magic, sizeof mark_magic) != 0 ||
        memcmp(bytes + 16, scan->header.id, VTPMMGR_ID_SIZE) != 0)
        return false;
    mark->number = vtpm_get64(bytes + 32);
    memcpy(mark->tag, bytes + 40, sizeof mark->tag);
    return mark->number > 0;
}

/* The newest mark whose block is there. One that is being written just now is
 * half of two; its block is not there. */
static enum vtpm_status find_mark(struct ctl_scan *scan,
                                  struct vtpmmgr_block *head,
                                  struct vtpm_error *err)
{
    unsigned found = 0;

    scan->mark = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct vtpmmgr_mark mark;
        struct vtpmmgr_block block;

        if (!read_mark(scan, i, &mark))
            continue;
        found++;
        if (mark.number > scan->mark && is_there(scan, &mark, &block)) {
            scan->mark = mark.number;
            *head = block;
        }
    }
    if (scan->mark > 0)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_ECORRUPT,
                     found > 0 ? "corrupt: the last commit is not where the "
                                 "marks say; restore the store from a backup"
                               : "corrupt: both marks of the last commit are "
                                 "damaged; restore the store from a backup");
}

/* ---- the chain ---- */

static enum vtpm_status read_block(struct ctl_scan *scan, uint64_t number,
                                   struct vtpmmgr_block *head,
                                   struct vtpm_error *err)
{
    unsigned long long wanted = number;
    uint8_t bytes[VTPMMGR_BLOCK_SIZE];
    enum vtpm_status status = vtpm_os_read(&scan->file, offset_of(scan, number),
                                           bytes, sizeof bytes, err);

    if (status != VTPM_OK)
        return status;
    if (vtpm_all_zero(bytes, sizeof bytes))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: block %llu is gone, zeros are in its place; "
                         "restore the store from a backup",
                         wanted);
    if (!vtpmmgr_block_peek(bytes, head) || head->first > head->number ||
        head->tail > head->number)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: block %llu is damaged; restore the store "
                         "from a backup",
                         wanted);
    if (memcmp(head->id, scan->header.id, sizeof head->id) != 0)
        return vtpm_fail(err, VTPM_EOTHER,
                         "block %llu is another store's; restore the store "
                         "from a backup",
                         wanted);
    if (head->number != number)
        return vtpm_fail(err, VTPM_EROLLBACK,
                         "in the place of block %llu is block %llu: a part is "
                         "an old copy, or blocks were moved; restore the store "
                         "from a backup",
                         wanted, (unsigned long long)head->number);
    return VTPM_OK;
}

static enum vtpm_status follow_chain(struct ctl_scan *scan,
                                     struct vtpm_error *err)
{
    struct vtpmmgr_block before = {.number = 0}, head;

    for (uint64_t n = scan->tail; n <= scan->mark; n++) {
        enum vtpm_status status = read_block(scan, n, &head, err);

        if (status != VTPM_OK)
            return status;
        if (before.number > 0 &&
            memcmp(head.before, before.tag, sizeof before.tag) != 0)
            return vtpm_fail(err, VTPM_ECORRUPT,
                             "corrupt: block %llu is not the one that the next "
                             "one follows; restore the store from a backup",
                             (unsigned long long)before.number);
        before = head;
    }
    return VTPM_OK;
}

/* A mark comes after its commit, so there may be one commit behind the mark. */
static void find_head(struct ctl_scan *scan, struct vtpmmgr_block before)
{
    uint64_t first = scan->mark + 1;

    scan->head = scan->mark;
    scan->anchor = before.anchor;
    for (uint64_t n = first; n < first + COMMIT_MAX; n++) {
        struct vtpmmgr_block head;

        if (read_block(scan, n, &head, NULL) != VTPM_OK ||
            head.first != first ||
            memcmp(head.before, before.tag, sizeof before.tag) != 0)
            return;
        if (head.flags & VTPMMGR_BLOCK_LAST) {
            scan->head = n;
            scan->anchor = head.anchor;
            return;
        }
        before = head;
    }
}

/* Whether somebody has the right to change it now. */
static bool is_in_use(const struct vtpm_os_file *file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd;

    if (!file->block)
        return fcntl(file->fd, F_OFD_GETLK, &lock) == 0 &&
               lock.l_type != F_UNLCK;
    fd = open(file->path, O_RDONLY | O_EXCL | O_CLOEXEC);
    if (fd < 0)
        return errno == EBUSY;
    (void)close(fd);
    return false;
}

static enum vtpm_status scan_once(struct ctl_scan *scan, struct vtpm_error *err)
{
    struct vtpmmgr_block head;
    enum vtpm_status status = read_front(scan, err);

    if (status == VTPM_OK)
        status = find_mark(scan, &head, err);
    if (status != VTPM_OK)
        return status;
    scan->tail = head.tail;
    if (head.tail == 0 || head.tail > head.number ||
        head.number - head.tail >= scan->header.ring_blocks)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the last commit is damaged; restore the "
                         "store from a backup");
    status = follow_chain(scan, err);
    if (status == VTPM_OK)
        find_head(scan, head);
    return status;
}

/* An owner that is fast may overtake a reader: then once more. */
static enum vtpm_status scan_again(struct ctl_scan *scan,
                                   struct vtpm_error *err)
{
    enum vtpm_status status = scan_once(scan, err);

    for (int i = 1; i < TRIES && status != VTPM_OK && scan->in_use; i++)
        status = scan_once(scan, err);
    return status;
}

enum vtpm_status ctl_scan_open(struct ctl_scan *scan, const char *path,
                               struct vtpm_error *err)
{
    enum vtpm_status status;

    memset(scan, 0, sizeof *scan);
    status = vtpm_os_open(&scan->file, path, VTPM_OS_PEEK, err);
    if (status != VTPM_OK)
        return status;
    scan->in_use = is_in_use(&scan->file);
    status = read_header(scan, err);
    if (status == VTPM_OK)
        status = scan_again(scan, err);
    if (status == VTPM_OK)
        return VTPM_OK;
    vtpm_error_locate(err, path);
    ctl_scan_close(scan);
    return status;
}

void ctl_scan_close(struct ctl_scan *scan)
{
    vtpm_os_close(&scan->file);
}

/* ---- the copy ---- */

static enum vtpm_status copy_range(struct ctl_scan *scan,
                                   struct vtpm_os_file *to, uint64_t from,
                                   uint64_t blocks, uint8_t *buffer,
                                   struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;

    while (blocks > 0 && status == VTPM_OK) {
        uint64_t n = blocks < PIECE_BLOCKS ? blocks : PIECE_BLOCKS;
        size_t len = (size_t)n * VTPMMGR_BLOCK_SIZE;

        status = vtpm_os_read(&scan->file, from, buffer, len, err);
        if (status == VTPM_OK)
            status = vtpm_os_write(to, from, buffer, len, err);
        from += len;
        blocks -= n;
    }
    return status;
}

static enum vtpm_status copy_ring(struct ctl_scan *scan,
                                  struct vtpm_os_file *to, uint8_t *buffer,
                                  struct vtpm_error *err)
{
    uint64_t ring = scan->header.ring_blocks, at = scan->tail;
    enum vtpm_status status = VTPM_OK;

    while (at <= scan->head && status == VTPM_OK) {
        uint64_t left = scan->head - at + 1, n = ring - at % ring;

        n = n < left ? n : left;
        status = copy_range(scan, to, offset_of(scan, at), n, buffer, err);
        at += n;
    }
    return status;
}

/* Zeros up to the end, or only the last ones: the rest is a hole. */
static enum vtpm_status copy_size(struct ctl_scan *scan,
                                  struct vtpm_os_file *to, bool whole,
                                  uint8_t *buffer, struct vtpm_error *err)
{
    uint64_t end =
        offset_of(scan, 0) + scan->header.ring_blocks * VTPMMGR_BLOCK_SIZE;
    uint64_t at = whole ? 0 : end - VTPMMGR_BLOCK_SIZE;
    enum vtpm_status status = VTPM_OK;

    memset(buffer, 0, (size_t)PIECE_BLOCKS * VTPMMGR_BLOCK_SIZE);
    while (at < end && status == VTPM_OK) {
        uint64_t len = end - at;

        if (len > PIECE_BLOCKS * VTPMMGR_BLOCK_SIZE)
            len = PIECE_BLOCKS * VTPMMGR_BLOCK_SIZE;
        status = vtpm_os_write(to, at, buffer, (size_t)len, err);
        at += len;
    }
    return status;
}

/* Whether the owner may have written over what was copied. */
static bool was_overtaken(const struct ctl_scan *scan)
{
    struct ctl_scan *now = malloc(sizeof *now);
    struct vtpmmgr_block head;
    bool overtaken = true;

    if (now) {
        *now = *scan;
        overtaken =
            read_front(now, NULL) != VTPM_OK ||
            find_mark(now, &head, NULL) != VTPM_OK ||
            now->mark + 2 * COMMIT_MAX >= scan->tail + scan->header.ring_blocks;
    }
    free(now);
    return overtaken;
}

static enum vtpm_status copy_all(struct ctl_scan *scan, struct vtpm_os_file *to,
                                 bool whole, uint8_t *buffer,
                                 struct vtpm_error *err)
{
    size_t rest = sizeof scan->front - VTPMMGR_BLOCK_SIZE;
    enum vtpm_status status = copy_size(scan, to, whole, buffer, err);

    if (status == VTPM_OK)
        status = copy_ring(scan, to, buffer, err);
    if (status == VTPM_OK && scan->in_use && was_overtaken(scan))
        status = vtpm_fail(err, VTPM_EBUSY,
                           "the manager writes faster than %s can be read; try "
                           "again, or stop it first",
                           scan->file.path);
    if (status == VTPM_OK)
        status = vtpm_os_write(to, VTPMMGR_BLOCK_SIZE,
                               scan->front + VTPMMGR_BLOCK_SIZE, rest, err);
    /* what is without its header is no store */
    if (status == VTPM_OK && to->block)
        status = vtpm_os_sync(to, err);
    if (status == VTPM_OK)
        status = vtpm_os_write(to, 0, scan->front, VTPMMGR_BLOCK_SIZE, err);
    return status;
}

enum vtpm_status ctl_scan_copy(struct ctl_scan *scan, struct vtpm_os_file *to,
                               bool whole, struct vtpm_error *err)
{
    uint8_t *buffer = malloc((size_t)PIECE_BLOCKS * VTPMMGR_BLOCK_SIZE);
    enum vtpm_status status;

    if (!buffer)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    status = copy_all(scan, to, whole, buffer, err);
    free(buffer);
    return status;
}

void ctl_path_of(const struct vtpm_os_file *file, char path[CTL_MEMORY_PATH])
{
    (void)snprintf(path, CTL_MEMORY_PATH, "/proc/self/fd/%d", file->fd);
}

enum vtpm_status ctl_memory_file(struct vtpm_os_file *file,
                                 char path[CTL_MEMORY_PATH],
                                 struct vtpm_error *err)
{
    *file = (struct vtpm_os_file){.published = true, .path = path};
    file->fd = memfd_create("store", MFD_CLOEXEC);
    if (file->fd < 0)
        return vtpm_fail_errno(err, errno, "make", "a file in memory");
    ctl_path_of(file, path);
    return VTPM_OK;
}
