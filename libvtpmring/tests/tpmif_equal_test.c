/* SPDX-License-Identifier: MIT */
/* The wire format against Xen's own headers, byte by byte. */
#include "support.h"
#include <xen/xen.h>
#include <xen/io/tpmif.h>
#include <xen/io/xenbus.h>

#define SAME_OFFSET(constant, field)                                           \
    _Static_assert((constant) == offsetof(struct tpmif_shared_page, field),    \
                   #field)

SAME_OFFSET(VTPMRING_PAGE_LENGTH_OFFSET, length);
SAME_OFFSET(VTPMRING_PAGE_STATE_OFFSET, state);
SAME_OFFSET(VTPMRING_PAGE_LOCALITY_OFFSET, locality);
SAME_OFFSET(VTPMRING_PAGE_PAD_OFFSET, pad);
SAME_OFFSET(VTPMRING_PAGE_NR_EXTRA_OFFSET, nr_extra_pages);
SAME_OFFSET(VTPMRING_PAGE_HEAD_SIZE, extra_pages);
_Static_assert(VTPMRING_PAGE_HEAD_SIZE == sizeof(struct tpmif_shared_page),
               "size of the header");
_Static_assert(VTPMRING_PAGE_REF_SIZE == sizeof(grant_ref_t), "reference");

static void test_page_states(void **state)
{
    (void)state;
    assert_int_equal(VTPMRING_PAGE_IDLE, TPMIF_STATE_IDLE);
    assert_int_equal(VTPMRING_PAGE_SUBMIT, TPMIF_STATE_SUBMIT);
    assert_int_equal(VTPMRING_PAGE_FINISH, TPMIF_STATE_FINISH);
    assert_int_equal(VTPMRING_PAGE_CANCEL, TPMIF_STATE_CANCEL);
}

static void test_xenbus_states(void **state)
{
    (void)state;
    assert_int_equal(VTPMRING_XENBUS_UNKNOWN, XenbusStateUnknown);
    assert_int_equal(VTPMRING_XENBUS_INITIALISING, XenbusStateInitialising);
    assert_int_equal(VTPMRING_XENBUS_INIT_WAIT, XenbusStateInitWait);
    assert_int_equal(VTPMRING_XENBUS_INITIALISED, XenbusStateInitialised);
    assert_int_equal(VTPMRING_XENBUS_CONNECTED, XenbusStateConnected);
    assert_int_equal(VTPMRING_XENBUS_CLOSING, XenbusStateClosing);
    assert_int_equal(VTPMRING_XENBUS_CLOSED, XenbusStateClosed);
    /* Reconfiguring and Reconfigured are none of this protocol */
    assert_int_equal(VTPMRING_XENBUS_STATE_COUNT, XenbusStateReconfiguring);
}

/* What we write is what a driver compiled with Xen's structure reads. */
static void test_written_here_read_there(void **state)
{
    struct vtpmring_page page = support_pages(1);
    struct vtpmring_page_head head = {4096, 3, 1};
    struct tpmif_shared_page there;
    uint32_t ref = 0x12345678, copy;
    unsigned char packet[4096];
    const unsigned char *there_packet;

    (void)state;
    support_packet(packet, TAG_20, sizeof(packet), CODE_GET_RANDOM);
    assert_int_equal(vtpmring_page_write(&page, 1, packet, sizeof(packet)),
                     VTPMRING_OK);
    vtpmring_page_write_head(&page, &head, &ref);
    vtpmring_page_store_state(&page, VTPMRING_PAGE_SUBMIT);
    memcpy(&there, page.first, sizeof(there));
    assert_int_equal(there.length, 4096);
    assert_int_equal(there.state, TPMIF_STATE_SUBMIT);
    assert_int_equal(there.locality, 3);
    assert_int_equal(there.pad, 0);
    assert_int_equal(there.nr_extra_pages, 1);
    memcpy(&copy, page.first + offsetof(struct tpmif_shared_page, extra_pages),
           sizeof(copy));
    assert_int_equal(copy, ref);
    /* as a driver computes it: header, references, packet */
    there_packet = page.first + sizeof(struct tpmif_shared_page) +
                   sizeof(uint32_t) * there.nr_extra_pages;
    assert_memory_equal(there_packet, packet, PAGE - 12);
    assert_memory_equal(page.extra, packet + PAGE - 12, 12);
    support_free(&page);
}

static void test_written_there_read_here(void **state)
{
    struct vtpmring_page page = support_pages(0);
    struct tpmif_shared_page there = {.length = 100,
                                      .state = TPMIF_STATE_FINISH,
                                      .locality = 4,
                                      .nr_extra_pages = 2};
    struct vtpmring_page_head head;

    (void)state;
    memcpy(page.first, &there, sizeof(there));
    assert_int_equal(vtpmring_page_load_state(&page), VTPMRING_PAGE_FINISH);
    vtpmring_page_read_head(&page, &head);
    assert_int_equal(head.length, 100);
    assert_int_equal(head.locality, 4);
    assert_int_equal(head.nr_extra, 2);
    support_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_states),
        cmocka_unit_test(test_xenbus_states),
        cmocka_unit_test(test_written_here_read_there),
        cmocka_unit_test(test_written_there_read_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
