/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * What a call of this library answers, and whose fault it is.
 */
#ifndef VTPMRING_STATUS_H
#define VTPMRING_STATUS_H

#include <stddef.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Every status of the library. The groups say whose fault it is: nobody's, the
 * caller's, the peer domain's, or the platform's.
 */
enum vtpmring_status {
    VTPMRING_OK = 0, /**< done */

    /* nobody's fault */
    VTPMRING_AGAIN,    /**< not now: wait for the next event and call again */
    VTPMRING_CLOSED,   /**< the connection has ended in order */
    VTPMRING_CANCELED, /**< the command was cancelled, there is no response */

    /* the caller's fault */
    VTPMRING_EINVAL, /**< an argument is out of its range */
    VTPMRING_ESTATE, /**< the call does not fit the state of the machine */
    VTPMRING_ENOBUF, /**< the buffer is too small, or the command too large */

    /* the peer's fault */
    VTPMRING_EPEER_LENGTH,  /**< an impossible length on the shared page */
    VTPMRING_EPEER_HEADER,  /**< the TPM header disagrees with the length */
    VTPMRING_EPEER_STATE,   /**< a page state that the peer may not write */
    VTPMRING_EPEER_STRING,  /**< an unreadable string in xenstore */
    VTPMRING_EPEER_FEATURE, /**< the peer does not speak version 2 */
    VTPMRING_EPEER_REFUSED, /**< the peer closed instead of connecting */
    VTPMRING_EPEER_GONE,    /**< the peer went away or started anew */
    VTPMRING_EPEER_TIMEOUT, /**< the peer did not answer in time */

    /* the platform's fault */
    VTPMRING_EPORT,        /**< a call of the port failed */
    VTPMRING_ENOMEM,       /**< no memory, or a quota of xenstore is used up */
    VTPMRING_EUNSUPPORTED, /**< the platform cannot do this */

    VTPMRING_STATUS_COUNT /**< how many there are */
};

/**
 * The name of a status, for logs.
 * @param status any value
 * @return a constant string such as "EPEER_LENGTH"; "?" for no status at all
 */
const char *vtpmring_status_name(enum vtpmring_status status);

/**
 * One sentence for an operator.
 * @param status any value
 * @return a constant string without a final full stop
 */
const char *vtpmring_status_text(enum vtpmring_status status);

/**
 * Whether the peer domain is to blame.
 * @param status any value
 * @return true for the EPEER group
 */
bool vtpmring_status_is_peer(enum vtpmring_status status);

#ifdef __cplusplus
}
#endif

#endif
