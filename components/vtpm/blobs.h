/* SPDX-License-Identifier: MIT */
#ifndef VTPM_BLOBS_H
#define VTPM_BLOBS_H

/**
 * @file
 * The named blobs that libtpms and the engine keep, packed into the one state
 * that a store holds: u32 magic, u32 version, u32 count, then for each blob a
 * name of 16 bytes padded with zeros, u32 length, bytes. Big-endian. The packed
 * form is the only copy, so that a save copies nothing.
 *
 * What comes from a store is authenticated, and parsed as if it were not.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What libtpms calls the memory that a TPM loses without power. */
#define VTPM_BLOB_VOLATILE "volatilestate"
/** Empty: the TPM executed nothing since its PCRs were reset. */
#define VTPM_BLOB_PRISTINE "pristine"

/** Owned by the caller; free with vtpm_blobs_free(). */
struct vtpm_blobs {
    uint8_t *bytes;
    size_t len;
    size_t cap;
};

/** An empty set: VTPM_OK or VTPM_ENOMEM. */
enum vtpm_status vtpm_blobs_init(struct vtpm_blobs *blobs);

/**
 * Takes over a packed set after it was checked: every length, each name one
 * that is used, none twice, nothing left over.
 * @param bytes from malloc(); the set's if VTPM_OK, else still the caller's
 * @return VTPM_OK; VTPM_ECORRUPT; VTPM_EVERSION
 */
enum vtpm_status vtpm_blobs_adopt(struct vtpm_blobs *blobs, uint8_t *bytes,
                                  size_t len, struct vtpm_error *err);

/** Finds a blob. @return its bytes, valid until the set changes, or NULL */
const uint8_t *vtpm_blobs_get(const struct vtpm_blobs *blobs, const char *name,
                              size_t *len);

/**
 * Adds or replaces a blob. @p changed tells whether anything is different
 * now; it is only set, never cleared.
 * @return VTPM_OK; VTPM_ENOMEM; VTPM_ETOOBIG; VTPM_EINVAL (a name that
 *         is not used)
 */
enum vtpm_status vtpm_blobs_put(struct vtpm_blobs *blobs, const char *name,
                                const uint8_t *bytes, size_t len,
                                bool *changed);

/** Removes a blob. @return whether there was one */
bool vtpm_blobs_remove(struct vtpm_blobs *blobs, const char *name);

/** Wipes and frees. Also for a zeroed struct. */
void vtpm_blobs_free(struct vtpm_blobs *blobs);

#endif
