/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_APPROVAL_H
#define VTPMMGR_APPROVAL_H

/**
 * @file
 * An approval: the state of a platform, as values of PCRs, that the approval
 * agent has signed. A root key that is sealed to the agent's key opens in every
 * state that is approved. Made offline, before an update; no secret.
 *
 * A text file, a line for each fact, in any order but for the first:
 *
 *     vtpmmgr approval 1
 *     label rack7
 *     pcr sha256 0 HEX
 *     pcr sha256 7 HEX
 *     policy HEX
 *     signature HEX
 *
 * The policy is that of one TPM2_PolicyPCR over these values. The signature is
 * over the policy and behind it the label, with SHA-256: PKCS #1 v1.5, or ECDSA
 * in DER, as `openssl dgst -sha256 -sign` writes them. A request for an
 * approval is the same without the signature. Lines that begin with # are not
 * read.
 */

#include "pcrs.h"

#include <openssl/evp.h>

/** The longest label: of what the approvals are. */
#define VTPMMGR_LABEL_MAX 32u
/** Bytes of the longest file. */
#define VTPMMGR_APPROVAL_MAX 8192u
/** Approvals in a folder are files with names that end so. */
#define VTPMMGR_APPROVAL_SUFFIX ".approval"

struct vtpmmgr_approval {
    struct vtpmmgr_pcrs pcrs;
    TPM2B_NONCE label;
    TPM2B_DIGEST policy;    /**< made from pcrs */
    uint8_t signature[512]; /**< maybe of the agent; the TPM checks it */
    size_t signature_len;   /**< 0: a request */
};

/** 1 to VTPMMGR_LABEL_MAX printable characters without a blank.
 * @return whether it is a label */
bool vtpmmgr_label_parse(const char *text, TPM2B_NONCE *label);

/**
 * Reads one.
 * @return VTPM_OK; VTPM_EVERSION; VTPM_EINVAL (a line that is none, one too few
 *         or too many, or a policy that is not that of the values)
 */
enum vtpm_status vtpmmgr_approval_parse(const char *text, size_t len,
                                        struct vtpmmgr_approval *approval,
                                        struct vtpm_error *err);
/** The same from a file. @return also VTPM_EACCESS, VTPM_EIO */
enum vtpm_status vtpmmgr_approval_read(const char *path,
                                       struct vtpmmgr_approval *approval,
                                       struct vtpm_error *err);
/** Writes one. @return its bytes without the NUL; 0: the room is too small */
size_t vtpmmgr_approval_print(const struct vtpmmgr_approval *approval,
                              char text[VTPMMGR_APPROVAL_MAX]);

/**
 * Makes a request for these values, not signed.
 * @return VTPM_OK; VTPM_EINVAL (no label); VTPM_EIO (OpenSSL failed)
 */
enum vtpm_status vtpmmgr_approval_request(const struct vtpmmgr_pcrs *pcrs,
                                          const char *label,
                                          struct vtpmmgr_approval *approval,
                                          struct vtpm_error *err);
/**
 * Signs one, as the approval agent.
 * @param key a private key that vtpmmgr_authority_of() takes
 * @return VTPM_OK; VTPM_EUNSUPPORTED (another key); VTPM_EIO
 */
enum vtpm_status vtpmmgr_approval_sign(struct vtpmmgr_approval *approval,
                                       EVP_PKEY *key, struct vtpm_error *err);

/** What a folder was found to hold. */
struct vtpmmgr_approvals {
    struct vtpmmgr_approval *at;
    size_t count;
    size_t bad; /**< files that are none */
};
/**
 * Reads all approvals of a folder.
 * @param folder NULL: there are none
 * @param all    to be freed with vtpmmgr_approvals_free(); a bad file does not
 *               keep the others from being read
 * @return VTPM_OK; VTPM_EACCESS; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status vtpmmgr_approvals_read(const char *folder,
                                        struct vtpmmgr_approvals *all,
                                        struct vtpm_error *err);
void vtpmmgr_approvals_free(struct vtpmmgr_approvals *all);

#endif
