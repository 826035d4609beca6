/* SPDX-License-Identifier: MIT */
#include <vtpmring/tpm.h>

#include "objects.h"

/* Command codes: TPM 2.0 Part 2, 6.5.2. */
#define CC_CREATE_PRIMARY 0x131
#define CC_SEQUENCE_COMPLETE 0x13e
#define CC_LOAD 0x157
#define CC_HMAC_START 0x15b
#define CC_CONTEXT_LOAD 0x161
#define CC_FLUSH_CONTEXT 0x165
#define CC_LOAD_EXTERNAL 0x167
#define CC_EVENT_SEQUENCE_COMPLETE 0x185
#define CC_HASH_SEQUENCE_START 0x186
#define CC_CREATE_LOADED 0x191

/* Part 2, 7.2: TPM_HT_TRANSIENT */
#define IS_TRANSIENT(handle) ((handle) >> 24 == 0x80)

static uint32_t number_at(const uint8_t *packet, size_t size, size_t offset)
{
    const uint8_t *p = packet + offset;

    if (size < offset + 4)
        return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

void tcti_objects_sent(struct tcti_objects *objects, const uint8_t *command,
                       size_t size)
{
    objects->code = number_at(command, size, 6);
    objects->first = number_at(command, size, VTPMRING_TPM_HEADER_SIZE);
    objects->second = number_at(command, size, VTPMRING_TPM_HEADER_SIZE + 4);
}

static void forget(struct tcti_objects *objects, uint32_t handle)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (objects->handle[i] == handle) {
            objects->handle[i] = objects->handle[--objects->count];
            return;
        }
    }
}

static void remember(struct tcti_objects *objects, uint32_t handle)
{
    /* the TPM may use the number of an object that has gone otherwise */
    forget(objects, handle);
    if (IS_TRANSIENT(handle) && objects->count < TCTI_OBJECTS_MAX)
        objects->handle[objects->count++] = handle;
}

void tcti_objects_received(struct tcti_objects *objects,
                           const uint8_t *response, size_t size)
{
    uint32_t code = objects->code;

    objects->code = 0;
    if (number_at(response, size, 6) != 0)
        return;
    switch (code) {
    case CC_CREATE_PRIMARY:
    case CC_LOAD:
    case CC_HMAC_START:
    case CC_CONTEXT_LOAD:
    case CC_LOAD_EXTERNAL:
    case CC_HASH_SEQUENCE_START:
    case CC_CREATE_LOADED:
        remember(objects, number_at(response, size, VTPMRING_TPM_HEADER_SIZE));
        break;
    case CC_SEQUENCE_COMPLETE:
    case CC_FLUSH_CONTEXT:
        forget(objects, objects->first);
        break;
    case CC_EVENT_SEQUENCE_COMPLETE:
        forget(objects, objects->second);
        break;
    default:
        break;
    }
}

bool tcti_objects_flush(struct tcti_objects *objects,
                        uint8_t command[TCTI_OBJECTS_FLUSH_SIZE])
{
    const struct vtpmring_tpm_header header = {VTPMRING_TPM_TAG_NO_SESSIONS,
                                               TCTI_OBJECTS_FLUSH_SIZE,
                                               CC_FLUSH_CONTEXT};
    uint32_t handle;

    if (objects->count == 0)
        return false;
    handle = objects->handle[--objects->count];
    vtpmring_tpm_format(&header, command);
    for (int i = 0; i < 4; i++)
        command[VTPMRING_TPM_HEADER_SIZE + (size_t)i] =
            (uint8_t)(handle >> (24 - 8 * i));
    return true;
}
