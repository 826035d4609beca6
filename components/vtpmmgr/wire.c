/* SPDX-License-Identifier: MIT */
#include "wire_table.h"

#include "bytes.h"

#include <string.h>

#define SELECTION_MAX 4u
#define SYMMETRIC_MAX 512u
#define KEY_20_MAX 1024u
#define QUOTE_FLAGS 0xfu

/* What is left of a body to read; fails once and for all. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool ok;
};

/* A body that is written; fails once and for all. */
struct writer {
    uint8_t *at;
    size_t left;
    bool ok;
};

static struct vtpmmgr_span take(struct reader *reader, size_t len)
{
    struct vtpmmgr_span span = {reader->at, len};

    if (!reader->ok || len > reader->left) {
        reader->ok = false;
        return (struct vtpmmgr_span){NULL, 0};
    }
    reader->at += len;
    reader->left -= len;
    return span;
}

static uint16_t take16(struct reader *reader)
{
    struct vtpmmgr_span span = take(reader, 2);

    return span.at ? vtpm_get16(span.at) : 0;
}

static uint32_t take32(struct reader *reader)
{
    struct vtpmmgr_span span = take(reader, 4);

    return span.at ? vtpm_get32(span.at) : 0;
}

/* A length and as many bytes. */
static struct vtpmmgr_span take_sized(struct reader *reader, size_t max)
{
    uint32_t len = take32(reader);

    reader->ok = reader->ok && len <= max;
    return take(reader, len);
}

static void require(struct reader *reader, bool what)
{
    reader->ok = reader->ok && what;
}

/* What was read since then. */
static struct vtpmmgr_span since(const struct reader *reader,
                                 const uint8_t *from)
{
    return (struct vtpmmgr_span){from, (size_t)(reader->at - from)};
}

static struct vtpmmgr_span take_selection(struct reader *reader)
{
    const uint8_t *from = reader->at;
    uint16_t len = take16(reader);

    require(reader, len <= SELECTION_MAX);
    (void)take(reader, len);
    return since(reader, from);
}

static struct vtpmmgr_list take_list(struct reader *reader)
{
    struct vtpmmgr_list list = {0};
    const uint8_t *from = reader->at;
    struct vtpmmgr_span sequence = take(reader, 8);
    uint32_t platforms = take32(reader), kernels;

    list.sequence = sequence.at ? vtpm_get64(sequence.at) : 0;
    require(reader, platforms <= VTPMMGR_LIST_MAX);
    list.platforms = take(reader, (size_t)platforms * VTPMMGR_DIGEST_SIZE);
    kernels = take32(reader);
    require(reader, kernels <= VTPMMGR_LIST_MAX - platforms);
    list.kernels = take(reader, (size_t)kernels * VTPMMGR_DIGEST_SIZE);
    list.whole = since(reader, from);
    return list;
}

bool vtpmmgr_list_decode(struct vtpmmgr_span bytes, struct vtpmmgr_list *list)
{
    struct reader reader = {bytes.at, bytes.len, true};

    *list = take_list(&reader);
    if (reader.ok && reader.left == 0)
        return true;
    memset(list, 0, sizeof *list);
    return false;
}

static size_t platforms_of(const struct vtpmmgr_message *message)
{
    return message->list.platforms.len / VTPMMGR_DIGEST_SIZE;
}

/* A TPM_KEY after its first four bytes. */
static void take_key_12(struct reader *reader)
{
    (void)take(reader, 2 + 4 + 1);               /* usage, flags, auth */
    (void)take(reader, 4 + 2 + 2);               /* algorithm, schemes */
    (void)take_sized(reader, VTPMMGR_FRAME_MAX); /* its parameters */
    (void)take_sized(reader, VTPMMGR_FRAME_MAX); /* PCRs */
    (void)take_sized(reader, VTPMMGR_FRAME_MAX); /* public key */
    (void)take_sized(reader, VTPMMGR_FRAME_MAX); /* private key */
}

static struct vtpmmgr_span take_key(struct reader *reader)
{
    const uint8_t *from = reader->at;

    switch (take32(reader)) {
    case 0x01010000: /* TPM_KEY: version 1.1.0.0 */
    case 0x00280000: /* TPM_KEY12: its tag, zero */
        take_key_12(reader);
        break;
    case 0x02000000: /* of TPM 2.0: public and private area as one blob */
        (void)take_sized(reader, KEY_20_MAX);
        break;
    default:
        reader->ok = false;
        break;
    }
    return since(reader, from);
}

static struct vtpmmgr_span take_symmetric(struct reader *reader)
{
    const uint8_t *from = reader->at;
    uint16_t len;

    (void)take(reader, 4 + 2); /* algorithm, scheme */
    len = take16(reader);
    require(reader, len <= SYMMETRIC_MAX);
    (void)take(reader, len);
    return since(reader, from);
}

static struct vtpmmgr_span take_uuid_maybe(struct reader *reader)
{
    struct vtpmmgr_span span = {NULL, 0};

    if (reader->left == 0)
        return span;
    span = take(reader, VTPMMGR_UUID_SIZE);
    /* the script that comes with Xen sends a NUL behind it */
    if (reader->ok && reader->left == 1)
        require(reader, take(reader, 1).at[0] == 0);
    return span;
}

static size_t bits_of(const uint8_t *at, size_t len)
{
    size_t bits = 0;

    for (size_t i = 0; i < 8 * len; i++)
        bits += at[i / 8] >> i % 8 & 1;
    return bits;
}

/* Bytes of the values that answer a request for a quote. */
static size_t values_len(const struct vtpmmgr_message *request)
{
    uint8_t flags = (uint8_t)(request->flags & QUOTE_FLAGS);
    const struct vtpmmgr_span *selection = &request->selection;
    size_t bits = bits_of(&flags, 1);

    if (selection->len > 2)
        bits += bits_of(selection->at + 2, selection->len - 2);
    return bits * VTPMMGR_DIGEST_SIZE;
}

static struct vtpmmgr_span take_rest(struct reader *reader,
                                     const struct vtpmmgr_field *field)
{
    size_t len = reader->left;

    if (field->kind == VTPMMGR_FIELD_ITEMS)
        require(reader, len % field->max == 0);
    else
        require(reader, len >= field->min && len <= field->max);
    return take(reader, len);
}

static void take_selections(struct reader *reader,
                            struct vtpmmgr_message *message)
{
    const uint8_t *from = reader->at;

    for (size_t i = 0; i < platforms_of(message) && reader->ok; i++)
        (void)take_selection(reader);
    message->selections = since(reader, from);
}

static struct vtpmmgr_span take_span(struct reader *reader,
                                     const struct vtpmmgr_field *field,
                                     const struct vtpmmgr_message *request)
{
    switch (field->kind) {
    case VTPMMGR_FIELD_BYTES:
        return take(reader, field->max);
    case VTPMMGR_FIELD_SIZED:
        return take_sized(reader, field->max);
    case VTPMMGR_FIELD_UUID_MAYBE:
        return take_uuid_maybe(reader);
    case VTPMMGR_FIELD_SELECTION:
        return take_selection(reader);
    case VTPMMGR_FIELD_VALUES:
        return take(reader, values_len(request));
    case VTPMMGR_FIELD_KEY:
        return take_key(reader);
    case VTPMMGR_FIELD_SYMMETRIC:
        return take_symmetric(reader);
    default:
        return take_rest(reader, field);
    }
}

/* Reads a body; the flags of a request are those that are known. */
static bool decode(const struct vtpmmgr_field *field,
                   const struct vtpmmgr_message *request,
                   struct vtpmmgr_span body, struct vtpmmgr_message *message)
{
    struct reader reader = {body.at, body.len, true};

    memset(message, 0, sizeof *message);
    for (; field->kind != VTPMMGR_FIELD_END && reader.ok; field++) {
        void *to = (uint8_t *)message + field->where;
        struct vtpmmgr_span span;

        switch (field->kind) {
        case VTPMMGR_FIELD_U32:
            *(uint32_t *)to = take32(&reader);
            break;
        case VTPMMGR_FIELD_U64:
            span = take(&reader, 8);
            *(uint64_t *)to = span.at ? vtpm_get64(span.at) : 0;
            break;
        case VTPMMGR_FIELD_LIST:
            *(struct vtpmmgr_list *)to = take_list(&reader);
            break;
        case VTPMMGR_FIELD_SELECTIONS:
            take_selections(&reader, message);
            break;
        default:
            *(struct vtpmmgr_span *)to = take_span(&reader, field, request);
            break;
        }
    }
    if (reader.ok && reader.left == 0)
        return true;
    memset(message, 0, sizeof *message);
    return false;
}

/* ---- writing ---- */

static void give(struct writer *writer, const void *from, size_t len)
{
    if (!writer->ok || len > writer->left) {
        writer->ok = false;
        return;
    }
    if (len > 0)
        memcpy(writer->at, from, len);
    writer->at += len;
    writer->left -= len;
}

static void give32(struct writer *writer, uint32_t value)
{
    uint8_t bytes[4];

    vtpm_put32(bytes, value);
    give(writer, bytes, sizeof bytes);
}

static void give64(struct writer *writer, uint64_t value)
{
    uint8_t bytes[8];

    vtpm_put64(bytes, value);
    give(writer, bytes, sizeof bytes);
}

static void give_list(struct writer *writer, const struct vtpmmgr_list *list)
{
    give64(writer, list->sequence);
    give32(writer, (uint32_t)(list->platforms.len / VTPMMGR_DIGEST_SIZE));
    give(writer, list->platforms.at, list->platforms.len);
    give32(writer, (uint32_t)(list->kernels.len / VTPMMGR_DIGEST_SIZE));
    give(writer, list->kernels.at, list->kernels.len);
}

/* A key of 64 bytes whose end is zeros is one of 52: so it is with Xen. */
static void give_hash_key(struct writer *writer,
                          const struct vtpmmgr_field *field,
                          const struct vtpmmgr_span *span)
{
    size_t len = span->len;

    if (len == field->max &&
        vtpm_all_zero(span->at + field->min, len - field->min))
        len = field->min;
    give(writer, span->at, len);
}

static void give_field(struct writer *writer, const struct vtpmmgr_field *field,
                       const struct vtpmmgr_message *message)
{
    const void *from = (const uint8_t *)message + field->where;
    const struct vtpmmgr_span *span = from;

    switch (field->kind) {
    case VTPMMGR_FIELD_U32:
        give32(writer, *(const uint32_t *)from);
        break;
    case VTPMMGR_FIELD_U64:
        give64(writer, *(const uint64_t *)from);
        break;
    case VTPMMGR_FIELD_LIST:
        give_list(writer, from);
        break;
    case VTPMMGR_FIELD_SIZED:
        give32(writer, (uint32_t)span->len);
        give(writer, span->at, span->len);
        break;
    case VTPMMGR_FIELD_HASH_KEY:
        give_hash_key(writer, field, span);
        break;
    default:
        give(writer, span->at, span->len);
        break;
    }
}

/* Writes a frame. What was written is read again: whatever a caller passes,
 * nothing leaves that the other side would refuse. */
static size_t encode(const struct vtpmmgr_field *fields,
                     const struct vtpmmgr_message *request, uint16_t tag,
                     uint32_t code, const struct vtpmmgr_message *message,
                     uint8_t *frame, size_t room)
{
    struct writer writer;
    struct vtpmmgr_message again;
    size_t len;

    if (room > VTPMMGR_FRAME_MAX)
        room = VTPMMGR_FRAME_MAX;
    if (room < VTPMMGR_FRAME_HEADER)
        return 0;
    writer = (struct writer){frame + VTPMMGR_FRAME_HEADER,
                             room - VTPMMGR_FRAME_HEADER, true};
    for (const struct vtpmmgr_field *f = fields; f->kind != VTPMMGR_FIELD_END;
         f++)
        give_field(&writer, f, message);
    len = room - writer.left;
    if (!writer.ok ||
        !decode(fields, request,
                (struct vtpmmgr_span){frame + VTPMMGR_FRAME_HEADER,
                                      len - VTPMMGR_FRAME_HEADER},
                &again))
        return 0;
    vtpm_put16(frame, tag);
    vtpm_put32(frame + 2, (uint32_t)len);
    vtpm_put32(frame + 6, code);
    return len;
}

bool vtpmmgr_request_decode(const struct vtpmmgr_command *command,
                            struct vtpmmgr_span body,
                            struct vtpmmgr_message *message)
{
    if (decode(command->request, NULL, body, message) &&
        (command->ordinal != VTPMMGR_GET_QUOTE ||
         (message->flags & ~QUOTE_FLAGS) == 0))
        return true;
    memset(message, 0, sizeof *message);
    return false;
}

size_t vtpmmgr_request_encode(const struct vtpmmgr_command *command,
                              const struct vtpmmgr_message *message,
                              uint8_t *frame, size_t room)
{
    if (command->ordinal == VTPMMGR_GET_QUOTE &&
        (message->flags & ~QUOTE_FLAGS) != 0)
        return 0;
    return encode(command->request, NULL, command->tag, command->ordinal,
                  message, frame, room);
}

size_t vtpmmgr_response_encode(const struct vtpmmgr_command *command,
                               const struct vtpmmgr_message *request,
                               uint32_t status,
                               const struct vtpmmgr_message *response,
                               uint8_t *frame, size_t room)
{
    static const struct vtpmmgr_field nothing = {VTPMMGR_FIELD_END, 0, 0, 0};

    return encode(status == VTPMMGR_SUCCESS ? command->response : &nothing,
                  request, VTPMMGR_TAG_RSP, status, response, frame, room);
}

bool vtpmmgr_response_decode(const struct vtpmmgr_command *command,
                             const struct vtpmmgr_message *request,
                             struct vtpmmgr_span frame, uint32_t *status,
                             struct vtpmmgr_message *response)
{
    uint32_t code;
    uint16_t tag;

    memset(response, 0, sizeof *response);
    *status = VTPMMGR_FAIL;
    if (frame.len < VTPMMGR_FRAME_HEADER || frame.len > VTPMMGR_FRAME_MAX ||
        vtpm_get32(frame.at + 2) != frame.len)
        return false;
    tag = vtpm_get16(frame.at);
    code = vtpm_get32(frame.at + 6);
    frame.at += VTPMMGR_FRAME_HEADER;
    frame.len -= VTPMMGR_FRAME_HEADER;
    if (code != VTPMMGR_SUCCESS) {
        if (frame.len > 0 ||
            (tag != VTPMMGR_TAG_RSP && tag != command->tag + 3))
            return false;
        *status = code;
        return true;
    }
    if (tag != VTPMMGR_TAG_RSP ||
        !decode(command->response, request, frame, response))
        return false;
    *status = code;
    return true;
}
