/* SPDX-License-Identifier: MIT */
/* The commands of a backend, and a frontend that cannot be trusted. */
#include "support.h"

static struct support_back b;
static unsigned char packet[16384];

static int connect_one_page(void **state)
{
    (void)state;
    support_back_to(&b, 0, VTPMRING_BACK_PHASE_CONNECTED);
    return 0;
}

static int connect_extra_pages(void **state)
{
    (void)state;
    support_back_to(&b, 2, VTPMRING_BACK_PHASE_CONNECTED);
    return 0;
}

static int hang_up(void **state)
{
    (void)state;
    support_back_free(&b);
    return 0;
}

static void expect(enum vtpmring_back_action action)
{
    assert_int_equal(vtpmring_back_next(&b.machine), action);
}

/* The page holds an answer; its event is owed and sent. */
static void expect_answer(size_t length, uint32_t code)
{
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_FINISH);
    assert_int_equal(support_get(b.pages.first), length);
    support_read(&b.pages, b.pages.first[7], packet, length);
    assert_int_equal(support_code(packet), code);
    support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    expect(VTPMRING_BACK_WAIT);
}

static void reply(size_t length, enum vtpmring_status status)
{
    support_packet(packet, TAG_20, length, 0);
    assert_int_equal(vtpmring_back_reply(&b.machine, packet, length), status);
}

static void test_execute_and_reply(void **state)
{
    (void)state;
    support_back_submit(&b, 100, CODE_GET_RANDOM, 0);
    expect(VTPMRING_BACK_EXECUTE);
    assert_int_equal(b.machine.length, 100);
    assert_memory_equal(b.buffer, b.pages.first + 8, 100);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    expect(VTPMRING_BACK_WAIT);
    reply(50, VTPMRING_OK);
    expect_answer(50, 0);
    assert_int_equal(vtpmring_back_reply(&b.machine, packet, 50),
                     VTPMRING_ESTATE);
}

static void test_reply_alone_will_do(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    expect(VTPMRING_BACK_EXECUTE);
    reply(10, VTPMRING_OK);
    expect_answer(10, 0);
}

/* defect 1: what was copied and checked is what is executed and answered */
static void test_defect_1_page_changes_after_the_copy(void **state)
{
    (void)state;
    support_back_submit(&b, 100, CODE_GET_RANDOM, 0);
    support_packet(packet, TAG_20, 100, CODE_GET_RANDOM);
    memset(b.pages.first + 8, 0xff, PAGE - 8);
    support_put(b.pages.first, 0xffffffff);
    b.pages.first[5] = 77;
    b.pages.first[7] = 255; /* the reply must not be put 1028 bytes in */
    expect(VTPMRING_BACK_EXECUTE);
    assert_int_equal(b.machine.length, 100);
    assert_int_equal(b.machine.head.locality, 0);
    assert_memory_equal(b.buffer, packet, 100);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    reply(100, VTPMRING_OK);
    assert_memory_equal(b.pages.first + 8, packet, 100);
    assert_int_equal(support_get(b.pages.first), 100);
}

/* defects 2 and 3: each impossible length is answered at once: with a TPM
 * error if there is a header to answer to, else with IDLE */
static void test_defect_3_lengths(void **state)
{
    static const uint32_t lengths[] = {0,          9,          10,        4088,
                                       4089,       4096,       8180,      8181,
                                       0x7fffffff, 0xfffffff8, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t length = lengths[i];

        support_packet(packet, TAG_20,
                       length <= 4088 && length >= 10 ? length : TPM_HEADER,
                       CODE_GET_RANDOM);
        support_body(&b.pages, 0, packet, 4088);
        support_head(&b.pages, VTPMRING_PAGE_SUBMIT, length, 0, 0);
        vtpmring_back_on_event(&b.machine);
        if (length < 10) {
            assert_int_equal(b.pages.first[4], VTPMRING_PAGE_IDLE);
            support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
        } else if (length > 4088) {
            expect_answer(10, 0x142);
        } else {
            expect(VTPMRING_BACK_EXECUTE);
            reply(10, VTPMRING_OK);
            expect_answer(10, 0);
        }
        expect(VTPMRING_BACK_WAIT);
    }
}

static void test_size_field_must_be_the_length(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 100, CODE_GET_RANDOM);
    support_body(&b.pages, 0, packet, 100);
    for (uint32_t length = 10; length < 200; length++) {
        support_packet(packet, TAG_20, 100, CODE_GET_RANDOM);
        support_body(&b.pages, 0, packet, 100);
        support_head(&b.pages, VTPMRING_PAGE_SUBMIT, length, 0, 0);
        if (length == 100)
            continue;
        vtpmring_back_on_event(&b.machine);
        assert_int_equal(b.machine.fault, VTPMRING_EPEER_HEADER);
        expect_answer(10, 0x142);
    }
}

/* the error has the form of the command, not only of the family */
static void test_error_in_the_form_of_the_command(void **state)
{
    (void)state;
    support_packet(packet, 0x00c2, 20, 1);
    support_body(&b.pages, 0, packet, 20);
    support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 21, 0, 0);
    vtpmring_back_on_event(&b.machine);
    expect_answer(10, 25);
    assert_int_equal(packet[0], 0);
    assert_int_equal(packet[1], 0xc4);
    /* of one that is not even copied, too */
    support_packet(packet, 0x00c2, 20, 1);
    support_body(&b.pages, 0, packet, 20);
    support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 4089, 0, 0);
    vtpmring_back_on_event(&b.machine);
    expect_answer(10, 25);
    assert_int_equal(packet[1], 0xc4);
    /* and of one that was good, and then failed */
    support_packet(packet, 0x00c2, 20, 1);
    support_body(&b.pages, 0, packet, 20);
    support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 20, 0, 0);
    vtpmring_back_on_event(&b.machine);
    assert_int_equal(b.machine.tag, 0x00c2);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_EPORT);
    expect_answer(10, 9);
    assert_int_equal(packet[1], 0xc4);
}

/* defect 4: a response too large is answered with an error, once */
static void test_defect_4_response_too_large(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    reply(4089, VTPMRING_ENOBUF);
    expect_answer(10, 0x904);
    vtpmring_back_on_event(&b.machine);
    expect(VTPMRING_BACK_WAIT); /* and is not executed again */
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    reply(4088, VTPMRING_OK);
    expect_answer(4088, 0);
}

static void test_reply_that_is_none(void **state)
{
    (void)state;
    for (size_t length = 0; length < 20; length += 19) {
        support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
        memset(packet, 0, sizeof(packet));
        assert_int_equal(vtpmring_back_reply(&b.machine, packet, length),
                         VTPMRING_ENOBUF);
        expect_answer(10, 0x904);
    }
}

static void test_executor_that_fails(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_ENOMEM);
    expect_answer(10, 0x101);
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    assert_int_equal(
        vtpmring_back_reply_error(&b.machine, VTPMRING_TPM_ERROR_RETRY),
        VTPMRING_OK);
    expect_answer(10, 0x922);
}

static void map_extra(unsigned count)
{
    expect(VTPMRING_BACK_MAP_EXTRA);
    assert_int_equal(b.machine.nr_refs, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(b.refs[i], 500 + i);
    assert_int_equal(vtpmring_back_set_extra(&b.machine, NULL),
                     VTPMRING_EINVAL);
    assert_int_equal(vtpmring_back_set_extra(&b.machine, b.pages.extra),
                     VTPMRING_OK);
    support_back_does(&b.machine, VTPMRING_BACK_MAP_EXTRA, VTPMRING_OK);
}

static void test_extra_pages(void **state)
{
    (void)state;
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    map_extra(1);
    expect(VTPMRING_BACK_EXECUTE);
    support_packet(packet, TAG_20, 8180, CODE_GET_RANDOM);
    assert_memory_equal(b.buffer, packet, 8180);
    reply(8180, VTPMRING_OK);
    expect_answer(8180, 0);
    /* mapped once, used again */
    support_back_submit(&b, 5000, CODE_GET_RANDOM, 1);
    expect(VTPMRING_BACK_EXECUTE);
    reply(10, VTPMRING_OK);
    expect_answer(10, 0);
    /* one more is another mapping; fewer of them is not */
    support_back_submit(&b, 9000, CODE_GET_RANDOM, 2);
    map_extra(2);
    reply(12000, VTPMRING_OK);
    expect_answer(12000, 0);
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    expect(VTPMRING_BACK_EXECUTE);
    reply(8181, VTPMRING_ENOBUF); /* one extra page in this exchange */
    expect_answer(10, 0x904);
}

static void test_changed_reference_is_mapped_anew(void **state)
{
    (void)state;
    support_back_submit(&b, 20, CODE_GET_RANDOM, 1);
    map_extra(1);
    reply(10, VTPMRING_OK);
    expect_answer(10, 0);
    support_put(b.pages.first + 8, 900);
    support_packet(packet, TAG_20, 20, CODE_GET_RANDOM);
    support_body(&b.pages, 1, packet, 20);
    support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 20, 0, 1);
    vtpmring_back_on_event(&b.machine);
    expect(VTPMRING_BACK_MAP_EXTRA);
    assert_int_equal(b.refs[0], 900);
    assert_null(b.machine.page.extra); /* the old mapping is of no more use */
}

static void test_extra_pages_that_cannot_be_mapped(void **state)
{
    (void)state;
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    support_back_does(&b.machine, VTPMRING_BACK_MAP_EXTRA, VTPMRING_EPORT);
    assert_int_equal(b.machine.fault, VTPMRING_EPEER_LENGTH);
    expect_answer(10, 0x142);
    /* the same references are not taken for mapped */
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    support_back_does(&b.machine, VTPMRING_BACK_MAP_EXTRA, VTPMRING_OK);
    expect_answer(10, 0x142); /* done without set_extra() */
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    map_extra(1);
    expect(VTPMRING_BACK_EXECUTE);
}

/* The caller mapped, handed over, and reports a failure all the same: what it
 * has handed over is not used. */
static void test_extra_pages_of_a_failed_map(void **state)
{
    (void)state;
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    assert_int_equal(vtpmring_back_set_extra(&b.machine, b.pages.extra),
                     VTPMRING_OK);
    support_back_does(&b.machine, VTPMRING_BACK_MAP_EXTRA, VTPMRING_EPORT);
    assert_null(b.machine.page.extra);
    expect_answer(10, 0x142);
    support_back_submit(&b, 8180, CODE_GET_RANDOM, 1);
    expect(VTPMRING_BACK_MAP_EXTRA);
}

static void test_more_extra_pages_than_taken(void **state)
{
    (void)state;
    for (unsigned nr = 3; nr < 256; nr++) {
        support_packet(packet, TAG_20, 10, CODE_GET_RANDOM);
        support_body(&b.pages, nr, packet, 10);
        support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 10, 0, nr);
        vtpmring_back_on_event(&b.machine);
        assert_int_equal(b.machine.fault, VTPMRING_EPEER_LENGTH);
        expect_answer(10, 0x142); /* where this frontend looks for it */
    }
}

static void test_command_larger_than_the_buffer(void **state)
{
    struct vtpmring_back_config config = b.machine.config;

    (void)state;
    hang_up(NULL);
    connect_extra_pages(NULL);
    config = b.machine.config;
    config.buffer_size = 64;
    b.machine.config = config; /* as if made with it */
    support_back_submit(&b, 65, CODE_GET_RANDOM, 0);
    expect_answer(10, 0x142);
    support_back_submit(&b, 64, CODE_GET_RANDOM, 0);
    expect(VTPMRING_BACK_EXECUTE);
}

/* defect 7: a running command is cancelled, not only an idle page */
static void test_defect_7_cancel_while_running(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    b.pages.first[4] = VTPMRING_PAGE_CANCEL;
    assert_true(vtpmring_back_has_work(&b.machine));
    vtpmring_back_on_event(&b.machine);
    support_back_does(&b.machine, VTPMRING_BACK_ABORT, VTPMRING_OK);
    expect(VTPMRING_BACK_WAIT);
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_CANCEL);
    assert_int_equal(
        vtpmring_back_reply_error(&b.machine, VTPMRING_TPM_ERROR_CANCELED),
        VTPMRING_OK);
    expect_answer(10, 0x909);
}

static void test_cancel_in_every_other_state(void **state)
{
    (void)state;
    /* idle, and over a response that was not looked at */
    for (int i = 0; i < 2; i++) {
        b.pages.first[4] = VTPMRING_PAGE_CANCEL;
        vtpmring_back_on_event(&b.machine);
        assert_int_equal(b.pages.first[4], VTPMRING_PAGE_IDLE);
        support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    }
    /* copied, not yet running */
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    b.pages.first[4] = VTPMRING_PAGE_CANCEL;
    vtpmring_back_on_event(&b.machine);
    expect_answer(10, 0x909);
    /* its extra pages are being mapped */
    support_back_submit(&b, 20, CODE_GET_RANDOM, 1);
    expect(VTPMRING_BACK_MAP_EXTRA);
    b.pages.first[4] = VTPMRING_PAGE_CANCEL;
    vtpmring_back_on_event(&b.machine);
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_IDLE);
    support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    expect(VTPMRING_BACK_WAIT);
}

/* defect 5: other states and event storms are work for nobody */
static void test_defect_5_states_of_a_hostile_frontend(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        if (v == VTPMRING_PAGE_SUBMIT || v == VTPMRING_PAGE_CANCEL)
            continue;
        b.pages.first[4] = (unsigned char)v;
        assert_false(vtpmring_back_has_work(&b.machine));
        for (int i = 0; i < 10; i++)
            vtpmring_back_on_event(&b.machine);
        expect(VTPMRING_BACK_WAIT);
        assert_int_equal(b.pages.first[4], v);
    }
}

static void test_has_work(void **state)
{
    (void)state;
    assert_false(vtpmring_back_has_work(&b.machine));
    b.pages.first[4] = VTPMRING_PAGE_SUBMIT;
    assert_true(vtpmring_back_has_work(&b.machine));
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    assert_false(vtpmring_back_has_work(&b.machine));
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    assert_false(vtpmring_back_has_work(&b.machine));
    reply(10, VTPMRING_OK);
    assert_false(vtpmring_back_has_work(&b.machine));
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CLOSED);
    b.pages.first[4] = VTPMRING_PAGE_SUBMIT;
    assert_false(vtpmring_back_has_work(&b.machine));
}

/* The frontend goes while its command runs: nobody is answered, the page is
 * let go of at once, and the end waits for the executor, who has the buffer. */
static void test_frontend_goes_while_running(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_UNKNOWN);
    support_back_does(&b.machine, VTPMRING_BACK_ABORT, VTPMRING_OK);
    support_back_does(&b.machine, VTPMRING_BACK_UNMAP, VTPMRING_OK);
    memset(b.pages.first, 0x33, PAGE);
    support_back_does(&b.machine, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    expect(VTPMRING_BACK_WAIT);
    reply(10, VTPMRING_CLOSED);
    expect(VTPMRING_BACK_END);
    for (size_t i = 0; i < PAGE; i++)
        assert_int_equal(b.pages.first[i], 0x33);
}

/* The frontend reopens while its old command still runs: the new one waits, is
 * not mixed up with the old one's buffer, and gets its own answer. */
static void test_reopen_while_running(void **state)
{
    struct vtpmring_back *back = &b.machine;

    (void)state;
    support_back_submit(&b, 10, 1, 0);
    support_back_does(back, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CLOSED);
    support_back_does(back, VTPMRING_BACK_ABORT, VTPMRING_OK);
    support_back_does(back, VTPMRING_BACK_UNMAP, VTPMRING_OK);
    support_back_does(back, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CONNECTED);
    (void)vtpmring_back_set_peer(back, "9", 1, "6", 1, "1", 1);
    support_back_does(back, VTPMRING_BACK_READ_PEER, VTPMRING_OK);
    (void)vtpmring_back_set_page(back, b.pages.first);
    support_back_does(back, VTPMRING_BACK_MAP, VTPMRING_OK);
    support_back_does(back, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    support_back_submit(&b, 20, 2, 0);
    support_back_does(back, VTPMRING_BACK_ABORT, VTPMRING_OK); /* still */
    expect(VTPMRING_BACK_WAIT);
    assert_int_equal(support_code(b.buffer), 1);
    reply(10, VTPMRING_CLOSED);
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_SUBMIT);
    support_back_does(back, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    assert_int_equal(support_code(b.buffer), 2);
    reply(30, VTPMRING_OK);
    expect_answer(30, 0);
}

static void test_locality_is_passed_on(void **state)
{
    (void)state;
    for (unsigned locality = 0; locality < 256; locality++) {
        b.pages.first[5] = (unsigned char)locality;
        support_packet(packet, TAG_20, 10, CODE_GET_RANDOM);
        support_body(&b.pages, 0, packet, 10);
        support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 10, locality, 0);
        vtpmring_back_on_event(&b.machine);
        expect(VTPMRING_BACK_EXECUTE);
        assert_int_equal(b.machine.head.locality, locality);
        reply(10, VTPMRING_OK);
        expect_answer(10, 0);
        assert_int_equal(b.pages.first[5], locality);
    }
}

/* Cancelled while new references were to be mapped: they are still not. */
static void test_cancelled_mapping_is_done_later(void **state)
{
    (void)state;
    support_back_submit(&b, 9000, CODE_GET_RANDOM, 2);
    map_extra(2);
    reply(10, VTPMRING_OK);
    expect_answer(10, 0);
    for (int i = 0; i < 2; i++) {
        support_put(b.pages.first + 8, 900);
        support_packet(packet, TAG_20, 20, CODE_GET_RANDOM);
        support_body(&b.pages, 1, packet, 20);
        support_head(&b.pages, VTPMRING_PAGE_SUBMIT, 20, 0, 1);
        vtpmring_back_on_event(&b.machine);
        expect(VTPMRING_BACK_MAP_EXTRA);
        b.pages.first[4] = VTPMRING_PAGE_CANCEL;
        vtpmring_back_on_event(&b.machine);
        support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    }
}

/* The frontend goes, and the executor comes back before it was told to. */
static void test_executor_that_is_back_is_not_aborted(void **state)
{
    (void)state;
    support_back_submit(&b, 10, CODE_GET_RANDOM, 0);
    support_back_does(&b.machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CLOSED);
    expect(VTPMRING_BACK_ABORT);
    reply(10, VTPMRING_CLOSED);
    expect(VTPMRING_BACK_UNMAP);
}

#define ONE_PAGE(test)                                                         \
    cmocka_unit_test_setup_teardown(test, connect_one_page, hang_up)
#define EXTRA_PAGES(test)                                                      \
    cmocka_unit_test_setup_teardown(test, connect_extra_pages, hang_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_PAGE(test_execute_and_reply),
        ONE_PAGE(test_reply_alone_will_do),
        ONE_PAGE(test_defect_1_page_changes_after_the_copy),
        ONE_PAGE(test_defect_3_lengths),
        ONE_PAGE(test_size_field_must_be_the_length),
        ONE_PAGE(test_error_in_the_form_of_the_command),
        ONE_PAGE(test_defect_4_response_too_large),
        ONE_PAGE(test_reply_that_is_none),
        ONE_PAGE(test_executor_that_fails),
        EXTRA_PAGES(test_extra_pages),
        EXTRA_PAGES(test_changed_reference_is_mapped_anew),
        EXTRA_PAGES(test_extra_pages_that_cannot_be_mapped),
        EXTRA_PAGES(test_extra_pages_of_a_failed_map),
        EXTRA_PAGES(test_more_extra_pages_than_taken),
        ONE_PAGE(test_command_larger_than_the_buffer),
        ONE_PAGE(test_defect_7_cancel_while_running),
        EXTRA_PAGES(test_cancel_in_every_other_state),
        ONE_PAGE(test_defect_5_states_of_a_hostile_frontend),
        ONE_PAGE(test_has_work),
        ONE_PAGE(test_frontend_goes_while_running),
        ONE_PAGE(test_reopen_while_running),
        ONE_PAGE(test_locality_is_passed_on),
        EXTRA_PAGES(test_cancelled_mapping_is_done_later),
        EXTRA_PAGES(test_executor_that_is_back_is_not_aborted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
