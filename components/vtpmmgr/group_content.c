/* SPDX-License-Identifier: MIT */
#include "group_content.h"

#include "bytes.h"

#include <string.h>

#define VERSION 1u
#define FIELD_HEAD 4u

enum { TAG_UUID = 1, TAG_FLAGS = 2, TAG_SPANS = 3 };

/* The fields with a length of their own, from TAG_SPANS on. */
static const struct {
    size_t where;
    size_t max;
} spans[] = {
    {offsetof(struct vtpmmgr_group_content, agent_key), 512},
    {offsetof(struct vtpmmgr_group_content, list), 3800},
    {offsetof(struct vtpmmgr_group_content, selections), 1200},
    {offsetof(struct vtpmmgr_group_content, key_public), 1024},
    {offsetof(struct vtpmmgr_group_content, key_private), 1024},
    {offsetof(struct vtpmmgr_group_content, binding), 2048},
    {offsetof(struct vtpmmgr_group_content, recovery), 512},
    {offsetof(struct vtpmmgr_group_content, policy), 1024},
};
#define SPANS (sizeof spans / sizeof spans[0])
_Static_assert(4 + 3 * FIELD_HEAD + VTPM_UUID_SIZE + 4 + 8 * FIELD_HEAD + 512 +
                       3800 + 1200 + 1024 + 1024 + 2048 + 512 + 1024 <=
                   VTPMMGR_GROUP_MAX,
               "a group with everything fits the store");

static uint8_t *put_field(uint8_t *at, unsigned tag, const uint8_t *bytes,
                          size_t len)
{
    vtpm_put16(at, (uint16_t)tag);
    vtpm_put16(at + 2, (uint16_t)len);
    memcpy(at + FIELD_HEAD, bytes, len);
    return at + FIELD_HEAD + len;
}

size_t vtpmmgr_group_encode(const struct vtpmmgr_group_content *content,
                            uint8_t out[VTPMMGR_GROUP_MAX])
{
    uint8_t flags[4], *at = out + 4;

    vtpm_put32(out, VERSION);
    vtpm_put32(flags, content->flags);
    at = put_field(at, TAG_UUID, content->uuid, sizeof content->uuid);
    at = put_field(at, TAG_FLAGS, flags, sizeof flags);
    for (unsigned i = 0; i < SPANS; i++) {
        const struct vtpm_bytes *span =
            (const void *)((const uint8_t *)content + spans[i].where);

        if (span->len > spans[i].max)
            return 0;
        if (span->len > 0)
            at = put_field(at, TAG_SPANS + i, span->at, span->len);
    }
    return (size_t)(at - out);
}

/* @return VTPM_OK, VTPM_EVERSION, VTPM_ECORRUPT */
static enum vtpm_status take_field(struct vtpmmgr_group_content *content,
                                   unsigned tag, struct vtpm_bytes bytes)
{
    struct vtpm_bytes *span;

    if (tag == TAG_UUID && bytes.len == sizeof content->uuid) {
        memcpy(content->uuid, bytes.at, bytes.len);
        return VTPM_OK;
    }
    if (tag == TAG_FLAGS && bytes.len == 4) {
        content->flags = vtpm_get32(bytes.at);
        return VTPM_OK;
    }
    if (tag >= TAG_SPANS + SPANS)
        return VTPM_EVERSION;
    if (tag < TAG_SPANS || bytes.len == 0 ||
        bytes.len > spans[tag - TAG_SPANS].max)
        return VTPM_ECORRUPT;
    span = (void *)((uint8_t *)content + spans[tag - TAG_SPANS].where);
    *span = bytes;
    return VTPM_OK;
}

static enum vtpm_status take_fields(struct vtpm_bytes in,
                                    struct vtpmmgr_group_content *content)
{
    unsigned last = 0;

    if (in.len < 4)
        return VTPM_ECORRUPT;
    if (vtpm_get32(in.at) != VERSION)
        return VTPM_EVERSION;
    in.at += 4;
    in.len -= 4;
    while (in.len > 0) {
        struct vtpm_bytes bytes = {in.at + FIELD_HEAD, 0};
        enum vtpm_status status;
        unsigned tag;

        if (in.len < FIELD_HEAD)
            return VTPM_ECORRUPT;
        tag = vtpm_get16(in.at);
        bytes.len = vtpm_get16(in.at + 2);
        if (bytes.len > in.len - FIELD_HEAD || tag <= last)
            return VTPM_ECORRUPT;
        /* the first two are always there */
        if (tag != last + 1 && last < TAG_FLAGS)
            return VTPM_ECORRUPT;
        status = take_field(content, tag, bytes);
        if (status != VTPM_OK)
            return status;
        last = tag;
        in.at += FIELD_HEAD + bytes.len;
        in.len -= FIELD_HEAD + bytes.len;
    }
    return last >= TAG_FLAGS ? VTPM_OK : VTPM_ECORRUPT;
}

enum vtpm_status vtpmmgr_group_decode(struct vtpm_bytes in,
                                      struct vtpmmgr_group_content *content,
                                      struct vtpm_error *err)
{
    enum vtpm_status status;

    memset(content, 0, sizeof *content);
    status = take_fields(in, content);
    if (status == VTPM_OK)
        return VTPM_OK;
    memset(content, 0, sizeof *content);
    if (status == VTPM_EVERSION)
        return vtpm_fail(err, status,
                         "a newer program wrote this group; use that one");
    return vtpm_fail(err, status,
                     "corrupt: a group does not add up; report this, and "
                     "restore the store from a backup");
}
