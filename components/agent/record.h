/* SPDX-License-Identifier: MIT */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

/**
 * @file
 * What is remembered of a vTPM, durably: whether a guest may still continue
 * with it. One file for each, in a folder that only its owner may enter.
 */

#include "status.h"
#include "uuid.h"

/** Of Linux's /proc/sys/kernel/random/boot_id. */
#define AGENT_BOOT_ID_SIZE 37
/** 8-4-4-4-12 lower case digits and a NUL. */
#define AGENT_UUID_TEXT 37

enum agent_record_kind {
    AGENT_RECORD_NONE, /**< the guest that comes next boots */
    AGENT_RECORD_LIVE, /**< a guest of this run of the host has it */
    /** a guest that was suspended will go on with it */
    AGENT_RECORD_SUSPENDED
};

struct agent_record {
    enum agent_record_kind kind;
    uint32_t domid; /**< of a live one */
};

struct agent_records {
    const char *folder;
    char boot_id[AGENT_BOOT_ID_SIZE];
};

/**
 * @param folder  made if it is not there, with its parents; must be ours alone.
 *                Stays the caller's.
 */
enum vtpm_status agent_records_open(struct agent_records *records,
                                    const char *folder, struct vtpm_error *err);

/**
 * Reads one. A live one of another run of the host is none, for its guest has
 * ended with the host. One that cannot be read or understood is a suspended
 * one, with a line in `err` (otherwise empty): PCRs are kept rather than lost.
 */
struct agent_record agent_record_read(const struct agent_records *records,
                                      const uint8_t uuid[VTPM_UUID_SIZE],
                                      struct vtpm_error *err);

/** Returns when it is on stable storage. */
enum vtpm_status agent_record_write(const struct agent_records *records,
                                    const uint8_t uuid[VTPM_UUID_SIZE],
                                    struct agent_record record,
                                    struct vtpm_error *err);

/** @param text  gets the UUID */
void agent_uuid_text(const uint8_t uuid[VTPM_UUID_SIZE],
                     char text[AGENT_UUID_TEXT]);

#endif
