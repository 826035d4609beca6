/* SPDX-License-Identifier: MIT */
#include "support.h"

/* What a peer may write, and whether it is a number up to 4294967295. */
static const struct {
    const char *text;
    bool good;
    uint32_t number;
} texts[] = {
    {"0", true, 0},
    {"1", true, 1},
    {"8", true, 8},
    {"1024", true, 1024},
    {"4294967295", true, 4294967295u},
    {"4294967296", false, 0}, /* 2^32 */
    {"4294967297", false, 0}, /* 2^32 + 1: must not become 1 */
    {"9999999999", false, 0},
    {"10000000000", false, 0},
    {"18446744073709551617", false, 0}, /* 2^64 + 1 */
    {"00000000000000000000000000000000000000001", false, 0},
    {"", false, 0},
    {"00", false, 0},
    {"01", false, 0},
    {"-1", false, 0},
    {"+1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1\n", false, 0},
    {"0x1", false, 0},
    {"1.", false, 0},
    {"1e3", false, 0},
    {"one", false, 0},
    {"%s%n", false, 0},
    {"\xff\xfe", false, 0},
    {":", false, 0}, /* the character after 9 */
    {"/", false, 0}, /* the character before 0 */
    {"1:", false, 0},
    {"1/", false, 0},
};

/* The strings are copied to the exact size, without a NUL: length counts. */
static void test_defect_2_numbers_from_the_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t length = strlen(texts[i].text);
        char *exact = malloc(length + 1);
        uint32_t number = 4711;
        enum vtpmring_status status;

        assert_non_null(exact);
        exact = realloc(exact, length > 0 ? length : 1);
        assert_non_null(exact);
        memcpy(exact, texts[i].text, length);
        status =
            vtpmring_xenbus_parse_number(exact, length, UINT32_MAX, &number);
        assert_int_equal(status,
                         texts[i].good ? VTPMRING_OK : VTPMRING_EPEER_STRING);
        assert_true(number == (texts[i].good ? texts[i].number : 4711));
        free(exact);
    }
}

static void test_embedded_nul_is_no_digit(void **state)
{
    uint32_t number = 7;

    (void)state;
    assert_int_equal(vtpmring_xenbus_parse_number("1\0", 2, 10, &number),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(vtpmring_xenbus_parse_number("\0", 1, 10, &number),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(vtpmring_xenbus_parse_number(NULL, 0, 10, &number),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(vtpmring_xenbus_parse_number(NULL, 3, 10, &number),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(number, 7);
}

static void test_max_is_the_largest(void **state)
{
    uint32_t number = 0;

    (void)state;
    assert_int_equal(vtpmring_xenbus_parse_number("255", 3, 255, &number),
                     VTPMRING_OK);
    assert_int_equal(number, 255);
    assert_int_equal(vtpmring_xenbus_parse_number("256", 3, 255, &number),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(vtpmring_xenbus_parse_number("0", 1, 0, &number),
                     VTPMRING_OK);
    assert_int_equal(vtpmring_xenbus_parse_number("1", 1, 0, &number),
                     VTPMRING_EPEER_STRING);
}

static void test_states(void **state)
{
    char digit[2] = "0";

    (void)state;
    for (int i = 0; i <= 9; i++) {
        digit[0] = (char)('0' + i);
        assert_int_equal(vtpmring_xenbus_parse_state(digit, 1),
                         i <= 6 ? i : VTPMRING_XENBUS_UNKNOWN);
    }
    assert_int_equal(vtpmring_xenbus_parse_state(NULL, 0), 0);
    assert_int_equal(vtpmring_xenbus_parse_state("04", 2), 0);
    assert_int_equal(vtpmring_xenbus_parse_state("4294967300", 10), 0);
}

static void test_state_names(void **state)
{
    (void)state;
    assert_string_equal(vtpmring_xenbus_state_name(VTPMRING_XENBUS_INIT_WAIT),
                        "InitWait");
    assert_string_equal(vtpmring_xenbus_state_name(VTPMRING_XENBUS_CONNECTED),
                        "Connected");
    assert_string_equal(vtpmring_xenbus_state_name(VTPMRING_XENBUS_CLOSED),
                        "Closed");
    assert_string_equal(vtpmring_xenbus_state_name(VTPMRING_XENBUS_STATE_COUNT),
                        "?");
    assert_string_equal(
        vtpmring_xenbus_state_name((enum vtpmring_xenbus_state)255), "?");
}

/* phase 0 waits and goes to 1 on Connected; 1 goes on to 2 at once; 2 acts;
 * 3 and 5 run in a circle; 4 rests until it is closed */
static const struct vtpmring_xenbus_row table[] = {
    {"a", 0, 0, 0, 0, 0, 2, {0, 0, 0, 0, 1, 0, 0}},
    {"b", 0, 0, 1, 1, 0, 1, {1, 1, 1, 1, 2, 1, 1}},
    {"c", 9, 0, 0, 0, 0, 2, {0}},
    {"d", 0, 0, 3, 3, 0, 3, {5, 5, 5, 5, 5, 5, 5}},
    {"e", 0, 0, 4, 4, 0, 2, {4, 4, 4, 4, 4, 4, 4}},
    {"f", 0, 0, 5, 5, 0, 5, {3, 3, 3, 3, 3, 3, 3}},
};

static void test_settle(void **state)
{
    (void)state;
    assert_int_equal(
        vtpmring_xenbus_settle(table, 0, VTPMRING_XENBUS_CLOSED, false), 0);
    assert_int_equal(
        vtpmring_xenbus_settle(table, 0, VTPMRING_XENBUS_CONNECTED, false), 2);
    assert_int_equal(
        vtpmring_xenbus_settle(table, 2, VTPMRING_XENBUS_CLOSED, true), 2);
    assert_int_equal(
        vtpmring_xenbus_settle(table, 0, VTPMRING_XENBUS_CLOSED, true), 2);
    assert_int_equal(
        vtpmring_xenbus_settle(table, 4, VTPMRING_XENBUS_CLOSED, true), 2);
    assert_int_equal(
        vtpmring_xenbus_settle(table, 4, VTPMRING_XENBUS_CLOSED, false), 4);
}

static void test_settle_cannot_be_held_by_a_circle(void **state)
{
    uint8_t phase;

    (void)state;
    phase = vtpmring_xenbus_settle(table, 3, VTPMRING_XENBUS_CLOSED, false);
    assert_true(phase == 3 || phase == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defect_2_numbers_from_the_peer),
        cmocka_unit_test(test_embedded_nul_is_no_digit),
        cmocka_unit_test(test_max_is_the_largest),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_state_names),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_settle_cannot_be_held_by_a_circle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
