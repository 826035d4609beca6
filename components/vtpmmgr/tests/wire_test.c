/* SPDX-License-Identifier: MIT */
/* Every ordinal, both ways: as it is on the wire, cut off at every byte, with
 * bytes behind it, and read again. */
#include "wire.h"

#include "bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint8_t store[16384];
static size_t stored;

static struct vtpmmgr_span some(size_t len, uint8_t fill)
{
    struct vtpmmgr_span span = {store + stored, len};

    memset(store + stored, fill, len);
    stored += len;
    return span;
}

static struct vtpmmgr_span put(const uint8_t *bytes, size_t len)
{
    struct vtpmmgr_span span = some(len, 0);

    memcpy(store + stored - len, bytes, len);
    return span;
}

/* A message that suits every ordinal. */
static struct vtpmmgr_message sample(void)
{
    static const uint8_t selection[] = {0, 3, 0x01, 0x80, 0x04};
    static const uint8_t selections[] = {0, 3, 1, 2, 3, 0, 2, 9, 9};
    static const uint8_t symmetric[] = {0, 0, 0, 6, 0, 1, 0, 3, 7, 8, 9};
    static const uint8_t key[] = {1, 1, 0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0,
                                  0, 1, 0, 3, 0, 1,    0, 0, 0, 2, 5, 5, 0,
                                  0, 0, 0, 0, 0, 0,    1, 6, 0, 0, 0, 0};
    struct vtpmmgr_message m;

    stored = 0;
    m = (struct vtpmmgr_message){
        .group = 0x01020304,
        .flags = 5,
        .count = 7,
        .offset = 300,
        .index = 0x00011101,
        .size = 32,
        .attributes = 0x00040004,
        .saves = UINT64_C(0x1122334455667788),
        .vtpms = 0x41,
        .groups = 0x42,
        .generation = 0x43,
        .anchor = 0x44,
        .uptime_s = 0x45,
        .commands = 0x46,
        .failures = 0x47,
    };
    m.list.sequence = UINT64_C(0x8877665544332211);
    m.list.platforms = some(2 * 20, 0x21);
    m.list.kernels = some(3 * 20, 0x22);
    m.uuid = some(16, 0x31);
    m.group_uuid = some(16, 0x32);
    m.hash_key = some(64, 0x33);
    m.digest = some(20, 0x34);
    m.modulus = some(256, 0x35);
    m.binding = some(256, 0x36);
    m.signature = some(256, 0x37);
    m.exchange = some(256, 0x38);
    m.recovery = some(32, 0x39);
    m.selection = put(selection, sizeof selection);
    m.selections = put(selections, sizeof selections);
    m.values = some(5 * 20, 0x3a);
    m.uuids = some(4 * 16, 0x3b);
    m.key = put(key, sizeof key);
    m.symmetric = put(symmetric, sizeof symmetric);
    m.blob = some(100, 0x3c);
    m.certificate = some(50, 0x3d);
    m.root = some(20, 0x3e);
    m.error = some(30, 0x3f);
    m.devices = some(2 * 32, 0x40);
    return m;
}

/* For each ordinal, what is behind the header: bytes of request and response,
 * with the sample. */
static const struct shape {
    uint32_t ordinal;
    uint16_t tag;
    enum vtpmmgr_access access;
    size_t request, response;
} shapes[] = {
    {VTPMMGR_SAVEHASHKEY, 0x01c1, VTPMMGR_OWN, 64, 0},
    {VTPMMGR_LOADHASHKEY, 0x01c1, VTPMMGR_OWN, 0, 64},
    {VTPMMGR_GET_BOOT_HASH, 0x01c1, VTPMMGR_ANY, 0, 20},
    {VTPMMGR_GET_QUOTE, 0x01c1, VTPMMGR_OWN, 20 + 5 + 4, 256 + 5 * 20},
    {VTPMMGR_GROUP_LIST, 0x01c2, VTPMMGR_ADMIN, 0, 4},
    {VTPMMGR_GROUP_NEW, 0x01c2, VTPMMGR_ADMIN, 276, 528},
    {VTPMMGR_GROUP_DEL, 0x01c2, VTPMMGR_ADMIN, 4, 0},
    {VTPMMGR_GROUP_ACTIVATE, 0x01c2, VTPMMGR_ADMIN, 8 + 100, 11},
    {VTPMMGR_GROUP_REGISTER, 0x01c2, VTPMMGR_ADMIN, 4 + 512 + 5, 544},
    {VTPMMGR_GROUP_UPDATE, 0x01c2, VTPMMGR_ADMIN, 260 + 116 + 9, 0},
    {VTPMMGR_GROUP_SHOW, 0x01c2, VTPMMGR_ADMIN, 4, 272 + 116},
    {VTPMMGR_GROUP_QUOTE, 0x01c2, VTPMMGR_ADMIN, 29, 256 + 3 * 20},
    {VTPMMGR_GROUP_RECOVER1, 0x01c2, VTPMMGR_ADMIN, 4 + 38 + 25, 512},
    {VTPMMGR_GROUP_RECOVER2, 0x01c2, VTPMMGR_ADMIN, 292, 0},
    {VTPMMGR_VTPM_LIST, 0x01c2, VTPMMGR_ADMIN, 8, 4 + 64},
    {VTPMMGR_VTPM_SHOW, 0x01c2, VTPMMGR_ADMIN, 16, 32 + 104},
    {VTPMMGR_VTPM_EDIT, 0x01c2, VTPMMGR_ADMIN, 24, 0},
    {VTPMMGR_VTPM_NEW, 0x01c2, VTPMMGR_ADMIN, 20, 16},
    {VTPMMGR_VTPM_DEL, 0x01c2, VTPMMGR_ADMIN, 16, 0},
    {VTPMMGR_MAKE_IDENTITY, 0x01c2, VTPMMGR_ADMIN, 20, 38 + 104},
    {VTPMMGR_ACTIVATE_IDENTITY, 0x01c2, VTPMMGR_ADMIN, 38 + 104, 11},
    {VTPMMGR_READ_PUBEK, 0x01c2, VTPMMGR_ADMIN, 0, 104 + 54},
    {VTPMMGR_NV_DEFINE_SPACE, 0x01c2, VTPMMGR_ADMIN, 12, 0},
    {VTPMMGR_NV_WRITE_VALUE, 0x01c2, VTPMMGR_ADMIN, 8 + 104, 0},
    {VTPMMGR_NV_READ_VALUE, 0x01c2, VTPMMGR_ADMIN, 12, 104},
    {VTPMMGR_GROUP_KEY, 0x01c2, VTPMMGR_ADMIN, 4, 104},
    {VTPMMGR_EVIDENCE, 0x01c2, VTPMMGR_ADMIN, 20 + 104 + 8 + 32, 104},
    {VTPMMGR_STATUS, 0x01c2, VTPMMGR_ADMIN, 4, 12 + 40 + 24 + 34 + 4 + 64},
};

/* Whether a request of this length is one as well. */
static bool may_have(uint32_t ordinal, size_t len)
{
    if (ordinal == VTPMMGR_SAVEHASHKEY)
        return len >= 52 && len <= 64;
    return ordinal == VTPMMGR_VTPM_NEW && (len == 4 || len == 20);
}

static struct vtpmmgr_message message_for(uint32_t ordinal)
{
    struct vtpmmgr_message m = sample();

    /* a quote of a group has no flags */
    if (ordinal == VTPMMGR_GROUP_QUOTE) {
        m.flags = 0;
        m.values.len = 3 * 20;
    }
    return m;
}

static void each_request(void **state)
{
    (void)state;
    assert_int_equal(sizeof shapes / sizeof shapes[0], VTPMMGR_COMMANDS);
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++) {
        const struct vtpmmgr_command *command =
            vtpmmgr_command_find(shapes[i].tag, shapes[i].ordinal);
        struct vtpmmgr_message m = message_for(shapes[i].ordinal), got;
        uint8_t frame[VTPMMGR_FRAME_MAX], again[VTPMMGR_FRAME_MAX];
        size_t len;

        assert_ptr_equal(command, &vtpmmgr_commands[i]);
        assert_int_equal(command->access, shapes[i].access);
        memset(frame, 0, sizeof frame);
        len = vtpmmgr_request_encode(command, &m, frame, sizeof frame);
        assert_int_equal(len, 10 + shapes[i].request);
        assert_int_equal(vtpm_get16(frame), shapes[i].tag);
        assert_int_equal(vtpm_get32(frame + 2), len);
        assert_int_equal(vtpm_get32(frame + 6), shapes[i].ordinal);
        assert_int_equal(vtpmmgr_request_encode(command, &m, again, len), len);
        assert_int_equal(vtpmmgr_request_encode(command, &m, again, len - 1),
                         0);
        for (size_t n = 0; n < shapes[i].request + 20; n++) {
            struct vtpmmgr_span body = {frame + 10, n};
            bool taken = vtpmmgr_request_decode(command, body, &got);
            bool odd = shapes[i].ordinal == VTPMMGR_VTPM_NEW && n == 21;

            assert_int_equal(taken, n == shapes[i].request ||
                                        may_have(shapes[i].ordinal, n) || odd);
            if (!taken || n != shapes[i].request)
                continue;
            assert_int_equal(
                vtpmmgr_request_encode(command, &got, again, sizeof again),
                len);
            assert_memory_equal(frame, again, len);
        }
    }
}

static void each_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++) {
        const struct vtpmmgr_command *command = &vtpmmgr_commands[i];
        struct vtpmmgr_message m = message_for(shapes[i].ordinal), got;
        uint8_t frame[VTPMMGR_FRAME_MAX], again[VTPMMGR_FRAME_MAX];
        size_t len;
        uint32_t status;

        memset(frame, 0, sizeof frame);
        len = vtpmmgr_response_encode(command, &m, 0, &m, frame, sizeof frame);
        assert_int_equal(len, 10 + shapes[i].response);
        assert_int_equal(vtpm_get16(frame), 0x01c4);
        assert_int_equal(vtpm_get32(frame + 2), len);
        assert_int_equal(vtpm_get32(frame + 6), 0);
        for (size_t n = 0; n < len + 20; n++) {
            struct vtpmmgr_span span = {frame, n};
            bool taken, fits = n == len;

            if (shapes[i].ordinal == VTPMMGR_VTPM_LIST)
                fits = n >= 14 && (n - 14) % 16 == 0;
            if (shapes[i].ordinal == VTPMMGR_STATUS)
                fits = n >= len - 64 && (len - n) % 32 == 0;
            if (shapes[i].ordinal == VTPMMGR_LOADHASHKEY)
                fits = n >= 62 && n <= 74;
            vtpm_put32(frame + 2, (uint32_t)n);
            taken = vtpmmgr_response_decode(command, &m, span, &status, &got);
            assert_int_equal(taken, fits);
            assert_int_equal(status, taken ? 0 : VTPMMGR_FAIL);
            if (n != len)
                continue;
            assert_int_equal(vtpmmgr_response_encode(command, &m, 0, &got,
                                                     again, sizeof again),
                             len);
            assert_memory_equal(frame, again, len);
            /* the size field is not the length */
            vtpm_put32(frame + 2, (uint32_t)n + 1);
            assert_false(
                vtpmmgr_response_decode(command, &m, span, &status, &got));
        }
    }
}

static void errors_have_nothing_behind_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++) {
        const struct vtpmmgr_command *command = &vtpmmgr_commands[i];
        struct vtpmmgr_message m = message_for(shapes[i].ordinal), got;
        struct vtpmmgr_span span;
        uint8_t frame[64] = {0};
        uint32_t status;

        assert_int_equal(
            vtpmmgr_response_encode(command, &m, 7, &m, frame, sizeof frame),
            10);
        span = (struct vtpmmgr_span){frame, 10};
        assert_true(vtpmmgr_response_decode(command, &m, span, &status, &got));
        assert_int_equal(status, 7);
        /* as a refusal, with another tag */
        vtpm_put16(frame, (uint16_t)(command->tag + 3));
        assert_true(vtpmmgr_response_decode(command, &m, span, &status, &got));
        assert_int_equal(status, 7);
        vtpm_put16(frame, 0x00c4);
        assert_false(vtpmmgr_response_decode(command, &m, span, &status, &got));
        /* success is no refusal */
        vtpm_put32(frame + 6, 0);
        vtpm_put16(frame, 0x01c5);
        assert_false(vtpmmgr_response_decode(command, &m, span, &status, &got));
        vtpm_put32(frame + 6, 7);
        vtpm_put16(frame, 0x01c4);
        vtpm_put32(frame + 2, 11);
        span.len = 11;
        assert_false(vtpmmgr_response_decode(command, &m, span, &status, &got));
    }
}

/* Where the sample's bytes are, behind the header. */
static void fields_are_where_they_belong(void **state)
{
    static const struct {
        uint32_t ordinal;
        bool response;
        uint16_t at;
        uint8_t byte;
    } places[] = {
        {VTPMMGR_SAVEHASHKEY, false, 0, 0x33},
        {VTPMMGR_LOADHASHKEY, true, 0, 0x33},
        {VTPMMGR_GET_BOOT_HASH, true, 0, 0x34},
        {VTPMMGR_GET_QUOTE, false, 0, 0x34},
        {VTPMMGR_GET_QUOTE, false, 21, 3},
        {VTPMMGR_GET_QUOTE, false, 28, 5},
        {VTPMMGR_GET_QUOTE, true, 0, 0x37},
        {VTPMMGR_GET_QUOTE, true, 256, 0x3a},
        {VTPMMGR_GROUP_LIST, true, 3, 7},
        {VTPMMGR_GROUP_NEW, false, 0, 0x34},
        {VTPMMGR_GROUP_NEW, false, 20, 0x35},
        {VTPMMGR_GROUP_NEW, true, 0, 0x32},
        {VTPMMGR_GROUP_NEW, true, 16, 0x35},
        {VTPMMGR_GROUP_NEW, true, 272, 0x36},
        {VTPMMGR_GROUP_DEL, false, 3, 4},
        {VTPMMGR_GROUP_ACTIVATE, false, 7, 100},
        {VTPMMGR_GROUP_ACTIVATE, false, 8, 0x3c},
        {VTPMMGR_GROUP_ACTIVATE, true, 7, 3},
        {VTPMMGR_GROUP_REGISTER, false, 4, 0x38},
        {VTPMMGR_GROUP_REGISTER, false, 260, 0x37},
        {VTPMMGR_GROUP_REGISTER, false, 517, 3},
        {VTPMMGR_GROUP_REGISTER, true, 0, 0x38},
        {VTPMMGR_GROUP_REGISTER, true, 256, 0x39},
        {VTPMMGR_GROUP_REGISTER, true, 288, 0x37},
        {VTPMMGR_GROUP_UPDATE, false, 4, 0x37},
        {VTPMMGR_GROUP_UPDATE, false, 260, 0x88},
        {VTPMMGR_GROUP_UPDATE, false, 271, 2},
        {VTPMMGR_GROUP_UPDATE, false, 272, 0x21},
        {VTPMMGR_GROUP_UPDATE, false, 315, 3},
        {VTPMMGR_GROUP_UPDATE, false, 316, 0x22},
        {VTPMMGR_GROUP_UPDATE, false, 377, 3},
        {VTPMMGR_GROUP_SHOW, true, 0, 0x32},
        {VTPMMGR_GROUP_SHOW, true, 16, 0x35},
        {VTPMMGR_GROUP_SHOW, true, 272, 0x88},
        {VTPMMGR_GROUP_QUOTE, false, 4, 0x34},
        {VTPMMGR_GROUP_QUOTE, false, 25, 3},
        {VTPMMGR_GROUP_QUOTE, true, 0, 0x37},
        {VTPMMGR_GROUP_RECOVER1, false, 4, 1},
        {VTPMMGR_GROUP_RECOVER1, false, 42, 0x34},
        {VTPMMGR_GROUP_RECOVER1, true, 0, 0x38},
        {VTPMMGR_GROUP_RECOVER1, true, 256, 0x37},
        {VTPMMGR_GROUP_RECOVER2, false, 4, 0x38},
        {VTPMMGR_GROUP_RECOVER2, false, 260, 0x39},
        {VTPMMGR_VTPM_LIST, false, 3, 4},
        {VTPMMGR_VTPM_LIST, false, 6, 1},
        {VTPMMGR_VTPM_LIST, true, 3, 7},
        {VTPMMGR_VTPM_LIST, true, 4, 0x3b},
        {VTPMMGR_VTPM_SHOW, false, 0, 0x31},
        {VTPMMGR_VTPM_SHOW, true, 4, 0x32},
        {VTPMMGR_VTPM_SHOW, true, 23, 5},
        {VTPMMGR_VTPM_SHOW, true, 24, 0x11},
        {VTPMMGR_VTPM_SHOW, true, 35, 100},
        {VTPMMGR_VTPM_EDIT, false, 0, 0x31},
        {VTPMMGR_VTPM_EDIT, false, 19, 4},
        {VTPMMGR_VTPM_EDIT, false, 23, 5},
        {VTPMMGR_VTPM_NEW, false, 4, 0x31},
        {VTPMMGR_VTPM_NEW, true, 0, 0x31},
        {VTPMMGR_VTPM_DEL, false, 0, 0x31},
        {VTPMMGR_MAKE_IDENTITY, false, 0, 0x34},
        {VTPMMGR_MAKE_IDENTITY, true, 42, 0x3c},
        {VTPMMGR_ACTIVATE_IDENTITY, false, 42, 0x3c},
        {VTPMMGR_READ_PUBEK, true, 4, 0x3c},
        {VTPMMGR_READ_PUBEK, true, 108, 0x3d},
        {VTPMMGR_NV_DEFINE_SPACE, false, 3, 1},
        {VTPMMGR_NV_DEFINE_SPACE, false, 7, 32},
        {VTPMMGR_NV_DEFINE_SPACE, false, 11, 4},
        {VTPMMGR_NV_WRITE_VALUE, false, 6, 1},
        {VTPMMGR_NV_WRITE_VALUE, false, 12, 0x3c},
        {VTPMMGR_NV_READ_VALUE, false, 11, 32},
        {VTPMMGR_NV_READ_VALUE, true, 4, 0x3c},
        {VTPMMGR_GROUP_KEY, true, 4, 0x3c},
        {VTPMMGR_EVIDENCE, false, 4, 0x31},
        {VTPMMGR_EVIDENCE, false, 24, 0x3c},
        {VTPMMGR_EVIDENCE, false, 132, 0x39},
        {VTPMMGR_EVIDENCE, true, 4, 0x3c},
        {VTPMMGR_STATUS, false, 2, 1},
        {VTPMMGR_STATUS, true, 3, 5},
        {VTPMMGR_STATUS, true, 7, 0x41},
        {VTPMMGR_STATUS, true, 11, 0x42},
        {VTPMMGR_STATUS, true, 19, 0x43},
        {VTPMMGR_STATUS, true, 27, 0x44},
        {VTPMMGR_STATUS, true, 35, 0x45},
        {VTPMMGR_STATUS, true, 43, 0x46},
        {VTPMMGR_STATUS, true, 51, 0x47},
        {VTPMMGR_STATUS, true, 56, 0x3e},
        {VTPMMGR_STATUS, true, 80, 0x3f},
        {VTPMMGR_STATUS, true, 113, 7},
        {VTPMMGR_STATUS, true, 114, 0x40},
    };

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct vtpmmgr_message m = message_for(places[i].ordinal);
        const struct vtpmmgr_command *command = vtpmmgr_command_find(
            places[i].ordinal > 4 ? 0x01c2 : 0x01c1, places[i].ordinal);
        uint8_t frame[VTPMMGR_FRAME_MAX];

        if (places[i].response)
            (void)vtpmmgr_response_encode(command, &m, 0, &m, frame,
                                          sizeof frame);
        else
            (void)vtpmmgr_request_encode(command, &m, frame, sizeof frame);
        if (frame[10 + places[i].at] != places[i].byte)
            fail_msg("row %zu: 0x%x", i, frame[10 + places[i].at]);
    }
}

static bool takes(uint32_t ordinal, const uint8_t *body, size_t len,
                  struct vtpmmgr_message *m)
{
    return vtpmmgr_request_decode(vtpmmgr_command_find(0x01c2, ordinal),
                                  (struct vtpmmgr_span){body, len}, m);
}

/* What Xen's script sends: a UUID with a NUL behind it. */
static void a_new_vtpm_with_and_without_a_uuid(void **state)
{
    uint8_t body[22] = {0, 0, 0, 2, 9, 9};
    struct vtpmmgr_message m;

    (void)state;
    assert_true(takes(VTPMMGR_VTPM_NEW, body, 4, &m));
    assert_int_equal(m.group, 2);
    assert_int_equal(m.uuid.len, 0);
    assert_true(takes(VTPMMGR_VTPM_NEW, body, 20, &m));
    assert_int_equal(m.uuid.len, 16);
    assert_true(takes(VTPMMGR_VTPM_NEW, body, 21, &m));
    assert_int_equal(m.uuid.len, 16);
    assert_memory_equal(m.uuid.at, body + 4, 16);
    assert_false(takes(VTPMMGR_VTPM_NEW, body, 22, &m));
    body[20] = 1;
    assert_false(takes(VTPMMGR_VTPM_NEW, body, 21, &m));
    assert_false(takes(VTPMMGR_VTPM_NEW, body, 5, &m));
}

/* A key of 64 bytes is one of 52 if the rest is zeros. */
static void a_hash_key_has_its_old_length(void **state)
{
    const struct vtpmmgr_command *load =
        vtpmmgr_command_find(0x01c1, VTPMMGR_LOADHASHKEY);
    struct vtpmmgr_message m = {0};
    uint8_t key[64] = {1}, frame[128];

    (void)state;
    m.hash_key = (struct vtpmmgr_span){key, 64};
    assert_int_equal(vtpmmgr_response_encode(load, &m, 0, &m, frame, 128), 62);
    key[51] = 1;
    assert_int_equal(vtpmmgr_response_encode(load, &m, 0, &m, frame, 128), 62);
    for (size_t i = 52; i < 64; i++) {
        memset(key, 0, sizeof key);
        key[i] = 1;
        assert_int_equal(vtpmmgr_response_encode(load, &m, 0, &m, frame, 128),
                         74);
        assert_memory_equal(frame + 10, key, 64);
    }
    m.hash_key.len = 51;
    assert_int_equal(vtpmmgr_response_encode(load, &m, 0, &m, frame, 128), 0);
}

/* The signed bytes of an update are the list, and numbers in it are believed
 * only as far as there are bytes. */
static void lists(void **state)
{
    uint8_t body[4096] = {0};
    struct vtpmmgr_message m;
    size_t at = 4 + 256;

    (void)state;
    body[at + 7] = 9;             /* sequence */
    vtpm_put32(body + at + 8, 1); /* platforms */
    memset(body + at + 12, 0xaa, 20);
    vtpm_put32(body + at + 32, 2); /* kernels */
    memset(body + at + 36, 0xbb, 40);
    vtpm_put16(body + at + 76, 3); /* selection */
    assert_true(takes(VTPMMGR_GROUP_UPDATE, body, at + 81, &m));
    assert_int_equal(m.list.sequence, 9);
    assert_ptr_equal(m.list.whole.at, body + at);
    assert_int_equal(m.list.whole.len, 76);
    assert_int_equal(m.list.platforms.len, 20);
    assert_int_equal(m.list.kernels.at[39], 0xbb);
    assert_int_equal(m.selections.len, 5);
    {
        struct vtpmmgr_list list;

        for (size_t n = 0; n < 80; n++)
            assert_int_equal(
                vtpmmgr_list_decode((struct vtpmmgr_span){body + at, n}, &list),
                n == 76);
        assert_true(vtpmmgr_list_decode(m.list.whole, &list));
        assert_int_equal(list.sequence, 9);
        assert_ptr_equal(list.kernels.at, m.list.kernels.at);
    }
    vtpm_put16(body + at + 76, 5); /* a selection that is too long */
    assert_false(takes(VTPMMGR_GROUP_UPDATE, body, at + 83, &m));
    vtpm_put16(body + at + 76, 3);
    vtpm_put32(body + at + 32, 0x0ccccccd); /* * 20 is 4 in 32 bits */
    assert_false(takes(VTPMMGR_GROUP_UPDATE, body, at + 81, &m));
    vtpm_put32(body + at + 8, 0x0ccccccd);
    assert_false(takes(VTPMMGR_GROUP_UPDATE, body, at + 81, &m));
    /* as many as a response can show, and not one more */
    memset(body, 0, sizeof body);
    vtpm_put32(body + at + 12, VTPMMGR_LIST_MAX);
    assert_true(
        takes(VTPMMGR_GROUP_UPDATE, body, at + 16 + VTPMMGR_LIST_MAX * 20, &m));
    vtpm_put32(body + at + 12, VTPMMGR_LIST_MAX + 1);
    assert_false(takes(VTPMMGR_GROUP_UPDATE, body,
                       at + 16 + (VTPMMGR_LIST_MAX + 1) * 20, &m));
    assert_true(10 + 16 + 256 + 16 + VTPMMGR_LIST_MAX * 20 <= 4088);
}

static void lengths_inside(void **state)
{
    uint8_t body[64] = {0};
    struct vtpmmgr_message m;

    (void)state;
    vtpm_put32(body + 4, 10);
    assert_true(takes(VTPMMGR_GROUP_ACTIVATE, body, 18, &m));
    vtpm_put32(body + 4, 11);
    assert_false(takes(VTPMMGR_GROUP_ACTIVATE, body, 18, &m));
    vtpm_put32(body + 4, 0xffffffff);
    assert_false(takes(VTPMMGR_GROUP_ACTIVATE, body, 18, &m));
    vtpm_put32(body + 4, 0xfffffffe);
    assert_false(takes(VTPMMGR_GROUP_ACTIVATE, body, 18, &m));
    /* keys: of TPM 1.2 in two forms, of TPM 2.0, and none of these */
    memset(body, 0, sizeof body);
    vtpm_put32(body, 0x02000000);
    vtpm_put32(body + 4, 3);
    assert_true(takes(VTPMMGR_ACTIVATE_IDENTITY, body, 15, &m));
    assert_int_equal(m.key.len, 11);
    vtpm_put32(body, 0x00280000);
    vtpm_put32(body + 4, 0);
    assert_true(takes(VTPMMGR_ACTIVATE_IDENTITY, body, 39, &m));
    assert_int_equal(m.key.len, 35);
    vtpm_put32(body, 0x01020000);
    assert_false(takes(VTPMMGR_ACTIVATE_IDENTITY, body, 39, &m));
}

static void flags_of_a_quote(void **state)
{
    const struct vtpmmgr_command *quote =
        vtpmmgr_command_find(0x01c1, VTPMMGR_GET_QUOTE);
    struct vtpmmgr_message m = sample(), got;
    uint8_t frame[VTPMMGR_FRAME_MAX];
    size_t len;

    (void)state;
    m.flags = 0x10;
    assert_int_equal(vtpmmgr_request_encode(quote, &m, frame, sizeof frame), 0);
    m.flags = 0xf;
    len = vtpmmgr_request_encode(quote, &m, frame, sizeof frame);
    assert_int_equal(len, 39);
    frame[len - 2] = 1;
    assert_false(vtpmmgr_request_decode(
        quote, (struct vtpmmgr_span){frame + 10, len - 10}, &got));
    /* four hashes and three PCRs */
    assert_int_equal(
        vtpmmgr_response_encode(quote, &m, 0, &m, frame, sizeof frame), 0);
    m.values.len = 7 * 20;
    assert_int_equal(
        vtpmmgr_response_encode(quote, &m, 0, &m, frame, sizeof frame),
        10 + 256 + 7 * 20);
}

static void pages_of_a_list(void **state)
{
    static uint8_t uuids[VTPMMGR_FRAME_MAX];
    const struct vtpmmgr_command *list =
        vtpmmgr_command_find(0x01c2, VTPMMGR_VTPM_LIST);
    struct vtpmmgr_message m = {.count = 100000};
    uint8_t frame[VTPMMGR_FRAME_MAX];

    (void)state;
    assert_int_equal(vtpmmgr_list_page(4088), 254);
    assert_int_equal(vtpmmgr_list_page(SIZE_MAX), 255);
    assert_int_equal(vtpmmgr_list_page(13), 0);
    m.uuids = (struct vtpmmgr_span){uuids, 254 * 16};
    assert_int_equal(vtpmmgr_response_encode(list, &m, 0, &m, frame, 4088),
                     14 + 254 * 16);
    m.uuids.len = 255 * 16;
    assert_int_equal(vtpmmgr_response_encode(list, &m, 0, &m, frame, 4088), 0);
    m.uuids.len = 15;
    assert_int_equal(vtpmmgr_response_encode(list, &m, 0, &m, frame, 4088), 0);
}

static void unknown_ordinals(void **state)
{
    (void)state;
    assert_null(vtpmmgr_command_find(0x01c2, VTPMMGR_SAVEHASHKEY));
    assert_null(vtpmmgr_command_find(0x01c1, VTPMMGR_GROUP_LIST));
    assert_null(vtpmmgr_command_find(0x01c2, 0x02000206));
    assert_null(vtpmmgr_command_find(0x00c1, VTPMMGR_SAVEHASHKEY));
}

static void a_page_of_devices_fits(void **state)
{
    const struct vtpmmgr_command *command =
        vtpmmgr_command_find(0x01c2, VTPMMGR_STATUS);
    struct vtpmmgr_message m = sample();
    uint8_t frame[VTPMMGR_FRAME_MAX];

    (void)state;
    stored = 0;
    m.root = some(VTPMMGR_TEXT_MAX, 1);
    m.error = some(VTPMMGR_TEXT_MAX, 2);
    for (size_t room = 0; room <= VTPMMGR_FRAME_MAX; room++) {
        size_t page = vtpmmgr_status_page(room), len;

        m.devices = (struct vtpmmgr_span){store, page * VTPMMGR_DEVICE_SIZE};
        len = vtpmmgr_response_encode(command, &m, 0, &m, frame, room);
        assert_true(len > 0 || page == 0);
        m.devices.len += VTPMMGR_DEVICE_SIZE;
        assert_int_equal(
            vtpmmgr_response_encode(command, &m, 0, &m, frame, room), 0);
    }
    assert_true(vtpmmgr_status_page(4088) >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request),
        cmocka_unit_test(each_response),
        cmocka_unit_test(errors_have_nothing_behind_them),
        cmocka_unit_test(fields_are_where_they_belong),
        cmocka_unit_test(a_page_of_devices_fits),
        cmocka_unit_test(a_new_vtpm_with_and_without_a_uuid),
        cmocka_unit_test(a_hash_key_has_its_old_length),
        cmocka_unit_test(lists),
        cmocka_unit_test(lengths_inside),
        cmocka_unit_test(flags_of_a_quote),
        cmocka_unit_test(pages_of_a_list),
        cmocka_unit_test(unknown_ordinals),
    };

    return cmocka_run_group_tests_name("manager's frames", tests, NULL, NULL);
}
