/* SPDX-License-Identifier: MIT */
/* The link on a host in memory: two domains, real threads, faults at will. */
#include "fake_xen.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vtpmring/link.h>

#include <cmocka.h>

#define UUID "00000000-0000-0000-0000-000000000001"
#define BACK 1
#define FRONT 2
#define OTHER 3
#define BACK_STATE "/local/domain/1/backend/vtpm/2/0/state"
#define OTHER_DEVICE "/local/domain/3/device/vtpm/0"
#define FRONT_STATE "/local/domain/2/device/vtpm/0/state"

/* The backend's domain: a set with its two threads, and a "TPM" that answers
 * with the command itself. */
struct host {
    struct fake_xen *xen;
    struct vtpmring_back_set *set;
    pthread_t server, control;
    atomic_int executed, aborts, gone;
    atomic_bool slow; /* a command runs until it is aborted */
    atomic_int order[64];
    uint64_t execute_us;     /* of the last command; the serving thread's */
    atomic_int served;       /* commands whose time was told */
    _Atomic uint64_t all_us; /* sum of the times told */
    atomic_bool too_fast;    /* one was shorter than the execution in it */
};

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    struct host *host = context;
    int aborts = atomic_load(&host->aborts);
    int n = atomic_fetch_add(&host->executed, 1);
    uint64_t begin = now_us();

    if (n < 64)
        atomic_store(&host->order[n], vtpmring_back_device_domid(device));
    while (atomic_load(&host->slow) && atomic_load(&host->aborts) == aborts)
        usleep(1000);
    command[9] = locality;
    *response = command;
    host->execute_us = now_us() - begin;
    return length;
}

static void served(void *context, struct vtpmring_back_device *device,
                   uint64_t us)
{
    struct host *host = context;

    (void)device;
    atomic_fetch_add(&host->served, 1);
    atomic_fetch_add(&host->all_us, us);
    if (us < host->execute_us)
        atomic_store(&host->too_fast, true);
}

static void abort_command(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;

    (void)device;
    atomic_fetch_add(&host->aborts, 1);
}

static void disconnected(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;

    (void)device;
    atomic_fetch_add(&host->gone, 1);
}

static const struct vtpmring_back_set_ops set_ops = {
    .execute = execute,
    .served = served,
    .abort = abort_command,
    .disconnected = disconnected,
};

static void *serve(void *context)
{
    struct host *host = context;

    (void)vtpmring_back_set_serve(host->set);
    return NULL;
}

static void *control(void *context)
{
    struct host *host = context;

    (void)vtpmring_back_set_control(host->set);
    return NULL;
}

static enum vtpmring_status make_set(struct host *host)
{
    const struct vtpmring_back_set_config config = {
        .family = VTPMRING_TPM_20,
        .max_extra = 1,
        .poll_us = 20,
        .command_max = VTPMRING_TPM_COMMAND_MAX,
        .max_devices = 4,
        .ops = &set_ops,
        .context = host,
    };

    return vtpmring_back_set_new(fake_xen_port(host->xen, BACK), &config,
                                 &host->set);
}

static void start(struct host *host)
{
    assert_int_equal(make_set(host), VTPMRING_OK);
    pthread_create(&host->server, NULL, serve, host);
    pthread_create(&host->control, NULL, control, host);
}

static void join(struct host *host)
{
    pthread_join(host->server, NULL);
    pthread_join(host->control, NULL);
}

static void stop(struct host *host)
{
    vtpmring_back_set_stop(host->set);
    join(host);
    vtpmring_back_set_free(host->set);
}

static int set_up(void **state)
{
    static struct host host;

    memset(&host, 0, sizeof(host));
    host.xen = fake_xen_new();
    fake_xen_attach(host.xen, FRONT, BACK, UUID);
    *state = &host;
    return 0;
}

static int tear_down(void **state)
{
    struct host *host = *state;

    fake_xen_free(host->xen);
    return 0;
}

static const struct vtpmring_front_link_config config = {
    .extra_pages = 1,
    .poll_us = 20,
    .connect_timeout_ms = 5000,
    .close_timeout_ms = 2000,
    .cancel_timeout_ms = 200,
};

static const unsigned char getrandom[12] = {0x80, 1, 0,    0,    0, 12,
                                            0,    0, 0x01, 0x7b, 0, 16};

static enum vtpmring_status transmit_within(struct vtpmring_front_link *link,
                                            int timeout_ms)
{
    unsigned char response[VTPMRING_TPM_COMMAND_MAX];
    enum vtpmring_status status;
    size_t length;

    status = vtpmring_front_link_send(link, getrandom, sizeof(getrandom));
    if (status == VTPMRING_OK)
        status = vtpmring_front_link_receive(link, response, sizeof(response),
                                             &length, timeout_ms);
    if (status == VTPMRING_OK && length == sizeof(getrandom))
        assert_int_equal(response[9], link->locality);
    return status;
}

static enum vtpmring_status transmit(struct vtpmring_front_link *link)
{
    return transmit_within(link, 5000);
}

static void wait_for_node(struct host *host, const char *path,
                          const char *value)
{
    for (int i = 0; i < 5000; i++) {
        if (strcmp(fake_xen_read(host->xen, path), value) == 0)
            return;
        usleep(1000);
    }
    fail_msg("%s is \"%s\", not \"%s\"", path, fake_xen_read(host->xen, path),
             value);
}

static void test_commands_and_close(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "4");
    assert_int_equal(vtpmring_front_link_capacity(&link), 8180);
    assert_int_equal(vtpmring_front_link_set_locality(&link, 3), VTPMRING_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    assert_string_equal(fake_xen_read(host->xen, FRONT_STATE), "6");
    wait_for_node(host, BACK_STATE, "2");
    for (int i = 0; i < 5000 && atomic_load(&host->gone) == 0; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&host->gone), 1);
    stop(host);
}

/* Told once for each command; within what the frontend waits, and not less than
 * what the execution takes. */
static void test_service_times(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    uint64_t begin;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    begin = now_us();
    for (int i = 0; i < 20; i++)
        assert_int_equal(transmit(&link), VTPMRING_OK);
    atomic_store(&host->slow, true);
    assert_int_equal(transmit_within(&link, 30), VTPMRING_AGAIN);
    assert_int_equal(vtpmring_front_link_cancel(&link), VTPMRING_OK);
    {
        unsigned char response[64];
        size_t length;

        assert_int_equal(vtpmring_front_link_receive(
                             &link, response, sizeof(response), &length, 5000),
                         VTPMRING_OK);
    }
    vtpmring_front_link_close(&link);
    stop(host);
    assert_int_equal(atomic_load(&host->served), 21);
    assert_true(atomic_load(&host->all_us) <= now_us() - begin);
    assert_true(host->execute_us > 0);
    assert_false(atomic_load(&host->too_fast));
}

static void test_backend_that_stopped_in_order_is_replaced(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    unsigned char response[64];
    size_t length;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    stop(host);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "4");
    /* sent while nobody is there; not lost */
    assert_int_equal(
        vtpmring_front_link_send(&link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
    assert_int_equal(vtpmring_front_link_receive(&link, response,
                                                 sizeof(response), &length, 20),
                     VTPMRING_AGAIN);
    start(host);
    assert_int_equal(vtpmring_front_link_receive(
                         &link, response, sizeof(response), &length, 5000),
                     VTPMRING_OK);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

static void test_command_of_a_killed_backend_is_dropped(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    int executed;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    stop(host);
    fake_xen_write(host->xen, "/local/domain/1/backend/vtpm/2/0/ready", "1");
    executed = atomic_load(&host->executed);
    assert_int_equal(
        vtpmring_front_link_send(&link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
    start(host);
    {
        unsigned char response[64];
        size_t length;

        assert_int_equal(vtpmring_front_link_receive(
                             &link, response, sizeof(response), &length, 5000),
                         VTPMRING_CANCELED);
    }
    assert_int_equal(atomic_load(&host->executed), executed);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

/* defect 7: a running command is cancelled */
static void test_cancel_reaches_a_running_command(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    unsigned char response[64];
    size_t length;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    atomic_store(&host->slow, true);
    assert_int_equal(
        vtpmring_front_link_send(&link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
    assert_int_equal(vtpmring_front_link_receive(&link, response,
                                                 sizeof(response), &length, 30),
                     VTPMRING_AGAIN);
    assert_int_equal(vtpmring_front_link_cancel(&link), VTPMRING_OK);
    assert_int_equal(vtpmring_front_link_receive(
                         &link, response, sizeof(response), &length, 5000),
                     VTPMRING_OK);
    assert_true(atomic_load(&host->aborts) > 0);
    atomic_store(&host->slow, false);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

static void test_silent_backend_does_not_hold_the_frontend(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link_config quick = config;
    struct vtpmring_front_link link;

    /* nobody serves */
    quick.connect_timeout_ms = 50;
    quick.close_timeout_ms = 50;
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &quick),
                     VTPMRING_EPEER_TIMEOUT);
    /* somebody connects, and then says nothing any more */
    start(host);
    quick.connect_timeout_ms = 5000;
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &quick),
                     VTPMRING_OK);
    stop(host);
    assert_int_equal(
        vtpmring_front_link_send(&link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
    assert_int_equal(vtpmring_front_link_cancel(&link), VTPMRING_OK);
    {
        unsigned char response[64];
        size_t length;

        assert_int_equal(vtpmring_front_link_receive(
                             &link, response, sizeof(response), &length, -1),
                         VTPMRING_EPEER_TIMEOUT);
    }
    vtpmring_front_link_close(&link);
}

static void test_no_device(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, OTHER), &config),
                     VTPMRING_EPEER_GONE);
}

/* defect 5: a backend may write anything on the page; the frontend gets an
 * error, and connects anew */
static void test_hostile_page_state(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    unsigned char response[64];
    size_t length;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    atomic_store(&host->slow, true);
    assert_int_equal(
        vtpmring_front_link_send(&link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
    __atomic_store_n(fake_xen_page(host->xen, FRONT) + 4, 77, __ATOMIC_RELEASE);
    assert_int_equal(vtpmring_front_link_receive(
                         &link, response, sizeof(response), &length, 5000),
                     VTPMRING_EPEER_STATE);
    atomic_store(&host->slow, false);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

struct guest {
    struct host *host;
    uint16_t domid;
    pthread_t thread;
    int count;
};

static void *be_a_guest(void *context)
{
    struct guest *guest = context;
    struct vtpmring_front_link link;

    if (vtpmring_front_link_open(&link,
                                 fake_xen_port(guest->host->xen, guest->domid),
                                 &config) != VTPMRING_OK)
        return NULL;
    while (guest->count < 500 && transmit(&link) == VTPMRING_OK)
        guest->count++;
    vtpmring_front_link_close(&link);
    return NULL;
}

/* defect 2: there is room for the second frontend, and the next */
static void test_many_frontends(void **state)
{
    struct host *host = *state;
    struct guest guests[3];

    fake_xen_attach(host->xen, OTHER, BACK, UUID);
    fake_xen_attach(host->xen, 4, BACK, UUID);
    start(host);
    for (int i = 0; i < 3; i++) {
        guests[i] = (struct guest){host, (uint16_t)(FRONT + i), 0, 0};
        pthread_create(&guests[i].thread, NULL, be_a_guest, &guests[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(guests[i].thread, NULL);
        assert_int_equal(guests[i].count, 500);
    }
    stop(host);
}

struct exact_guest {
    struct host *host;
    atomic_bool done;
    int answered;
};

/* Its answer is its command, whole. */
static bool exchange(struct vtpmring_front_link *link, int n)
{
    unsigned char command[200] = {0x80, 1}, response[sizeof(command)];
    size_t size = 10 + (size_t)n % 190, length;

    command[5] = (unsigned char)size;
    command[7] = (unsigned char)(n / 256);
    command[8] = (unsigned char)n;
    memset(command + 10, n, size - 10);
    return vtpmring_front_link_send(link, command, size) == VTPMRING_OK &&
           vtpmring_front_link_receive(link, response, sizeof(response),
                                       &length, 10000) == VTPMRING_OK &&
           length == size && memcmp(response, command, size) == 0;
}

static void *be_exact(void *context)
{
    struct exact_guest *guest = context;
    struct vtpmring_front_link link;

    if (vtpmring_front_link_open(&link, fake_xen_port(guest->host->xen, FRONT),
                                 &config) == VTPMRING_OK) {
        while (guest->answered < 2000 && exchange(&link, guest->answered))
            guest->answered++;
        vtpmring_front_link_close(&link);
    }
    atomic_store(&guest->done, true);
    return NULL;
}

/* Anything onto the page: nearly a right command. That the other side reads
 * meanwhile is what a hostile peer does, and no news. */
__attribute__((no_sanitize("thread"))) static void
scribble(struct vtpmring_front_link *link, unsigned *random)
{
    static const unsigned char right[] = {12, 0, 0, 0, 1, 0, 0, 0};
    volatile unsigned char *page = link->pages;

    for (size_t i = 0; i < 8 + sizeof(getrandom); i++) {
        unsigned char byte = i < 8 ? right[i] : getrandom[i - 8];

        *random = *random * 1103515245 + 12345;
        if (*random >> 27 == 0)
            byte = (unsigned char)(*random >> 16);
        page[i] = byte;
    }
    (void)link->port->ops->channel_notify(link->port, link->channel);
}

/* Anything into the nodes: connects, lies about its page, leaves, comes. */
static void rewrite(struct host *host, const struct vtpmring_front_link *link,
                    unsigned n)
{
    static const char *const states[] = {"6", "4", "3", "5", "6",
                                         "3", "1", "3", "4", "junk"};
    char ref[16];

    (void)snprintf(ref, sizeof(ref), "%u",
                   (unsigned)link->refs[0] + (n % 7 == 0));
    fake_xen_write(host->xen, OTHER_DEVICE "/ring-ref",
                   n % 11 == 0 ? "junk" : ref);
    fake_xen_write(host->xen, OTHER_DEVICE "/state", states[n % 10]);
}

/* defects 3 and 5: one guest writes what it likes onto its page and into its
 * nodes; another one is answered as if it were alone. */
static void test_hostile_neighbour(void **state)
{
    struct host *host = *state;
    struct exact_guest guest = {.host = host};
    struct vtpmring_front_link hostile;
    unsigned random = 1;
    pthread_t thread;

    fake_xen_attach(host->xen, OTHER, BACK, UUID);
    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &hostile, fake_xen_port(host->xen, OTHER), &config),
                     VTPMRING_OK);
    pthread_create(&thread, NULL, be_exact, &guest);
    for (unsigned n = 1; !atomic_load(&guest.done); n++) {
        scribble(&hostile, &random);
        usleep(50);
        if (n % 200 == 0)
            rewrite(host, &hostile, n / 200);
    }
    pthread_join(thread, NULL);
    assert_int_equal(guest.answered, 2000);
    /* and it was not idle */
    assert_true(atomic_load(&host->executed) > 2000);
    fake_xen_kill(host->xen, OTHER);
    stop(host);
}

/* defect 6: frontends that all have a command take turns */
static void test_turns(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link links[3];
    unsigned char response[64];
    size_t length;

    fake_xen_attach(host->xen, OTHER, BACK, UUID);
    fake_xen_attach(host->xen, 4, BACK, UUID);
    start(host);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vtpmring_front_link_open(
                             &links[i],
                             fake_xen_port(host->xen, (uint16_t)(FRONT + i)),
                             &config),
                         VTPMRING_OK);
    /* hold the server with one command until all have theirs on the page */
    atomic_store(&host->slow, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            vtpmring_front_link_send(&links[i], getrandom, sizeof(getrandom)),
            VTPMRING_OK);
    while (atomic_load(&host->executed) == 0)
        usleep(1000);
    atomic_store(&host->slow, false);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vtpmring_front_link_receive(&links[i], response,
                                                     sizeof(response), &length,
                                                     5000),
                         VTPMRING_OK);
    assert_int_equal(atomic_load(&host->executed), 3);
    assert_int_not_equal(host->order[0], host->order[1]);
    assert_int_not_equal(host->order[1], host->order[2]);
    assert_int_not_equal(host->order[0], host->order[2]);
    for (int i = 0; i < 3; i++)
        vtpmring_front_link_close(&links[i]);
    stop(host);
}

static void test_detach(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    fake_xen_write(host->xen, "/local/domain/1/backend/vtpm/2/0/online", "0");
    wait_for_node(host, BACK_STATE, "6");
    assert_int_not_equal(transmit(&link), VTPMRING_OK);
    /* a driver domain removes its own directory, after libxl has seen the 6 */
    fake_xen_write(host->xen, "/local/domain/2/device/vtpm/0", NULL);
    wait_for_node(host, BACK_STATE, "");
    assert_int_equal(transmit(&link), VTPMRING_EPEER_GONE);
    vtpmring_front_link_close(&link);
    /* nothing was brought back */
    assert_string_equal(fake_xen_read(host->xen, FRONT_STATE), "");
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "");
    stop(host);
}

/* Every call of the frontend's port fails once: an error, and nothing is held
 * (fake_xen_free() checks). */
static void test_every_fault_of_the_frontends_port(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link_config quick = config;
    struct vtpmring_front_link link;
    bool failed = true;

    quick.connect_timeout_ms = 100;
    quick.close_timeout_ms = 20;
    start(host);
    for (unsigned n = 1; failed; n++) {
        assert_true(n < 500);
        fake_xen_fail_at(host->xen, FRONT, n);
        if (vtpmring_front_link_open(&link, fake_xen_port(host->xen, FRONT),
                                     &quick) == VTPMRING_OK) {
            (void)transmit_within(&link, 50);
            vtpmring_front_link_close(&link);
        }
        failed = fake_xen_has_failed(host->xen, FRONT);
        fake_xen_fail_at(host->xen, FRONT, 0);
    }
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

/* Every call of the backend's port fails once. */
static void test_every_fault_of_the_backends_port(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link_config quick = config;
    struct vtpmring_front_link link;
    bool failed = true;

    quick.connect_timeout_ms = 30;
    quick.close_timeout_ms = 10;
    for (unsigned n = 1; failed; n++) {
        assert_true(n < 500);
        fake_xen_fail_at(host->xen, BACK, n);
        if (make_set(host) == VTPMRING_OK) {
            pthread_create(&host->server, NULL, serve, host);
            pthread_create(&host->control, NULL, control, host);
            if (vtpmring_front_link_open(&link, fake_xen_port(host->xen, FRONT),
                                         &quick) == VTPMRING_OK) {
                (void)transmit_within(&link, 50);
                vtpmring_front_link_close(&link);
            }
            stop(host);
        }
        failed = fake_xen_has_failed(host->xen, BACK);
        fake_xen_fail_at(host->xen, BACK, 0);
        fake_xen_write(host->xen, "/local/domain/1/backend/vtpm/2/0/state",
                       "1");
    }
}

static void test_idle_threads_sleep(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;
    unsigned waits;

    start(host);
    assert_int_equal(vtpmring_front_link_open(
                         &link, fake_xen_port(host->xen, FRONT), &config),
                     VTPMRING_OK);
    assert_int_equal(transmit(&link), VTPMRING_OK);
    /* the timer of the last command may still run out, later on a busy machine;
     * after that nothing wakes them any more */
    for (int i = 0; i < 50; i++) {
        waits = fake_xen_waits(host->xen, BACK);
        usleep(200000);
        if (fake_xen_waits(host->xen, BACK) == waits)
            break;
    }
    assert_int_equal(fake_xen_waits(host->xen, BACK), waits);
    vtpmring_front_link_close(&link);
    stop(host);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_commands_and_close),
        TEST(test_service_times),
        TEST(test_backend_that_stopped_in_order_is_replaced),
        TEST(test_command_of_a_killed_backend_is_dropped),
        TEST(test_cancel_reaches_a_running_command),
        TEST(test_silent_backend_does_not_hold_the_frontend),
        TEST(test_no_device),
        TEST(test_hostile_page_state),
        TEST(test_many_frontends),
        TEST(test_hostile_neighbour),
        TEST(test_turns),
        TEST(test_detach),
        TEST(test_every_fault_of_the_frontends_port),
        TEST(test_every_fault_of_the_backends_port),
        TEST(test_idle_threads_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
