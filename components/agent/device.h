/* SPDX-License-Identifier: MIT */
#ifndef AGENT_DEVICE_H
#define AGENT_DEVICE_H

/**
 * @file
 * The vtpm devices of this host, as the toolstack has noted them beneath
 * /libxl, where only dom0 may write.
 */

#include "store.h"
#include "table.h"
#include "uuid.h"

struct agent_device {
    struct agent_device *next;
    uint32_t domid; /**< of the guest */
    uint32_t handle;
    uint8_t uuid[VTPM_UUID_SIZE];
    char *back; /**< the backend's directory, which its domain may change */
    enum agent_phase phase;
    bool leaving; /**< it is being removed */
    bool removed; /**< it is no more beneath /libxl */
    bool met;     /**< by the scan of its guest's devices */
    bool untold;  /**< something could not be said, as the device was */
    bool noted;   /**< nothing is left to be done for what was found */
};

struct agent_devices {
    struct agent_store *store;
    struct agent_device *first;
};

/** Finds what is there, and watches; agent_devices_event() then hears of it. */
bool agent_devices_watch(struct agent_devices *devices);

/**
 * Takes note of a watch event.
 * @return whether guests are to be looked at
 */
bool agent_devices_event(struct agent_devices *devices, const char *path,
                         const char *token);

/** Reads again what is told to a backend: whether its device leaves. */
void agent_device_refresh(struct agent_devices *devices,
                          struct agent_device *device);

/** Forgets the device that `at` points to. */
void agent_device_forget(struct agent_devices *devices,
                         struct agent_device **at);

void agent_devices_free(struct agent_devices *devices);

#endif
