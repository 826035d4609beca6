/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <string.h>

enum {
    TAG_NO_SESSIONS = 0x8001,
    TAG_SESSIONS = 0x8002,
    CC_NV_DEFINE_SPACE = 0x12a,
    CC_NV_WRITE = 0x137,
    CC_GET_CAPABILITY = 0x17a,
    CC_GET_RANDOM = 0x17b,
    CC_PCR_READ = 0x17e,
    CC_PCR_EXTEND = 0x182,
    ALG_SHA256 = 0x0b,
    NV_INDEX = 0x01500010
};

static void put(struct bench_command *command, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        command->bytes[command->length++] =
            (uint8_t)(value >> (8 * (size - 1 - i)));
}

static void begin(struct bench_command *command, const char *name, unsigned tag,
                  uint32_t code)
{
    memset(command, 0, sizeof(*command));
    command->name = name;
    put(command, 2, tag);
    put(command, 4, 0);
    put(command, 4, code);
}

static void end(struct bench_command *command)
{
    const size_t length = command->length;

    command->length = 2;
    put(command, 4, length);
    command->length = length;
}

/* An empty password. */
static void authorize(struct bench_command *command)
{
    put(command, 4, 9);
    put(command, 4, 0x40000009);
    put(command, 5, 0);
}

static void random_bytes(struct bench_command *command, const char *name)
{
    begin(command, name, TAG_NO_SESSIONS, CC_GET_RANDOM);
    put(command, 2, 16);
}

void bench_command_make(struct bench_command *command, enum bench_work work)
{
    switch (work) {
    case BENCH_PCRREAD:
        begin(command, "pcrread", TAG_NO_SESSIONS, CC_PCR_READ);
        put(command, 4, 1);
        put(command, 2, ALG_SHA256);
        put(command, 4, 0x03010000);
        break;
    case BENCH_PCREXTEND:
        begin(command, "pcrextend", TAG_SESSIONS, CC_PCR_EXTEND);
        put(command, 4, 16);
        authorize(command);
        put(command, 4, 1);
        put(command, 2, ALG_SHA256);
        for (unsigned i = 0; i < 32; i++)
            put(command, 1, i);
        break;
    case BENCH_GETCAP:
        begin(command, "getcap", TAG_NO_SESSIONS, CC_GET_CAPABILITY);
        put(command, 4, 6);
        put(command, 4, 0x100);
        put(command, 4, 8);
        break;
    case BENCH_MAX4096:
        random_bytes(command, "max4096");
        command->length = BENCH_PACKET_MAX;
        break;
    default:
        random_bytes(command, "getrandom16");
        break;
    }
    end(command);
}

void bench_command_nv_define(struct bench_command *command)
{
    begin(command, "nvdefine", TAG_SESSIONS, CC_NV_DEFINE_SPACE);
    put(command, 4, 0x40000001); /* the owner */
    authorize(command);
    put(command, 2, 0); /* no password of its own */
    put(command, 2, 14);
    put(command, 4, NV_INDEX);
    put(command, 2, ALG_SHA256);
    put(command, 4, 0x02040004); /* by its password, never locked out */
    put(command, 2, 0);
    put(command, 2, 8);
    end(command);
}

void bench_command_nv_write(struct bench_command *command, uint64_t number)
{
    begin(command, "nvwrite8", TAG_SESSIONS, CC_NV_WRITE);
    put(command, 4, NV_INDEX);
    put(command, 4, NV_INDEX);
    authorize(command);
    put(command, 2, 8);
    put(command, 8, number);
    put(command, 2, 0);
    end(command);
}

uint32_t bench_code(const uint8_t *response)
{
    return (uint32_t)response[6] << 24 | (uint32_t)response[7] << 16 |
           (uint32_t)response[8] << 8 | response[9];
}
