/* SPDX-License-Identifier: MIT */
/**
 * @file objects.h
 * The transient objects that this process has left in the TPM.
 *
 * A TPM has room for three or so. A program that ends without flushing its own
 * would leave the next one without room, so the TCTI flushes them, as the
 * kernel does when /dev/tpmrm0 is closed. Pure: who calls sends the commands.
 */
#ifndef VTPMRING_TCTI_OBJECTS_H
#define VTPMRING_TCTI_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than any TPM holds. */
#define TCTI_OBJECTS_MAX 16
/** Bytes of a TPM2_FlushContext. */
#define TCTI_OBJECTS_FLUSH_SIZE 14

/** What is known. Begins zeroed. */
struct tcti_objects {
    uint32_t code;   /**< of the command sent */
    uint32_t first;  /**< its first handle or parameter, 0 if none */
    uint32_t second; /**< its second one */
    uint32_t handle[TCTI_OBJECTS_MAX]; /**< objects in the TPM */
    size_t count;                      /**< of them */
};

/**
 * Notes a command.
 * @param objects what is known
 * @param command the command, a whole header at least
 * @param size bytes of it
 */
void tcti_objects_sent(struct tcti_objects *objects, const uint8_t *command,
                       size_t size);

/**
 * Notes its response: an object has come, or gone.
 * @param objects what is known
 * @param response the response, a whole header at least
 * @param size bytes of it
 */
void tcti_objects_received(struct tcti_objects *objects,
                           const uint8_t *response, size_t size);

/**
 * Makes the command that flushes one object, and forgets it.
 * @param objects what is known
 * @param command gets the command
 * @return false when there is none left
 */
bool tcti_objects_flush(struct tcti_objects *objects,
                        uint8_t command[TCTI_OBJECTS_FLUSH_SIZE]);

#endif
