/* SPDX-License-Identifier: MIT */
/* Sleeping, timers, waking up. */
#include "domains.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERYTHING                                                             \
    (VTPMRING_PORT_CHANNEL | VTPMRING_PORT_STORE | VTPMRING_PORT_TIMER |       \
     VTPMRING_PORT_SERVER | VTPMRING_PORT_CONTROL)

static struct domain front;

static int open_all(void **state)
{
    (void)state;
    must_end_within_s(30);
    open_domain(&front, "front", 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    close_domain(&front);
    return 0;
}

static unsigned wait_for(unsigned want, int timeout_ms)
{
    return front.ops->wait(front.port, want, timeout_ms);
}

static void a_wait_ends_in_time(void **state)
{
    int64_t start = now_ms();

    (void)state;
    assert_int_equal(wait_for(EVERYTHING, 0), 0);
    assert_true(now_ms() - start < 1000);
    start = now_ms();
    assert_int_equal(wait_for(EVERYTHING, 120), 0);
    assert_in_range(now_ms() - start, 119, 5000);
    start = now_ms();
    assert_int_equal(wait_for(0, 50), 0);
    assert_in_range(now_ms() - start, 49, 5000);
}

static void the_timer_runs_out_once(void **state)
{
    int64_t start = now_ms();

    (void)state;
    front.ops->timer(front.port, 60);
    assert_int_equal(wait_for(EVERYTHING, 0), 0);
    assert_int_equal(wait_for(EVERYTHING, 10000), VTPMRING_PORT_TIMER);
    assert_in_range(now_ms() - start, 59, 5000);
    assert_int_equal(wait_for(EVERYTHING, 0), 0);
}

static void the_timer_waits_until_it_is_wanted(void **state)
{
    (void)state;
    front.ops->timer(front.port, 0);
    assert_int_equal(wait_for(VTPMRING_PORT_SERVER, 30), 0);
    assert_int_equal(wait_for(VTPMRING_PORT_TIMER, 2000), VTPMRING_PORT_TIMER);
    front.ops->timer(front.port, 1);
    front.ops->timer(front.port, 1000000);
    assert_int_equal(wait_for(VTPMRING_PORT_TIMER, 30), 0);
}

static void a_wake_is_for_whom_it_names(void **state)
{
    (void)state;
    front.ops->wake(front.port, VTPMRING_PORT_SERVER);
    front.ops->wake(front.port, VTPMRING_PORT_SERVER);
    assert_int_equal(wait_for(VTPMRING_PORT_CONTROL, 0), 0);
    assert_int_equal(wait_for(EVERYTHING, 2000), VTPMRING_PORT_SERVER);
    assert_int_equal(wait_for(EVERYTHING, 0), 0);
    front.ops->wake(front.port, VTPMRING_PORT_CONTROL);
    front.ops->timer(front.port, 0);
    (void)usleep(2000);
    assert_int_equal(wait_for(EVERYTHING, 2000),
                     VTPMRING_PORT_CONTROL | VTPMRING_PORT_TIMER);
    assert_int_equal(wait_for(EVERYTHING, 0), 0);
}

static _Atomic unsigned signals;

static void handle_and_wake(int number)
{
    (void)number;
    signals++;
    front.ops->wake(front.port, VTPMRING_PORT_CONTROL);
}

static void only_handle(int number)
{
    (void)number;
    signals++;
}

static void handle_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    signals = 0;
}

static void *send_signals(void *count)
{
    for (int i = 0; i < *(int *)count; i++) {
        (void)usleep(20000);
        (void)kill(getpid(), SIGUSR1);
    }
    return NULL;
}

/* In a thread of its own that does not take the signals itself. */
static pthread_t start_signals(int *count)
{
    sigset_t all, before;
    pthread_t sender;

    (void)sigfillset(&all);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_signals, count), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    return sender;
}

static void a_signal_handler_wakes(void **state)
{
    int count = 1;
    pthread_t sender;

    (void)state;
    handle_signals(handle_and_wake);
    sender = start_signals(&count);
    assert_int_equal(wait_for(EVERYTHING, -1), VTPMRING_PORT_CONTROL);
    assert_int_equal(signals, 1);
    assert_int_equal(pthread_join(sender, NULL), 0);
}

static void a_signal_alone_does_not_end_a_wait(void **state)
{
    int count = 5;
    const int64_t start = now_ms();
    pthread_t sender;

    (void)state;
    handle_signals(only_handle);
    sender = start_signals(&count);
    assert_int_equal(wait_for(EVERYTHING, 200), 0);
    assert_in_range(now_ms() - start, 199, 5000);
    assert_int_equal(pthread_join(sender, NULL), 0);
    assert_int_equal(signals, 5);
}

/* Two threads wait for the same; one wake ends one of the waits. */
static _Atomic unsigned woken;

static void *wait_for_server(void *unused)
{
    if (wait_for(VTPMRING_PORT_SERVER, -1) == VTPMRING_PORT_SERVER)
        woken++;
    return unused;
}

static void a_wake_ends_one_wait(void **state)
{
    pthread_t waiters[2];

    (void)state;
    woken = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&waiters[i], NULL, wait_for_server, NULL), 0);
    for (unsigned i = 0; i < 2; i++) {
        (void)usleep(20000);
        assert_int_equal(woken, i);
        front.ops->wake(front.port, VTPMRING_PORT_SERVER);
        for (int ms = 0; ms < 5000 && woken == i; ms++)
            (void)usleep(1000);
        assert_int_equal(woken, i + 1);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(waiters[i], NULL), 0);
}

static bool blocks_sigterm(const char *task)
{
    char path[300];
    char line[256];
    unsigned long long mask = 0;
    FILE *status;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
    status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        if (sscanf(line, "SigBlk: %llx", &mask) == 1)
            break;
    (void)fclose(status);
    return (mask >> (SIGTERM - 1)) & 1;
}

/* Threads that the port's libraries start leave signals to the program. */
static void no_hidden_thread_takes_signals(void **state)
{
    struct dirent *entry;
    unsigned tasks = 0;
    unsigned open = 0;
    DIR *dir;

    (void)state;
    assert_int_equal(front.ops->store_watch(front.port, "data", "token"),
                     VTPMRING_OK);
    dir = opendir("/proc/self/task");
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        tasks++;
        if (!blocks_sigterm(entry->d_name))
            open++;
    }
    (void)closedir(dir);
    assert_true(tasks >= 2);
    assert_int_equal(open, 1);
}

static void the_clock_goes_forward(void **state)
{
    const uint64_t start = front.ops->now_us(front.port);

    (void)state;
    (void)usleep(20000);
    assert_in_range(front.ops->now_us(front.port) - start, 20000, 5000000);
}

static void memory_comes_zeroed(void **state)
{
    unsigned char *memory = front.ops->alloc(front.port, 10000);

    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(memory[i], 0);
    front.ops->free(front.port, memory);
    front.ops->free(front.port, NULL);
}

static void the_log_gets_lines(void **state)
{
    (void)state;
    front.ops->log(front.port, 6, "hello");
    assert_int_equal(front.lines, 1);
    assert_string_equal(front.last_line, "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wait_ends_in_time, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(the_timer_runs_out_once, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(the_timer_waits_until_it_is_wanted,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(a_wake_is_for_whom_it_names, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_signal_handler_wakes, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_signal_alone_does_not_end_a_wait,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(a_wake_ends_one_wait, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(no_hidden_thread_takes_signals,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(the_clock_goes_forward, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(memory_comes_zeroed, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(the_log_gets_lines, open_all,
                                        close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
