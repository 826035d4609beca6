/* SPDX-License-Identifier: MIT */
/* Opening fails here: what the operator sees then. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <vtpmring/port_xen_user.h>

static struct vtpmring_port *const not_null = (struct vtpmring_port *)1;

struct kept {
    unsigned lines;
    int level;
    char text[512];
};

static void keep(void *context, int level, const char *text)
{
    struct kept *kept = context;

    if (level >= 7)
        return;
    kept->lines++;
    kept->level = level;
    (void)snprintf(kept->text, sizeof(kept->text), "%s", text);
}

static void says_what_why_and_what_to_do(void **state)
{
    struct vtpmring_port *port = not_null;
    struct kept kept = {0};

    (void)state;
    assert_int_equal(vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT,
                                                 keep, &kept, "test", &port),
                     VTPMRING_EPORT);
    assert_null(port);
    assert_int_equal(kept.lines, 1);
    assert_int_equal(kept.level, 3);
    assert_non_null(strstr(kept.text, "/dev/xen/evtchn"));
    assert_non_null(strstr(kept.text, "xen-evtchn"));
    assert_non_null(strstr(kept.text, "No such file"));
    assert_non_null(strstr(kept.text, "simxen run"));
    assert_null(strchr(kept.text, '\n'));
}

static void refuses_unknown_roles(void **state)
{
    struct vtpmring_port *port = not_null;
    struct kept kept = {0};

    (void)state;
    assert_int_equal(vtpmring_port_xen_user_open(4, keep, &kept, "test", &port),
                     VTPMRING_EINVAL);
    assert_null(port);
}

static void close_of_null_is_harmless(void **state)
{
    (void)state;
    vtpmring_port_xen_user_close(NULL);
}

/* What opening prints on a pipe in place of stderr. */
static void open_with_own_stderr(const char *prog, bool journal, char *printed,
                                 size_t size)
{
    struct vtpmring_port *port;
    char stream[64];
    struct stat status;
    int ends[2];
    int before = dup(STDERR_FILENO);
    ssize_t length;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fstat(ends[1], &status), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino + (journal ? 0 : 1));
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)vtpmring_port_xen_user_open(0, NULL, NULL, prog, &port);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(ends[1]);
    length = read(ends[0], printed, size - 1);
    close(ends[0]);
    assert_true(length > 0);
    printed[length] = '\0';
}

static void prints_one_line(void **state)
{
    char printed[1024];

    (void)state;
    open_with_own_stderr("prog", false, printed, sizeof(printed));
    assert_int_equal(strncmp(printed, "prog: cannot open /dev/xen/evtchn", 33),
                     0);
    assert_ptr_equal(strchr(printed, '\n'), printed + strlen(printed) - 1);
    open_with_own_stderr(NULL, false, printed, sizeof(printed));
    assert_int_equal(strncmp(printed, "cannot open", 11), 0);
}

static void gives_the_journal_a_level(void **state)
{
    char printed[1024];

    (void)state;
    open_with_own_stderr("prog", true, printed, sizeof(printed));
    assert_int_equal(strncmp(printed, "<3>prog: cannot open", 20), 0);
}

static void makes_no_line_of_its_own_from_a_name(void **state)
{
    char printed[1024];

    (void)state;
    open_with_own_stderr("evil\n<0>\x1b[2J", false, printed, sizeof(printed));
    assert_int_equal(strncmp(printed, "evil?<0>?[2J: cannot", 20), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_why_and_what_to_do),
        cmocka_unit_test(refuses_unknown_roles),
        cmocka_unit_test(close_of_null_is_harmless),
        cmocka_unit_test(prints_one_line),
        cmocka_unit_test(gives_the_journal_a_level),
        cmocka_unit_test(makes_no_line_of_its_own_from_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
