/* SPDX-License-Identifier: MIT */
/* A hardware TPM that says anything: each read of a register is the input's
 * choice. Half of the time the chip says what the driver waits for, so that it
 * comes far enough to be attacked there. */
#include "fuzz.h"
#include <vtpmring/tis.h>

#include <string.h>

/* Short, so that waits end soon. */
static const struct vtpmring_tis_config config = {
    VTPMRING_TIS_BASE,
    {750, 2000, 750, 750, 10000, 5000, 10000, 20000},
    20,
    500,
    2,
    VTPMRING_TIS_UNKNOWN};
#define A 750u
#define B 2000u
#define C 750u
#define D 750u
#define TRANSFER 10000u
#define LONG 20000u
/* All phases, each as often as the tables lead to it. A transfer may go on for
 * one burst after its time is over, and an access takes a microsecond. */
#define LONGEST                                                                \
    (6 * A + 8 * B + (2 + 3) * (TRANSFER + D + 2 * C + 5000) + LONG + 10000)

static struct {
    struct vtpmring_tis tis;
    uint64_t now;
    uint64_t hops; /* of a clock that jumps: the host slept */
    uint64_t began;
    unsigned started; /* how often the command was started */
    uint8_t *command;
    uint8_t *response;
    size_t capacity;
    /* the response as the chip has given it */
    uint8_t given[VTPMRING_TIS_LOCALITY_SIZE];
    bool is_given[VTPMRING_TIS_LOCALITY_SIZE];
} rig;

static const struct vtpmring_tis_row *row(void)
{
    return &rig.tis.table[rig.tis.phase];
}

static bool is_crb(void)
{
    return rig.tis.table == vtpmring_tis_crb_table;
}

static void touch(uint32_t offset, bool write)
{
    unsigned locality = offset / VTPMRING_TIS_LOCALITY_SIZE;

    rig.now++;
    fuzz_check(offset < VTPMRING_TIS_SIZE, "no register");
    fuzz_check(
        locality == rig.tis.wanted || locality == rig.tis.held ||
            (locality == 0 && rig.tis.phase == VTPMRING_TIS_PROBE && !write),
        "registers of another locality");
}

/* A byte of the response: mostly of one that could be right. */
static uint8_t data(size_t at)
{
    static const uint8_t head[] = {0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t how = fuzz_u8();

    if (how % 8 == 0)
        return fuzz_u8();
    if (at == 5)
        return how;
    return at < sizeof(head) ? head[at] : how;
}

static void give(size_t at, uint8_t byte)
{
    fuzz_check(at < sizeof(rig.given), "more than a response");
    if (at == 0) /* a new attempt begins with an empty hand */
        memset(rig.is_given, 0, sizeof(rig.is_given));
    fuzz_check(!rig.is_given[at], "a byte is fetched twice");
    rig.is_given[at] = true;
    rig.given[at] = byte;
}

static uint32_t helpful(uint32_t offset)
{
    static const uint32_t sizes[] = {0xf00, 0xf80, 0x1000, 0xfffff000};

    if (row()->work == VTPMRING_TIS_FIFO_SENDS)
        return 0x88u | (uint32_t)fuzz_u8() << 8;
    if (row()->work == VTPMRING_TIS_FIFO_RECEIVES)
        return 0x90u | (uint32_t)fuzz_u8() << 8;
    if (is_crb() && (offset & 0xfff) >= 0x58 && (offset & 0xfff) < 0x70) {
        if ((offset & 0xff) == 0x60 || (offset & 0xff) == 0x6c)
            return 0;
        if ((offset & 0xff) == 0x58 || (offset & 0xff) == 0x64)
            return sizes[fuzz_pick(4)];
        return VTPMRING_TIS_BASE + (offset & 0xf000) + 0x70 + fuzz_pick(32);
    }
    if ((offset & 0xfff) == 0x30)
        return fuzz_u8() | 0x100;
    if ((offset & 0xfff) == 0x14)
        return (uint32_t)fuzz_pick(4) << 28;
    return row()->want;
}

static uint32_t value(uint32_t offset)
{
    uint8_t how = fuzz_u8();

    if (how < 0xa0)
        return helpful(offset);
    if (how < 0xc0)
        return row()->want ^ 1u << how % 32;
    if (how < 0xd0)
        return 0;
    if (how < 0xe0)
        return 0xffffffff;
    return fuzz_u32();
}

static uint8_t read8(void *context, uint32_t offset)
{
    uint8_t byte;

    (void)context;
    touch(offset, false);
    if (is_crb() && (offset & 0xfff) >= 0x80) {
        byte = data(rig.tis.at);
        give(rig.tis.at, byte);
        return byte;
    }
    if (!is_crb() && (offset & 0xfff) == 0x24) {
        fuzz_check(rig.tis.phase == VTPMRING_TIS_RECEIVE,
                   "a byte is taken at a wrong time");
        byte = data(rig.tis.at);
        give(rig.tis.at, byte);
        return byte;
    }
    return (uint8_t)value(offset);
}

static uint32_t read32(void *context, uint32_t offset)
{
    uint32_t word = 0;

    (void)context;
    fuzz_check(offset % 4 == 0, "a word that is not aligned");
    touch(offset, false);
    if (!is_crb() || (offset & 0xfff) < 0x80)
        return value(offset);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte = data(rig.tis.at + i);

        give(rig.tis.at + i, byte);
        word |= (uint32_t)byte << 8 * i;
    }
    return word;
}

static void write8(void *context, uint32_t offset, uint8_t byte)
{
    (void)context;
    touch(offset, true);
    offset &= 0xfff;
    if (is_crb()) {
        fuzz_check(offset >= 0x80, "a byte into a register of words");
        fuzz_check(rig.tis.phase == VTPMRING_TIS_SEND, "a byte too late");
        return;
    }
    fuzz_check(offset == 0 || offset == 0x18 || offset == 0x1b ||
                   offset == 0x24,
               "a register that is not written");
    if (offset == 0x24)
        return;
    fuzz_check(byte != 0 && (byte & (byte - 1)) == 0, "two bits at once");
    if (offset == 0x18 && byte == 0x20)
        rig.started++;
}

static void write32(void *context, uint32_t offset, uint32_t word)
{
    (void)context;
    fuzz_check(offset % 4 == 0, "a word that is not aligned");
    touch(offset, true);
    fuzz_check(is_crb(), "a word into a register of bytes");
    offset &= 0xfff;
    if (offset >= 0x80)
        return;
    fuzz_check(offset == 0x08 || offset == 0x40 || offset == 0x48 ||
                   offset == 0x4c,
               "a register that is not written");
    if (offset == 0x4c && word == 1)
        rig.started++;
}

static uint64_t now_us(void *context)
{
    (void)context;
    if (fuzz_left() > 0 && rig.tis.wait_us > 0) {
        uint32_t hop = fuzz_pick(8) == 0 ? 1000 * fuzz_u8() : 0;

        rig.now += hop;
        rig.hops += hop;
    }
    return rig.now;
}

static void delay_us(void *context, uint32_t us)
{
    (void)context;
    rig.now += us;
}

static const struct vtpmring_tis_access chip = {read8,   write8, read32,
                                                write32, now_us, delay_us};

static void check_end(enum vtpmring_status status)
{
    struct vtpmring_tpm_header header;

    fuzz_check(rig.now - rig.began - rig.hops <= LONGEST,
               "an operation takes too long");
    fuzz_check(rig.started <= 1, "a command is started twice");
    fuzz_check(vtpmring_tis_step(&rig.tis) == status, "an end is none");
    if (rig.response == NULL || status != VTPMRING_OK) {
        fuzz_check(rig.tis.length == 0 ||
                       (status == VTPMRING_ENOBUF &&
                        rig.tis.length <= VTPMRING_TPM_COMMAND_MAX),
                   "a length without a response");
        return;
    }
    fuzz_check(rig.started == 1, "a response to no command");
    fuzz_check(rig.tis.length <= rig.capacity, "a response beyond its buffer");
    fuzz_check(vtpmring_tpm_parse(rig.response, rig.tis.length, &header) ==
                   VTPMRING_OK,
               "a response that is none");
    fuzz_check(memcmp(rig.response, rig.given, rig.tis.length) == 0,
               "a response that the chip has not given");
}

static void run(void)
{
    enum vtpmring_status status;
    unsigned cancel_at = fuzz_u8(), steps = 0;

    rig.began = rig.now;
    rig.hops = 0;
    rig.started = 0;
    while ((status = vtpmring_tis_step(&rig.tis)) == VTPMRING_AGAIN) {
        fuzz_check(rig.tis.wait_us <= config.poll_max_us, "a pause too long");
        rig.now += rig.tis.wait_us;
        if (++steps == cancel_at)
            (void)vtpmring_tis_cancel(&rig.tis);
        fuzz_check(steps < 100000, "it goes on for ever");
    }
    check_end(status);
}

static void command(void)
{
    static const size_t rooms[] = {10, 11, 64, 300, 4096};
    size_t length = 10 + fuzz_u8() * (fuzz_pick(4) == 0 ? 16u : 1u);
    uint8_t locality = (uint8_t)fuzz_pick(6);
    enum vtpmring_status status;

    if (length > VTPMRING_TPM_COMMAND_MAX)
        length = VTPMRING_TPM_COMMAND_MAX;
    rig.capacity = rooms[fuzz_pick(5)];
    rig.command = fuzz_memory(length);
    rig.response = fuzz_memory(rig.capacity);
    fuzz_packet(rig.command, length, 0x8001, 0x100u + fuzz_u8());
    status = vtpmring_tis_submit(&rig.tis, locality, rig.command, length,
                                 rig.response, rig.capacity);
    fuzz_check(status == (locality < rig.tis.localities ? VTPMRING_OK
                                                        : VTPMRING_EINVAL),
               "a command is judged wrongly");
    if (status == VTPMRING_OK)
        run();
    rig.response = NULL;
    fuzz_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_input(bytes, size);
    memset(&rig, 0, sizeof(rig));
    rig.now = 1000000;
    fuzz_check(vtpmring_tis_init(&rig.tis, &chip, NULL, &config) == VTPMRING_OK,
               "no driver");
    fuzz_check(vtpmring_tis_probe(&rig.tis) == VTPMRING_OK, "no probe");
    run();
    while (rig.tis.interface != VTPMRING_TIS_UNKNOWN && fuzz_left() > 0) {
        enum vtpmring_status status = VTPMRING_OK;

        switch (fuzz_pick(8)) {
        case 0:
            status = vtpmring_tis_release(&rig.tis);
            break;
        case 1:
            status = vtpmring_tis_request(
                &rig.tis, (uint8_t)(fuzz_u8() % rig.tis.localities),
                fuzz_pick(2) != 0);
            break;
        default:
            command();
            continue;
        }
        fuzz_check(status == VTPMRING_OK, "it is not at rest");
        run();
    }
    fuzz_forget();
    return 0;
}
