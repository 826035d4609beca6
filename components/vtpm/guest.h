/* SPDX-License-Identifier: MIT */
#ifndef VTPM_GUEST_H
#define VTPM_GUEST_H

/**
 * @file
 * What dom0 says of the guest, in the node `guest` of the device's backend
 * directory: whether it boots when the device comes, and how it is when the
 * device goes. docs/protocol.md has the node.
 *
 * Only "boot", and only before the device was announced, resets PCRs: the
 * toolstack starts the guest after that. Whatever else is there, or nothing,
 * keeps them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <vtpmring/link.h>

/** How long a device waits for the node: before it is announced, and before
 *  Closed is written. */
#define VTPM_GUEST_ANNOUNCE_MS 3000u
#define VTPM_GUEST_CLOSE_MS 2000u

/** The guest of a server; zeroed at first. */
struct vtpm_guest {
    struct vtpmring_port *port; /**< for the clock and for lines */
    /** Power-cycles the TPM. @return false if it cannot serve any more */
    bool (*boot)(void *context);
    void *context;
    uint64_t until_us; /**< end of the wait, 0: none has begun */
};

/** A device has appeared. */
void vtpm_guest_begin(struct vtpm_guest *guest);

/** Whether the device may be announced; what has to be done to the TPM before,
 *  has been. For the set's announce. */
bool vtpm_guest_may_come(struct vtpm_guest *guest,
                         struct vtpmring_back_device *device);

/** Whether Closed may be written. For the set's closing. */
bool vtpm_guest_may_go(struct vtpm_guest *guest,
                       struct vtpmring_back_device *device);

#endif
