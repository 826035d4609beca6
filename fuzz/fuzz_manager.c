/* SPDX-License-Identifier: MIT */
/* What vTPMs and their guests send to the manager, and what a manager answers
 * them; and what a hardware TPM answers to translated commands. A frame is
 * answered once and in form, nobody is served beyond their rights, what is
 * taken is the whole frame and nothing else. */
#include "dispatch.h"
#include "filter.h"
#include "fuzz.h"

#include <stddef.h>
#include <string.h>

/* One frame to the manager. */
static struct {
    const uint8_t *frame;
    size_t len;
    uint32_t own, admin, status;
    unsigned handled;
    uint8_t *bytes; /* what a handler answers with */
    size_t lens[6];
} turn;

enum { BYTES = 600 };

/* The rest of the input, in memory of exactly that size. */
static uint8_t *rest(size_t *len)
{
    uint8_t *bytes;

    *len = fuzz_left();
    bytes = fuzz_memory(*len);
    (void)fuzz_bytes(bytes, *len);
    return bytes;
}

static void put_be32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* ---- bodies ---- */

static void check_inside(const struct vtpmmgr_message *m, const uint8_t *frame,
                         size_t len)
{
    const struct vtpmmgr_span spans[] = {
        m->list.platforms, m->list.kernels, m->list.whole,
        m->uuid,           m->group_uuid,   m->hash_key,
        m->digest,         m->modulus,      m->binding,
        m->signature,      m->exchange,     m->recovery,
        m->selection,      m->selections,   m->values,
        m->uuids,          m->key,          m->symmetric,
        m->blob,           m->certificate};

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        fuzz_check(spans[i].len == 0 ||
                       (spans[i].at >= frame && spans[i].len <= len &&
                        (size_t)(spans[i].at - frame) <= len - spans[i].len),
                   "bytes outside of the frame");
}

/* What was written again is what came, but for what has two forms. */
static void check_same(const struct vtpmmgr_message *m, const uint8_t *frame,
                       size_t len, const uint8_t *again, size_t again_len)
{
    if (m->hash_key.len == 64 && again_len == len - 12)
        len = again_len; /* zeros were cut off */
    if (m->uuid.len == 16 && again_len == len - 1 && frame[len - 1] == 0)
        len = again_len; /* a NUL behind a UUID */
    fuzz_check(again_len == len, "a frame changes its length");
    fuzz_check(memcmp(frame + 10, again + 10, len - 10) == 0,
               "a frame is not what was read");
}

static uint32_t permit(void *context, enum vtpmmgr_access access)
{
    fuzz_check(context == &turn && access != VTPMMGR_ANY, "a wrong question");
    return access == VTPMMGR_OWN ? turn.own : turn.admin;
}

static uint32_t handle(void *context, const struct vtpmmgr_request *request,
                       struct vtpmmgr_message *response)
{
    const struct vtpmmgr_command *command = request->command;
    uint8_t *again = fuzz_memory(VTPMMGR_FRAME_MAX);
    struct vtpmmgr_span span = {turn.bytes, turn.lens[0]};
    size_t len;

    fuzz_check(context == &turn && turn.handled++ == 0,
               "a frame is handled twice");
    fuzz_check(command->access != VTPMMGR_ADMIN || turn.admin == 0,
               "management without the right to it");
    fuzz_check(command->access != VTPMMGR_OWN || turn.own == 0,
               "a vTPM is served that is not known");
    fuzz_check(fuzz_be32(turn.frame + 6) == command->ordinal &&
                   (turn.frame[0] << 8 | turn.frame[1]) == command->tag,
               "another command is handled");
    check_inside(&request->message, turn.frame, turn.len);
    len = vtpmmgr_request_encode(command, &request->message, again,
                                 VTPMMGR_FRAME_MAX);
    check_same(&request->message, turn.frame, turn.len, again, len);
    /* whatever a handler makes of it */
    *response = (struct vtpmmgr_message){.group = 1, .count = 2, .flags = 3};
    response->list.platforms = (struct vtpmmgr_span){turn.bytes, turn.lens[1]};
    response->list.kernels = (struct vtpmmgr_span){turn.bytes, turn.lens[2]};
    response->uuid = response->group_uuid = response->digest = span;
    response->modulus = response->binding = response->signature = span;
    response->exchange = response->recovery = response->hash_key = span;
    response->values = (struct vtpmmgr_span){turn.bytes, turn.lens[3]};
    response->uuids = (struct vtpmmgr_span){turn.bytes, turn.lens[4]};
    response->key = response->symmetric = response->blob = span;
    response->certificate = (struct vtpmmgr_span){turn.bytes, turn.lens[5]};
    response->root = response->error = span;
    response->devices = response->uuids;
    return turn.status;
}

static void dispatch(void)
{
    static const uint32_t statuses[] = {0, 0, 0, 1, 3, 7, 9};
    static const uint16_t lens[] = {0,  16, 20, 32, 52,  64,  80,  100,
                                    11, 18, 38, 40, 256, 257, 512, 600};
    struct vtpmmgr_handlers handlers = {.permit = permit};
    uint8_t *frame, *out;
    size_t room, done;
    bool sized;

    memset(&turn, 0, sizeof(turn));
    turn.own = statuses[fuzz_pick(7)];
    turn.admin = statuses[fuzz_pick(7)];
    turn.status = statuses[fuzz_pick(7)];
    for (int i = 0; i < 6; i++)
        turn.lens[i] = lens[fuzz_pick(16)];
    room = 10 + (size_t)fuzz_u8() * 17;
    sized = fuzz_pick(8) != 0;
    turn.bytes = fuzz_memory(BYTES);
    memset(turn.bytes, 0x02, 1);
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++)
        handlers.handle[i] = handle;
    frame = rest(&turn.len);
    if (sized && turn.len >= 6)
        put_be32(frame + 2, (uint32_t)turn.len);
    turn.frame = frame;
    out = fuzz_memory(room);
    done = vtpmmgr_dispatch(&handlers, &turn, frame, turn.len, out, room);
    fuzz_check(done >= 10 && done <= room, "an answer of a wrong length");
    fuzz_check(fuzz_be32(out + 2) == done, "an answer that lies");
    fuzz_check(done == 10 || (fuzz_be32(out + 6) == 0 && turn.handled == 1),
               "an error with something behind it");
    fuzz_check(turn.handled == 1 || fuzz_be32(out + 6) != 0,
               "success, and nothing was done");
    fuzz_check(turn.handled == 0 || (out[0] == 0x01 && out[1] == 0xc4),
               "an answer with a wrong tag");
}

static void answer(void)
{
    const struct vtpmmgr_command *command =
        &vtpmmgr_commands[fuzz_pick(VTPMMGR_COMMANDS)];
    struct vtpmmgr_message request = {0}, response;
    uint8_t selection[] = {0, 2, 0, 0}, *frame, *again;
    uint32_t status;
    size_t len;

    request.flags = fuzz_u8();
    selection[3] = fuzz_u8();
    request.selection = (struct vtpmmgr_span){selection, sizeof(selection)};
    frame = rest(&len);
    if (len >= 6)
        put_be32(frame + 2, (uint32_t)len);
    if (!vtpmmgr_response_decode(command, &request,
                                 (struct vtpmmgr_span){frame, len}, &status,
                                 &response)) {
        fuzz_check(status != 0, "success that is none");
        return;
    }
    fuzz_check(status == fuzz_be32(frame + 6), "another status");
    check_inside(&response, frame, len);
    again = fuzz_memory(VTPMMGR_FRAME_MAX);
    check_same(&response, frame, len, again,
               vtpmmgr_response_encode(command, &request, status, &response,
                                       again, VTPMMGR_FRAME_MAX));
}

/* ---- commands for the hardware TPM ---- */

static void filter(void)
{
    bool is20 = fuzz_pick(2) != 0;
    enum vtpmmgr_family family = is20 ? VTPMMGR_FAMILY_20 : VTPMMGR_FAMILY_12;
    struct vtpmmgr_raw_rights rights = {fuzz_pick(2) != 0, 1u << 16};
    uint8_t *refusal = fuzz_memory(10), *command, *longer;
    struct vtpmmgr_raw raw;
    uint32_t code;
    size_t len;

    command = rest(&len);
    if (len >= 6)
        put_be32(command + 2, (uint32_t)len);
    if (!vtpmmgr_raw_allowed(command, len, family, rights, &raw, refusal)) {
        fuzz_check(fuzz_be32(refusal + 2) == 10 && fuzz_be32(refusal + 6) != 0,
                   "a refusal that is none");
        return;
    }
    code = fuzz_be32(command + 6);
    fuzz_check(command[0] == 0x80 ? is20 && (code == 0x17b || code == 0x17e ||
                                             (code == 0x182 && rights.admin &&
                                              fuzz_be32(command + 10) == 16))
                                  : command[0] == 0 && command[1] == 0xc1 &&
                                        (code == 0x46 || code == 0x15 ||
                                         (code == 0x14 && rights.admin &&
                                          fuzz_be32(command + 10) == 16)),
               "a command passes that must not");
    fuzz_check((raw.family == VTPMMGR_FAMILY_20) == (command[0] == 0x80),
               "another family");
    /* and nothing but this */
    longer = fuzz_memory(len + 1);
    memcpy(longer, command, len);
    put_be32(longer + 2, (uint32_t)len + 1);
    fuzz_check(
        !vtpmmgr_raw_allowed(longer, len + 1, family, rights, &raw, refusal),
        "a byte passes that nobody reads");
}

static void translate(void)
{
    struct vtpmmgr_raw raw = {.family = VTPMMGR_FAMILY_12};
    uint8_t *command = fuzz_memory(VTPMMGR_RAW_MAX), *out, *response;
    uint8_t *refusal = fuzz_memory(10);
    struct vtpmmgr_raw_rights rights = {false, 0};
    struct vtpmmgr_raw again;
    size_t room, len, done;

    raw.kind = fuzz_pick(2) != 0 ? VTPMMGR_RAW_RANDOM : VTPMMGR_RAW_READ;
    raw.number = raw.kind == VTPMMGR_RAW_RANDOM ? fuzz_u32() : fuzz_pick(24);
    room = 10 + fuzz_pick(64);
    len = vtpmmgr_raw_translate(&raw, command);
    fuzz_check(vtpmmgr_raw_allowed(command, len, VTPMMGR_FAMILY_20, rights,
                                   &again, refusal) &&
                   again.kind == raw.kind,
               "a translation that does not pass");
    response = rest(&len);
    if (len >= 6)
        put_be32(response + 2, (uint32_t)len);
    out = fuzz_memory(room);
    done = vtpmmgr_raw_answer(&raw, response, len, out, room);
    fuzz_check(done >= 10 && done <= room && fuzz_be32(out + 2) == done &&
                   out[0] == 0 && out[1] == 0xc4,
               "a translated answer that is none");
    fuzz_check((done > 10) == (fuzz_be32(out + 6) == 0) ||
                   (raw.kind == VTPMMGR_RAW_RANDOM && done == 14),
               "a translated answer that lies");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    switch (fuzz_pick(4)) {
    case 0:
        dispatch();
        break;
    case 1:
        answer();
        break;
    case 2:
        filter();
        break;
    default:
        translate();
        break;
    }
    fuzz_forget();
    return 0;
}
