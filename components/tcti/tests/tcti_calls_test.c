/* SPDX-License-Identifier: MIT */
/* The calls of the TCTI, made as tpm2-tss makes them, over a fake link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

static const uint8_t canceled[10] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x09};

static void test_a_command_and_its_response(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(fake.opens, 0);
    for (int i = 0; i < 3; i++) {
        size = sizeof(response);
        assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
        assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
        assert_int_equal(size, sizeof(answer));
        assert_memory_equal(response, answer, sizeof(answer));
    }
    assert_int_equal(fake.opens, 1);
    assert_int_equal(fake.sends, 3);
    assert_int_equal(fake.sent, sizeof(get_random));
    destroy(&context);
    assert_int_equal(fake.closes, 1);
    context = make("");
}

static void test_order_of_calls(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(receive(response, &size), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(context), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_SetLocality(context, 0),
                     TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(fake.sends, 1);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(receive(response, &size), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
}

static void test_bad_arguments(void **state)
{
    uint8_t longer[12], response[32];
    size_t size = sizeof(response);
    TSS2_TCTI_CONTEXT *none = NULL;

    (void)state;
    assert_int_equal(transmit(none), TSS2_TCTI_RC_BAD_REFERENCE);
    assert_int_equal(Tss2_Tcti_Transmit(context, 12, NULL),
                     TSS2_TCTI_RC_BAD_REFERENCE);
    assert_int_equal(Tss2_Tcti_Transmit(context, 9, get_random),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_Transmit(context, 0, get_random),
                     TSS2_TCTI_RC_BAD_VALUE);
    memcpy(longer, get_random, sizeof(longer));
    longer[5] = 13;
    assert_int_equal(Tss2_Tcti_Transmit(context, sizeof(longer), longer),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(fake.sends, 0);
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Receive(context, NULL, response, 0),
                     TSS2_TCTI_RC_BAD_REFERENCE);
    assert_int_equal(Tss2_Tcti_Receive(context, &size, response, -2),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
}

static void test_timeouts_keep_the_command(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    fake.receive = VTPMRING_AGAIN;
    assert_int_equal(Tss2_Tcti_Receive(context, &size, response, 0),
                     TSS2_TCTI_RC_TRY_AGAIN);
    assert_int_equal(fake.timeout_ms, 0);
    assert_int_equal(Tss2_Tcti_Receive(context, &size, NULL, 70),
                     TSS2_TCTI_RC_TRY_AGAIN);
    assert_int_equal(fake.timeout_ms, 70);
    assert_int_equal(size, sizeof(response));
    fake.receive = VTPMRING_OK;
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(fake.timeout_ms, -1);
}

static void test_size_of_the_response(void **state)
{
    uint8_t response[32];
    size_t size = 77;

    (void)state;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(receive(NULL, &size), TSS2_RC_SUCCESS);
    assert_int_equal(size, sizeof(answer));
    size = sizeof(answer) - 1;
    assert_int_equal(receive(response, &size),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    assert_int_equal(size, sizeof(answer));
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_memory_equal(response, answer, sizeof(answer));
}

static void test_cancel_then_a_response(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_RC_SUCCESS);
    assert_int_equal(fake.cancels, 1);
    assert_int_equal(transmit(context), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_memory_equal(response, answer, sizeof(answer));
}

static void test_cancel_without_a_response(void **state)
{
    uint8_t response[32];
    size_t size = 3;

    (void)state;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_RC_SUCCESS);
    fake.receive = VTPMRING_CANCELED;
    assert_int_equal(receive(response, &size),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    assert_int_equal(size, sizeof(canceled));
    /* The link has given it out: it must not be asked again. */
    fake.receive = VTPMRING_ESTATE;
    assert_int_equal(receive(NULL, &size), TSS2_RC_SUCCESS);
    assert_int_equal(size, sizeof(canceled));
    size = sizeof(response);
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_RC_SUCCESS);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(size, sizeof(canceled));
    assert_memory_equal(response, canceled, sizeof(canceled));
    assert_int_equal(receive(response, &size), TSS2_TCTI_RC_BAD_SEQUENCE);
    /* The next command begins afresh. */
    fake.receive = VTPMRING_CANCELED;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(receive(response, &size), TSS2_TCTI_RC_IO_ERROR);
}

static void test_faults_end_the_command(void **state)
{
    static const struct {
        enum vtpmring_status status;
        TSS2_RC rc;
    } faults[] = {
        {VTPMRING_EPEER_LENGTH, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_EPEER_GONE, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_EPEER_TIMEOUT, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_CANCELED, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_CLOSED, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_EPORT, TSS2_TCTI_RC_IO_ERROR},
        {VTPMRING_ENOMEM, TSS2_TCTI_RC_MEMORY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        uint8_t response[32];
        size_t size = sizeof(response);

        fake.receive = VTPMRING_OK;
        assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
        fake.receive = faults[i].status;
        assert_int_equal(receive(response, &size), faults[i].rc);
        assert_int_equal(receive(response, &size), TSS2_TCTI_RC_BAD_SEQUENCE);
    }
    /* Only after EPORT was the link made anew. */
    assert_int_equal(fake.opens, 2);
}

static void test_failed_sends_leave_no_command(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    fake.send = VTPMRING_ENOBUF;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    fake.send = VTPMRING_EPEER_TIMEOUT;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_IO_ERROR);
    assert_int_equal(receive(response, &size), TSS2_TCTI_RC_BAD_SEQUENCE);
    fake.send = VTPMRING_OK;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
}

static void test_locality(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(Tss2_Tcti_SetLocality(context, 5), TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_SetLocality(context, 31),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_SetLocality(context, 3), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(fake.locality, 3);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_SetLocality(context, 255), TSS2_RC_SUCCESS);
    assert_int_equal(fake.locality, 255);
}

static void test_poll_handles(void **state)
{
    TSS2_TCTI_POLL_HANDLE handles[2] = {{0}};
    size_t count = 0;

    (void)state;
    assert_int_equal(Tss2_Tcti_GetPollHandles(context, handles, NULL),
                     TSS2_TCTI_RC_BAD_REFERENCE);
    assert_int_equal(Tss2_Tcti_GetPollHandles(context, NULL, &count),
                     TSS2_RC_SUCCESS);
    assert_int_equal(count, 1);
    count = 0;
    assert_int_equal(Tss2_Tcti_GetPollHandles(context, handles, &count),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    count = 2;
    assert_int_equal(Tss2_Tcti_GetPollHandles(context, handles, &count),
                     TSS2_RC_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(handles[0].fd, 1234);
    assert_int_equal(handles[0].events, POLLIN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_command_and_its_response),
        TEST(test_order_of_calls),
        TEST(test_bad_arguments),
        TEST(test_timeouts_keep_the_command),
        TEST(test_size_of_the_response),
        TEST(test_cancel_then_a_response),
        TEST(test_cancel_without_a_response),
        TEST(test_faults_end_the_command),
        TEST(test_failed_sends_leave_no_command),
        TEST(test_locality),
        TEST(test_poll_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
