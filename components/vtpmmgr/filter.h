/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_FILTER_H
#define VTPMMGR_FILTER_H

/**
 * @file
 * Which raw commands of a vTPM reach the hardware TPM: random bytes and reading
 * PCRs for all, extending PCRs for an administrator. What passes was read in
 * full; it refers to nothing in the TPM but PCRs, so that no command can reach
 * the sessions, keys or memory of anybody else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vtpmmgr_family {
    VTPMMGR_FAMILY_12 = 12, /**< TPM 1.2 */
    VTPMMGR_FAMILY_20 = 20  /**< TPM 2.0 */
};

enum vtpmmgr_raw_kind {
    VTPMMGR_RAW_RANDOM, /**< GetRandom */
    VTPMMGR_RAW_READ,   /**< PcrRead, PCR_Read */
    VTPMMGR_RAW_EXTEND  /**< Extend, PCR_Extend */
};

/** A command that may pass. */
struct vtpmmgr_raw {
    enum vtpmmgr_raw_kind kind;
    enum vtpmmgr_family family; /**< in which it is written */
    uint32_t number;            /**< bytes asked for, or the PCR; of TPM 2.0's
                                     PCR_Read, how many banks it names */
};

/** What a sender may do. */
struct vtpmmgr_raw_rights {
    bool admin;
    uint32_t extend; /**< PCRs that an administrator may extend, by bit */
};

/** The longest command that vtpmmgr_raw_translate() writes. */
#define VTPMMGR_RAW_MAX 20u
#define VTPMMGR_RAW_HEADER 10u

/**
 * Judges a command.
 * @param hardware the family of the hardware TPM. To a TPM 2.0, GetRandom and
 *                 PcrRead of TPM 1.2 may pass as well; they must be
 *                 translated.
 * @param raw      filled if it may pass
 * @param refusal  else gets the response, VTPMMGR_RAW_HEADER bytes, in the
 *                 form of the command's family
 * @return whether it may pass
 */
bool vtpmmgr_raw_allowed(const uint8_t *command, size_t len,
                         enum vtpmmgr_family hardware,
                         struct vtpmmgr_raw_rights rights,
                         struct vtpmmgr_raw *raw,
                         uint8_t refusal[VTPMMGR_RAW_HEADER]);

/**
 * Writes a command of TPM 1.2 that may pass as one of TPM 2.0.
 * @return its bytes, at most VTPMMGR_RAW_MAX
 */
size_t vtpmmgr_raw_translate(const struct vtpmmgr_raw *raw,
                             uint8_t command[VTPMMGR_RAW_MAX]);

/**
 * Writes the response of a TPM 2.0 to that as one of TPM 1.2; what is not one,
 * or is an error, becomes TPM_FAIL.
 * @param room at least VTPMMGR_RAW_HEADER
 * @return its bytes, at least VTPMMGR_RAW_HEADER
 */
size_t vtpmmgr_raw_answer(const struct vtpmmgr_raw *raw,
                          const uint8_t *response, size_t len, uint8_t *out,
                          size_t room);

#endif
