/* SPDX-License-Identifier: MIT */
/* Which objects the TCTI flushes for a program that has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "objects.h"

static struct tcti_objects objects;

static int reset(void **state)
{
    (void)state;
    memset(&objects, 0, sizeof(objects));
    return 0;
}

static void put(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A command with two handles or parameters, and its response with one. */
static void exchange(uint32_t code, uint32_t first, uint32_t second,
                     uint32_t rc, uint32_t handle)
{
    uint8_t packet[18] = {0x80, 0x01};

    put(packet + 2, sizeof(packet));
    put(packet + 6, code);
    put(packet + 10, first);
    put(packet + 14, second);
    tcti_objects_sent(&objects, packet, sizeof(packet));
    put(packet + 6, rc);
    put(packet + 10, handle);
    tcti_objects_received(&objects, packet, rc == 0 ? 14 : 10);
}

static void assert_flushes(uint32_t handle)
{
    static const uint8_t head[] = {0x80, 1, 0, 0, 0, 14, 0, 0, 0x01, 0x65};
    uint8_t command[TCTI_OBJECTS_FLUSH_SIZE], expected[4];

    assert_true(tcti_objects_flush(&objects, command));
    assert_memory_equal(command, head, sizeof(head));
    put(expected, handle);
    assert_memory_equal(command + 10, expected, 4);
}

static void assert_flushes_nothing(void)
{
    uint8_t command[TCTI_OBJECTS_FLUSH_SIZE];

    assert_false(tcti_objects_flush(&objects, command));
}

static void test_everything_that_makes_an_object(void **state)
{
    static const uint32_t codes[] = {0x131, 0x157, 0x15b, 0x161,
                                     0x167, 0x186, 0x191};

    (void)state;
    for (uint32_t i = 0; i < 7; i++)
        exchange(codes[i], 0x40000001, 0, 0, 0x80000000 + i);
    for (uint32_t i = 7; i-- > 0;)
        assert_flushes(0x80000000 + i);
    assert_flushes_nothing();
}

static void test_what_the_program_has_flushed_is_left(void **state)
{
    (void)state;
    exchange(0x131, 0x40000001, 0, 0, 0x80000000);
    exchange(0x157, 0x80000000, 0, 0, 0x80000001);
    exchange(0x165, 0x80000000, 0, 0, 0);
    assert_flushes(0x80000001);
    assert_flushes_nothing();
}

static void test_sequences_end_by_themselves(void **state)
{
    (void)state;
    exchange(0x186, 0, 0, 0, 0x80000000);
    exchange(0x186, 0, 0, 0, 0x80000001);
    exchange(0x13e, 0x80000000, 0, 0, 0);
    exchange(0x185, 16, 0x80000001, 0, 0);
    assert_flushes_nothing();
}

static void test_failures_and_others_change_nothing(void **state)
{
    (void)state;
    exchange(0x131, 0x40000001, 0, 0x902, 0x80000000);
    exchange(0x17b, 0, 0, 0, 0x80000000); /* random bytes */
    exchange(0x161, 0, 0, 0, 0x03000000); /* a session is no object */
    assert_flushes_nothing();
    exchange(0x131, 0x40000001, 0, 0, 0x80000002);
    exchange(0x165, 0x80000002, 0, 0x1c4, 0);
    assert_flushes(0x80000002);
}

static void test_short_packets(void **state)
{
    static const uint8_t command[10] = {0x80, 1, 0, 0, 0, 10, 0, 0, 0x01, 0x57};
    static const uint8_t response[10] = {0x80, 1, 0, 0, 0, 10};

    (void)state;
    tcti_objects_sent(&objects, command, sizeof(command));
    tcti_objects_received(&objects, response, sizeof(response));
    assert_flushes_nothing();
}

static void test_a_number_used_again_counts_once(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++)
        exchange(0x157, 0x80000000, 0, 0, 0x80000001);
    assert_flushes(0x80000001);
    assert_flushes_nothing();
}

static void test_more_than_there_is_room_for(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 40; i++)
        exchange(0x157, 0x80000000, 0, 0, 0x80000000 + i);
    for (uint32_t i = TCTI_OBJECTS_MAX; i-- > 0;)
        assert_flushes(0x80000000 + i);
    assert_flushes_nothing();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        TEST(test_everything_that_makes_an_object),
        TEST(test_what_the_program_has_flushed_is_left),
        TEST(test_sequences_end_by_themselves),
        TEST(test_failures_and_others_change_nothing),
        TEST(test_short_packets),
        TEST(test_a_number_used_again_counts_once),
        TEST(test_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
