/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_FAULTS_H
#define VTPM_TESTS_FAULTS_H

/**
 * @file
 * Faults at every step of a save. The test programs link with
 * --wrap=pwrite,fdatasync,linkat, so every step passes here; the product has
 * no hook for it.
 */

#include <stdbool.h>
#include <stdint.h>

enum fault_mode {
    FAULT_NONE,         /**< steps are counted only */
    FAULT_ERROR,        /**< the step fails with faults.error */
    FAULT_CRASH_BEFORE, /**< the process ends before the step */
    FAULT_CRASH_DURING, /**< half of a write is done */
    FAULT_CRASH_AFTER   /**< the step is done, and no other */
};

/** The exit status of a process that ended by a fault. */
#define FAULT_EXIT 77

extern struct faults {
    enum fault_mode mode;
    unsigned at;      /**< the step, from 1; 0: none */
    int error;        /**< errno of FAULT_ERROR */
    bool only_syncs;  /**< FAULT_ERROR hits fdatasync() only */
    bool stays;       /**< FAULT_ERROR hits every later step too */
    unsigned steps;   /**< steps since the last reset */
    unsigned writes;  /**< of these, pwrite() */
    unsigned syncs;   /**< of these, fdatasync() */
    unsigned dirty;   /**< of the writes, those that no sync came after */
    bool named_dirty; /**< a file got its name before its data was synced */
    /** 0: a crash is a kill, the page cache survives. Else the seed of a
     * power cut: each sector that was not synced is kept or lost. */
    uint32_t power_cut;
} faults;

/** No faults, counters at 0. */
void faults_reset(void);

/** Remembers what is durable in the file now, for power cuts. */
void faults_watch(const char *path);

/** A step that is not a system call. */
void fault_point(void);

#endif
