/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_FAKE_MANAGER_H
#define VTPM_TESTS_FAKE_MANAGER_H

/**
 * @file
 * A front link and a port, in the place of the real ones, with a manager behind
 * them that keeps one record. Its frames are read and answered by the manager's
 * own code; faults come on order. Nothing takes time.
 */

#include "keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vtpmring/status.h>

/** What goes wrong with a question. */
enum fake_fault {
    FAKE_NONE,
    FAKE_LATE,     /**< carried out; the answer comes with the next receive */
    FAKE_SILENT,   /**< not carried out, and no answer until it is cancelled */
    FAKE_STATUS,   /**< not carried out; receive returns fake_manager.status */
    FAKE_DONE,     /**< carried out; receive returns fake_manager.status */
    FAKE_UNSENT,   /**< send returns fake_manager.status */
    FAKE_UNOPENED, /**< not connected; open returns fake_manager.status */
    FAKE_CODE,     /**< refused with fake_manager.code */
    FAKE_BYTES     /**< carried out, answered with fake_manager.bytes */
};

extern struct fake_manager {
    uint8_t record[VTPM_RECORD_SIZE];
    enum fake_fault fault; /**< of the questions to come */
    unsigned times;        /**< for so many of them */
    enum vtpmring_status status;
    uint32_t code;
    const uint8_t *bytes;
    size_t bytes_len;
    unsigned sends;
    unsigned saves; /**< records taken */
    unsigned opens;
    unsigned cancels;
    int links; /**< open now */
    int ports; /**< open now */
    unsigned device;
} fake_manager;

/** No record, no faults, counters at 0. */
void fake_manager_reset(void);

/** The next @p times questions get this fault. */
void fake_manager_fault(enum fake_fault fault, unsigned times);

#endif
