/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include "bytes.h"

#include <string.h>

size_t vtpmmgr_place_of(uint32_t ordinal)
{
    size_t i = 0;

    while (i < VTPMMGR_COMMANDS && vtpmmgr_commands[i].ordinal != ordinal)
        i++;
    return i;
}

static size_t answer(uint16_t tag, uint32_t status, uint8_t *out)
{
    vtpm_put16(out, tag);
    vtpm_put32(out + 2, VTPMMGR_FRAME_HEADER);
    vtpm_put32(out + 6, status);
    return VTPMMGR_FRAME_HEADER;
}

/* What is not handled is answered under a tag of its own, as Xen's manager
 * does. */
static size_t refuse(uint16_t tag, uint32_t status, uint8_t *out)
{
    return answer((uint16_t)(tag + 3), status, out);
}

bool vtpmmgr_is_ours(const uint8_t *frame, size_t len)
{
    uint16_t tag = len < 2 ? 0 : vtpm_get16(frame);

    return tag == VTPMMGR_TAG_REQ || tag == VTPMMGR_TAG_REQ2;
}

/* Management is refused before anybody looks at what is asked for. */
static uint32_t admit(const struct vtpmmgr_handlers *handlers, void *context,
                      uint16_t tag, uint32_t ordinal,
                      const struct vtpmmgr_command **command)
{
    uint32_t status = VTPMMGR_SUCCESS;

    if (tag == VTPMMGR_TAG_REQ2)
        status = handlers->permit(context, VTPMMGR_ADMIN);
    if (status != VTPMMGR_SUCCESS)
        return status;
    *command = vtpmmgr_command_find(tag, ordinal);
    if (!*command || !handlers->handle[vtpmmgr_place_of(ordinal)])
        return VTPMMGR_BAD_ORDINAL;
    if ((*command)->access == VTPMMGR_OWN)
        status = handlers->permit(context, VTPMMGR_OWN);
    return status;
}

size_t vtpmmgr_dispatch(const struct vtpmmgr_handlers *handlers, void *context,
                        const uint8_t *frame, size_t len, uint8_t *out,
                        size_t room)
{
    struct vtpmmgr_request request = {.room = room};
    struct vtpmmgr_message response = {0};
    struct vtpmmgr_span body;
    uint16_t tag = len < 2 ? VTPMMGR_TAG_REQ : vtpm_get16(frame);
    uint32_t status;
    size_t done;

    if (len >= 2 && !vtpmmgr_is_ours(frame, len))
        return refuse(tag, VTPMMGR_BADTAG, out);
    if (len < VTPMMGR_FRAME_HEADER || len > VTPMMGR_FRAME_MAX ||
        vtpm_get32(frame + 2) != len)
        return refuse(tag, VTPMMGR_BAD_PARAM_SIZE, out);
    status =
        admit(handlers, context, tag, vtpm_get32(frame + 6), &request.command);
    if (status != VTPMMGR_SUCCESS)
        return refuse(tag, status, out);
    body = (struct vtpmmgr_span){frame + VTPMMGR_FRAME_HEADER,
                                 len - VTPMMGR_FRAME_HEADER};
    if (!vtpmmgr_request_decode(request.command, body, &request.message))
        return answer(VTPMMGR_TAG_RSP, VTPMMGR_BAD_PARAMETER, out);
    status = handlers->handle[vtpmmgr_place_of(request.command->ordinal)](
        context, &request, &response);
    done = vtpmmgr_response_encode(request.command, &request.message, status,
                                   &response, out, room);
    return done > 0 ? done : answer(VTPMMGR_TAG_RSP, VTPMMGR_SIZE, out);
}
