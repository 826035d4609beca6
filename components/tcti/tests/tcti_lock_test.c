/* SPDX-License-Identifier: MIT */
/* Who holds a vTPM: two descriptions of one file exclude each other whether
   they are in one process or in two. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "lock.h"

#define NAME "vtpmring-7.lock"

static char folder_path[64];
static int folder;

static int setup(void **state)
{
    (void)state;
    strcpy(folder_path, "/tmp/tcti-lock-test-XXXXXX");
    if (mkdtemp(folder_path) == NULL)
        return -1;
    folder = open(folder_path, O_RDONLY | O_DIRECTORY);
    return folder < 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    (void)close(folder);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder_path);
    return system(command);
}

static struct tcti_lock open_lock(const char *world, unsigned idle_ms)
{
    struct tcti_lock lock;
    char error[TCTI_LOCK_ERROR_MAX] = "";

    if (!tcti_lock_open(&lock, folder, world, 7, idle_ms, error))
        fail_msg("%s", error);
    return lock;
}

static uint64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum tcti_lock_result enter(struct tcti_lock *lock, uint64_t wait_ms)
{
    pid_t holder;

    return tcti_lock_enter(lock, wait_ms, &holder);
}

static void test_first_takes_then_keeps(void **state)
{
    struct tcti_lock a = open_lock("", 0);

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    tcti_lock_leave(&a);
    assert_int_equal(enter(&a, 0), TCTI_LOCK_KEPT);
    tcti_lock_leave(&a);
    assert_true(tcti_lock_reenter(&a));
    tcti_lock_close(&a);
}

static void test_second_is_told_who_holds(void **state)
{
    struct tcti_lock a = open_lock("", 0), b = open_lock("", 0);
    pid_t holder = -1;
    uint64_t before;

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(tcti_lock_enter(&b, 0, &holder), TCTI_LOCK_HELD);
    assert_int_equal(holder, getpid());
    tcti_lock_leave(&a);
    before = now_ms();
    assert_int_equal(tcti_lock_enter(&b, 100, &holder), TCTI_LOCK_HELD);
    assert_in_range(now_ms() - before, 100, 2000);
    assert_int_equal(holder, getpid());
    assert_false(tcti_lock_reenter(&b));
    tcti_lock_close(&a);
    assert_int_equal(enter(&b, 0), TCTI_LOCK_TAKEN);
    tcti_lock_close(&b);
}

static void test_drop_lets_others_in_at_once(void **state)
{
    struct tcti_lock a = open_lock("", 0), b = open_lock("", 0);

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    tcti_lock_drop(&a);
    assert_int_equal(enter(&b, 0), TCTI_LOCK_TAKEN);
    tcti_lock_leave(&b);
    assert_int_equal(enter(&a, 0), TCTI_LOCK_HELD);
    tcti_lock_close(&b);
    tcti_lock_close(&a);
}

static void test_idle_holder_is_replaced_and_notices(void **state)
{
    struct tcti_lock a = open_lock("", 100), b = open_lock("", 100);
    uint64_t before;

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    tcti_lock_leave(&a);
    before = now_ms();
    assert_int_equal(enter(&b, 5000), TCTI_LOCK_TAKEN);
    assert_in_range(now_ms() - before, 99, 3000);
    assert_false(tcti_lock_reenter(&a));
    tcti_lock_leave(&b);
    /* And back again. */
    assert_int_equal(enter(&a, 5000), TCTI_LOCK_TAKEN);
    assert_false(tcti_lock_reenter(&b));
    tcti_lock_close(&a);
    tcti_lock_close(&b);
}

static void test_running_command_is_never_interrupted(void **state)
{
    struct tcti_lock a = open_lock("", 1), b = open_lock("", 1);

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(enter(&b, 300), TCTI_LOCK_HELD);
    assert_true(a.busy);
    tcti_lock_leave(&a);
    assert_int_equal(enter(&b, 300), TCTI_LOCK_TAKEN);
    tcti_lock_close(&a);
    tcti_lock_close(&b);
}

static void test_devices_and_worlds_are_apart(void **state)
{
    char error[TCTI_LOCK_ERROR_MAX];
    struct tcti_lock a = open_lock("", 0), b = open_lock("domain 1", 0),
                     c = open_lock("domain 2", 0), d;

    (void)state;
    assert_true(tcti_lock_open(&d, folder, "", 8, 0, error));
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(enter(&b, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(enter(&c, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(enter(&d, 0), TCTI_LOCK_TAKEN);
    tcti_lock_close(&a);
    tcti_lock_close(&b);
    tcti_lock_close(&c);
    tcti_lock_close(&d);
}

/* A child that has entered, and says so. */
static pid_t child_that_holds(void)
{
    int pipes[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        struct tcti_lock lock;
        char error[TCTI_LOCK_ERROR_MAX];
        pid_t holder;

        if (!tcti_lock_open(&lock, folder, "", 7, 0, error) ||
            tcti_lock_enter(&lock, 0, &holder) != TCTI_LOCK_TAKEN ||
            write(pipes[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    (void)close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    (void)close(pipes[0]);
    return pid;
}

static void test_killed_holder_leaves_nothing_behind(void **state)
{
    struct tcti_lock a = open_lock("", 0);
    pid_t child = child_that_holds(), holder = 0;

    (void)state;
    assert_int_equal(tcti_lock_enter(&a, 50, &holder), TCTI_LOCK_HELD);
    assert_int_equal(holder, child);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    tcti_lock_close(&a);
}

/* Many processes add to one counter, reading and writing it apart: a lost
   update would show two holders at once. */
#define PROCESSES 4
#define ROUNDS 50

static int add_rounds(void)
{
    struct tcti_lock lock;
    char error[TCTI_LOCK_ERROR_MAX];
    int counter = openat(folder, "counter", O_RDWR);

    for (int i = 0; i < ROUNDS; i++) {
        pid_t holder;
        uint32_t n;

        if (!tcti_lock_open(&lock, folder, "", 7, i % 2 ? 0 : 1, error) ||
            tcti_lock_enter(&lock, 30000, &holder) != TCTI_LOCK_TAKEN ||
            pread(counter, &n, sizeof(n), 0) != sizeof(n))
            return 1;
        (void)usleep(100);
        n++;
        if (pwrite(counter, &n, sizeof(n), 0) != sizeof(n))
            return 1;
        tcti_lock_close(&lock);
    }
    return 0;
}

static void test_one_at_a_time_among_many(void **state)
{
    int fd = openat(folder, "counter", O_RDWR | O_CREAT, 0600), status;
    uint32_t n = 0;

    (void)state;
    assert_int_equal(pwrite(fd, &n, sizeof(n), 0), sizeof(n));
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0)
            _exit(add_rounds());
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(pread(fd, &n, sizeof(n), 0), sizeof(n));
    assert_int_equal(n, PROCESSES * ROUNDS);
    (void)close(fd);
}

static void refuse(const char *why)
{
    struct tcti_lock lock;
    char error[TCTI_LOCK_ERROR_MAX] = "";

    assert_false(tcti_lock_open(&lock, folder, "", 7, 0, error));
    if (strstr(error, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error, why);
    assert_int_equal(lock.fd, -1);
    tcti_lock_close(&lock);
}

static void test_planted_files_are_not_followed(void **state)
{
    int victim = openat(folder, "victim", O_RDWR | O_CREAT, 0600);
    struct stat st;

    (void)state;
    assert_int_equal(symlinkat("victim", folder, NAME), 0);
    refuse("Too many levels of symbolic links");
    assert_int_equal(unlinkat(folder, NAME, 0), 0);
    assert_int_equal(linkat(folder, "victim", folder, NAME, 0), 0);
    refuse("not a plain file of its own");
    assert_int_equal(unlinkat(folder, NAME, 0), 0);
    assert_int_equal(mkfifoat(folder, NAME, 0600), 0);
    refuse("not a plain file of its own");
    assert_int_equal(unlinkat(folder, NAME, 0), 0);
    assert_int_equal(mkdirat(folder, NAME, 0700), 0);
    refuse("Is a directory");
    assert_int_equal(fstat(victim, &st), 0);
    assert_int_equal(st.st_size, 0);
    (void)close(victim);
}

static void test_garbage_in_the_file_is_harmless(void **state)
{
    static const unsigned char fills[] = {0x00, 0xff, 0x5a};

    (void)state;
    for (size_t i = 0; i < sizeof(fills); i++) {
        struct tcti_lock a, b;
        unsigned char junk[100];
        int fd = openat(folder, NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

        memset(junk, fills[i], sizeof(junk));
        assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
        (void)close(fd);
        a = open_lock("", 0);
        b = open_lock("", 0);
        assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
        assert_int_equal(enter(&b, 0), TCTI_LOCK_HELD);
        tcti_lock_close(&a);
        tcti_lock_close(&b);
    }
}

static bool file_is_there(void)
{
    return faccessat(folder, NAME, F_OK, 0) == 0;
}

static void test_last_one_removes_the_file(void **state)
{
    struct tcti_lock a = open_lock("", 100), b = open_lock("", 100);

    (void)state;
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    tcti_lock_leave(&a);
    /* b is no holder: a goes on, so the file stays. */
    tcti_lock_close(&b);
    assert_true(file_is_there());
    assert_int_equal(enter(&a, 0), TCTI_LOCK_KEPT);
    tcti_lock_leave(&a);
    /* b replaces a and goes: a finds itself on a removed file. */
    b = open_lock("", 100);
    assert_int_equal(enter(&b, 5000), TCTI_LOCK_TAKEN);
    tcti_lock_close(&b);
    assert_false(file_is_there());
    assert_false(tcti_lock_reenter(&a));
    b = open_lock("", 0);
    assert_int_equal(enter(&b, 0), TCTI_LOCK_TAKEN);
    assert_int_equal(enter(&a, 0), TCTI_LOCK_HELD);
    tcti_lock_leave(&b);
    assert_int_equal(enter(&a, 50), TCTI_LOCK_HELD);
    tcti_lock_close(&b);
    assert_int_equal(enter(&a, 0), TCTI_LOCK_TAKEN);
    assert_true(file_is_there());
    tcti_lock_close(&a);
    tcti_lock_close(&a);
    assert_false(file_is_there());
}

static void test_group_of_the_folder_may_share(void **state)
{
    struct tcti_lock a;
    struct stat st;
    mode_t mask = umask(077);

    (void)state;
    a = open_lock("", 0);
    assert_int_equal(fstat(a.fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    tcti_lock_close(&a);
    assert_int_equal(fchmod(folder, 0770), 0);
    a = open_lock("", 0);
    assert_int_equal(fstat(a.fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_not_equal(fcntl(a.fd, F_GETFD) & FD_CLOEXEC, 0);
    tcti_lock_close(&a);
    (void)umask(mask);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_takes_then_keeps),
        TEST(test_second_is_told_who_holds),
        TEST(test_drop_lets_others_in_at_once),
        TEST(test_idle_holder_is_replaced_and_notices),
        TEST(test_running_command_is_never_interrupted),
        TEST(test_devices_and_worlds_are_apart),
        TEST(test_killed_holder_leaves_nothing_behind),
        TEST(test_one_at_a_time_among_many),
        TEST(test_planted_files_are_not_followed),
        TEST(test_garbage_in_the_file_is_harmless),
        TEST(test_last_one_removes_the_file),
        TEST(test_group_of_the_folder_may_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
