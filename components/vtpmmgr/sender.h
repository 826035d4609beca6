/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_SENDER_H
#define VTPMMGR_SENDER_H

/**
 * @file
 * Who sends frames: the frontends of devices, one sender each, and local
 * administrators.
 *
 * A device comes, connects, sends, disconnects and goes in one thread or
 * another; the list has a lock of its own that is never held over input or
 * output, so nobody waits for a disk to look at it.
 */

#include "keys.h"
#include "os_threads.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

/** The longest label, with its NUL. */
#define VTPMMGR_LABEL_SIZE 256u

struct vtpmmgr_sender {
    struct vtpmmgr_sender *next; /**< in the order of domain and handle */
    uint16_t domid;
    uint32_t handle;
    uint8_t uuid[VTPM_UUID_SIZE];
    char label[VTPMMGR_LABEL_SIZE]; /**< "": Xen gives none; guarded, too */
    bool labelled;  /**< that is known of this connection; serving thread */
    bool local;     /**< an administrator without a vTPM */
    bool connected; /**< guarded by the list's lock */
    bool open;      /**< so is this: it has its vTPM */
    bool told;      /**< a refusal was logged; serving thread */
};

struct vtpmmgr_senders {
    struct vtpm_os_lock lock;
    struct vtpmmgr_sender *first;
};

void vtpmmgr_senders_init(struct vtpmmgr_senders *senders);
/** All are freed. */
void vtpmmgr_senders_free(struct vtpmmgr_senders *senders);

/** Adds a device. @return the sender, or NULL: out of memory */
struct vtpmmgr_sender *vtpmmgr_senders_add(struct vtpmmgr_senders *senders,
                                           uint16_t domid, uint32_t handle,
                                           const uint8_t uuid[VTPM_UUID_SIZE]);
/** What Xen says of its domain: before its first command is executed. */
void vtpmmgr_sender_label(struct vtpmmgr_senders *senders,
                          struct vtpmmgr_sender *sender,
                          const char label[VTPMMGR_LABEL_SIZE]);
/** Removes and frees it. */
void vtpmmgr_senders_remove(struct vtpmmgr_senders *senders,
                            struct vtpmmgr_sender *sender);
/** Its frontend is there. */
void vtpmmgr_sender_connect(struct vtpmmgr_senders *senders,
                            struct vtpmmgr_sender *sender);
/** Its frontend has gone; it has no vTPM any more. */
void vtpmmgr_sender_disconnect(struct vtpmmgr_senders *senders,
                               struct vtpmmgr_sender *sender);
/** Gives it its vTPM, unless another sender has it. @return whether it has it
 */
bool vtpmmgr_sender_open(struct vtpmmgr_senders *senders,
                         struct vtpmmgr_sender *sender);

/** Whether a sender has this vTPM. */
bool vtpmmgr_senders_have(struct vtpmmgr_senders *senders,
                          const uint8_t uuid[VTPM_UUID_SIZE]);
/**
 * The label of the domain that has this vTPM.
 * @param label "" if nobody has it, or it has none
 */
void vtpmmgr_senders_label(struct vtpmmgr_senders *senders,
                           const uint8_t uuid[VTPM_UUID_SIZE],
                           char label[VTPMMGR_LABEL_SIZE]);
/**
 * Copies connected senders, from an offset on.
 * @param copies gets at most @p room; their pointers mean nothing
 * @param count  gets how many were copied
 * @return how many are connected in all
 */
size_t vtpmmgr_senders_list(struct vtpmmgr_senders *senders, size_t offset,
                            struct vtpmmgr_sender *copies, size_t room,
                            size_t *count);

#endif
