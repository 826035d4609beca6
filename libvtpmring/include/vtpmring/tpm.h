/* SPDX-License-Identifier: MIT */
/**
 * @file tpm.h
 * Framing of TPM commands and responses: the header that TPM 1.2 and TPM 2.0
 * share, error responses of both, and names for logs.
 *
 * TPM 2.0 Library, Part 1, clause 18 (header) and Part 2, clause 6 (codes);
 * TPM 1.2 Part 2, clauses 6 (tags) and 16 (return codes).
 */
#ifndef VTPMRING_TPM_H
#define VTPMRING_TPM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of tag, size and code. */
#define VTPMRING_TPM_HEADER_SIZE 10u
/** The largest command or response of a TPM 2.0, in bytes. */
#define VTPMRING_TPM_COMMAND_MAX 4096u
/** Highest locality of a TPM with contiguous localities. */
#define VTPMRING_TPM_LOCALITY_MAX 4u

/** Tags of commands and responses. */
enum vtpmring_tpm_tag {
    VTPMRING_TPM_TAG_RQU = 0x00c1,         /**< 1.2 command */
    VTPMRING_TPM_TAG_RQU_AUTH1 = 0x00c2,   /**< 1.2 command, one session */
    VTPMRING_TPM_TAG_RQU_AUTH2 = 0x00c3,   /**< 1.2 command, two sessions */
    VTPMRING_TPM_TAG_RSP = 0x00c4,         /**< 1.2 response */
    VTPMRING_TPM_TAG_VTPM_REQ = 0x01c1,    /**< vTPM to manager */
    VTPMRING_TPM_TAG_VTPM_REQ2 = 0x01c2,   /**< guest to manager */
    VTPMRING_TPM_TAG_VTPM_RSP = 0x01c4,    /**< manager's answer */
    VTPMRING_TPM_TAG_VTPM_RSP2 = 0x01c5,   /**< manager's refusal of REQ2 */
    VTPMRING_TPM_TAG_NO_SESSIONS = 0x8001, /**< 2.0, no session */
    VTPMRING_TPM_TAG_SESSIONS = 0x8002     /**< 2.0, with sessions */
};

/** The family that a backend serves: it decides the form of its errors. */
enum vtpmring_tpm_family {
    VTPMRING_TPM_12 = 12, /**< TPM 1.2 */
    VTPMRING_TPM_20 = 20  /**< TPM 2.0 */
};

/** Reasons for an error response that no TPM has made. */
enum vtpmring_tpm_error {
    VTPMRING_TPM_ERROR_SIZE,     /**< TPM_RC_COMMAND_SIZE, TPM_BAD_PARAM_SIZE */
    VTPMRING_TPM_ERROR_CANCELED, /**< TPM_RC_CANCELED, TPM_FAIL */
    VTPMRING_TPM_ERROR_FAILURE,  /**< TPM_RC_FAILURE, TPM_FAIL */
    VTPMRING_TPM_ERROR_NO_SPACE, /**< TPM_RC_MEMORY, TPM_SIZE: the response
                                      does not fit the pages */
    VTPMRING_TPM_ERROR_RETRY,    /**< TPM_RC_RETRY, TPM_RETRY */
    VTPMRING_TPM_ERROR_COUNT     /**< how many there are */
};

/** A header, in host order. */
struct vtpmring_tpm_header {
    uint16_t tag;  /**< enum vtpmring_tpm_tag, or anything a peer sent */
    uint32_t size; /**< bytes of the whole packet, header included */
    uint32_t code; /**< command code (ordinal) or response code */
};

/**
 * Reads a header.
 * @param packet the packet, in private memory
 * @param length bytes of the packet
 * @param header gets the fields if at least a header is there
 * @retval VTPMRING_OK the size field is the length
 * @retval VTPMRING_EPEER_LENGTH shorter than a header; header is zeroed
 * @retval VTPMRING_EPEER_HEADER the size field is not the length; header is
 *         filled, so that an error response can be made
 */
enum vtpmring_status vtpmring_tpm_parse(const void *packet, size_t length,
                                        struct vtpmring_tpm_header *header);

/**
 * Writes a header.
 * @param header the fields
 * @param packet gets VTPMRING_TPM_HEADER_SIZE bytes
 */
void vtpmring_tpm_format(const struct vtpmring_tpm_header *header,
                         void *packet);

/**
 * Makes an error response.
 * @param family of the TPM that answers
 * @param command_tag tag of the command: a TPM 1.2 or manager tag gets an
 *        answer in its own form whatever the family
 * @param error why
 * @param response gets VTPMRING_TPM_HEADER_SIZE bytes
 * @return bytes of the response
 */
size_t vtpmring_tpm_error(enum vtpmring_tpm_family family, uint16_t command_tag,
                          enum vtpmring_tpm_error error, void *response);

/**
 * Whether a number is a locality (TPM 2.0 Part 2, clause 8.5).
 * @param locality the number
 * @return true for 0 to VTPMRING_TPM_LOCALITY_MAX and 32 to 255
 */
bool vtpmring_tpm_is_locality(uint8_t locality);

/**
 * Name of a command, for logs.
 * @param tag tag of the command: it says which specification names the code
 * @param code command code or ordinal
 * @return a constant string such as "TPM2_GetRandom", "TPM_Extend",
 *         "VTPM_SAVEHASHKEY"; "?" if unknown
 */
const char *vtpmring_tpm_command_name(uint16_t tag, uint32_t code);

#ifdef __cplusplus
}
#endif

#endif
