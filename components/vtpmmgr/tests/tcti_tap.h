/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TESTS_TCTI_TAP_H
#define VTPMMGR_TESTS_TCTI_TAP_H

/**
 * @file
 * Somebody on the bus between the manager and its TPM: a TCTI around another
 * one, "FILE.so:ADDRESS:NAME:CONF". ADDRESS, in hexadecimal, is that of a
 * struct tap in the same process.
 */

#include <stddef.h>
#include <stdint.h>

/** What he does to the command whose number is `at`. */
enum tap_deed {
    TAP_NOTHING,
    TAP_LOSE_COMMAND,  /**< the TPM is dead before it comes */
    TAP_LOSE_RESPONSE, /**< the TPM carries it out, and is dead then */
    TAP_FLIP,          /**< changes a byte of the response */
    TAP_ANSWER         /**< a response of his own: a code of the TPM */
};

struct tap {
    uint32_t count; /**< commands so far, since it was zeroed */
    uint32_t code;  /**< only commands of this code are counted; 0: all */
    enum tap_deed deed;
    uint32_t at;     /**< number of the command, from 1 on */
    uint32_t byte;   /**< that is changed, modulo the length */
    uint32_t answer; /**< TPM_RC */
    /** All commands and responses, as they are on the bus. */
    uint8_t log[1 << 20];
    size_t len;
    uint32_t lost; /**< bytes for which there was no room */
};

#endif
