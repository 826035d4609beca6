/* SPDX-License-Identifier: MIT */
/* xenstore: values, lists, transactions, watches. */
#include "domains.h"

#include <stdio.h>
#include <string.h>

static struct domain front, back;
static char elsewhere[64]; /* front's data as others name it */

static int open_all(void **state)
{
    (void)state;
    must_end_within_s(30);
    open_domain(&front, "front", 0);
    open_domain(&back, "back", 0);
    (void)snprintf(elsewhere, sizeof(elsewhere), "/local/domain/%u/data",
                   (unsigned)front.domid);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    (void)front.ops->store_remove(front.port, "data/t");
    close_domain(&front);
    close_domain(&back);
    return 0;
}

static void put(const char *path, const char *value)
{
    assert_int_equal(front.ops->store_write(front.port, path, value),
                     VTPMRING_OK);
}

static void expect_stored(const char *path, const char *expected)
{
    char value[VTPMRING_PORT_VALUE_MAX];
    size_t length = 12345;

    assert_int_equal(
        front.ops->store_read(front.port, path, value, sizeof(value), &length),
        VTPMRING_OK);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(value, expected, length);
}

static void expect_gone(const char *path)
{
    char value[16];
    size_t length;

    assert_int_equal(
        front.ops->store_read(front.port, path, value, sizeof(value), &length),
        VTPMRING_EPEER_GONE);
}

static void what_is_written_is_read(void **state)
{
    char absolute[128];

    (void)state;
    put("data/t/a", "some value");
    expect_stored("data/t/a", "some value");
    (void)snprintf(absolute, sizeof(absolute), "%s/t/a", elsewhere);
    expect_stored(absolute, "some value");
    put("data/t/a", "");
    expect_stored("data/t/a", "");
}

static void a_long_value_is_cut(void **state)
{
    char value[5];
    size_t length = 0;

    (void)state;
    put("data/t/a", "12345");
    memset(value, '-', sizeof(value));
    assert_int_equal(
        front.ops->store_read(front.port, "data/t/a", value, 5, &length),
        VTPMRING_OK);
    assert_int_equal(length, 5);
    assert_memory_equal(value, "12345", 5);
    memset(value, '-', sizeof(value));
    assert_int_equal(
        front.ops->store_read(front.port, "data/t/a", value, 4, &length),
        VTPMRING_ENOBUF);
    assert_int_equal(length, 4);
    assert_memory_equal(value, "1234-", 5);
    assert_int_equal(
        front.ops->store_read(front.port, "data/t/a", value, 0, &length),
        VTPMRING_ENOBUF);
    assert_int_equal(length, 0);
}

static void missing_and_forbidden_are_gone(void **state)
{
    char value[16];
    char names[16];
    char path[128];
    size_t length;

    (void)state;
    expect_gone("data/t/none");
    put("data/t/secret", "x");
    (void)snprintf(path, sizeof(path), "%s/t/secret", elsewhere);
    assert_int_equal(
        back.ops->store_read(back.port, path, value, sizeof(value), &length),
        VTPMRING_EPEER_GONE);
    assert_int_equal(
        back.ops->store_list(back.port, path, names, sizeof(names), &length),
        VTPMRING_EPEER_GONE);
    assert_int_equal(back.ops->store_write(back.port, path, "y"),
                     VTPMRING_EPEER_GONE);
    assert_int_equal(back.ops->store_remove(back.port, path),
                     VTPMRING_EPEER_GONE);
    expect_stored("data/t/secret", "x");
    assert_int_equal(back.lines, 0);
}

static void an_impossible_path_is_told(void **state)
{
    char value[16];
    size_t length;

    (void)state;
    assert_int_equal(front.ops->store_read(front.port, "data//x y", value,
                                           sizeof(value), &length),
                     VTPMRING_EPEER_STRING);
    assert_int_equal(front.lines, 1);
    assert_non_null(strstr(front.last_line, "data//x y"));
    put("data/t/a", "still works");
    expect_stored("data/t/a", "still works");
}

static void removing_takes_all_below(void **state)
{
    (void)state;
    put("data/t/dir/a", "1");
    put("data/t/dir/b/c", "2");
    assert_int_equal(front.ops->store_remove(front.port, "data/t/dir"),
                     VTPMRING_OK);
    expect_gone("data/t/dir/b/c");
    expect_gone("data/t/dir");
    assert_int_equal(front.ops->store_remove(front.port, "data/t/dir"),
                     VTPMRING_OK);
    assert_int_equal(front.ops->store_remove(front.port, "data/t/dir/b/c"),
                     VTPMRING_OK);
}

static void names_are_listed(void **state)
{
    char names[32];
    size_t length = 0;

    (void)state;
    put("data/t/dir/one", "");
    put("data/t/dir/two", "");
    put("data/t/dir/three", "");
    assert_int_equal(front.ops->store_list(front.port, "data/t/dir", names,
                                           sizeof(names), &length),
                     VTPMRING_OK);
    assert_int_equal(length, sizeof("one") + sizeof("two") + sizeof("three"));
    assert_int_equal(names[length - 1], '\0');
    for (size_t i = 0; i < length; i += strlen(names + i) + 1)
        assert_true(strcmp(names + i, "one") == 0 ||
                    strcmp(names + i, "two") == 0 ||
                    strcmp(names + i, "three") == 0);

    memset(names, '-', sizeof(names));
    assert_int_equal(
        front.ops->store_list(front.port, "data/t/dir", names, 9, &length),
        VTPMRING_ENOBUF);
    assert_true(length <= 9);
    assert_true(length == 0 || names[length - 1] == '\0');
    assert_int_equal(names[9], '-');

    assert_int_equal(front.ops->store_list(front.port, "data/t/dir/one", names,
                                           sizeof(names), &length),
                     VTPMRING_OK);
    assert_int_equal(length, 0);
    assert_int_equal(front.ops->store_list(front.port, "data/t/none", names,
                                           sizeof(names), &length),
                     VTPMRING_EPEER_GONE);
}

static void a_transaction_is_all_or_nothing(void **state)
{
    (void)state;
    put("data/t/a", "1");
    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_OK);
    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_ESTATE);
    put("data/t/a", "2");
    put("data/t/b", "2");
    expect_stored("data/t/a", "2");
    assert_int_equal(front.ops->store_end(front.port, false), VTPMRING_OK);
    expect_stored("data/t/a", "1");
    expect_gone("data/t/b");

    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_OK);
    put("data/t/a", "3");
    put("data/t/b", "3");
    assert_int_equal(front.ops->store_end(front.port, true), VTPMRING_OK);
    expect_stored("data/t/a", "3");
    expect_stored("data/t/b", "3");
    assert_int_equal(front.ops->store_end(front.port, true), VTPMRING_ESTATE);
}

/* Another connection of the same domain writes in between. */
static void a_conflict_means_again(void **state)
{
    struct domain other;

    (void)state;
    open_domain(&other, "front", 0);
    put("data/t/a", "1");
    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_OK);
    expect_stored("data/t/a", "1");
    put("data/t/a", "2");
    assert_int_equal(other.ops->store_write(other.port, "data/t/a", "other"),
                     VTPMRING_OK);
    assert_int_equal(front.ops->store_end(front.port, true), VTPMRING_AGAIN);
    expect_stored("data/t/a", "other");

    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_OK);
    put("data/t/a", "2");
    assert_int_equal(front.ops->store_end(front.port, true), VTPMRING_OK);
    expect_stored("data/t/a", "2");
    close_domain(&other);
}

static void expect_watch(const char *path, const char *token)
{
    char got_path[VTPMRING_PORT_PATH_MAX];
    char got_token[32];

    assert_int_equal(front.ops->wait(front.port, VTPMRING_PORT_STORE, 2000),
                     VTPMRING_PORT_STORE);
    assert_int_equal(front.ops->store_next_watch(front.port, got_path,
                                                 sizeof(got_path), got_token,
                                                 sizeof(got_token)),
                     VTPMRING_OK);
    assert_string_equal(got_path, path);
    assert_string_equal(got_token, token);
}

static void expect_no_watch(void)
{
    char path[8];
    char token[8];

    assert_int_equal(front.ops->wait(front.port, VTPMRING_PORT_STORE, 100), 0);
    assert_int_equal(front.ops->store_next_watch(front.port, path, sizeof(path),
                                                 token, sizeof(token)),
                     VTPMRING_AGAIN);
}

static void watches_fire(void **state)
{
    (void)state;
    expect_no_watch();
    put("data/t/a", "1");
    assert_int_equal(front.ops->store_watch(front.port, "data/t", "token"),
                     VTPMRING_OK);
    expect_watch("data/t", "token");
    expect_no_watch();
    put("data/t/a", "2");
    put("data/t/b/c", "2");
    expect_watch("data/t/a", "token");
    expect_watch("data/t/b/c", "token");
    assert_int_equal(front.ops->store_remove(front.port, "data/t/b"),
                     VTPMRING_OK);
    expect_watch("data/t/b", "token");
    expect_no_watch();
    front.ops->store_unwatch(front.port, "data/t", "token");
    put("data/t/a", "3");
    expect_no_watch();
    front.ops->store_unwatch(front.port, "data/t", "token");
    assert_int_equal(front.lines, 0);
}

static void another_domains_node_is_watched(void **state)
{
    char path[128];
    char got_path[VTPMRING_PORT_PATH_MAX];
    char got_token[32];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/t/a", elsewhere);
    assert_int_equal(back.ops->store_watch(back.port, path, "mine"),
                     VTPMRING_OK);
    assert_int_equal(back.ops->wait(back.port, VTPMRING_PORT_STORE, 2000),
                     VTPMRING_PORT_STORE);
    assert_int_equal(back.ops->store_next_watch(back.port, got_path,
                                                sizeof(got_path), got_token,
                                                sizeof(got_token)),
                     VTPMRING_OK);
    assert_string_equal(got_path, path);
    back.ops->store_unwatch(back.port, path, "mine");
}

static void a_long_watch_path_is_cut(void **state)
{
    char path[4] = "---";
    char token[4] = "---";

    (void)state;
    assert_int_equal(front.ops->store_watch(front.port, "data/t", "token"),
                     VTPMRING_OK);
    assert_int_equal(front.ops->wait(front.port, VTPMRING_PORT_STORE, 2000),
                     VTPMRING_PORT_STORE);
    assert_int_equal(front.ops->store_next_watch(front.port, path, 3, token, 4),
                     VTPMRING_OK);
    assert_memory_equal(path, "da\0", 4);
    assert_string_equal(token, "tok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(missing_and_forbidden_are_gone,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(an_impossible_path_is_told, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(removing_takes_all_below, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(names_are_listed, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_transaction_is_all_or_nothing,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(a_conflict_means_again, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(watches_fire, open_all, close_all),
        cmocka_unit_test_setup_teardown(another_domains_node_is_watched,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(a_long_watch_path_is_cut, open_all,
                                        close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
