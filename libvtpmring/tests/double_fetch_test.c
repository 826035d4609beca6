/* SPDX-License-Identifier: MIT */
/* defect 1 (the class of XSA-155): the core, compiled with shmem_hook/, reads
 * each byte of the page at most once per transition, and what it does is the
 * same when the peer changes each byte at once after it was read. */
#include "support.h"
#include <shmem.h>

/* How the peer changes a byte that was just read. */
enum mischief { LEAVE, FLIP, ZERO, ONES, FULL, MISCHIEFS };

static struct vtpmring_page *watched;
static unsigned reads[PAGE], writes[PAGE];
static enum mischief mischief;
static bool state_was_stored; /* before the packet or its length */

void shmem_hook_read(const unsigned char *p, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char *byte;

        if (watched == NULL || p < watched->first ||
            p + i >= watched->first + PAGE)
            continue;
        byte = watched->first + (p + i - watched->first);
        reads[p + i - watched->first]++;
        if (mischief == FLIP)
            *byte ^= 0x5a;
        else if (mischief == ZERO)
            *byte = 0;
        else if (mischief != LEAVE)
            *byte = mischief == ONES ? 0xff : 1;
    }
}

void shmem_hook_written(const unsigned char *p, size_t length)
{
    if (watched == NULL || p < watched->first || p >= watched->first + PAGE)
        return;
    if (p - watched->first == 4)
        state_was_stored = true;
    else
        assert_false(state_was_stored); /* the peer may look already */
    for (size_t i = 0; i < length && p + i < watched->first + PAGE; i++)
        writes[p + i - watched->first]++;
}

static void watch(struct vtpmring_page *page, enum mischief how)
{
    watched = page;
    mischief = how;
    state_was_stored = false;
    memset(reads, 0, sizeof(reads));
    memset(writes, 0, sizeof(writes));
}

/* Nothing was read twice; the header was read if `some` says so. */
static void check_reads(bool some)
{
    for (size_t i = 0; i < PAGE; i++)
        if (reads[i] > 1)
            fail_msg("byte %zu was read %u times", i, reads[i]);
    if (some) {
        assert_int_equal(reads[0], 1);
        assert_int_equal(reads[4], 1);
        assert_int_equal(reads[7], 1);
    }
}

/* What is on the page at a submit. */
static const struct {
    uint32_t length;
    unsigned nr_extra;
    uint32_t size; /* in the TPM header */
    bool executes;
} submits[] = {
    {10, 0, 10, true},          {4088, 0, 4088, true},   {4089, 0, 4089, false},
    {100, 0, 99, false},        {9, 0, 9, false},        {0, 0, 0, false},
    {0xffffffff, 0, 20, false}, {10, 1, 10, true},       {8180, 1, 8180, true},
    {8181, 1, 20, false},       {12272, 2, 12272, true}, {10, 3, 10, false},
    {10, 255, 10, false},       {4096, 2, 4095, false},
};

struct outcome {
    uint8_t command;
    size_t length;
    uint8_t locality, nr_extra;
    enum vtpmring_status fault;
    unsigned char buffer[12288];
    uint32_t refs[2];
};

static void place(struct support_back *b, size_t i)
{
    static unsigned char packet[12288];
    size_t length = submits[i].nr_extra > 2
                        ? 3000
                        : vtpmring_page_capacity((uint8_t)submits[i].nr_extra);

    if (length > submits[i].length)
        length = submits[i].length;
    support_packet(packet, TAG_20, sizeof(packet), CODE_GET_RANDOM);
    packet[2] = packet[3] = 0;
    packet[4] = (unsigned char)(submits[i].size >> 8);
    packet[5] = (unsigned char)submits[i].size;
    support_body(&b->pages, submits[i].nr_extra, packet, length);
    for (unsigned r = 0; r < submits[i].nr_extra && r < 2; r++)
        support_put(b->pages.first + HEAD + 4 * r, 500 + r);
    support_head(&b->pages, VTPMRING_PAGE_SUBMIT, submits[i].length, 2,
                 submits[i].nr_extra);
}

static void run_submit(size_t i, enum mischief how, struct outcome *out)
{
    struct support_back b;
    struct vtpmring_back *back = &b.machine;

    memset(out, 0, sizeof(*out));
    support_back_to(&b, 2, VTPMRING_BACK_PHASE_CONNECTED);
    place(&b, i);
    watch(&b.pages, how);
    vtpmring_back_on_event(back);
    if (vtpmring_back_next(back) == VTPMRING_BACK_MAP_EXTRA) {
        assert_int_equal(vtpmring_back_set_extra(back, b.pages.extra),
                         VTPMRING_OK);
        (void)vtpmring_back_done(back, VTPMRING_BACK_MAP_EXTRA, VTPMRING_OK);
    }
    check_reads(true);
    assert_int_equal(vtpmring_back_next(back) == VTPMRING_BACK_EXECUTE,
                     submits[i].executes);
    out->command = back->command;
    out->length = submits[i].executes ? back->length : 0;
    out->locality = back->head.locality;
    out->nr_extra = back->head.nr_extra;
    out->fault = back->fault;
    if (submits[i].executes)
        memcpy(out->buffer, b.buffer, back->length);
    memcpy(out->refs, b.refs, sizeof(out->refs));
    if (!submits[i].executes) {
        assert_int_equal(writes[4], 1); /* answered, once */
        assert_int_equal(vtpmring_back_next(back), VTPMRING_BACK_NOTIFY);
    }
    watch(NULL, LEAVE);
    support_back_free(&b);
}

static void test_defect_1_submit_to_execute(void **state)
{
    static struct outcome honest, hostile;

    (void)state;
    for (size_t i = 0; i < sizeof(submits) / sizeof(submits[0]); i++) {
        run_submit(i, LEAVE, &honest);
        for (int how = LEAVE; how < MISCHIEFS; how++) {
            run_submit(i, (enum mischief)how, &hostile);
            assert_memory_equal(&honest, &hostile, sizeof(honest));
        }
    }
}

/* The extra pages can be mapped no more: the one look at the packet comes then,
 * and the header is still that of the submit. */
static void test_defect_1_submit_to_refusal(void **state)
{
    (void)state;
    for (int how = LEAVE; how < MISCHIEFS; how++) {
        struct support_back b;

        support_back_to(&b, 2, VTPMRING_BACK_PHASE_CONNECTED);
        place(&b, 8);
        watch(&b.pages, (enum mischief)how);
        vtpmring_back_on_event(&b.machine);
        support_back_does(&b.machine, VTPMRING_BACK_MAP_EXTRA, VTPMRING_EPORT);
        check_reads(true);
        assert_int_equal(b.pages.first[4], VTPMRING_PAGE_FINISH);
        assert_int_equal(support_get(b.pages.first), TPM_HEADER);
        assert_int_equal(b.pages.first[HEAD + 4 + 9], 0x42); /* 0x142 */
        watch(NULL, LEAVE);
        support_back_free(&b);
    }
}

/* A reply reads nothing at all of the page. */
static void test_defect_1_reply(void **state)
{
    static unsigned char response[PAGE];

    (void)state;
    for (int large = 0; large < 2; large++) {
        struct support_back b;

        support_back_to(&b, 0, VTPMRING_BACK_PHASE_CONNECTED);
        support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
        support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
        memset(b.pages.first, 0xff, PAGE);
        watch(&b.pages, FLIP);
        support_packet(response, TAG_20, large != 0 ? PAGE : 100, 0);
        (void)vtpmring_back_reply(&b.machine, response,
                                  large != 0 ? PAGE : 100);
        for (size_t i = 0; i < PAGE; i++)
            assert_int_equal(reads[i], 0);
        assert_int_equal(writes[4], 1);
        assert_int_equal(writes[5] + writes[6] + writes[7], 0);
        assert_int_equal(b.pages.first[4], VTPMRING_PAGE_FINISH);
        watch(NULL, LEAVE);
        support_back_free(&b);
    }
}

static const struct {
    uint32_t length, size;
    enum vtpmring_status status;
} finishes[] = {
    {10, 10, VTPMRING_OK},
    {4084, 4084, VTPMRING_OK},
    {8180, 8180, VTPMRING_OK},
    {8181, 100, VTPMRING_EPEER_LENGTH},
    {9, 9, VTPMRING_EPEER_LENGTH},
    {0xffffffff, 100, VTPMRING_EPEER_LENGTH},
    {100, 101, VTPMRING_EPEER_HEADER},
};

static void run_finish(size_t i, enum mischief how, unsigned char *response)
{
    struct support_front f;
    size_t length = 0;
    unsigned char packet[16] = {0};

    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_CONNECTED);
    support_packet(packet, TAG_20, TPM_HEADER, CODE_GET_RANDOM);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, TPM_HEADER, 0),
                     VTPMRING_OK);
    support_packet(packet, TAG_20, TPM_HEADER, 0);
    packet[4] = (unsigned char)(finishes[i].size >> 8);
    packet[5] = (unsigned char)finishes[i].size;
    support_body(&f.pages, 1, packet, TPM_HEADER);
    support_put(f.pages.first, finishes[i].length);
    f.pages.first[4] = VTPMRING_PAGE_FINISH;
    watch(&f.pages, how);
    vtpmring_front_on_event(&f.machine);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_DELIVER);
    assert_int_equal(vtpmring_front_take(&f.machine, response, 8180, &length),
                     finishes[i].status);
    check_reads(false);
    assert_int_equal(reads[0], 1);
    assert_int_equal(reads[4], 1);
    assert_int_equal(
        length, finishes[i].status == VTPMRING_OK ? finishes[i].length : 0);
    watch(NULL, LEAVE);
    support_free(&f.pages);
}

static void test_defect_1_finish_to_take(void **state)
{
    static unsigned char honest[8180], hostile[8180];

    (void)state;
    for (size_t i = 0; i < sizeof(finishes) / sizeof(finishes[0]); i++) {
        memset(honest, 0, sizeof(honest));
        run_finish(i, LEAVE, honest);
        for (int how = LEAVE; how < MISCHIEFS; how++) {
            memset(hostile, 0, sizeof(hostile));
            run_finish(i, (enum mischief)how, hostile);
            assert_memory_equal(honest, hostile, sizeof(honest));
        }
    }
}

/* The backend lets the length grow each time: never more than the pages hold,
 * and each attempt stands on its own snapshot. */
static void test_defect_1_length_that_grows(void **state)
{
    struct support_front f;
    static unsigned char packet[PAGE], response[PAGE];
    size_t length = 0;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
    support_packet(packet, TAG_20, TPM_HEADER, CODE_GET_RANDOM);
    (void)vtpmring_front_submit(&f.machine, packet, TPM_HEADER, 0);
    f.pages.first[4] = VTPMRING_PAGE_FINISH;
    vtpmring_front_on_event(&f.machine);
    for (uint32_t claimed = 100; claimed < 4200; claimed += 500) {
        enum vtpmring_status status;

        support_put(f.pages.first, claimed);
        watch(&f.pages, ONES);
        status =
            vtpmring_front_take(&f.machine, response, claimed - 1, &length);
        check_reads(false);
        assert_int_equal(status, claimed <= 4088 ? VTPMRING_ENOBUF
                                                 : VTPMRING_EPEER_LENGTH);
        assert_int_equal(length, claimed <= 4088 ? claimed : 0);
    }
    watch(NULL, LEAVE);
    support_free(&f.pages);
}

/* A submit reads nothing: not what the backend may have put there before. */
static void test_defect_1_submit_reads_nothing(void **state)
{
    struct support_front f;
    unsigned char packet[64];

    (void)state;
    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_CONNECTED);
    memset(f.pages.first, 0xff, PAGE);
    support_packet(packet, TAG_20, sizeof(packet), CODE_GET_RANDOM);
    watch(&f.pages, FLIP);
    assert_int_equal(
        vtpmring_front_submit(&f.machine, packet, sizeof(packet), 0),
        VTPMRING_OK);
    for (size_t i = 0; i < PAGE; i++)
        assert_int_equal(reads[i], 0);
    assert_int_equal(writes[4], 1);
    watch(NULL, LEAVE);
    support_free(&f.pages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defect_1_submit_to_execute),
        cmocka_unit_test(test_defect_1_submit_to_refusal),
        cmocka_unit_test(test_defect_1_reply),
        cmocka_unit_test(test_defect_1_finish_to_take),
        cmocka_unit_test(test_defect_1_length_that_grows),
        cmocka_unit_test(test_defect_1_submit_reads_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
