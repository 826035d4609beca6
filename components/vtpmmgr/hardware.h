/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_HARDWARE_H
#define VTPMMGR_HARDWARE_H

/**
 * @file
 * The hardware TPM, as the manager's commands see it: what needs its keys, its
 * PCRs or its NV memory. The manager has judged who asks, and has read the
 * group; everything here is carried out.
 *
 * Used by one thread at a time.
 */

#include "filter.h"
#include "group_content.h"
#include "wire.h"

#include <stddef.h>
#include <stdint.h>

/** What is asked of the hardware TPM. */
struct vtpmmgr_hardware_request {
    const struct vtpmmgr_command *command;
    const struct vtpmmgr_message *message;
    /** The group that it is about: of the vTPM (GET_QUOTE), or that is named;
     * NULL for MakeIdentity, ActivateIdentity, ReadPubek and NV memory. */
    const struct vtpmmgr_group_content *group;
    const uint8_t *uuid;  /**< GET_QUOTE, EVIDENCE: of the vTPM, else NULL */
    const uint8_t *label; /**< with it: SHA-1 of its label; zeros: none */
    /** Room for what the response points to, VTPMMGR_HARDWARE_ROOM bytes. */
    uint8_t *bytes;
};
#define VTPMMGR_HARDWARE_ROOM 8192u

struct vtpmmgr_hardware;

struct vtpmmgr_hardware_ops {
    /**
     * A raw command that passed the filter, in the hardware's own family.
     * @return bytes of the response; 0: the TPM cannot be reached
     */
    size_t (*exchange)(struct vtpmmgr_hardware *hardware,
                       const uint8_t *command, size_t len, uint8_t *response,
                       size_t room);
    /**
     * GROUP_NEW: makes the group's attestation key.
     * @param group with UUID and agent_key; gets key_public, key_private,
     *              binding and what else belongs to it, in request->bytes
     * @param response gets modulus and binding; of the group
     * @return a status of wire.h
     */
    uint32_t (*new_group)(struct vtpmmgr_hardware *hardware,
                          const struct vtpmmgr_hardware_request *request,
                          struct vtpmmgr_group_content *group,
                          struct vtpmmgr_message *response);
    /**
     * GET_QUOTE, EVIDENCE, GROUP_ACTIVATE, GROUP_REGISTER, GROUP_QUOTE,
     * GROUP_RECOVER1, GROUP_RECOVER2, MakeIdentity, ActivateIdentity, ReadPubek
     * and the three for NV memory.
     * @param response zeroed; its spans point into request->bytes, or to what
     *                 lives as long
     * @return a status of wire.h
     */
    uint32_t (*answer)(struct vtpmmgr_hardware *hardware,
                       const struct vtpmmgr_hardware_request *request,
                       struct vtpmmgr_message *response);
    /** Frees it. */
    void (*close)(struct vtpmmgr_hardware *hardware);
};

/** The first member of every hardware TPM. */
struct vtpmmgr_hardware {
    const struct vtpmmgr_hardware_ops *ops;
    enum vtpmmgr_family family; /**< which commands exchange() takes */
    struct vtpm_error error;    /**< why VTPMMGR_FAIL; "" if not known */
};

#endif
