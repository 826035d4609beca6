/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TPM_H
#define VTPMMGR_TPM_H

/**
 * @file
 * The hardware TPM 2.0: a connection through any TCTI, sessions, what an
 * operator is told about its answers. tpm2-tss does the commands.
 *
 * The manager takes the TPM as its own: what a process before it left loaded is
 * flushed. Through a resource manager only the manager's own is seen.
 *
 * Used by one thread at a time.
 */

#include "crypto.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tss2/tss2_esys.h>

/** Where the TCG has the storage parent (TPM 2.0 Provisioning Guidance). */
#define VTPMMGR_TPM_PARENT 0x81000001u

/** A storage parent that is made, by the TCG's template (EK Credential Profile,
 * and TPM 2.0 Provisioning Guidance, 7.5.1). */
enum vtpmmgr_tpm_template {
    VTPMMGR_TPM_ECC, /**< NIST P-256 */
    VTPMMGR_TPM_RSA  /**< 2048 bits */
};

/** A connection; zeroed at first, then vtpmmgr_tpm_init(). */
struct vtpmmgr_tpm {
    char *conf; /**< for Tss2_TctiLdr_Initialize() */
    TPM2B_AUTH owner_auth;
    TPM2B_AUTH parent_auth;
    /** The TPM said that it is wrong; it is not tried again. */
    bool owner_refused, parent_refused;
    bool lost;          /**< a flush did not reach it: connect anew */
    ESYS_CONTEXT *esys; /**< NULL: not connected */
    TSS2_TCTI_CONTEXT *tcti;
};

/**
 * Remembers how to reach a TPM; does not try to.
 * @param conf             as tpm2-tss has it, "NAME:CONF"; copied
 * @param owner_auth_file  holds the password of the owner's hierarchy, a
 *                         newline at its end not counted; NULL: it is empty
 * @param parent_auth_file the same for the storage parent
 * @return VTPM_OK; VTPM_EINVAL (a password is too long); VTPM_EACCESS;
 *         VTPM_EIO; VTPM_ENOMEM; nothing to free then
 */
enum vtpm_status vtpmmgr_tpm_init(struct vtpmmgr_tpm *tpm, const char *conf,
                                  const char *owner_auth_file,
                                  const char *parent_auth_file,
                                  struct vtpm_error *err);
/** Disconnects and wipes. */
void vtpmmgr_tpm_free(struct vtpmmgr_tpm *tpm);

/**
 * Connects, unless it is; starts the TPM up if no firmware has.
 * @return VTPM_OK; VTPM_EIO; VTPM_EUNSUPPORTED (not a TPM 2.0)
 */
enum vtpm_status vtpmmgr_tpm_connect(struct vtpmmgr_tpm *tpm,
                                     struct vtpm_error *err);
void vtpmmgr_tpm_disconnect(struct vtpmmgr_tpm *tpm);

/**
 * The status and the line for what a command was answered.
 * - The TPM cannot be reached, or answers nonsense: VTPM_EIO; disconnected, so
 *   that the next command tries anew.
 * - Refused (an authorisation, a policy, a lockout): VTPM_EREFUSED.
 * - VTPM_ENOSPACE: NV memory. VTPM_EUNSUPPORTED: it does not know that.
 * @param what what failed, as in "cannot seal the root key"
 */
enum vtpm_status vtpmmgr_tpm_fail(struct vtpmmgr_tpm *tpm, TSS2_RC rc,
                                  const char *what, struct vtpm_error *err);
/** Whether it is this code of the TPM, for whichever parameter. */
bool vtpmmgr_tpm_is(TSS2_RC rc, TPM2_RC code);

/**
 * Starts a session that encrypts parameters with AES-128 in both directions.
 * @param salt the key that the session's secret is encrypted to
 * @param type TPM2_SE_HMAC or TPM2_SE_POLICY
 * @param session gets it; ESYS_TR_NONE on failure
 */
TSS2_RC vtpmmgr_tpm_session(struct vtpmmgr_tpm *tpm, ESYS_TR salt, TPM2_SE type,
                            ESYS_TR *session);
/** What of a session's parameters is encrypted from now on:
 * TPMA_SESSION_DECRYPT the command's first one, TPMA_SESSION_ENCRYPT the
 * response's. */
void vtpmmgr_tpm_encrypt(struct vtpmmgr_tpm *tpm, ESYS_TR session,
                         TPMA_SESSION flags);
/** Flushes a session or a transient object, and sets it to ESYS_TR_NONE. */
void vtpmmgr_tpm_flush(struct vtpmmgr_tpm *tpm, ESYS_TR *handle);

/**
 * A storage key that nobody keeps, in the null hierarchy: to salt sessions with
 * while there is no other.
 */
TSS2_RC vtpmmgr_tpm_temporary(struct vtpmmgr_tpm *tpm, ESYS_TR *key);

/** The name of an object: its hash algorithm and the hash of its public area.
 * @return false: not a known algorithm, or OpenSSL failed */
bool vtpmmgr_tpm_name(const TPMT_PUBLIC *public, TPM2B_NAME *name);
bool vtpmmgr_tpm_same_name(const TPM2B_NAME *a, const TPM2B_NAME *b);

/**
 * Finds the storage parent, checks that it is one whose secrets stay in this
 * TPM, and gives it the password of @p tpm.
 * @param name   it must have this name; NULL: any
 * @param parent to be closed with vtpmmgr_tpm_close()
 * @return VTPM_OK; VTPM_EUNPROVISIONED (there is none); VTPM_EKEY (another
 *         name); VTPM_EREFUSED (it is not fit, or its password is wrong);
 *         VTPM_EIO
 */
enum vtpm_status vtpmmgr_tpm_parent_find(struct vtpmmgr_tpm *tpm,
                                         const TPM2B_NAME *name,
                                         ESYS_TR *parent,
                                         struct vtpm_error *err);
/**
 * The same; makes it if there is none, with that password.
 * @return as vtpmmgr_tpm_parent_find(), but not VTPM_EUNPROVISIONED; also
 *         VTPM_ENOSPACE
 */
enum vtpm_status vtpmmgr_tpm_parent_make(struct vtpmmgr_tpm *tpm,
                                         enum vtpmmgr_tpm_template how,
                                         ESYS_TR *parent,
                                         struct vtpm_error *err);
/** Lets go of what stays in the TPM. */
void vtpmmgr_tpm_close(struct vtpmmgr_tpm *tpm, ESYS_TR *handle);

#endif
