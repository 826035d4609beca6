/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_SCAN_H
#define VTPMCTL_SCAN_H

/**
 * @file
 * What a manager's store shows without its root key: header, marks, and the
 * chain of its blocks, which names each block's tag in the next one. And with
 * that, a copy of it that is whole, even while the manager writes.
 */

#include "block.h"
#include "os.h"

#include <stdbool.h>
#include <stdint.h>

/** An open store. Fields are for reading. */
struct ctl_scan {
    struct vtpm_os_file file;
    struct vtpmmgr_header header;
    uint64_t tail;   /**< the oldest block that is needed */
    uint64_t mark;   /**< the last block that the marks know */
    uint64_t head;   /**< the last block: that, or of the commit behind it */
    uint64_t anchor; /**< of the head; not authenticated */
    bool in_use;     /**< somebody owns the store */
    /** What stands before the ring, as it was at one moment. */
    uint8_t front[VTPMMGR_RING_AT * VTPMMGR_BLOCK_SIZE];
};

/**
 * Opens a store to read, beside an owner, and follows the chain of its blocks.
 * Nothing of it is authenticated.
 * @param path must live as long as the scan
 * @param scan to be closed with ctl_scan_close() if this succeeds
 * @return VTPM_OK; VTPM_EUNPROVISIONED; VTPM_ECORRUPT; VTPM_EOTHER;
 *         VTPM_EROLLBACK; VTPM_EVERSION; VTPM_EACCESS; VTPM_EINVAL; VTPM_EIO;
 *         VTPM_ENOMEM; VTPM_EBUSY (its owner is faster than this reads)
 */
enum vtpm_status ctl_scan_open(struct ctl_scan *scan, const char *path,
                               struct vtpm_error *err);
void ctl_scan_close(struct ctl_scan *scan);

/**
 * Copies what the store needs to a file of the same size: header, marks,
 * envelopes, and the blocks from tail to head. The rest are zeros. The copy is
 * the store as it was at one moment.
 * @param to    new and empty; its size grows
 * @param whole writes the zeros too, so that each byte has its place
 * @return as ctl_scan_open(); VTPM_ENOSPACE
 */
enum vtpm_status ctl_scan_copy(struct ctl_scan *scan, struct vtpm_os_file *to,
                               bool whole, struct vtpm_error *err);

/** Room for the path of a file in memory. */
#define CTL_MEMORY_PATH 32u
/**
 * A file without a name that goes when it is closed.
 * @param path leads to it until then
 */
enum vtpm_status ctl_memory_file(struct vtpm_os_file *file,
                                 char path[CTL_MEMORY_PATH],
                                 struct vtpm_error *err);
/** Leads to an open file, whether it has its name yet or not. */
void ctl_path_of(const struct vtpm_os_file *file, char path[CTL_MEMORY_PATH]);

#endif
