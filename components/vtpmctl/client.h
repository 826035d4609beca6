/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_CLIENT_H
#define VTPMCTL_CLIENT_H

/**
 * @file
 * Questions to the manager, over its local socket or over a vTPM device of this
 * domain. What the manager answers is read as if an enemy had written it.
 */

#include "command.h"
#include "wire.h"

/** Where the manager is unless --via says it. */
#define CTL_SOCKET_DEFAULT "/run/vtpmring/vtpmmgr.sock"
#define CTL_VIA_DEFAULT "unix:" CTL_SOCKET_DEFAULT

/** Carries frames, one after the other. */
struct ctl_transport {
    /**
     * Sends a frame and waits for the answer.
     * @param response room for VTPMMGR_FRAME_MAX
     * @return CTL_OK; CTL_AWAY
     */
    enum ctl_code (*exchange)(struct ctl_transport *transport,
                              const uint8_t *request, size_t request_len,
                              uint8_t *response, size_t *response_len,
                              struct vtpm_error *err);
    void (*close)(struct ctl_transport *transport);
};

/** @return CTL_OK; CTL_AWAY; CTL_FAILED; CTL_USAGE (too long a path) */
enum ctl_code ctl_socket_open(struct ctl_transport **transport,
                              const char *path, unsigned timeout_ms,
                              struct vtpm_error *err);
/** Device @p number of this domain. @return as ctl_socket_open() */
enum ctl_code ctl_device_open(struct ctl_transport **transport, unsigned number,
                              unsigned timeout_ms, struct vtpm_error *err);

struct ctl_client {
    struct ctl_transport *transport;
    uint32_t status;                  /**< of the last answer */
    uint8_t frame[VTPMMGR_FRAME_MAX]; /**< the last answer */
};

/** Connects as --via says. Close it if this succeeds. */
enum ctl_code ctl_client_open(struct ctl_client *client,
                              const struct ctl_args *args,
                              struct vtpm_error *err);
void ctl_client_close(struct ctl_client *client);

/**
 * Asks and checks the answer.
 * @param response its bytes live until the next question; zeroed on a failure
 * @return CTL_OK; CTL_FAILED (the manager says no; the line says why); CTL_AWAY
 *         (no answer, or nonsense)
 */
enum ctl_code ctl_ask(struct ctl_client *client, enum vtpmmgr_ordinal ordinal,
                      const struct vtpmmgr_message *request,
                      struct vtpmmgr_message *response, struct vtpm_error *err);

/**
 * Lists all vTPMs of a group, page by page, sorted. A list that changes while
 * it is read is read again.
 * @param uuids gets them, to be freed with free()
 */
enum ctl_code ctl_list_vtpms(struct ctl_client *client, uint32_t group,
                             uint8_t (**uuids)[VTPMMGR_UUID_SIZE],
                             size_t *count, struct vtpm_error *err);

/** One more than the highest number of a group; some may be free. */
enum ctl_code ctl_count_groups(struct ctl_client *client, uint32_t *count,
                               struct vtpm_error *err);

#endif
