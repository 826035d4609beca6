/* SPDX-License-Identifier: MIT */
/* The life of contexts: made, refused, one beside another, forked, ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"

static void test_info(void **state)
{
    const TSS2_TCTI_INFO *info = Tss2_Tcti_Info();

    (void)state;
    assert_int_equal(info->version, 2);
    assert_string_equal(info->name, "tcti-vtpmring");
    assert_non_null(strstr(info->config_help, "device=N"));
    assert_ptr_equal(info->init, Tss2_Tcti_Vtpmring_Init);
}

static void test_init_arguments(void **state)
{
    size_t size;

    (void)state;
    assert_int_equal(Tss2_Tcti_Vtpmring_Init(NULL, NULL, NULL),
                     TSS2_TCTI_RC_BAD_VALUE);
    other = memory(&size);
    size--;
    assert_int_equal(Tss2_Tcti_Vtpmring_Init(other, &size, NULL),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    assert_int_equal(Tss2_Tcti_Vtpmring_Init(other, NULL, NULL),
                     TSS2_RC_SUCCESS);
}

static void fails_to_init(const char *conf, TSS2_RC expected)
{
    int ports = fake.ports;
    size_t size;
    TSS2_TCTI_CONTEXT *made = memory(&size);

    assert_int_equal(Tss2_Tcti_Vtpmring_Init(made, &size, conf), expected);
    assert_int_equal(fake.ports, ports);
    /* A half-made context may be finalized, and can do nothing else. */
    assert_int_not_equal(
        Tss2_Tcti_Transmit(made, sizeof(get_random), get_random),
        TSS2_RC_SUCCESS);
    destroy(&made);
    assert_int_equal(fake.ports, ports);
}

static void test_init_failures_hold_nothing(void **state)
{
    (void)state;
    fails_to_init("devise=1", TSS2_TCTI_RC_BAD_VALUE);
    fake.port_open = VTPMRING_EPORT;
    fails_to_init("", TSS2_TCTI_RC_IO_ERROR);
    fake.port_open = VTPMRING_ENOMEM;
    fails_to_init("", TSS2_TCTI_RC_MEMORY);
    fake.port_open = VTPMRING_OK;
    fake.read = VTPMRING_EPEER_GONE;
    fails_to_init("device=3", TSS2_TCTI_RC_IO_ERROR);
    assert_string_equal(fake.path, "device/vtpm/3/backend");
    fake.read = VTPMRING_EPORT;
    fails_to_init("", TSS2_TCTI_RC_IO_ERROR);
}

static void test_configuration_reaches_the_link(void **state)
{
    (void)state;
    other = make("device=2,timeout=300,poll=4,extra=5");
    assert_int_equal(transmit(other), TSS2_RC_SUCCESS);
    assert_int_equal(fake.config.device, 2);
    assert_int_equal(fake.config.connect_timeout_ms, 300);
    assert_int_equal(fake.config.poll_us, 4);
    assert_int_equal(fake.config.extra_pages, 5);
}

static void test_foreign_contexts(void **state)
{
    uint64_t magic = TSS2_TCTI_MAGIC(context);
    uint32_t version = TSS2_TCTI_VERSION(context);

    (void)state;
    TSS2_TCTI_MAGIC(context) = magic + 1;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_BAD_CONTEXT);
    Tss2_Tcti_Finalize(context);
    assert_int_equal(fake.ports, 1);
    TSS2_TCTI_MAGIC(context) = magic;
    TSS2_TCTI_VERSION(context) = 1;
    assert_int_equal(Tss2_Tcti_Cancel(context), TSS2_TCTI_RC_BAD_CONTEXT);
    assert_int_equal(Tss2_Tcti_MakeSticky(context, NULL, 0),
                     TSS2_TCTI_RC_ABI_MISMATCH);
    TSS2_TCTI_VERSION(context) = version;
    assert_int_equal(Tss2_Tcti_MakeSticky(context, NULL, 0),
                     TSS2_TCTI_RC_NOT_IMPLEMENTED);
    Tss2_Tcti_Finalize(context);
    Tss2_Tcti_Finalize(context);
    assert_int_equal(fake.ports, 0);
}

static void test_failed_connects_can_be_tried_again(void **state)
{
    (void)state;
    fake.open = VTPMRING_EPEER_TIMEOUT;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_IO_ERROR);
    fake.open = VTPMRING_EPORT;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_IO_ERROR);
    fake.port_open = VTPMRING_EPORT;
    assert_int_equal(transmit(context), TSS2_TCTI_RC_IO_ERROR);
    fake.port_open = fake.open = VTPMRING_OK;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(fake.ports, 1);
}

static void test_two_contexts_exclude_each_other(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    other = make("wait=0");
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(other), TSS2_TCTI_RC_IO_ERROR);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(other), TSS2_TCTI_RC_IO_ERROR);
    assert_int_equal(fake.opens, 1);
    destroy(&context);
    assert_int_equal(transmit(other), TSS2_RC_SUCCESS);
    context = make("wait=0");
}

static void test_replaced_context_comes_back(void **state)
{
    uint8_t response[32];
    size_t size = sizeof(response);

    (void)state;
    destroy(&context);
    context = make("wait=5,idle=20");
    other = make("wait=5,idle=20");
    assert_int_equal(Tss2_Tcti_SetLocality(context, 2), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
    assert_int_equal(transmit(other), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Receive(other, &size, response, -1),
                     TSS2_RC_SUCCESS);
    assert_int_equal(fake.opens, 2);
    /* It was replaced: it connects anew, with its locality, and has not closed
       in order what is not its own any more. */
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    assert_int_equal(fake.opens, 3);
    assert_int_equal(fake.closes, 0);
    assert_int_equal(fake.abandons, 1);
    assert_int_equal(fake.locality, 2);
    destroy(&other);
    assert_int_equal(fake.closes, 0);
    /* The pages of both are let go of: one link is open, its own. */
    assert_int_equal(fake.abandons, 2);
    assert_int_equal(fake.links, 1);
    assert_int_equal(receive(response, &size), TSS2_RC_SUCCESS);
}

static void test_forked_child_may_not_use_it(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(transmit(context), TSS2_RC_SUCCESS);
    pid = fork();
    if (pid == 0) {
        size_t size = 0;
        int wrong = receive(NULL, &size) != TSS2_TCTI_RC_BAD_CONTEXT;

        Tss2_Tcti_Finalize(context);
        _exit(wrong || fake.closes != 0 || fake.ports != 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_info),
        TEST(test_init_arguments),
        TEST(test_init_failures_hold_nothing),
        TEST(test_configuration_reaches_the_link),
        TEST(test_foreign_contexts),
        TEST(test_failed_connects_can_be_tried_again),
        TEST(test_two_contexts_exclude_each_other),
        TEST(test_replaced_context_comes_back),
        TEST(test_forked_child_may_not_use_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
