/* SPDX-License-Identifier: MIT */
#include "support.h"

static void test_every_status_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < VTPMRING_STATUS_COUNT; i++) {
        const char *name = vtpmring_status_name((enum vtpmring_status)i);
        const char *text = vtpmring_status_text((enum vtpmring_status)i);

        assert_true(strlen(name) > 1);
        assert_true(strlen(text) > 3);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        for (int j = 0; j < i; j++) {
            enum vtpmring_status other = (enum vtpmring_status)j;

            assert_string_not_equal(name, vtpmring_status_name(other));
            assert_string_not_equal(text, vtpmring_status_text(other));
        }
    }
}

static void test_names_are_those_of_the_enum(void **state)
{
    (void)state;
    assert_string_equal(vtpmring_status_name(VTPMRING_OK), "OK");
    assert_string_equal(vtpmring_status_name(VTPMRING_CANCELED), "CANCELED");
    assert_string_equal(vtpmring_status_name(VTPMRING_ENOBUF), "ENOBUF");
    assert_string_equal(vtpmring_status_name(VTPMRING_EPEER_GONE),
                        "EPEER_GONE");
    assert_string_equal(vtpmring_status_name(VTPMRING_EUNSUPPORTED),
                        "EUNSUPPORTED");
}

static void test_no_status_is_no_crash(void **state)
{
    (void)state;
    assert_string_equal(vtpmring_status_name(VTPMRING_STATUS_COUNT), "?");
    assert_string_equal(vtpmring_status_name((enum vtpmring_status)255), "?");
    assert_string_equal(vtpmring_status_text(VTPMRING_STATUS_COUNT),
                        "unknown status");
    assert_string_equal(vtpmring_status_text((enum vtpmring_status)255),
                        "unknown status");
    assert_string_not_equal(vtpmring_status_text(VTPMRING_EUNSUPPORTED),
                            "unknown status");
}

/* the name says whose fault it is, and is_peer() must agree with it */
static void test_blame(void **state)
{
    (void)state;
    for (int i = 0; i < VTPMRING_STATUS_COUNT; i++) {
        enum vtpmring_status status = (enum vtpmring_status)i;
        const char *name = vtpmring_status_name(status);

        assert_int_equal(vtpmring_status_is_peer(status),
                         strncmp(name, "EPEER_", 6) == 0);
    }
    assert_false(vtpmring_status_is_peer(VTPMRING_STATUS_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_name_and_a_sentence),
        cmocka_unit_test(test_names_are_those_of_the_enum),
        cmocka_unit_test(test_no_status_is_no_crash),
        cmocka_unit_test(test_blame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
