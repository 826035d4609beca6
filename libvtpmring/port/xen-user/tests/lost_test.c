/* SPDX-License-Identifier: MIT */
/* The daemon of xenstore dies under the program. The last test of its host. */
#include "domains.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BOTH = VTPMRING_PORT_STORE | VTPMRING_PORT_SERVER };

static struct domain front, back;

static pid_t daemon_pid(void)
{
    char path[512];
    long pid = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/pid", getenv("SIMXEN_DIR"));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pid), 1);
    (void)fclose(file);
    return (pid_t)pid;
}

static int64_t cpu_ms(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static enum vtpmring_status next_watch(struct domain *domain)
{
    char path[64];
    char token[64];

    return domain->ops->store_next_watch(domain->port, path, sizeof(path),
                                         token, sizeof(token));
}

/* Whoever waits learns of it, once; then it sleeps again. */
static void expect_loss_and_no_spin(struct domain *domain)
{
    int64_t start, used;

    assert_int_equal(domain->ops->wait(domain->port, BOTH, -1),
                     VTPMRING_PORT_STORE);
    assert_int_equal(next_watch(domain), VTPMRING_EPORT);
    start = now_ms();
    used = cpu_ms();
    assert_int_equal(domain->ops->wait(domain->port, BOTH, 300), 0);
    assert_in_range(now_ms() - start, 299, 5000);
    assert_true(cpu_ms() - used < 100);
    assert_int_equal(next_watch(domain), VTPMRING_EPORT);
    domain->ops->wake(domain->port, VTPMRING_PORT_SERVER);
    assert_int_equal(domain->ops->wait(domain->port, BOTH, -1),
                     VTPMRING_PORT_SERVER);
}

static void expect_all_store_calls_to_fail(struct domain *domain)
{
    const struct vtpmring_port_ops *ops = domain->ops;
    char text[16];
    size_t length;

    assert_int_equal(
        ops->store_read(domain->port, "domid", text, sizeof(text), &length),
        VTPMRING_EPORT);
    assert_int_equal(ops->store_write(domain->port, "data/a", "1"),
                     VTPMRING_EPORT);
    assert_int_equal(ops->store_remove(domain->port, "data/a"), VTPMRING_EPORT);
    assert_int_equal(
        ops->store_list(domain->port, "data", text, sizeof(text), &length),
        VTPMRING_EPORT);
    assert_int_equal(ops->store_begin(domain->port), VTPMRING_EPORT);
    assert_int_equal(ops->store_watch(domain->port, "data", "t"),
                     VTPMRING_EPORT);
    ops->store_unwatch(domain->port, "data", "token");
}

static void a_lost_xenstore_is_an_error_and_no_spin(void **state)
{
    uint32_t front_channel, back_channel, channel, ref;
    char *ours, *theirs;

    (void)state;
    must_end_within_s(30);
    open_domain(&front, "front", FRONT_AND_BACK);
    open_domain(&back, "back", FRONT_AND_BACK);
    connect_domains(&front, &back, &front_channel, &back_channel);
    assert_int_equal(
        front.ops->share(front.port, back.domid, 1, (void **)&ours, &ref),
        VTPMRING_OK);
    assert_int_equal(
        back.ops->map(back.port, front.domid, &ref, 1, (void **)&theirs),
        VTPMRING_OK);
    /* The frontend has a watch and a transaction, the backend nothing. */
    assert_int_equal(front.ops->store_watch(front.port, "data", "token"),
                     VTPMRING_OK);
    assert_int_equal(front.ops->wait(front.port, BOTH, 2000),
                     VTPMRING_PORT_STORE);
    assert_int_equal(next_watch(&front), VTPMRING_OK);
    assert_int_equal(front.ops->store_begin(front.port), VTPMRING_OK);

    assert_int_equal(kill(daemon_pid(), SIGKILL), 0);

    expect_loss_and_no_spin(&front);
    assert_int_equal(front.ops->store_end(front.port, true), VTPMRING_EPORT);
    expect_all_store_calls_to_fail(&front);
    assert_int_equal(front.lines, 1);
    assert_non_null(strstr(front.last_line, "xenstore is lost"));

    /* Here a call finds out, before any wait. */
    expect_all_store_calls_to_fail(&back);
    expect_loss_and_no_spin(&back);
    assert_int_equal(back.lines, 1);

    /* What is connected stays so. */
    *ours = 'x';
    assert_int_equal(*theirs, 'x');
    assert_int_equal(front.ops->channel_notify(front.port, front_channel),
                     VTPMRING_OK);
    assert_int_equal(back.ops->wait(back.port, VTPMRING_PORT_CHANNEL, 2000),
                     VTPMRING_PORT_CHANNEL);
    assert_int_equal(back.ops->channel_next(back.port, &channel), VTPMRING_OK);
    assert_int_equal(channel, back_channel);

    back.ops->unmap(back.port, theirs, 1);
    front.ops->unshare(front.port, ours, 1);
    front.ops->channel_close(front.port, front_channel);
    close_domain(&front);
    close_domain(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_xenstore_is_an_error_and_no_spin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
