/* SPDX-License-Identifier: MIT */
/* What a set of backends logs: enough, and no flood. */
#include "fake_xen.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/link.h>

#include <cmocka.h>

#define UUID "00000000-0000-0000-0000-000000000001"
#define BACK 1
#define FRONT 2
#define BACK_DIRECTORY "/local/domain/1/backend/vtpm/2/0"
#define FRONT_DIRECTORY "/local/domain/2/device/vtpm/0"
#define MINUTE_US 60000000u
#define FLOOD 300
#define FEW 25

struct host {
    struct fake_xen *xen;
    struct vtpmring_back_set *set;
    pthread_t server, control;
};

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    (void)context;
    (void)device;
    (void)locality;
    *response = command;
    return length;
}

static const struct vtpmring_back_set_ops set_ops = {.execute = execute};

static void *serve(void *set)
{
    (void)vtpmring_back_set_serve(set);
    return NULL;
}

static void *control(void *set)
{
    (void)vtpmring_back_set_control(set);
    return NULL;
}

static int set_up(void **state)
{
    const struct vtpmring_back_set_config config = {
        .family = VTPMRING_TPM_20,
        .command_max = VTPMRING_TPM_COMMAND_MAX,
        .max_devices = 1,
        .ops = &set_ops,
    };
    static struct host host;

    host.xen = fake_xen_new();
    fake_xen_attach(host.xen, FRONT, BACK, UUID);
    assert_int_equal(vtpmring_back_set_new(fake_xen_port(host.xen, BACK),
                                           &config, &host.set),
                     VTPMRING_OK);
    pthread_create(&host.server, NULL, serve, host.set);
    pthread_create(&host.control, NULL, control, host.set);
    *state = &host;
    return 0;
}

static int tear_down(void **state)
{
    struct host *host = *state;

    vtpmring_back_set_stop(host->set);
    pthread_join(host->server, NULL);
    pthread_join(host->control, NULL);
    vtpmring_back_set_free(host->set);
    fake_xen_free(host->xen);
    return 0;
}

static void front_writes(struct host *host, const char *state)
{
    fake_xen_write(host->xen, FRONT_DIRECTORY "/state", state);
}

static void back_becomes(struct host *host, const char *state)
{
    for (int i = 0; i < 5000; i++) {
        if (strcmp(fake_xen_read(host->xen, BACK_DIRECTORY "/state"), state) ==
            0)
            return;
        usleep(1000);
    }
    fail_msg("the backend is not at %s", state);
}

static void be_refused(struct host *host, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        back_becomes(host, "2");
        front_writes(host, "3");
        back_becomes(host, "6");
        front_writes(host, "6");
    }
    back_becomes(host, "2");
}

static unsigned lines(struct host *host)
{
    return fake_xen_lines(host->xen, BACK);
}

static void test_each_refusal_has_its_line(void **state)
{
    struct host *host = *state;

    be_refused(host, 3);
    assert_int_equal(lines(host), 3);
}

/* A guest cannot fill the disk that has the logs. */
static void test_a_frontend_does_not_flood(void **state)
{
    struct host *host = *state;
    unsigned before;

    be_refused(host, FLOOD);
    assert_in_range(lines(host), 10, FEW);
    before = lines(host);
    fake_xen_advance(host->xen, MINUTE_US + 1);
    be_refused(host, FLOOD);
    assert_in_range(lines(host), before + 10, before + FEW);
}

/* What the operator has done is said all the same. */
static void test_the_toolstack_is_heard(void **state)
{
    struct host *host = *state;
    unsigned before;

    be_refused(host, FLOOD);
    before = lines(host);
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    back_becomes(host, "6");
    assert_int_equal(lines(host), before + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_each_refusal_has_its_line),
        TEST(test_a_frontend_does_not_flood),
        TEST(test_the_toolstack_is_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
