/* SPDX-License-Identifier: MIT */
#include "support.h"

static void test_capacity(void **state)
{
    (void)state;
    assert_int_equal(vtpmring_page_packet_offset(0), 8);
    assert_int_equal(vtpmring_page_packet_offset(1), 12);
    assert_int_equal(vtpmring_page_packet_offset(255), 1028);
    assert_int_equal(vtpmring_page_capacity(0), 4088);
    assert_int_equal(vtpmring_page_capacity(0), VTPMRING_PAGE_CAPACITY_MIN);
    assert_int_equal(vtpmring_page_capacity(1), 8180);
    assert_int_equal(vtpmring_page_capacity(255), 256 * 4096 - 1028);
    /* one extra page is enough for a TPM 2.0 */
    assert_true(vtpmring_page_capacity(1) >= VTPMRING_TPM_COMMAND_MAX);
}

/* Every field lands on the byte that the format names, and on no other. */
static void test_write_head_layout(void **state)
{
    struct vtpmring_page page = support_pages(0);
    struct vtpmring_page_head head = {0x01020304, 5, 2};
    uint32_t refs[2] = {0x11121314, 0x21222324};
    unsigned char expected[PAGE];

    (void)state;
    memset(page.first, 0xee, PAGE);
    memset(expected, 0xee, PAGE);
    support_put(expected, 0x01020304);
    expected[5] = 5;
    expected[6] = 0;
    expected[7] = 2;
    support_put(expected + 8, 0x11121314);
    support_put(expected + 12, 0x21222324);
    vtpmring_page_write_head(&page, &head, refs);
    assert_memory_equal(page.first, expected, PAGE);
    support_free(&page);
}

static void test_write_length_leaves_the_rest(void **state)
{
    struct vtpmring_page page = support_pages(0);
    unsigned char expected[PAGE];

    (void)state;
    memset(page.first, 0x5a, PAGE);
    memset(expected, 0x5a, PAGE);
    support_put(expected, 4096);
    vtpmring_page_write_length(&page, 4096);
    assert_memory_equal(page.first, expected, PAGE);
    support_free(&page);
}

static void test_read_head(void **state)
{
    static const uint32_t lengths[] = {0, 9, 4088, 0x7fffffff, 0xffffffff};
    struct vtpmring_page page = support_pages(0);
    struct vtpmring_page_head head;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        support_head(&page, 1, lengths[i], 4, 255);
        vtpmring_page_read_head(&page, &head);
        assert_true(head.length == (size_t)lengths[i]);
        assert_int_equal(head.locality, 4);
        assert_int_equal(head.nr_extra, 255);
    }
    support_free(&page);
}

static void test_state_is_one_byte(void **state)
{
    struct vtpmring_page page = support_pages(0);
    unsigned char expected[PAGE] = {0};

    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        page.first[4] = (unsigned char)v;
        assert_int_equal(vtpmring_page_load_state(&page), v);
    }
    vtpmring_page_store_state(&page, VTPMRING_PAGE_FINISH);
    expected[4] = 2;
    assert_memory_equal(page.first, expected, PAGE);
    support_free(&page);
}

static void test_swap_only_from_the_expected_state(void **state)
{
    struct vtpmring_page page = support_pages(0);

    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        bool swapped;

        page.first[4] = (unsigned char)v;
        swapped = vtpmring_page_swap_state(&page, VTPMRING_PAGE_SUBMIT,
                                           VTPMRING_PAGE_CANCEL);
        assert_int_equal(swapped, v == 1);
        assert_int_equal(page.first[4], v == 1 ? 3 : v);
    }
    support_free(&page);
}

static void test_read_refs_tells_changes(void **state)
{
    struct vtpmring_page page = support_pages(0);
    uint32_t refs[3] = {0, 0, 77};

    (void)state;
    support_put(page.first + 8, 501);
    support_put(page.first + 12, 502);
    assert_true(vtpmring_page_read_refs(&page, 2, refs));
    assert_int_equal(refs[0], 501);
    assert_int_equal(refs[1], 502);
    assert_int_equal(refs[2], 77);
    assert_false(vtpmring_page_read_refs(&page, 2, refs));
    support_put(page.first + 12, 503);
    assert_false(vtpmring_page_read_refs(&page, 1, refs));
    assert_true(vtpmring_page_read_refs(&page, 2, refs));
    assert_int_equal(refs[1], 503);
    support_put(page.first + 8, 601); /* the first, not the last */
    assert_true(vtpmring_page_read_refs(&page, 2, refs));
    assert_int_equal(refs[0], 601);
    assert_false(vtpmring_page_read_refs(&page, 0, NULL));
    support_free(&page);
}

/* Every number of extra pages: a packet of full capacity goes through, byte by
 * byte where a peer expects it; one byte more does not. */
static void test_packets_of_full_capacity(void **state)
{
    (void)state;
    for (unsigned nr = 0; nr < 256; nr += nr < 4 ? 1 : 50) {
        struct vtpmring_page page = support_pages(nr);
        size_t capacity = vtpmring_page_capacity((uint8_t)nr);
        unsigned char *out = malloc(capacity), *in = malloc(capacity + 1);

        assert_non_null(out);
        assert_non_null(in);
        support_packet(out, TAG_20, capacity, 1);
        assert_int_equal(vtpmring_page_write(&page, (uint8_t)nr, out, capacity),
                         VTPMRING_OK);
        support_read(&page, nr, in, capacity);
        assert_memory_equal(in, out, capacity);
        memset(in, 0, capacity);
        assert_int_equal(vtpmring_page_read(&page, (uint8_t)nr, in, capacity),
                         VTPMRING_OK);
        assert_memory_equal(in, out, capacity);
        assert_int_equal(
            vtpmring_page_write(&page, (uint8_t)nr, in, capacity + 1),
            VTPMRING_ENOBUF);
        assert_int_equal(
            vtpmring_page_read(&page, (uint8_t)nr, in, capacity + 1),
            VTPMRING_EPEER_LENGTH);
        free(out);
        free(in);
        support_free(&page);
    }
}

/* defect 2: an offset plus a length near 2^32 must not wrap around */
static void test_defect_2_huge_lengths_do_not_wrap(void **state)
{
    static const size_t lengths[] = {4089,
                                     4096,
                                     8181,
                                     0x7fffffff,
                                     0xfffffff7,
                                     0xfffffff8,
                                     0xffffffff,
                                     (size_t)0x100000000,
                                     SIZE_MAX,
                                     SIZE_MAX - 7,
                                     SIZE_MAX - 4095,
                                     SIZE_MAX / 2};
    struct vtpmring_page page = support_pages(0);
    unsigned char byte = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_int_equal(vtpmring_page_read(&page, 0, &byte, lengths[i]),
                         VTPMRING_EPEER_LENGTH);
        assert_int_equal(vtpmring_page_write(&page, 0, &byte, lengths[i]),
                         VTPMRING_ENOBUF);
    }
    support_free(&page);
}

/* A packet that reaches into pages that are not mapped is refused; one that
 * stays in the first page is not. */
static void test_unmapped_extra_pages(void **state)
{
    struct vtpmring_page page = support_pages(1);
    unsigned char *packet = calloc(1, 4 * PAGE);

    (void)state;
    assert_non_null(packet);
    assert_int_equal(vtpmring_page_read(&page, 2, packet, 4080), VTPMRING_OK);
    assert_int_equal(vtpmring_page_read(&page, 2, packet, 4081),
                     VTPMRING_EPEER_LENGTH);
    free(page.extra);
    page.extra = NULL; /* with extra_count still 1 */
    assert_int_equal(vtpmring_page_read(&page, 1, packet, 4084), VTPMRING_OK);
    assert_int_equal(vtpmring_page_read(&page, 1, packet, 4085),
                     VTPMRING_EPEER_LENGTH);
    assert_int_equal(vtpmring_page_write(&page, 1, packet, 4085),
                     VTPMRING_ENOBUF);
    free(packet);
    support_free(&page);
}

static void test_empty_packet(void **state)
{
    struct vtpmring_page page = support_pages(0);

    (void)state;
    memset(page.first, 0x77, PAGE);
    assert_int_equal(vtpmring_page_write(&page, 0, "", 0), VTPMRING_OK);
    for (size_t i = 0; i < PAGE; i++)
        assert_int_equal(page.first[i], 0x77);
    support_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_write_head_layout),
        cmocka_unit_test(test_write_length_leaves_the_rest),
        cmocka_unit_test(test_read_head),
        cmocka_unit_test(test_state_is_one_byte),
        cmocka_unit_test(test_swap_only_from_the_expected_state),
        cmocka_unit_test(test_read_refs_tells_changes),
        cmocka_unit_test(test_packets_of_full_capacity),
        cmocka_unit_test(test_defect_2_huge_lengths_do_not_wrap),
        cmocka_unit_test(test_unmapped_extra_pages),
        cmocka_unit_test(test_empty_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
