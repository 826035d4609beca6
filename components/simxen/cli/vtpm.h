/* SPDX-License-Identifier: MIT */
/**
 * @file vtpm.h
 * The nodes of a vTPM, as the toolstack writes and removes them.
 */
#ifndef SIMXEN_VTPM_H
#define SIMXEN_VTPM_H

#include <stdbool.h>
#include <stdint.h>

struct xs_handle;

struct vtpm {
    uint32_t front;
    uint32_t back;
    uint32_t handle;
    char *front_path;
    char *back_path;
    char *libxl_path;  /**< the toolstack's own record */
    char *booted_path; /**< exists once this device has come with a boot */
    /** How the guest is, for the backend's node `guest`; VTPM_UNKNOWN: no such
     *  node; NULL: what the toolstack knows. */
    const char *guest;
};

#define VTPM_UNKNOWN "unknown"

enum vtpm_wait { VTPM_REACHED, VTPM_GONE, VTPM_TIMEOUT, VTPM_REFUSED };

/** Fill in the paths; free them with vtpm_free(). */
void vtpm_init(struct vtpm *vtpm, uint32_t front, uint32_t back,
               uint32_t handle);
void vtpm_free(struct vtpm *vtpm);

/** 8-4-4-4-12 hexadecimal digits. */
bool vtpm_uuid_ok(const char *uuid);

/** @return whether the toolstack has a record of it. */
bool vtpm_exists(struct xs_handle *xs, const struct vtpm *vtpm);

/**
 * Write all nodes in one transaction. The guest boots with the first device of
 * that handle, and runs when it gets another. @return false with errno.
 */
bool vtpm_write(struct xs_handle *xs, const struct vtpm *vtpm,
                const char *uuid);
/** Ask the backend to let go, online=0 and state=5, and say how the guest is if
 *  that was ever said; "detached" is what the toolstack knows. @return false
 * with errno; ENOENT: there is no backend any more. */
bool vtpm_ask_to_close(struct xs_handle *xs, const struct vtpm *vtpm);
/** Remove all nodes and the folders that have become empty. */
bool vtpm_remove(struct xs_handle *xs, const struct vtpm *vtpm);

/**
 * Wait until the backend's state is from lowest to highest.
 * @return VTPM_GONE: the node does not exist; VTPM_REFUSED: the state went
 *         beyond highest.
 */
enum vtpm_wait vtpm_wait_state(struct xs_handle *xs, const struct vtpm *vtpm,
                               unsigned lowest, unsigned highest,
                               unsigned timeout_ms);

#endif
