/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_ROOT_TPM_H
#define VTPMMGR_ROOT_TPM_H

/**
 * @file
 * The root of secrets in a hardware TPM 2.0: the root key is an object that the
 * TPM sealed under its storage parent, and that it gives out while the platform
 * is in the state that it was sealed for, or in one that the approval agent
 * has signed. docs/manager-root.md says why it is so.
 */

#include "approval.h"
#include "root.h"
#include "tpm.h"

/** How to use a TPM; all strings are copied. */
struct vtpmmgr_root_tpm_options {
    const char *tcti; /**< as tpm2-tss has it: "NAME:CONF" */
    /** PCRs that it is sealed to, "BANK:N,N"; NULL: VTPMMGR_PCRS_DEFAULT. With
     * an agent, those that are remembered for messages: approvals say their
     * own. */
    const char *pcrs;
    /** PEM file with the approval agent's public key; NULL: none, the state at
     * the time of sealing is the only one. */
    const char *authority;
    /** Folder with approvals, read at each opening; NULL: none */
    const char *approvals;
    /** What approvals are for; NULL: "vtpmmgr". Those of another label are of
     * no use, so a new label and a reseal revoke all that were signed. */
    const char *label;
    const char *owner_auth_file;  /**< NULL: the owner's password is empty */
    const char *parent_auth_file; /**< NULL: the storage parent's is empty */
    enum vtpmmgr_tpm_template parent; /**< made if there is none */
    bool no_counter;                  /**< provision without a counter */
    uint32_t counter_index; /**< of a new counter; 0: any that is free */
    /** Open although the counter is gone, with 0 for it; a reseal then makes a
     * new one. The operator says that the store is the newest. */
    bool ignore_counter;
};

/**
 * Remembers how to use a TPM, does not connect: every call of root.h does so if
 * it must, and again after a failure.
 * @param root for vtpmmgr_root_close()
 * @return VTPM_OK; VTPM_EINVAL; VTPM_EUNSUPPORTED (the agent's key);
 *         VTPM_EACCESS; VTPM_EIO; VTPM_ENOMEM
 */
enum vtpm_status
vtpmmgr_root_tpm_open(struct vtpmmgr_root **root,
                      const struct vtpmmgr_root_tpm_options *options,
                      struct vtpm_error *err);

/** The TPM of such a root, which others may use between its calls; NULL if it
 * is another root. */
struct vtpmmgr_tpm *vtpmmgr_root_tpm_of(struct vtpmmgr_root *root);

/**
 * What the agent is asked to sign: the state that the platform is in now.
 * @return VTPM_OK; VTPM_EUNSUPPORTED (the TPM does not have the bank);
 *         VTPM_EIO
 */
enum vtpm_status vtpmmgr_root_tpm_request(struct vtpmmgr_root *root,
                                          struct vtpmmgr_approval *approval,
                                          struct vtpm_error *err);

#endif
