/* SPDX-License-Identifier: MIT */
#include "blank.h"

#include "bytes.h"

#include <stdlib.h>

/* How much of a block device is looked at before it is believed that nobody's
 * data is there: labels of partition tables, file systems, RAID and LVM are in
 * these places. */
#define BLANK_HEAD (1024u * 1024u)
#define BLANK_TAIL (64u * 1024u)
#define SCAN_BLOCK (64u * 1024u)

static enum vtpm_status scan(struct vtpm_os_file *file, uint8_t *buffer,
                             uint64_t from, uint64_t to, struct vtpm_error *err)
{
    while (from < to) {
        size_t len = to - from < SCAN_BLOCK ? (size_t)(to - from) : SCAN_BLOCK;
        enum vtpm_status status = vtpm_os_read(file, from, buffer, len, err);

        if (status != VTPM_OK)
            return status;
        if (!vtpm_all_zero(buffer, len))
            return vtpm_fail(err, VTPM_EEXISTS,
                             "%s is not blank: it holds a store or other "
                             "data; remove or wipe it first if it is not "
                             "needed",
                             file->path);
        from += len;
    }
    return VTPM_OK;
}

enum vtpm_status vtpm_require_blank(struct vtpm_os_file *file,
                                    struct vtpm_error *err)
{
    uint8_t *buffer = malloc(SCAN_BLOCK);
    uint64_t size = file->size;
    enum vtpm_status status;

    if (!buffer)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    if (!file->block || size <= BLANK_HEAD + BLANK_TAIL) {
        status = scan(file, buffer, 0, size, err);
    } else {
        status = scan(file, buffer, 0, BLANK_HEAD, err);
        if (status == VTPM_OK)
            status = scan(file, buffer, size - BLANK_TAIL, size, err);
    }
    free(buffer);
    return status;
}
