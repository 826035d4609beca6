/* SPDX-License-Identifier: MIT */
#include "keys_manager.h"

#include "../vtpmmgr/wire.h"
#include "crypto.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(VTPM_MANAGER_FRAME_MAX >= VTPMMGR_FRAME_MAX, "a frame fits");

struct keys_manager {
    struct vtpm_keys keys; /* first: see keys.h */
    struct vtpm_manager *manager;
};

static struct keys_manager *of(struct vtpm_keys *keys)
{
    return (struct keys_manager *)keys;
}

static enum vtpm_status refused(uint32_t code, struct vtpm_error *err)
{
    switch (code) {
    case VTPMMGR_BAD_PARAMETER:
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager does not know this vTPM; add the UUID of "
                         "its device at the manager");
    case VTPMMGR_DISABLED:
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager refuses this vTPM: another domain uses "
                         "it, or the label of this one is not allowed; see "
                         "the manager's log");
    case VTPMMGR_RETRY:
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager cannot do it now; see its log");
    case VTPMMGR_NOSPACE:
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager's store is full; give it a bigger one");
    default:
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager refuses with code %lu; see its log",
                         (unsigned long)code);
    }
}

/* Asks one of the two questions.
 * @param answer  room for a frame; what response points to */
static enum vtpm_status ask(struct keys_manager *self, uint32_t ordinal,
                            const struct vtpmmgr_message *request,
                            uint8_t answer[VTPM_MANAGER_FRAME_MAX],
                            struct vtpmmgr_message *response,
                            struct vtpm_error *err)
{
    const struct vtpmmgr_command *command =
        vtpmmgr_command_find(VTPMMGR_TAG_REQ, ordinal);
    uint8_t frame[VTPMMGR_FRAME_HEADER + VTPM_RECORD_SIZE];
    size_t len = vtpmmgr_request_encode(command, request, frame, sizeof frame);
    enum vtpm_status status;
    uint32_t code;

    status = vtpm_manager_ask(self->manager, frame, len, answer, &len, err);
    vtpm_cleanse(frame, sizeof frame);
    if (status != VTPM_OK)
        return status;
    if (!vtpmmgr_response_decode(command, request,
                                 (struct vtpmmgr_span){answer, len}, &code,
                                 response))
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager's answer is none; is its version "
                         "another, or is what runs there no manager?");
    if (code == VTPMMGR_BAD_PARAMETER && ordinal == VTPMMGR_LOADHASHKEY)
        return vtpm_fail(err, VTPM_EUNPROVISIONED,
                         "the manager has no vTPM with the UUID of the device");
    return code == VTPMMGR_SUCCESS ? VTPM_OK : refused(code, err);
}

static enum vtpm_status load(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const struct vtpm_areas *areas,
                             struct vtpm_records *records,
                             struct vtpm_error *err)
{
    static const struct vtpmmgr_message nothing;
    uint8_t answer[VTPM_MANAGER_FRAME_MAX];
    struct vtpmmgr_message response;
    enum vtpm_status status;

    (void)uuid;
    (void)areas;
    records->count = 0;
    memset(records->record, 0, sizeof records->record);
    status =
        ask(of(keys), VTPMMGR_LOADHASHKEY, &nothing, answer, &response, err);
    if (status == VTPM_OK) {
        memcpy(records->record[0], response.hash_key.at, response.hash_key.len);
        records->count = 1;
    }
    vtpm_cleanse(answer, sizeof answer);
    return status;
}

static enum vtpm_status save(struct vtpm_keys *keys,
                             const uint8_t uuid[VTPM_UUID_SIZE],
                             const uint8_t record[VTPM_RECORD_SIZE],
                             struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {
        .hash_key = {record, VTPM_RECORD_SIZE}};
    uint8_t answer[VTPM_MANAGER_FRAME_MAX];
    struct vtpmmgr_message response;

    (void)uuid;
    return ask(of(keys), VTPMMGR_SAVEHASHKEY, &request, answer, &response, err);
}

static void close_keeper(struct vtpm_keys *keys)
{
    free(of(keys));
}

enum vtpm_status vtpm_keys_manager_open(struct vtpm_keys **keys,
                                        struct vtpm_manager *manager,
                                        struct vtpm_error *err)
{
    static const struct vtpm_keys_ops ops = {
        .load = load, .save = save, .close = close_keeper};
    struct keys_manager *self = calloc(1, sizeof *self);

    *keys = NULL;
    if (!self)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    self->keys.ops = &ops;
    self->manager = manager;
    *keys = &self->keys;
    return VTPM_OK;
}
