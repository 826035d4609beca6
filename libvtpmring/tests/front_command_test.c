/* SPDX-License-Identifier: MIT */
/* The commands of a frontend, and a backend that cannot be trusted. */
#include "support.h"

static struct support_front f;
static unsigned char packet[16384];
static unsigned char response[16384];
static size_t length;

static int connect_one_page(void **state)
{
    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
    return 0;
}

static int connect_two_pages(void **state)
{
    (void)state;
    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_CONNECTED);
    return 0;
}

static int hang_up(void **state)
{
    (void)state;
    support_free(&f.pages);
    return 0;
}

static void submit(size_t size)
{
    support_packet(packet, TAG_20, size, CODE_GET_RANDOM);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, size, 0),
                     VTPMRING_OK);
    support_front_does(&f.machine, VTPMRING_FRONT_NOTIFY, VTPMRING_OK);
}

/* The backend answers; its header claims `claimed` bytes. */
static void answer(size_t size, uint32_t claimed, unsigned nr_extra)
{
    support_packet(packet, TAG_20, size, 0);
    support_body(&f.pages, nr_extra, packet, size);
    support_put(f.pages.first, claimed);
    f.pages.first[4] = VTPMRING_PAGE_FINISH;
    vtpmring_front_on_event(&f.machine);
}

static enum vtpmring_status take(size_t size)
{
    length = 4711;
    return vtpmring_front_take(&f.machine, response, size, &length);
}

static void test_submit_puts_it_on_the_page(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 100, CODE_GET_RANDOM);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 100, 3),
                     VTPMRING_OK);
    assert_int_equal(support_get(f.pages.first), 100);
    assert_int_equal(f.pages.first[4], VTPMRING_PAGE_SUBMIT);
    assert_int_equal(f.pages.first[5], 3);
    assert_int_equal(f.pages.first[6], 0);
    assert_int_equal(f.pages.first[7], 0);
    assert_memory_equal(f.pages.first + 8, packet, 100);
    assert_false(vtpmring_front_is_ready(&f.machine));
    support_front_does(&f.machine, VTPMRING_FRONT_NOTIFY, VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_WAIT);
}

static void test_submit_over_two_pages(void **state)
{
    (void)state;
    submit(4096);
    assert_int_equal(f.pages.first[7], 1);
    assert_int_equal(support_get(f.pages.first + 8), 1000);
    support_read(&f.pages, 1, response, 4096);
    assert_memory_equal(response, packet, 4096);
    answer(8180, 8180, 1);
    assert_int_equal(take(8180), VTPMRING_OK);
    assert_int_equal(length, 8180);
    assert_memory_equal(response, packet, 8180);
}

static void test_submit_checks_the_command(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 100, 1);
    for (size_t size = 0; size < 120; size++) {
        if (size != 100)
            assert_int_equal(vtpmring_front_submit(&f.machine, packet, size, 0),
                             VTPMRING_EINVAL);
    }
    assert_int_equal(f.pages.first[4], VTPMRING_PAGE_IDLE);
    support_packet(packet, TAG_20, 4089, 1);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 4089, 0),
                     VTPMRING_ENOBUF);
    assert_int_equal(f.pages.first[4], VTPMRING_PAGE_IDLE);
    assert_true(vtpmring_front_is_ready(&f.machine));
    submit(4088);
}

static void test_submit_checks_the_locality(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 10, 1);
    for (unsigned locality = 0; locality < 256; locality++) {
        bool good = locality <= 4 || locality >= 32;
        enum vtpmring_status status =
            vtpmring_front_submit(&f.machine, packet, 10, (uint8_t)locality);

        assert_int_equal(status, good ? VTPMRING_OK : VTPMRING_EINVAL);
        if (!good)
            continue;
        assert_int_equal(f.pages.first[5], locality);
        f.pages.first[4] = VTPMRING_PAGE_IDLE;
        vtpmring_front_on_event(&f.machine);
        assert_int_equal(take(10), VTPMRING_CANCELED);
    }
}

static void test_one_command_at_a_time(void **state)
{
    (void)state;
    submit(10);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 10, 0),
                     VTPMRING_AGAIN);
    assert_int_equal(take(10), VTPMRING_ESTATE);
    answer(10, 10, 0);
    /* its end was not taken */
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 10, 0),
                     VTPMRING_AGAIN);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_DELIVER);
    assert_int_equal(take(10), VTPMRING_OK);
    assert_int_equal(take(10), VTPMRING_ESTATE);
    submit(10);
}

static void test_room_too_small_keeps_the_response(void **state)
{
    (void)state;
    submit(10);
    answer(200, 200, 0);
    assert_int_equal(take(199), VTPMRING_ENOBUF);
    assert_int_equal(length, 200);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_DELIVER);
    assert_int_equal(take(0), VTPMRING_ENOBUF);
    assert_int_equal(take(200), VTPMRING_OK);
    assert_memory_equal(response, packet, 200);
}

/* defects 1 and 5: no length that a backend can write is believed */
static void test_defect_5_lengths_of_a_hostile_backend(void **state)
{
    static const uint32_t lengths[] = {
        0, 9, 4089, 4096, 8180, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        submit(10);
        answer(10, lengths[i], 0);
        memset(response, 0x11, 64);
        assert_int_equal(take(sizeof(response)), VTPMRING_EPEER_LENGTH);
        assert_int_equal(length, 0);
        assert_int_equal(response[0], 0x11);
        assert_true(vtpmring_front_is_ready(&f.machine));
    }
}

static void test_defect_5_header_of_a_hostile_backend(void **state)
{
    (void)state;
    submit(10);
    answer(100, 99, 0);
    assert_int_equal(take(sizeof(response)), VTPMRING_EPEER_HEADER);
    assert_int_equal(length, 0);
    assert_true(vtpmring_front_is_ready(&f.machine));
}

/* defects 1 and 5: the number of extra pages is the frontend's own */
static void test_defect_1_backend_changes_nr_extra(void **state)
{
    (void)state;
    submit(100);
    for (unsigned nr = 0; nr < 256; nr++)
        f.pages.first[7] = (unsigned char)nr;
    answer(4084, 4084, 1);
    f.pages.first[7] = 255;
    assert_int_equal(take(sizeof(response)), VTPMRING_OK);
    assert_int_equal(length, 4084);
    assert_memory_equal(response, packet, 4084);
    submit(100);
    f.pages.first[7] = 255;
    answer(100, 8181, 1);
    f.pages.first[7] = 255;
    assert_int_equal(take(sizeof(response)), VTPMRING_EPEER_LENGTH);
}

/* defect 5: a state that no backend may write ends the connection */
static void test_defect_5_states_of_a_hostile_backend(void **state)
{
    (void)state;
    for (unsigned v = 4; v < 256; v++) {
        submit(10);
        f.pages.first[4] = (unsigned char)v;
        vtpmring_front_on_event(&f.machine);
        assert_int_equal(vtpmring_front_next(&f.machine),
                         VTPMRING_FRONT_DELIVER);
        assert_int_equal(take(10), VTPMRING_EPEER_STATE);
        assert_int_equal(f.machine.fault, VTPMRING_EPEER_STATE);
        support_front_does(&f.machine, VTPMRING_FRONT_UNPUBLISH, VTPMRING_OK);
        hang_up(NULL);
        connect_one_page(NULL);
    }
}

/* defect 5: an event storm is work for nobody */
static void test_defect_5_event_storm(void **state)
{
    struct vtpmring_front before;

    (void)state;
    submit(10);
    memcpy(&before, &f.machine, sizeof(before));
    for (int i = 0; i < 100000; i++) {
        vtpmring_front_on_event(&f.machine);
        vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_CONNECTED);
    }
    assert_memory_equal(&before, &f.machine, sizeof(before));
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_WAIT);
}

static void test_events_without_a_command(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        f.pages.first[4] = (unsigned char)v;
        vtpmring_front_on_event(&f.machine);
        assert_true(vtpmring_front_is_ready(&f.machine));
    }
    submit(10);
}

static void test_cancel(void **state)
{
    (void)state;
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_ESTATE);
    submit(10);
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_OK);
    assert_int_equal(f.pages.first[4], VTPMRING_PAGE_CANCEL);
    assert_int_equal(f.machine.command, VTPMRING_FRONT_COMMAND_CANCELED);
    support_front_does(&f.machine, VTPMRING_FRONT_NOTIFY, VTPMRING_OK);
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_WAIT);
    f.pages.first[4] = VTPMRING_PAGE_IDLE;
    vtpmring_front_on_event(&f.machine);
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_OK);
    assert_int_equal(take(10), VTPMRING_CANCELED);
    assert_int_equal(length, 0);
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_ESTATE);
}

/* a cancelled command may end with its response all the same */
static void test_cancel_may_lose(void **state)
{
    (void)state;
    submit(10);
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_OK);
    answer(20, 20, 0);
    assert_int_equal(take(20), VTPMRING_OK);
    assert_int_equal(length, 20);
}

/* the response came just before the cancel: it must not be buried */
static void test_cancel_does_not_bury_a_response(void **state)
{
    (void)state;
    submit(10);
    support_packet(packet, TAG_20, 30, 0);
    support_body(&f.pages, 0, packet, 30);
    support_put(f.pages.first, 30);
    f.pages.first[4] = VTPMRING_PAGE_FINISH; /* no event yet */
    assert_int_equal(vtpmring_front_cancel(&f.machine), VTPMRING_OK);
    assert_int_equal(f.pages.first[4], VTPMRING_PAGE_FINISH);
    assert_int_equal(take(30), VTPMRING_OK);
    assert_int_equal(length, 30);
}

static void test_command_ends_with_the_connection(void **state)
{
    (void)state;
    submit(10);
    vtpmring_front_close(&f.machine);
    assert_int_equal(take(10), VTPMRING_CLOSED);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 10, 0),
                     VTPMRING_ESTATE);
    hang_up(NULL);
    connect_one_page(NULL);
    submit(10);
    vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_CLOSED);
    assert_int_equal(take(10), VTPMRING_EPEER_GONE);
    hang_up(NULL);
    connect_one_page(NULL);
    submit(10);
    (void)vtpmring_front_cancel(&f.machine);
    vtpmring_front_fail(&f.machine, VTPMRING_EPEER_TIMEOUT);
    assert_int_equal(take(10), VTPMRING_EPEER_TIMEOUT);
}

/* A response that had come when the backend went can still be taken. */
static void test_response_survives_the_backend(void **state)
{
    (void)state;
    submit(10);
    answer(40, 40, 0);
    vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_UNKNOWN);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_DELIVER);
    assert_int_equal(
        vtpmring_front_done(&f.machine, VTPMRING_FRONT_UNPUBLISH, VTPMRING_OK),
        VTPMRING_ESTATE);
    assert_int_equal(take(40), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_UNPUBLISH);
}

static void test_event_that_cannot_be_sent(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 10, 1);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 10, 0),
                     VTPMRING_OK);
    support_front_does(&f.machine, VTPMRING_FRONT_NOTIFY, VTPMRING_EPORT);
    assert_int_equal(take(10), VTPMRING_EPORT);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_UNPUBLISH);
}

/* The backend was polling: no event is owed for what it has answered. */
static void test_answer_before_the_event(void **state)
{
    (void)state;
    support_packet(packet, TAG_20, 10, CODE_GET_RANDOM);
    assert_int_equal(vtpmring_front_submit(&f.machine, packet, 10, 0),
                     VTPMRING_OK);
    answer(10, 10, 0);
    assert_int_equal(take(10), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_WAIT);
}

#define ONE_PAGE(test)                                                         \
    cmocka_unit_test_setup_teardown(test, connect_one_page, hang_up)
#define TWO_PAGES(test)                                                        \
    cmocka_unit_test_setup_teardown(test, connect_two_pages, hang_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_PAGE(test_submit_puts_it_on_the_page),
        TWO_PAGES(test_submit_over_two_pages),
        ONE_PAGE(test_submit_checks_the_command),
        ONE_PAGE(test_submit_checks_the_locality),
        ONE_PAGE(test_one_command_at_a_time),
        ONE_PAGE(test_room_too_small_keeps_the_response),
        ONE_PAGE(test_defect_5_lengths_of_a_hostile_backend),
        ONE_PAGE(test_defect_5_header_of_a_hostile_backend),
        TWO_PAGES(test_defect_1_backend_changes_nr_extra),
        ONE_PAGE(test_defect_5_states_of_a_hostile_backend),
        ONE_PAGE(test_defect_5_event_storm),
        ONE_PAGE(test_events_without_a_command),
        ONE_PAGE(test_cancel),
        ONE_PAGE(test_cancel_may_lose),
        ONE_PAGE(test_cancel_does_not_bury_a_response),
        ONE_PAGE(test_command_ends_with_the_connection),
        ONE_PAGE(test_response_survives_the_backend),
        ONE_PAGE(test_event_that_cannot_be_sent),
        ONE_PAGE(test_answer_before_the_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
