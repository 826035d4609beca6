/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_LIST_FILE_H
#define VTPMCTL_LIST_FILE_H

/**
 * @file
 * The list of a group as a text file:
 *
 *     vtpmmgr group list 1
 *     sequence 2
 *     platform 40-HEX-DIGITS 0,2-7
 *     kernel 40-HEX-DIGITS
 *     label system_u:system_r:vtpm_t
 *     signature 512-HEX-DIGITS
 *
 * A platform is the composite hash of a TPM 1.2 over the PCRs behind it; a
 * kernel is the SHA-1 of the label of a vTPM's domain, which `label` has in
 * words. Empty lines, and lines that begin with #, count for nothing.
 */

#include "command.h"
#include "wire.h"

#include <stdio.h>

/** The most platforms and kernels, together. */
#define CTL_LIST_MAX 189u
/** The most PCRs that a selection has. */
#define CTL_LIST_PCRS 24u

struct ctl_list {
    uint64_t sequence;
    size_t platforms, kernels;
    uint8_t platform[CTL_LIST_MAX][VTPMMGR_DIGEST_SIZE];
    uint32_t pcrs[CTL_LIST_MAX]; /**< of each platform, by bit */
    uint8_t kernel[CTL_LIST_MAX][VTPMMGR_DIGEST_SIZE];
    bool is_signed;
    uint8_t signature[VTPMMGR_RSA_SIZE];
};

/** Bytes of room for a list, as it is signed. */
#define CTL_LIST_SIZE (16u + CTL_LIST_MAX * VTPMMGR_DIGEST_SIZE)
/** Bytes of room for the selections of its platforms. */
#define CTL_SELECTIONS_SIZE (CTL_LIST_MAX * 5u)

/** Reads a file. @return CTL_OK; CTL_FAILED, with the line that is wrong */
enum ctl_code ctl_list_read(const char *path, struct ctl_list *list,
                            struct vtpm_error *err);
/** Writes it as text, with kernels in place of labels. @return whether */
bool ctl_list_print(const struct ctl_list *list, FILE *to);
/** The bytes that are signed. @return how many */
size_t ctl_list_encode(const struct ctl_list *list,
                       uint8_t bytes[CTL_LIST_SIZE]);
/** A TPM_PCR_SELECTION for each platform. @return how many bytes */
size_t ctl_list_selections(const struct ctl_list *list,
                           uint8_t bytes[CTL_SELECTIONS_SIZE]);

#endif
