/* SPDX-License-Identifier: MIT */
/* What is on the page, and what the answer to it must be. */
#include "hostile.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <vtpmring/page.h>

struct head {
    uint32_t length;
    uint8_t locality, pad, nr_extra;
    uint32_t ref; /* of every extra page */
};

enum {
    HEADER = 10,
    COMMAND_MAX = 4096,
    EXTRA_MAX = 1,    /* what vtpm announces */
    LOCALITY_MAX = 3, /* what it lets a guest use */
    TPM12_SIZE = 0x19,
    TPM20_SIZE = 0x142,
    TPM20_LOCALITY = 0x907
};

/* An answer that is not one code. */
enum { DROPPED = 0x10000, ANY };

static const unsigned char get_random[] = {0x80, 0x01, 0, 0,    0, 12,
                                           0,    0,    1, 0x7b, 0, 8};

static uint32_t get(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static void put32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

void store_state(uint8_t state)
{
    atomic_thread_fence(memory_order_seq_cst);
    hostile.page[VTPMRING_PAGE_STATE_OFFSET] = state;
    atomic_thread_fence(memory_order_seq_cst);
    if (xenevtchn_notify(hostile.channels, hostile.port) != 0)
        die("cannot notify: %s", strerror(errno));
}

static size_t packet_at(uint8_t nr_extra)
{
    return VTPMRING_PAGE_HEAD_SIZE + nr_extra * (size_t)VTPMRING_PAGE_REF_SIZE;
}

static void put(const struct head *head, const unsigned char *packet,
                size_t size)
{
    memcpy((void *)hostile.page, &head->length, sizeof(head->length));
    hostile.page[VTPMRING_PAGE_LOCALITY_OFFSET] = head->locality;
    hostile.page[VTPMRING_PAGE_PAD_OFFSET] = head->pad;
    hostile.page[VTPMRING_PAGE_NR_EXTRA_OFFSET] = head->nr_extra;
    for (unsigned i = 0; i < head->nr_extra; i++)
        memcpy((void *)(hostile.page + VTPMRING_PAGE_HEAD_SIZE +
                        i * (size_t)VTPMRING_PAGE_REF_SIZE),
               &head->ref, sizeof(head->ref));
    memcpy((void *)(hostile.page + packet_at(head->nr_extra)), packet, size);
}

uint8_t answered(const char *what)
{
    const int64_t begin = now_ms();

    for (int i = 0;; i++) {
        uint8_t state = hostile.page[VTPMRING_PAGE_STATE_OFFSET];

        if (state != VTPMRING_PAGE_SUBMIT && state != VTPMRING_PAGE_CANCEL)
            return state;
        if (too_late(begin))
            die("%s: no answer", what);
        nap(i < 20 ? 0 : 1);
    }
}

/* Sends it; the response is whole and has this code. */
static void asks(const char *kind, const struct head *head,
                 const unsigned char *packet, size_t size, uint32_t code)
{
    unsigned char response[HEADER];
    char what[160];
    uint32_t length;
    uint8_t state;

    (void)snprintf(what, sizeof(what),
                   "%s: length %u, locality %u, pad %u, extra %u, reference "
                   "%u, size %u",
                   kind, (unsigned)head->length, head->locality, head->pad,
                   head->nr_extra, (unsigned)head->ref,
                   (unsigned)get(packet + 2));
    put(head, packet, size);
    store_state(VTPMRING_PAGE_SUBMIT);
    state = answered(what);
    if (code == DROPPED && state == VTPMRING_PAGE_IDLE)
        return;
    if (state != VTPMRING_PAGE_FINISH)
        die("%s: state %u", what, state);
    memcpy(&length, (void *)hostile.page, sizeof(length));
    memcpy(response, (void *)(hostile.page + packet_at(head->nr_extra)),
           sizeof(response));
    if (length < HEADER || get(response + 2) != length ||
        (code != ANY && get(response + 6) != code))
        die("%s: a response of %u bytes with size %u and code 0x%x", what,
            (unsigned)length, (unsigned)get(response + 2),
            (unsigned)get(response + 6));
}

void submit(void)
{
    const struct head head = {.length = sizeof(get_random)};

    put(&head, get_random, sizeof(get_random));
    store_state(VTPMRING_PAGE_SUBMIT);
}

void works(void)
{
    const struct head head = {.length = sizeof(get_random)};

    asks("a command that is right", &head, get_random, sizeof(get_random), 0);
}

/* Every value of the state: but for two, the page is the guest's own. */
static unsigned page_states(void)
{
    const struct head head = {.length = sizeof(get_random)};

    for (unsigned state = 0; state < 256; state++) {
        put(&head, get_random, sizeof(get_random));
        store_state((uint8_t)state);
        if (state == VTPMRING_PAGE_SUBMIT || state == VTPMRING_PAGE_CANCEL) {
            if (answered("state") != (state == VTPMRING_PAGE_SUBMIT
                                          ? VTPMRING_PAGE_FINISH
                                          : VTPMRING_PAGE_IDLE))
                die("state %u: a wrong end", state);
            continue;
        }
        nap(2);
        if (hostile.page[VTPMRING_PAGE_STATE_OFFSET] != state)
            die("state %u was written over", state);
    }
    works();
    return 256;
}

/* A TPM2_GetRandom, of any length. */
static uint32_t expected(const struct head *head, uint32_t size)
{
    if (head->length < HEADER)
        return DROPPED;
    if (head->length > COMMAND_MAX || head->nr_extra > EXTRA_MAX ||
        head->length > 4096 * (1u + head->nr_extra) - packet_at(head->nr_extra))
        return TPM20_SIZE;
    if (head->nr_extra == 1 && head->ref != hostile.refs[1])
        return TPM20_SIZE;
    if (size != head->length)
        return TPM20_SIZE;
    if (head->locality > LOCALITY_MAX)
        return TPM20_LOCALITY;
    /* what is missing or left over is the TPM's affair */
    return head->length == sizeof(get_random) ? 0 : ANY;
}

static void asks_random(const char *kind, const struct head *head,
                        uint32_t size)
{
    unsigned char packet[sizeof(get_random)];

    memcpy(packet, get_random, sizeof(packet));
    put32(packet + 2, size);
    asks(kind, head, packet, sizeof(packet), expected(head, size));
}

/* Every number of extra pages, and with it every offset of the packet. */
static unsigned page_extras(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < 256; n++) {
        const uint32_t room =
            (uint32_t)(4096 * (1 + n) - packet_at((uint8_t)n));
        const uint32_t lengths[] = {12, room, room + 1, 9, 4096, room - 1};

        for (size_t l = 0; l < (n < 8 ? COUNT(lengths) : 3); l++) {
            const struct head head = {.length = lengths[l],
                                      .nr_extra = (uint8_t)n,
                                      .ref = hostile.refs[1]};

            asks_random("extra pages", &head, lengths[l]);
            count++;
        }
    }
    works();
    return count;
}

/* The short lengths, and those around each power of two. */
static unsigned page_lengths(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < 16 + 32 * 3; n++) {
        const uint32_t length =
            n < 16 ? n : (1u << (n - 16) / 3) + (n - 16) % 3 - 1;

        for (unsigned i = 0; i < 4; i++) {
            const struct head head = {
                .length = length, .nr_extra = i & 1, .ref = hostile.refs[1]};

            asks_random("length", &head, i & 2 ? length : 12);
            count++;
        }
    }
    works();
    return count;
}

static unsigned page_localities(void)
{
    for (unsigned locality = 0; locality < 256; locality++) {
        const struct head head = {.length = sizeof(get_random),
                                  .locality = (uint8_t)locality,
                                  .pad = (uint8_t)~locality};

        asks_random("locality", &head, head.length);
    }
    works();
    return 256;
}

static unsigned page_references(void)
{
    const uint32_t odd[] = {hostile.ref_read_only,
                            hostile.ref_of_another,
                            NO_NUMBER,
                            0xffff,
                            0x10000,
                            0x7fffffff,
                            0x80000000,
                            ~0u};
    unsigned count = 0;

    for (unsigned round = 0; round < 4; round++)
        for (size_t i = 0; i < COUNT(odd); i++) {
            struct head head = {
                .length = 4092 + 4 * (round & 1), .nr_extra = 1, .ref = odd[i]};

            asks_random("reference", &head, head.length);
            head.ref = hostile.refs[1];
            asks_random("reference", &head, head.length);
            works();
            count++;
        }
    return count;
}

/* The shared page is its own extra page: what is on it is what is on it, but
 * the vTPM goes on. */
static void page_twice(void)
{
    const struct head head = {
        .length = sizeof(get_random), .nr_extra = 1, .ref = hostile.refs[0]};

    asks("the page twice", &head, get_random, sizeof(get_random), 0);
    works();
}

static unsigned page_packets(void)
{
    static const uint32_t sizes[] = {0, 9, 10, 11, 12, 13, 4096, 1u << 31, ~0u};
    static const uint32_t codes[] = {0, 0x17b, 0x46, ~0u};
    static const struct {
        uint16_t tag;
        uint32_t size_error;
    } tags[] = {
        {0x8001, TPM20_SIZE}, {0x8002, TPM20_SIZE}, {0x00c1, TPM12_SIZE},
        {0x00c2, TPM12_SIZE}, {0x00c3, TPM12_SIZE}, {0x01c1, TPM12_SIZE},
        {0x01c2, TPM12_SIZE}, {0x0000, TPM20_SIZE}, {0xffff, TPM20_SIZE}};
    const struct head head = {.length = sizeof(get_random)};
    unsigned char packet[sizeof(get_random)];
    unsigned count = 0;

    memcpy(packet, get_random, sizeof(packet));
    for (size_t t = 0; t < COUNT(tags); t++)
        for (size_t s = 0; s < COUNT(sizes); s++)
            for (size_t c = 0; c < COUNT(codes); c++) {
                packet[0] = (unsigned char)(tags[t].tag >> 8);
                packet[1] = (unsigned char)tags[t].tag;
                put32(packet + 2, sizes[s]);
                put32(packet + 6, codes[c]);
                asks("packet", &head, packet, sizeof(packet),
                     sizes[s] == head.length ? ANY : tags[t].size_error);
                count++;
            }
    works();
    return count;
}

/* A third of the bits right, so that it gets past the first checks. */
static unsigned page_chance(void)
{
    const unsigned count = 600;

    for (unsigned i = 0; i < count; i++) {
        struct head head = {.length = chance(),
                            .locality = (uint8_t)chance(),
                            .pad = (uint8_t)chance(),
                            .nr_extra = (uint8_t)chance(),
                            .ref = chance()};
        uint32_t size = chance();

        if (chance() % 3 > 0)
            head.length %= 5000;
        if (chance() % 3 > 0)
            head.locality %= LOCALITY_MAX + 1;
        if (chance() % 3 > 0)
            head.nr_extra %= 3;
        if (chance() % 3 > 0)
            head.ref = hostile.refs[1];
        if (chance() % 3 > 0)
            size = head.length;
        asks_random("chance", &head, size);
    }
    works();
    return count;
}

void hostile_page(void)
{
    connect_device();
    works();
    printf("%u states, ", page_states());
    printf("%u extra pages and lengths, ", page_extras());
    printf("%u lengths, ", page_lengths());
    printf("%u localities, ", page_localities());
    printf("%u references, ", page_references());
    page_twice();
    printf("%u packets, ", page_packets());
    printf("%u by chance\n", page_chance());
}
