/* SPDX-License-Identifier: MIT */
/*
 * A guest that uses its TPM, and knows what each answer must be.
 *
 *     tpm_load BIGGEST ROUNDS
 *     tpm_load BIGGEST until FILE
 *
 * The TCTI is that of TPM2TOOLS_TCTI. BIGGEST is the size of the longest
 * command. It ends after ROUNDS rounds, or when FILE is there; then, it leaves
 * some time to others. The exit code is 0 if all was answered right.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>

enum {
    HEADER = 10,
    PACKET = 4096,
    DIGEST = SHA256_DIGEST_LENGTH,
    DATA = 1024,
    NV_DATA = 64,
    PCR = 16,
    OWNER = 0x40000001,
    NOBODY = 0x40000007,
    NV_INDEX = 0x01500017,
    SHA256_ID = 0x000b,
    NO_SESSIONS = 0x8001,
    SESSIONS = 0x8002,
    RC_SIZE = 0x95,
};

static struct {
    TSS2_TCTI_CONTEXT *tcti;
    uint8_t command[PACKET], response[PACKET];
    size_t size, length; /* of the command, of the response */
    size_t biggest;
    unsigned pause_ms;   /* between two commands */
    uint8_t pcr[DIGEST]; /* what must be in PCR 16 */
    uint8_t random[16];  /* the last ones that it gave */
    unsigned commands;
    int64_t slowest_us;
} load;

/* The same numbers in each run. */
static uint32_t chance(void)
{
    static uint32_t x = 88172645u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static _Noreturn void die(const char *what)
{
    printf("command %u, %s; the response, %zu bytes: ", load.commands, what,
           load.length);
    for (size_t i = 0; i < load.length && i < 64; i++)
        printf("%02x", load.response[i]);
    printf("\n");
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void pause_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

static uint32_t get(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *at++;
    return value;
}

static void add(uint32_t value, size_t bytes)
{
    while (bytes-- > 0)
        load.command[load.size++] = (uint8_t)(value >> 8 * bytes);
}

static void add_bytes(const uint8_t *bytes, size_t size)
{
    memcpy(load.command + load.size, bytes, size);
    load.size += size;
}

static void begin(uint16_t tag, uint32_t code)
{
    load.size = 0;
    add(tag, 2);
    add(0, 4);
    add(code, 4);
}

/* An empty password. */
static void add_password(void)
{
    add(9, 4);
    add(0x40000009, 4);
    add(0, 4);
    add(0, 1);
}

/* Sends what was begun. The answer is whole and has this code. */
static void answers(const char *what, uint32_t code)
{
    const size_t end = load.size;
    const int64_t start = now_us();
    int64_t took;

    load.size = 2;
    add((uint32_t)end, 4);
    load.length = sizeof(load.response);
    if (Tss2_Tcti_Transmit(load.tcti, end, load.command) != TSS2_RC_SUCCESS ||
        Tss2_Tcti_Receive(load.tcti, &load.length, load.response,
                          TSS2_TCTI_TIMEOUT_BLOCK) != TSS2_RC_SUCCESS) {
        load.length = 0;
        die(what);
    }
    took = now_us() - start;
    if (load.pause_ms > 0)
        pause_ms(load.pause_ms);
    load.slowest_us = took > load.slowest_us ? took : load.slowest_us;
    load.commands++;
    if (load.length < HEADER || get(load.response + 2, 4) != load.length ||
        get(load.response + 6, 4) != code)
        die(what);
}

/* At this place of the response. */
static void holds(const char *what, size_t at, const uint8_t *bytes,
                  size_t size)
{
    if (load.length < at + size || memcmp(load.response + at, bytes, size) != 0)
        die(what);
}

static void random_bytes(void)
{
    begin(NO_SESSIONS, 0x17b);
    add(sizeof(load.random), 2);
    answers("GetRandom", 0);
    if (load.length != HEADER + 2 + sizeof(load.random) ||
        memcmp(load.response + HEADER + 2, load.random, sizeof(load.random)) ==
            0)
        die("GetRandom");
    memcpy(load.random, load.response + HEADER + 2, sizeof(load.random));
}

static void pcr_read(void)
{
    begin(NO_SESSIONS, 0x17e);
    add(1, 4);
    add(SHA256_ID, 2);
    add(3, 1);
    add(1u << (PCR % 8), 3); /* the last byte has 16 to 23 */
    answers("PCR_Read", 0);
    if (load.length != HEADER + 20 + DIGEST)
        die("PCR_Read");
}

static void pcr_extend(void)
{
    uint8_t both[2 * DIGEST];

    memcpy(both, load.pcr, DIGEST);
    for (size_t i = DIGEST; i < sizeof(both); i++)
        both[i] = (uint8_t)chance();
    begin(SESSIONS, 0x182);
    add(PCR, 4);
    add_password();
    add(1, 4);
    add(SHA256_ID, 2);
    add_bytes(both + DIGEST, DIGEST);
    answers("PCR_Extend", 0);
    (void)SHA256(both, sizeof(both), load.pcr);
    pcr_read();
    holds("PCR 16", HEADER + 20, load.pcr, DIGEST);
}

static void hash(void)
{
    uint8_t data[DATA], digest[DIGEST];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)chance();
    begin(NO_SESSIONS, 0x17d);
    add(sizeof(data), 2);
    add_bytes(data, sizeof(data));
    add(SHA256_ID, 2);
    add(NOBODY, 4);
    answers("Hash", 0);
    (void)SHA256(data, sizeof(data), digest);
    holds("Hash", HEADER + 2, digest, sizeof(digest));
}

static void flush(void)
{
    uint32_t handle = get(load.response + HEADER, 4);

    begin(NO_SESSIONS, 0x165);
    add(handle, 4);
    answers("FlushContext", 0);
}

static void session(void)
{
    begin(NO_SESSIONS, 0x176);
    add(NOBODY, 4); /* no key, bound to nothing */
    add(NOBODY, 4);
    add(16, 2);
    for (int i = 0; i < 4; i++)
        add(chance(), 4);
    add(0, 2);      /* no salt */
    add(0, 1);      /* HMAC */
    add(0x0010, 2); /* no encryption */
    add(SHA256_ID, 2);
    answers("StartAuthSession", 0);
    flush();
}

/* A key on P-256 that signs. */
static void primary(void)
{
    static const uint8_t public[] = {
        0x00, 0x23, 0x00, 0x0b, 0x00, 0x04, 0x00, 0x72, 0x00, 0x00, 0x00,
        0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10, 0,    0,    0,    0};

    begin(SESSIONS, 0x131);
    add(NOBODY, 4);
    add_password();
    add(4, 2);
    add(0, 4);
    add(sizeof(public), 2);
    add_bytes(public, sizeof(public));
    add(0, 2);
    add(0, 4);
    answers("CreatePrimary", 0);
    flush();
}

static void nv_define(void)
{
    begin(SESSIONS, 0x12a);
    add(OWNER, 4);
    add_password();
    add(0, 2);
    add(14, 2);
    add(NV_INDEX, 4);
    add(SHA256_ID, 2);
    add(0x02060006, 4); /* read and written by owner and index, no lockout */
    add(0, 2);
    add(NV_DATA, 2);
    answers("NV_DefineSpace", 0);
}

static void nv_undefine(void)
{
    begin(SESSIONS, 0x122);
    add(OWNER, 4);
    add(NV_INDEX, 4);
    add_password();
    answers("NV_UndefineSpace", 0);
}

static void nv_write(void)
{
    uint8_t data[NV_DATA];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)chance();
    begin(SESSIONS, 0x137);
    add(OWNER, 4);
    add(NV_INDEX, 4);
    add_password();
    add(sizeof(data), 2);
    add_bytes(data, sizeof(data));
    add(0, 2);
    answers("NV_Write", 0);
    begin(SESSIONS, 0x14e);
    add(OWNER, 4);
    add(NV_INDEX, 4);
    add_password();
    add(sizeof(data), 2);
    add(0, 2);
    answers("NV_Read", 0);
    holds("NV_Read", HEADER + 6, data, sizeof(data));
}

/* GetRandom with so much after it that only the TPM can refuse it. */
static void big(void)
{
    begin(NO_SESSIONS, 0x17b);
    memset(load.command + load.size, 0, load.biggest - load.size);
    load.size = load.biggest;
    answers("the longest command", RC_SIZE);
}

static void run(unsigned long rounds, const char *file)
{
    unsigned long round = 0;

    pcr_read();
    memcpy(load.pcr, load.response + HEADER + 20, DIGEST);
    nv_define();
    while (round < rounds && (file == NULL || access(file, F_OK) != 0)) {
        random_bytes();
        pcr_extend();
        hash();
        session();
        if (round % 4 == 0)
            primary();
        nv_write();
        big();
        round++;
    }
    nv_undefine();
    printf("%u commands in %lu rounds, all answered right; the slowest took "
           "%lld ms\n",
           load.commands, round, (long long)load.slowest_us / 1000);
}

int main(int argc, char **argv)
{
    const char *conf = getenv("TPM2TOOLS_TCTI");
    TSS2_RC rc;

    if (argc >= 3)
        load.biggest = strtoul(argv[1], NULL, 10);
    if (argc < 3 || argc > 4 ||
        (argc == 4) != (strcmp(argv[2], "until") == 0) ||
        load.biggest < HEADER + 3 || load.biggest > PACKET) {
        fprintf(stderr,
                "usage: tpm_load BIGGEST ROUNDS | BIGGEST until FILE\n");
        return 2;
    }
    rc = Tss2_TctiLdr_Initialize(conf, &load.tcti);
    if (rc != TSS2_RC_SUCCESS) {
        printf("cannot open %s: 0x%x\n", conf, (unsigned)rc);
        return 1;
    }
    load.pause_ms = argc == 4 ? 100 : 0;
    run(argc == 4 ? ULONG_MAX : strtoul(argv[2], NULL, 10), argv[3]);
    Tss2_TctiLdr_Finalize(&load.tcti);
    return 0;
}
