/* SPDX-License-Identifier: MIT */
#ifndef VTPM_ENGINE_IMPL_H
#define VTPM_ENGINE_IMPL_H

/**
 * @file
 * What engine.c (the life of a TPM, commands) and engine_nvram.c (libtpms's
 * callbacks) share. Not for others.
 */

#include "blobs.h"
#include "engine.h"
#include "tpm_commands.h"

#include <pthread.h>
#include <stdbool.h>

struct vtpm_engine {
    struct vtpm_store *store;
    struct vtpm_engine_options options;
    const struct vtpm_family_data *family;
    bool may_cancel;
    struct vtpm_blobs blobs;
    bool dirty;                   /* blobs differ from what is durable */
    enum vtpm_status save_status; /* of the last save, to log changes */
    bool orderly; /* the last command was the family's shutdown */
    uint8_t locality;
    unsigned char *response; /* libtpms allocates it */
    uint32_t response_cap;
    int sink; /* where libtpms prints to */
    uint8_t error[VTPM_TPM_HEADER];
    uint8_t scratch[64];  /* a writable copy of an own command */
    pthread_mutex_t lock; /* guards running */
    uint64_t running;     /* number of the command, 0: none */
    uint64_t count;       /* commands so far */
};

/**
 * Lets libtpms's callbacks serve this engine; NULL ends it.
 * @return VTPM_OK; VTPM_EBUSY if there is another; VTPM_ETPM
 */
enum vtpm_status vtpm_nvram_attach(struct vtpm_engine *engine,
                                   struct vtpm_error *err);

#endif
