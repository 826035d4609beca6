/* SPDX-License-Identifier: MIT */
#ifndef VTPM_STATUS_H
#define VTPM_STATUS_H

/**
 * @file
 * What the parts of vtpm answer, and the one line that explains it.
 *
 * Every function that can fail returns an enum vtpm_status; a program
 * decides by it. Functions that take a struct vtpm_error also leave a line
 * for the operator there: "what went wrong: cause; remedy", without the
 * program's name and without a newline. It holds no secret.
 */

enum vtpm_status {
    VTPM_OK = 0,
    VTPM_EUNPROVISIONED, /**< no TPM was ever made here */
    VTPM_EEXISTS,        /**< provisioning found something already there */
    VTPM_EKEY,           /**< the key does not fit this store */
    VTPM_EREFUSED,       /**< the key keeper refuses or cannot be reached */
    VTPM_ECORRUPT,       /**< damaged, cut off, or tampered with */
    VTPM_EROLLBACK,      /**< a whole, but older copy */
    VTPM_EOTHER,         /**< the store of another vTPM */
    VTPM_EVERSION,       /**< a format that this program does not know */
    VTPM_ETOOSMALL,      /**< the device has no room for a TPM's state */
    VTPM_ETOOBIG,        /**< the state does not fit its slot */
    VTPM_EBUSY,          /**< another process owns it */
    VTPM_EACCESS,        /**< permissions: too few, or too generous */
    VTPM_ENOSPACE,       /**< the disk is full */
    VTPM_EIO,            /**< the platform failed to read, write or sync */
    VTPM_ENOMEM,         /**< out of memory */
    VTPM_EINVAL,         /**< the caller's or the operator's mistake */
    VTPM_EUNSUPPORTED,   /**< this TPM family cannot do that */
    VTPM_ETPM            /**< libtpms rejected the state or failed */
};

/** One line for the operator. Set only when a function fails. */
struct vtpm_error {
    char text[256];
};

/**
 * Writes the line and returns the status, so that a failing function is one
 * statement. Either way the status comes back.
 * @param err may be NULL
 */
enum vtpm_status vtpm_fail(struct vtpm_error *err, enum vtpm_status status,
                           const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The status that an errno of a file operation stands for. */
enum vtpm_status vtpm_status_of_errno(int error);

/** As vtpm_fail(); cause, remedy and status are taken from @p error (errno). */
enum vtpm_status vtpm_fail_errno(struct vtpm_error *err, int error,
                                 const char *what, const char *path);

/** Puts "@p path: " before the line unless the line names it already. */
void vtpm_error_locate(struct vtpm_error *err, const char *path);

/** A few words for a status. Static storage. */
const char *vtpm_status_text(enum vtpm_status status);

#endif
