/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TPM_COMMANDS_H
#define VTPM_TPM_COMMANDS_H

/**
 * @file
 * The few TPM commands that the engine sends itself, and the error responses
 * that it gives itself, as data per family.
 */

#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VTPM_TPM_HEADER 10u
/** The number of PCRs, in both families. */
#define VTPM_PCR_COUNT 24u

/** A command and what it is called in a message. */
struct vtpm_command {
    const char *name;
    const uint8_t *bytes;
    size_t len;
};

/** A family's constants. */
struct vtpm_family_data {
    uint16_t response_tag;     /**< of a response without sessions */
    uint32_t shutdown_ordinal; /**< what a guest sends before power off */
    uint32_t rc_size;          /**< the command's size is wrong */
    uint32_t rc_locality;      /**< no such locality */
    uint32_t rc_not_durable;   /**< the state cannot be saved now */
    uint32_t rc_failure;       /**< the emulator failed */
    uint32_t rc_started;       /**< Startup of a TPM that was started */
    const struct vtpm_command *startup; /**< at each start */
    size_t startup_count;
    const struct vtpm_command *equip; /**< once in a TPM's life */
    size_t equip_count;
    struct vtpm_command shutdown;
    /** commands that change nothing and do not tell the clock: without
     * sessions, that it went on is all that they may leave to be saved */
    const uint32_t *harmless;
    size_t harmless_count;
    /** extends a PCR, with patches at both places */
    struct vtpm_command extend;
    size_t extend_pcr;  /**< u32: its number */
    size_t extend_data; /**< to the end: what it is extended with */
};

const struct vtpm_family_data *vtpm_family_data(enum vtpm_family family);

/** Fields of a command or response of at least VTPM_TPM_HEADER bytes. */
uint32_t vtpm_tpm_size(const uint8_t *packet);
/** The ordinal of a command, the return code of a response. */
uint32_t vtpm_tpm_code(const uint8_t *packet);

/** Whether a command is one of the harmless ones. */
bool vtpm_tpm_is_harmless(const struct vtpm_family_data *family,
                          const uint8_t *packet);

/** Writes an error response of VTPM_TPM_HEADER bytes. */
void vtpm_tpm_error(const struct vtpm_family_data *family, uint32_t code,
                    uint8_t response[VTPM_TPM_HEADER]);

#endif
