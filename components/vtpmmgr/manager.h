/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_MANAGER_H
#define VTPMMGR_MANAGER_H

/**
 * @file
 * The manager without its transports: a store, a root, and who has which vTPM.
 * Frames go in, frames come out, and what a frame has changed is durable when
 * its answer says success.
 *
 * vtpmmgr_manager_execute() may be called by several threads; they take turns,
 * in the order in which they came.
 */

#include "root_open.h"
#include "sender.h"
#include "store.h"

struct vtpmmgr_manager;

struct vtpmmgr_manager_options {
    const char *store; /**< file or block device; kept as a pointer */
    const struct vtpmmgr_opened_root *root; /**< outlives the manager */
    bool each_commit;    /**< raise the counter with each commit, not only at
                              the start */
    bool auto_provision; /**< SAVEHASHKEY makes an unknown vTPM */
    const uint8_t (*admins)[VTPM_UUID_SIZE]; /**< may manage; kept */
    size_t admin_count;
    uint32_t extend; /**< PCRs that an administrator may extend, by bit */
    /** Takes a line for the operator: no newline, no secret. Any thread; may be
     * NULL. */
    void (*log)(const char *line);
};

/**
 * Makes a store, once, with group 0 in it.
 * @param size of a new file; 0 for VTPMMGR_STORE_DEFAULT
 * @return as vtpmmgr_store_provision() and the root's provision()
 */
enum vtpm_status
vtpmmgr_manager_provision(const char *store, uint64_t size,
                          const struct vtpmmgr_opened_root *root,
                          struct vtpm_error *err);

/**
 * Seals the root key anew, for the platform as it is and the options of the
 * root; the store stays what it is. Nobody else may have it open.
 * @return as vtpmmgr_manager_open(), the root's reseal(), and
 *         vtpmmgr_store_put_envelope()
 */
enum vtpm_status vtpmmgr_manager_reseal(const char *store,
                                        const struct vtpmmgr_opened_root *root,
                                        struct vtpm_error *err);

/**
 * Opens a store, and raises the counter of its root if it has one.
 * @param manager to be closed with vtpmmgr_manager_close(); NULL on failure
 * @param options copied
 * @return as vtpmmgr_store_open() and the root's open() and raise();
 *         VTPM_EINVAL (each_commit, and the root has no counter)
 */
enum vtpm_status
vtpmmgr_manager_open(struct vtpmmgr_manager **manager,
                     const struct vtpmmgr_manager_options *options,
                     struct vtpm_error *err);

/** Closes the store; the root stays open. NULL does nothing. */
void vtpmmgr_manager_close(struct vtpmmgr_manager *manager);

/** The devices; devices are added and removed by the caller. */
struct vtpmmgr_senders *
vtpmmgr_manager_senders(struct vtpmmgr_manager *manager);

/**
 * Answers a frame, exactly once: the manager's own, or a command for the
 * hardware TPM.
 * @param frame private to the caller, never a shared page
 * @param out   not the same memory
 * @param room  at least VTPMMGR_FRAME_HEADER; more than VTPMMGR_FRAME_MAX is
 *              not used
 * @return bytes of the response, at least VTPMMGR_FRAME_HEADER
 */
size_t vtpmmgr_manager_execute(struct vtpmmgr_manager *manager,
                               struct vtpmmgr_sender *sender,
                               const uint8_t *frame, size_t len, uint8_t *out,
                               size_t room);

#endif
