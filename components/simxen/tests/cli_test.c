/* SPDX-License-Identifier: MIT */
/* The simxen command, with Debian's own xenstore tools as witnesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

#define UUID "ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839"

static void assert_output(const char *command, const char *expected)
{
    char *text = rig_output("%s", command);

    assert_string_equal(text, expected);
    free(text);
}

static void assert_says(const char *command, const char *part)
{
    char *text = rig_output("%s", command);

    if (!strstr(text, part))
        fail_msg("%s: expected ...%s..., got %s", command, part, text);
    /* One line, whatever is wrong. */
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void domains_are_numbered(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create a && $S create b"), 0);
    assert_int_equal(rig_shell("$S destroy a && $S create c"), 0);
    assert_output("$S list", "domid  ports  grants  name\n"
                             "    0      0       0  Domain-0\n"
                             "    2      0       0  b\n"
                             "    3      0       0  c\n");
    assert_output("$S domid c; $S domid 2; $S domid Domain-0", "3\n2\n0\n");
}

static void mistakes_get_a_line_and_a_code(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S >/dev/null 2>&1"), 2);
    assert_int_equal(rig_shell("$S frobnicate >/dev/null 2>&1"), 2);
    assert_int_equal(rig_shell("$S create >/dev/null 2>&1"), 2);
    assert_int_equal(rig_shell("$S run --domain x >/dev/null 2>&1"), 2);
    assert_int_equal(rig_shell("$S create ../x >/dev/null 2>&1"), 1);
    assert_int_equal(rig_shell("$S create Domain-0 >/dev/null 2>&1"), 1);
    assert_int_equal(rig_shell("$S destroy Domain-0 >/dev/null 2>&1"), 1);
    assert_int_equal(rig_shell("$S destroy 9 >/dev/null 2>&1"), 1);
    assert_int_equal(rig_shell("$S list --nonsense >/dev/null 2>&1"), 2);
    assert_int_equal(rig_shell("$S start >/dev/null 2>&1"), 1);
    assert_says("$S start", "running already");
    assert_says("$S create ../x", "a name is");
    assert_says("$S destroy nobody", "no domain \"nobody\"");
    assert_says("SIMXEN_DIR=/tmp/none-such $S list", "not running in");
    assert_says("SIMXEN_DIR=/tmp/$(printf %0120d 7) $S start", "too long");
    assert_says("SIMXEN_DIR=/tmp/$(printf %0120d 7) $S list", "too long");
    assert_says("$S create $(printf %049d 7)x", "a name is");
    assert_says("$S start --dir /tmp", "not ours alone");
}

static void help_is_there_for_every_command(void **state)
{
    (void)state;
    assert_int_equal(
        rig_shell("for c in start stop create destroy list domid env run "
                  "attach-vtpm detach-vtpm; do $S --help | grep -q \"$c\" && "
                  "$S $c --help | grep -q \"usage: simxen $c\" || exit 1; "
                  "done"),
        0);
    assert_int_equal(rig_shell("$S --version | grep -q '^simxen [0-9]'"), 0);
}

static void run_passes_on_environment_and_exit_code(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S run --domain g -- sh -c 'exit 42'"), 42);
    assert_int_equal(rig_shell("$S run --domain g -- /none >/dev/null 2>&1"),
                     127);
    assert_int_equal(
        rig_shell("[ \"$($S run --domain g -- sh -c 'echo "
                  "$SIMXEN_DOMAIN $XENSTORED_PATH')\" = \"%s/domains/g "
                  "%s/domains/g/xenstored\" ]",
                  rig_dir, rig_dir),
        0);
    /* env does the same for a shell, awkward characters included. */
    assert_int_equal(
        rig_shell("export LD_LIBRARY_PATH=\"/it's a/path\"; "
                  "eval \"$($S env g)\"; "
                  "[ \"$(xenstore-read domid)\" = 1 ] && "
                  "case $LD_LIBRARY_PATH in */lib/simxen:/it\\'s\\ a/path) ;; "
                  "*) exit 1;; esac"),
        0);
}

static void libraries_need_a_domain(void **state)
{
    (void)state;
    /* errno 2 is ENOENT. */
    assert_int_equal(rig_shell("eval \"$($S env 0)\"; unset SIMXEN_DOMAIN; "
                               "out=$(echo open | %s 2>&1); echo \"$out\" | "
                               "grep -q 'ERR 2' && echo \"$out\" | "
                               "grep -q 'SIMXEN_DOMAIN is not set'",
                               SIMXEN_AGENT),
                     0);
}

static void a_shell_may_look_on_as_domain_0(void **state)
{
    (void)state;
    /* The tool that loads our library acts for the guest; ls does not. */
    assert_int_equal(
        rig_shell("eval \"$($S env 0)\"; $S create guest; "
                  "export SIMXEN_DOMAIN=%s/domains/guest; "
                  "[ \"$(xenstore-read domid)\" = 0 ] && "
                  "[ \"$(LD_PRELOAD=libxenevtchn.so.1 xenstore-read domid)\" "
                  "= 1 ]",
                  rig_dir),
        0);
}

#define LIST "$S run --domain 0 -- xenstore-ls -fp / | sed 's/ *(/ (/'"

static void attach_writes_what_the_toolstack_writes(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    assert_int_equal(
        rig_shell("$S attach-vtpm front 2 --uuid " UUID " --handle 5 --wait 0"),
        0);
    assert_output(
        LIST " | grep /vtpm",
        "/libxl/1/device/vtpm = \"\" (n0)\n"
        "/libxl/1/device/vtpm/5 = \"\" (n0)\n"
        "/libxl/1/device/vtpm/5/backend = "
        "\"/local/domain/2/backend/vtpm/1/5\" (n0)\n"
        "/libxl/1/device/vtpm/5/frontend = "
        "\"/local/domain/1/device/vtpm/5\" (n0)\n"
        "/libxl/1/device/vtpm/5/frontend-id = \"1\" (n0)\n"
        "/libxl/1/device/vtpm/5/handle = \"5\" (n0)\n"
        "/libxl/1/device/vtpm/5/online = \"1\" (n0)\n"
        "/libxl/1/device/vtpm/5/resume = \"False\" (n0)\n"
        "/libxl/1/device/vtpm/5/state = \"1\" (n0)\n"
        "/libxl/1/device/vtpm/5/uuid = \"" UUID "\" (n0)\n"
        "/local/domain/1/device/vtpm = \"\" (n0,r1)\n"
        "/local/domain/1/device/vtpm/5 = \"\" (n1,r2)\n"
        "/local/domain/1/device/vtpm/5/backend = "
        "\"/local/domain/2/backend/vtpm/1/5\" (n1,r2)\n"
        "/local/domain/1/device/vtpm/5/backend-id = \"2\" (n1,r2)\n"
        "/local/domain/1/device/vtpm/5/handle = \"5\" (n1,r2)\n"
        "/local/domain/1/device/vtpm/5/state = \"1\" (n1,r2)\n"
        "/local/domain/2/backend/vtpm = \"\" (n2)\n"
        "/local/domain/2/backend/vtpm/1 = \"\" (n2)\n"
        "/local/domain/2/backend/vtpm/1/5 = \"\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/frontend = "
        "\"/local/domain/1/device/vtpm/5\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/frontend-id = \"1\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/guest = \"boot\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/handle = \"5\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/online = \"1\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/resume = \"False\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/state = \"1\" (n2,r1)\n"
        "/local/domain/2/backend/vtpm/1/5/uuid = \"" UUID "\" (n2,r1)\n");
    assert_says("$S attach-vtpm 1 0 --uuid " UUID " --handle 5",
                "has a vTPM with handle 5 already");
}

/* A backend of two lines of shell in the folder of handle 0. */
#define BACKEND(state)                                                         \
    "$S run --domain back -- sh -c 'd=/local/domain/2/backend/vtpm/1/0; "      \
    "until xenstore-read $d/state >/dev/null 2>&1; do sleep 0.02; done; "      \
    "xenstore-write $d/state " #state "' & "

/* One that sees online=0 and state=5, then lets go. */
#define LETS_GO                                                                \
    "$S run --domain back -- sh -c 'd=/local/domain/2/backend/vtpm/1/0; "      \
    "until [ \"$(xenstore-read $d/state)\" = 5 ]; do sleep 0.02; done; "       \
    "[ \"$(xenstore-read $d/online)\" = 0 ] && xenstore-write $d/state 6' & "

#define GUEST                                                                  \
    "$S run --domain back -- xenstore-read "                                   \
    "/local/domain/2/backend/vtpm/1/0/guest 2>/dev/null || echo none"

static void attach_again(const char *options)
{
    /* nobody serves it: what the toolstack wrote stays */
    (void)rig_shell("$S detach-vtpm front 2>/dev/null & "
                    "$S run --domain back -- sh -c 'until xenstore-write "
                    "/local/domain/2/backend/vtpm/1/0/state 6; do :; done'; "
                    "wait");
    assert_int_equal(rig_shell("$S attach-vtpm front back --uuid " UUID
                               " --wait 0 %s",
                               options),
                     0);
}

/* The toolstack says how the guest is, as vtpm-agent does in dom0. */
static void attach_says_whether_the_guest_boots(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid " UUID " --wait 0"), 0);
    assert_output(GUEST, "boot\n");
    attach_again("");
    assert_output(GUEST, "running\n");
    attach_again("--guest resume");
    assert_output(GUEST, "resume\n");
    attach_again("--guest unknown");
    assert_output(GUEST, "none\n");
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid " UUID
                  " --handle 1 --guest ended --wait 0 >/dev/null 2>&1"),
        2);
    assert_int_equal(
        rig_shell("$S detach-vtpm front --guest boot >/dev/null 2>&1"), 2);
}

/* A backend that lets go when it is told how the guest is. */
#define LETS_GO_WHEN(how)                                                      \
    "$S run --domain back -- sh -c 'd=/local/domain/2/backend/vtpm/1/0; "      \
    "until [ \"$(xenstore-read $d/state)\" = 5 ]; do sleep 0.02; done; "       \
    "[ \"$(xenstore-read $d/guest)\" = " how " ] && "                          \
    "xenstore-write $d/state 6' & "

static void detach_says_how_the_guest_is(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid " UUID " --wait 0"), 0);
    assert_int_equal(
        rig_shell(LETS_GO_WHEN("detached") "$S detach-vtpm front && wait $!"),
        0);
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid " UUID " --wait 0"), 0);
    assert_int_equal(rig_shell(LETS_GO_WHEN(
                         "suspended") "$S detach-vtpm front --guest suspended "
                                      "&& wait $!"),
                     0);
}

static void attach_waits_for_the_backend(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    assert_int_equal(
        rig_shell(BACKEND(2) "$S attach-vtpm front back --uuid " UUID), 0);
    assert_output("$S run --domain front -- xenstore-read "
                  "/local/domain/2/backend/vtpm/1/0/state",
                  "2\n");
}

static void attach_says_why_it_failed(void **state)
{
    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    assert_says("$S attach-vtpm front back --uuid " UUID " --wait 1",
                "did not answer within 1 s");
    /* Nothing has let go: state 5 stays and the wait is cut short. */
    assert_int_equal(rig_shell(LETS_GO "$S detach-vtpm front"), 0);
    assert_says(BACKEND(6) "$S attach-vtpm front back --uuid " UUID,
                "has closed the device");
    assert_int_equal(rig_shell("$S attach-vtpm front back --uuid 12 "
                               ">/dev/null 2>&1"),
                     2);
    assert_int_equal(rig_shell("$S attach-vtpm front back >/dev/null 2>&1"), 2);
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid "
                  "gc0a5b9e-cbe2-4c07-b43b-1d69e46fb839 >/dev/null 2>&1"),
        2);
    assert_says("$S attach-vtpm front nobody --uuid " UUID,
                "no domain \"nobody\"");
}

static void detach_leaves_no_trace(void **state)
{
    char *before;
    char *after;

    (void)state;
    assert_int_equal(rig_shell("$S create front && $S create back"), 0);
    before = rig_output(LIST);
    assert_int_equal(
        rig_shell("$S attach-vtpm front back --uuid " UUID " --wait 0"), 0);
    assert_int_equal(rig_shell(LETS_GO "$S detach-vtpm front && wait $!"), 0);
    /* but that the domain has booted with a vTPM */
    after = rig_output(LIST " | grep -v /booted");
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_says("$S detach-vtpm front", "has no vTPM with handle 0");
}

static void stop_leaves_nothing(void **state)
{
    struct agent agent;
    char folder[sizeof(rig_dir)];
    char *pid;
    struct stat st;

    (void)state;
    (void)rig_start(NULL);
    strcpy(folder, rig_dir);
    agent = agent_start("front");
    (void)agent_ask(&agent, "unbound 0");
    pid = rig_output("cat %s/pid", rig_dir);
    assert_int_equal(rig_stop(NULL), 0);
    assert_int_equal(stat(folder, &st), -1);
    assert_int_equal(rig_shell("[ ! -e /proc/%d/exe ]", atoi(pid)), 0);
    assert_int_equal(rig_shell("$S stop >/dev/null 2>&1"), 1);
    free(pid);
    /* Programs are told, and live to tell the tale. */
    (void)agent_ask(&agent, "notify 1");
    assert_int_not_equal(agent_refused(&agent, "unbound 0"), 0);
    agent_stop(&agent);
    /* And all over again, with a file of the first left in the way. */
    assert_int_equal(rig_shell("$S start && $S list >/dev/null"), 0);
    assert_int_equal(rig_shell("kill -9 $(cat %s/pid)", rig_dir), 0);
    assert_int_equal(rig_shell("sleep 0.1; $S start && $S list >/dev/null"), 0);
    assert_int_equal(rig_stop(NULL), 0);
}

static void foreground_ends_well(void **state)
{
    (void)state;
    strcpy(rig_dir, "/tmp/simxen-test-XXXXXX");
    assert_non_null(mkdtemp(rig_dir));
    /* SIGTERM, after some work: status 0, no leak, nothing left. */
    assert_int_equal(
        rig_shell(
            "export SIMXEN_DIR=%s; $S start --foreground & p=$!; "
            "until $S list >/dev/null 2>&1; do sleep 0.02; done; "
            "$S run --domain 0 -- xenstore-ls >/dev/null; "
            "$S create a; echo 'open' | $S run --domain b -- %s >/dev/null; "
            "$S attach-vtpm a b --uuid " UUID " --wait 0; "
            "kill $p; wait $p && [ ! -e %s ]",
            rig_dir, SIMXEN_AGENT, rig_dir),
        0);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(domains_are_numbered),
        RIGGED(mistakes_get_a_line_and_a_code),
        RIGGED(help_is_there_for_every_command),
        RIGGED(run_passes_on_environment_and_exit_code),
        RIGGED(libraries_need_a_domain),
        RIGGED(a_shell_may_look_on_as_domain_0),
        RIGGED(attach_writes_what_the_toolstack_writes),
        RIGGED(attach_says_whether_the_guest_boots),
        RIGGED(detach_says_how_the_guest_is),
        RIGGED(attach_waits_for_the_backend),
        RIGGED(attach_says_why_it_failed),
        RIGGED(detach_leaves_no_trace),
        cmocka_unit_test(stop_leaves_nothing),
        cmocka_unit_test(foreground_ends_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
