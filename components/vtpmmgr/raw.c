/* SPDX-License-Identifier: MIT */
/* Commands for the hardware TPM, and random bytes where there is none. */
#include "bytes.h"
#include "manager_impl.h"

#include <string.h>

#define TAG_20 0x8001
#define TAG_12 0x00c4
#define FAILURE_20 0x101
/* as many as a TPM with SHA-512 gives */
#define RANDOM_MAX 64u

static size_t head(const struct vtpmmgr_raw *raw, uint32_t code, size_t len,
                   uint8_t *out)
{
    vtpm_put16(out, raw->family == VTPMMGR_FAMILY_20 ? TAG_20 : TAG_12);
    vtpm_put32(out + 2, (uint32_t)len);
    vtpm_put32(out + 6, code);
    return len;
}

static size_t failed(const struct vtpmmgr_raw *raw, uint8_t *out)
{
    return head(raw,
                raw->family == VTPMMGR_FAMILY_20 ? FAILURE_20 : VTPMMGR_FAIL,
                VTPMMGR_RAW_HEADER, out);
}

/* Without a hardware TPM, the bytes are those of the manager's own generator:
 * a vTPM mixes them into its own. */
static size_t random_bytes(struct vtpmmgr_manager *manager,
                           const struct vtpmmgr_raw *raw, uint8_t *out,
                           size_t room)
{
    const size_t sized = raw->family == VTPMMGR_FAMILY_20 ? 2 : 4;
    size_t len = raw->number < RANDOM_MAX ? raw->number : RANDOM_MAX;
    uint8_t *at = out + VTPMMGR_RAW_HEADER;
    struct vtpm_error err;

    if (room < VTPMMGR_RAW_HEADER + sized + len)
        return failed(raw, out);
    if (vtpm_random(at + sized, len, &err) != VTPM_OK) {
        vtpmmgr_note(manager, &err);
        return failed(raw, out);
    }
    if (sized == 2)
        vtpm_put16(at, (uint16_t)len);
    else
        vtpm_put32(at, (uint32_t)len);
    return head(raw, 0, VTPMMGR_RAW_HEADER + sized + len, out);
}

static size_t without(struct vtpmmgr_manager *manager,
                      const struct vtpmmgr_raw *raw, uint8_t *out, size_t room)
{
    if (raw->kind == VTPMMGR_RAW_RANDOM)
        return random_bytes(manager, raw, out, room);
    return failed(raw, out);
}

/* A TPM 2.0 is asked in its own way for what TPM 1.2 would be asked for. */
static size_t translated(struct vtpmmgr_manager *manager,
                         struct vtpmmgr_hardware *hardware,
                         const struct vtpmmgr_raw *raw, uint8_t *out,
                         size_t room)
{
    uint8_t command[VTPMMGR_RAW_MAX];
    size_t len = vtpmmgr_raw_translate(raw, command);

    len = hardware->ops->exchange(hardware, command, len, manager->bytes,
                                  sizeof manager->bytes);
    return vtpmmgr_raw_answer(raw, manager->bytes, len, out, room);
}

/* What a TPM says of itself is not trusted to be a response. */
static size_t passed(struct vtpmmgr_manager *manager,
                     struct vtpmmgr_hardware *hardware,
                     const struct vtpmmgr_raw *raw, struct vtpmmgr_span frame,
                     uint8_t *out, size_t room)
{
    size_t len = hardware->ops->exchange(hardware, frame.at, frame.len,
                                         manager->bytes, sizeof manager->bytes);

    if (len < VTPMMGR_RAW_HEADER || len > room ||
        vtpm_get32(manager->bytes + 2) != len)
        return failed(raw, out);
    memcpy(out, manager->bytes, len);
    return len;
}

size_t vtpmmgr_raw_execute(struct vtpmmgr_turn *turn, const uint8_t *frame,
                           size_t len, uint8_t *out, size_t room)
{
    struct vtpmmgr_manager *manager = turn->manager;
    struct vtpmmgr_hardware *hardware = manager->options.root->hardware;
    const enum vtpmmgr_family family =
        hardware ? hardware->family : VTPMMGR_FAMILY_20;
    const struct vtpmmgr_raw_rights rights = {
        .admin = vtpmmgr_is_admin(manager, turn->sender),
        .extend = manager->options.extend,
    };
    struct vtpmmgr_raw raw;

    if (!vtpmmgr_raw_allowed(frame, len, family, rights, &raw, out))
        return VTPMMGR_RAW_HEADER;
    if (!hardware)
        return without(manager, &raw, out, room);
    if (raw.family != family)
        return translated(manager, hardware, &raw, out, room);
    return passed(manager, hardware, &raw, (struct vtpmmgr_span){frame, len},
                  out, room);
}
