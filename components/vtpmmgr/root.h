/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_ROOT_H
#define VTPMMGR_ROOT_H

/**
 * @file
 * The root of the manager's secrets: who can open the envelope in which the
 * store (store.h) keeps its root key, and who remembers a number that whoever
 * has the disk cannot set back.
 *
 * Two kinds fit this interface, and the manager's code is the same for both:
 *
 * - A key file. It opens its envelopes always, and remembers no number.
 * - A hardware TPM 2.0. It opens an envelope while the platform is in a state
 *   that the envelope names or that a trusted key has signed, and has a counter
 *   in its NV memory.
 *
 * Used by one thread at a time.
 */

#include "crypto.h"
#include "status.h"
#include "store.h"

#include <stddef.h>
#include <stdint.h>

/** Bytes that the root key was put into. */
struct vtpmmgr_envelope {
    uint8_t at[VTPMMGR_ENVELOPE_MAX];
    size_t len;
};

struct vtpmmgr_root;

struct vtpmmgr_root_ops {
    /**
     * Once, for a new store: makes what the root needs (a storage parent, a
     * counter) unless it is there, and puts a key into an envelope.
     * @param key    the caller's, random; not kept
     * @param anchor gets what the counter says; 0 without a counter
     * @return VTPM_OK; VTPM_EREFUSED (the TPM says no: an authorisation, a
     *         policy, a lockout); VTPM_ENOSPACE (its NV memory is full);
     *         VTPM_EIO (it cannot be reached, or fails); VTPM_EINVAL;
     *         VTPM_EUNSUPPORTED (it cannot do that)
     */
    enum vtpm_status (*provision)(struct vtpmmgr_root *root,
                                  const uint8_t key[VTPM_KEY_SIZE],
                                  struct vtpmmgr_envelope *envelope,
                                  uint64_t *anchor, struct vtpm_error *err);
    /**
     * Opens an envelope. Makes nothing and changes nothing.
     * @param key    to be wiped by the caller
     * @param anchor gets what the counter says: an older store is an old copy
     * @return VTPM_OK; VTPM_EKEY (another TPM's or another key file's);
     *         VTPM_EREFUSED (the platform is in another state, and no signature
     *         says that it may; or an authorisation or a lockout);
     *         VTPM_EROLLBACK (the counter is gone, or another one);
     *         VTPM_ECORRUPT (the envelope is damaged); VTPM_EVERSION; VTPM_EIO
     */
    enum vtpm_status (*open)(struct vtpmmgr_root *root,
                             const struct vtpmmgr_envelope *envelope,
                             uint8_t key[VTPM_KEY_SIZE], uint64_t *anchor,
                             struct vtpm_error *err);
    /**
     * Puts the key into a new envelope, for the states that are asked for now;
     * the counter stays the one of the old envelope.
     * @return as provision()
     */
    enum vtpm_status (*reseal)(struct vtpmmgr_root *root,
                               const uint8_t key[VTPM_KEY_SIZE],
                               const struct vtpmmgr_envelope *old,
                               struct vtpmmgr_envelope *envelope,
                               struct vtpm_error *err);
    /**
     * Raises the counter of the envelope that was opened or made last until it
     * says at least @p anchor. NULL if there is never a counter; does nothing
     * if that envelope has none.
     * @return VTPM_OK; VTPM_EREFUSED; VTPM_EROLLBACK (the counter is gone, or
     *         another one); VTPM_EINVAL (it is far from that); VTPM_EIO
     */
    enum vtpm_status (*raise)(struct vtpmmgr_root *root, uint64_t anchor,
                              struct vtpm_error *err);
    /**
     * Undoes provision() or reseal() whose envelope could not be kept: removes
     * a counter. NULL if there is nothing to undo.
     * @return VTPM_OK; VTPM_EREFUSED; VTPM_EIO
     */
    enum vtpm_status (*forget)(struct vtpmmgr_root *root,
                               struct vtpm_error *err);
    /** Frees the root and wipes its secrets. */
    void (*close)(struct vtpmmgr_root *root);
};

/** The first member of every root. */
struct vtpmmgr_root {
    const struct vtpmmgr_root_ops *ops;
};

static inline void vtpmmgr_root_close(struct vtpmmgr_root *root)
{
    if (root)
        root->ops->close(root);
}

#endif
