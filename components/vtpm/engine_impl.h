/* SPDX-License-Identifier: MIT */
#ifndef VTPM_ENGINE_IMPL_H
#define VTPM_ENGINE_IMPL_H

/**
 * @file
 * What engine.c (start, stop, commands), engine_power.c (the life of the
 * PCRs) and engine_nvram.c (libtpms's callbacks) share. Not for others.
 */

#include "blobs.h"
#include "engine.h"
#include "os_threads.h"
#include "tpm_commands.h"

#include <stdbool.h>

struct vtpm_engine {
    struct vtpm_store *store;
    struct vtpm_engine_options options;
    const struct vtpm_family_data *family;
    bool may_cancel;
    struct vtpm_blobs blobs;
    bool dirty; /* blobs differ from what is durable */
    bool owed;  /* of these, some are a guest's: nothing may be seen before */
    enum vtpm_status save_status; /* of the last save, to log changes */
    bool orderly;  /* the last command was the family's shutdown */
    bool pristine; /* no guest's command since the PCRs were reset */
    bool dead;     /* it has no power and does not get any */
    uint8_t locality;
    unsigned char *response; /* libtpms allocates it */
    uint32_t response_cap;
    int sink; /* where libtpms prints to */
    uint8_t error[VTPM_TPM_HEADER];
    uint8_t scratch[64];      /* a writable copy of an own command */
    struct vtpm_os_lock lock; /* guards running */
    uint64_t running;         /* number of the command, 0: none */
    uint64_t count;           /* commands so far */
};

/* engine.c */

/** Logs a line: what, then the error's text if there is one. */
void vtpm_engine_say(struct vtpm_engine *engine, const char *what,
                     const struct vtpm_error *err);

/** Saves what changed, if anything. Logged when the condition changes. */
enum vtpm_status vtpm_engine_save(struct vtpm_engine *engine,
                                  struct vtpm_error *err);

/** Sends a command of the engine's own; does not save. @return its code */
uint32_t vtpm_engine_own(struct vtpm_engine *engine,
                         const struct vtpm_command *command, uint8_t locality);

/* engine_power.c */

/** Makes a new TPM: the blobs are empty. Does not save. */
enum vtpm_status vtpm_engine_make(struct vtpm_engine *engine,
                                  struct vtpm_error *err);

/** Starts the TPM that is in the blobs, PCRs as they have to be. Does not
 *  save; what it leaves unsaved says that the TPM is in use. */
enum vtpm_status vtpm_engine_wake(struct vtpm_engine *engine,
                                  struct vtpm_error *err);

/** Extends the PCRs that do not begin at their reset values. */
enum vtpm_status vtpm_engine_begin_pcrs(struct vtpm_engine *engine,
                                        struct vtpm_error *err);

/** Saves the TPM so that vtpm_engine_wake() finds its PCRs. */
enum vtpm_status vtpm_engine_keep(struct vtpm_engine *engine,
                                  struct vtpm_error *err);

/* engine_nvram.c */

/**
 * Lets libtpms's callbacks serve this engine; NULL ends it.
 * @return VTPM_OK; VTPM_EBUSY if there is another; VTPM_ETPM
 */
enum vtpm_status vtpm_nvram_attach(struct vtpm_engine *engine,
                                   struct vtpm_error *err);

#endif
