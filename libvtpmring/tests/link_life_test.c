/* SPDX-License-Identifier: MIT */
/* How devices come and go while the two threads of a set are busy. */
#include "fake_xen.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/link.h>

#include <cmocka.h>

#define OURS "00000000-0000-0000-0000-000000000001"
#define THEIRS "00000000-0000-0000-0000-000000000002"
#define BACK 1
#define FRONT 2
#define NEXT 3
#define BACK_DIRECTORY "/local/domain/1/backend/vtpm/2/0"
#define BACK_STATE BACK_DIRECTORY "/state"
#define FRONT_DIRECTORY "/local/domain/2/device/vtpm/0"
#define FRONT_STATE FRONT_DIRECTORY "/state"

/* The backend's domain: like a vTPM, it serves one device, that with our UUID.
 */
struct host {
    struct fake_xen *xen;
    struct vtpmring_back_set *set;
    pthread_t server, control;
    atomic_int executed, aborts, gone, connected, refused;
    atomic_bool busy;      /* commands run as long, whatever is asked of them */
    atomic_bool held;      /* the control thread is kept */
    atomic_int asked;      /* whether to announce */
    atomic_bool undecided; /* there is no answer to that yet */
    atomic_bool secret;    /* it is no */
    atomic_int last_asked; /* whether to write Closed */
    atomic_bool waiting;   /* until the node "guest" is "gone" */
    atomic_int accepted;   /* devices whose end is not known yet */
    unsigned devices;      /* served at most, 0 for one */
};

static bool accept_ours(void *context, struct vtpmring_back_device *device,
                        const char *uuid)
{
    struct host *host = context;

    if (strcmp(uuid, OURS) == 0) {
        atomic_fetch_add(&host->accepted, 1);
        *vtpmring_back_device_user(device) = host;
        return true;
    }
    atomic_fetch_add(&host->refused, 1);
    while (atomic_load(&host->held))
        usleep(1000);
    return false;
}

static bool announce(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;

    (void)device;
    atomic_fetch_add(&host->asked, 1);
    while (atomic_load(&host->undecided))
        usleep(1000);
    return !atomic_load(&host->secret);
}

static void connected(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;

    (void)device;
    atomic_fetch_add(&host->connected, 1);
    while (atomic_load(&host->held))
        usleep(1000);
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    struct host *host = context;

    (void)device;
    (void)locality;
    atomic_fetch_add(&host->executed, 1);
    while (atomic_load(&host->busy))
        usleep(1000);
    *response = command;
    return length;
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

static bool closing(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;
    char guest[8];

    atomic_fetch_add(&host->last_asked, 1);
    return !atomic_load(&host->waiting) ||
           (vtpmring_back_device_read(device, "guest", guest, sizeof(guest)) ==
                VTPMRING_OK &&
            strcmp(guest, "gone") == 0);
}

static void removed(void *context, struct vtpmring_back_device *device)
{
    struct host *host = context;

    assert_ptr_equal(*vtpmring_back_device_user(device), host);
    atomic_fetch_sub(&host->accepted, 1);
}

static const struct vtpmring_back_set_ops set_ops = {
    .accept = accept_ours,
    .announce = announce,
    .connected = connected,
    .execute = execute,
    .abort = abort_command,
    .disconnected = disconnected,
    .closing = closing,
    .removed = removed,
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

static void start(struct host *host)
{
    const struct vtpmring_back_set_config config = {
        .family = VTPMRING_TPM_20,
        .max_extra = 1,
        .poll_us = 20,
        .command_max = VTPMRING_TPM_COMMAND_MAX,
        .max_devices = host->devices > 0 ? host->devices : 1,
        .ops = &set_ops,
        .context = host,
    };

    assert_int_equal(vtpmring_back_set_new(fake_xen_port(host->xen, BACK),
                                           &config, &host->set),
                     VTPMRING_OK);
    pthread_create(&host->server, NULL, serve, host);
    pthread_create(&host->control, NULL, control, host);
}

static void stop(struct host *host)
{
    vtpmring_back_set_stop(host->set);
    pthread_join(host->server, NULL);
    pthread_join(host->control, NULL);
    vtpmring_back_set_free(host->set);
    /* each was told to be no more, once */
    assert_int_equal(atomic_load(&host->accepted), 0);
}

static int set_up(void **state)
{
    static struct host host;

    memset(&host, 0, sizeof(host));
    host.xen = fake_xen_new();
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
    .close_timeout_ms = 50,
    .cancel_timeout_ms = 200,
};

static const unsigned char getrandom[12] = {0x80, 1, 0,    0,    0, 12,
                                            0,    0, 0x01, 0x7b, 0, 16};

static enum vtpmring_status
open_link(struct host *host, struct vtpmring_front_link *link, uint16_t domid)
{
    return vtpmring_front_link_open(link, fake_xen_port(host->xen, domid),
                                    &config);
}

static void send(struct vtpmring_front_link *link)
{
    assert_int_equal(
        vtpmring_front_link_send(link, getrandom, sizeof(getrandom)),
        VTPMRING_OK);
}

static enum vtpmring_status receive(struct vtpmring_front_link *link,
                                    int timeout_ms)
{
    unsigned char response[64];
    size_t length;

    return vtpmring_front_link_receive(link, response, sizeof(response),
                                       &length, timeout_ms);
}

/* A device and a frontend that work. */
static void use(struct host *host, uint16_t domid)
{
    struct vtpmring_front_link link;

    assert_int_equal(open_link(host, &link, domid), VTPMRING_OK);
    send(&link);
    assert_int_equal(receive(&link, 5000), VTPMRING_OK);
    vtpmring_front_link_close(&link);
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

static void wait_for(atomic_int *number, int value)
{
    for (int i = 0; i < 5000 && atomic_load(number) != value; i++)
        usleep(1000);
    assert_int_equal(atomic_load(number), value);
}

static void wait_until(atomic_int *number, int least)
{
    for (int i = 0; i < 5000 && atomic_load(number) < least; i++)
        usleep(1000);
    assert_true(atomic_load(number) >= least);
}

/* A guest is destroyed in the middle of a command that cannot be stopped: its
 * device ends all the same, the user is told, and there is room for the guest's
 * next life. */
static void test_guest_goes_in_mid_command(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    atomic_store(&host->busy, true);
    send(&link);
    wait_for(&host->executed, 1);
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    wait_for_node(host, BACK_STATE, "6");
    /* all events are over before the command is */
    usleep(50000);
    assert_true(atomic_load(&host->aborts) > 0);
    atomic_store(&host->busy, false);
    wait_for(&host->gone, 1);
    wait_for_node(host, BACK_STATE, "");
    vtpmring_front_link_close(&link);
    fake_xen_attach(host->xen, NEXT, BACK, OURS);
    use(host, NEXT);
    stop(host);
}

/* The same with a frontend that only closes: it is told of before the next
 * command, or without one. */
static void test_frontend_closes_in_mid_command(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    atomic_store(&host->busy, true);
    send(&link);
    wait_for(&host->executed, 1);
    vtpmring_front_link_close(&link);
    wait_for_node(host, BACK_STATE, "2");
    usleep(50000);
    atomic_store(&host->busy, false);
    wait_for(&host->gone, 1);
    use(host, FRONT);
    stop(host);
}

/* The next frontend connects and sends while the command of the one before
 * still runs: the answer to the old one is nobody's, the new one has its own.
 */
static void test_next_frontend_waits_for_the_orphan(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    atomic_store(&host->busy, true);
    send(&link);
    wait_for(&host->executed, 1);
    vtpmring_front_link_close(&link);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    send(&link);
    assert_int_equal(receive(&link, 50), VTPMRING_AGAIN);
    assert_int_equal(atomic_load(&host->executed), 1);
    atomic_store(&host->busy, false);
    assert_int_equal(receive(&link, 5000), VTPMRING_OK);
    assert_int_equal(atomic_load(&host->executed), 2);
    assert_int_equal(atomic_load(&host->gone), 1);
    vtpmring_front_link_close(&link);
    stop(host);
}

/* While the control thread is slow, a toolstack that does not wait takes the
 * device away and makes another. */
static void replace(struct host *host, const char *uuid)
{
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->held, true);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    wait_for(&host->connected, 1);
    vtpmring_front_link_close(&link);
    fake_xen_write(host->xen, BACK_DIRECTORY, NULL);
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    fake_xen_attach(host->xen, FRONT, BACK, uuid);
    atomic_store(&host->held, false);
}

static void test_replaced_device_is_served(void **state)
{
    struct host *host = *state;

    replace(host, OURS);
    wait_for_node(host, BACK_STATE, "2");
    use(host, FRONT);
    stop(host);
}

/* defect 12: the UUID decides, not the place of the device */
static void test_replaced_device_of_another_is_not(void **state)
{
    struct host *host = *state;

    replace(host, THEIRS);
    wait_for(&host->gone, 1);
    usleep(100000);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "1");
    stop(host);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "1");
}

/* The device of somebody else becomes ours while the control thread is busy
 * with a third: the events of both are there at once. */
static void test_device_of_another_becomes_ours(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, THEIRS);
    start(host);
    wait_for(&host->refused, 1);
    atomic_store(&host->held, true);
    fake_xen_attach(host->xen, NEXT, BACK, THEIRS);
    wait_for(&host->refused, 2);
    fake_xen_write(host->xen, BACK_DIRECTORY, NULL);
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->held, false);
    wait_for_node(host, BACK_STATE, "2");
    use(host, FRONT);
    stop(host);
}

/* A guest removes its state node and thinks better of it, too late: the device
 * has ended. The toolstack, which detaches it then, still gets its answer. */
static void test_detach_of_an_ended_device(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    fake_xen_write(host->xen, FRONT_STATE, NULL);
    wait_for_node(host, BACK_STATE, "6");
    fake_xen_write(host->xen, FRONT_STATE, "1");
    usleep(1700000);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "6");
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    fake_xen_write(host->xen, BACK_STATE, "5");
    wait_for_node(host, BACK_STATE, "6");
    wait_for_node(host, BACK_STATE, "");
    stop(host);
}

/* The port of a domain whose toolstack attaches the device anew at the very
 * moment in which the backend removes the nodes of the old one. */
static struct fake_xen *meddled;
static enum vtpmring_status (*plain_remove)(struct vtpmring_port *port,
                                            const char *path);
static atomic_int meddlings;

static enum vtpmring_status meddled_remove(struct vtpmring_port *port,
                                           const char *path)
{
    if (strcmp(path, "backend/vtpm/2/0") == 0 &&
        atomic_fetch_add(&meddlings, 1) == 0)
        fake_xen_attach(meddled, FRONT, BACK, OURS);
    return plain_remove(port, path);
}

/* A guest has spoiled its state. Only the toolstack can mend that, and it needs
 * our nodes to find the device. When the frontend's are gone, so are ours. */
static void test_nodes_stay_for_the_toolstack(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    use(host, FRONT);
    fake_xen_write(host->xen, FRONT_STATE, "junk");
    wait_for_node(host, BACK_STATE, "6");
    usleep(2000000);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "6");
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    wait_for_node(host, BACK_STATE, "");
    stop(host);
}

static void test_attached_anew_while_nodes_are_removed(void **state)
{
    struct host *host = *state;
    struct vtpmring_port *port = fake_xen_port(host->xen, BACK);
    struct vtpmring_port_ops ops = *port->ops;

    meddled = host->xen;
    atomic_store(&meddlings, 0);
    plain_remove = ops.store_remove;
    ops.store_remove = meddled_remove;
    port->ops = &ops;
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    wait_for_node(host, BACK_STATE, "6");
    wait_for(&meddlings, 1);
    wait_for_node(host, BACK_STATE, "2");
    use(host, FRONT);
    stop(host);
}

/* The nodes of a device that has gone may not be ours to remove. They stay, and
 * the set serves on. */
static enum vtpmring_status forbidden_remove(struct vtpmring_port *port,
                                             const char *path)
{
    (void)port;
    atomic_fetch_add(&meddlings, strcmp(path, "backend/vtpm/2/0") == 0);
    return VTPMRING_EPEER_GONE;
}

static void test_nodes_that_may_not_be_removed(void **state)
{
    struct host *host = *state;
    struct vtpmring_port *port = fake_xen_port(host->xen, BACK);
    struct vtpmring_port_ops ops = *port->ops;

    atomic_store(&meddlings, 0);
    ops.store_remove = forbidden_remove;
    port->ops = &ops;
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    wait_for_node(host, BACK_STATE, "6");
    wait_for(&meddlings, 1);
    fake_xen_attach(host->xen, NEXT, BACK, OURS);
    use(host, NEXT);
    stop(host);
}

/* The port of a backend whose frontend begins anew just before its nodes are
 * read, and is where it was before when they have been. */
static enum vtpmring_status (*plain_begin)(struct vtpmring_port *port);
static enum vtpmring_status (*plain_write)(struct vtpmring_port *port,
                                           const char *path, const char *value);

static enum vtpmring_status meddled_begin(struct vtpmring_port *port)
{
    /* the first transaction of an adoption writes the features */
    if (atomic_fetch_add(&meddlings, 1) == 1)
        fake_xen_write(meddled, FRONT_STATE, "3");
    return plain_begin(port);
}

static enum vtpmring_status watched_write(struct vtpmring_port *port,
                                          const char *path, const char *value)
{
    /* InitWait: it has let go of the page */
    if (strcmp(path, "backend/vtpm/2/0/state") == 0 && strcmp(value, "2") == 0)
        atomic_fetch_add(&meddlings, 100);
    return plain_write(port, path, value);
}

/* A state of the frontend's earlier life is not taken for that of the
 * connection just made: it would be let go of again, and the command that was
 * executed meanwhile a second time. */
static void test_state_of_an_earlier_life(void **state)
{
    struct host *host = *state;
    struct vtpmring_port *port = fake_xen_port(host->xen, BACK);
    struct vtpmring_port_ops ops = *port->ops;
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    wait_for(&host->connected, 1);
    stop(host);
    meddled = host->xen;
    atomic_store(&meddlings, 0);
    plain_begin = ops.store_begin;
    plain_write = ops.store_write;
    ops.store_begin = meddled_begin;
    ops.store_write = watched_write;
    port->ops = &ops;
    start(host);
    wait_for(&host->connected, 2);
    usleep(100000); /* the watch of the 3 has fired by then */
    assert_in_range(atomic_load(&meddlings), 2, 99);
    send(&link);
    assert_int_equal(receive(&link, 5000), VTPMRING_OK);
    fake_xen_write(host->xen, FRONT_STATE, "4");
    vtpmring_front_link_close(&link);
    stop(host);
}

/* The toolstack takes the device away and attaches it anew at the very moment
 * in which the backend writes its Closed: that is not for the new device. */
static enum vtpmring_status attaching_begin(struct vtpmring_port *port)
{
    if (atomic_fetch_add(&meddlings, -1) == 1)
        fake_xen_attach(meddled, FRONT, BACK, OURS);
    return plain_begin(port);
}

static void test_attached_anew_while_closed_is_written(void **state)
{
    struct host *host = *state;
    struct vtpmring_port *port = fake_xen_port(host->xen, BACK);
    struct vtpmring_port_ops ops = *port->ops;

    meddled = host->xen;
    atomic_store(&meddlings, 0);
    plain_begin = ops.store_begin;
    ops.store_begin = attaching_begin;
    port->ops = &ops;
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    atomic_store(&meddlings, 1);
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    for (int i = 0; i < 5000 && atomic_load(&meddlings) > 0; i++)
        usleep(1000);
    wait_for_node(host, BACK_STATE, "2");
    use(host, FRONT);
    stop(host);
}

/* In a domain with many vTPMs, the device is behind many others. */
static void test_found_behind_many_others(void **state)
{
    struct host *host = *state;
    char path[64];

    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(path, sizeof(path),
                       "/local/domain/1/backend/vtpm/%u/0/x", 10000 + i);
        fake_xen_write(host->xen, path, "");
    }
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    stop(host);
}

/* Who sleeps on the channel's descriptor between looks is not woken for ever by
 * the event of a response that was seen without it. */
static void test_a_look_takes_old_events(void **state)
{
    struct host *host = *state;
    struct vtpmring_port *port = fake_xen_port(host->xen, FRONT);
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    send(&link);
    assert_int_equal(port->ops->wait(port, VTPMRING_PORT_CHANNEL, 5000),
                     VTPMRING_PORT_CHANNEL);
    assert_int_equal(receive(&link, 5000), VTPMRING_OK);
    atomic_store(&host->busy, true);
    send(&link);
    assert_int_equal(receive(&link, 0), VTPMRING_AGAIN);
    assert_int_equal(port->ops->wait(port, VTPMRING_PORT_CHANNEL, 0), 0);
    atomic_store(&host->busy, false);
    assert_int_equal(port->ops->wait(port, VTPMRING_PORT_CHANNEL, 5000),
                     VTPMRING_PORT_CHANNEL);
    assert_int_equal(receive(&link, 0), VTPMRING_OK);
    vtpmring_front_link_close(&link);
    stop(host);
}

/* Abandoned, a link holds nothing (fake_xen_free() checks), and has written
 * nothing. */
static void test_abandoned_link(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    vtpmring_front_link_abandon(&link);
    assert_string_equal(fake_xen_read(host->xen, FRONT_STATE), "4");
    use(host, FRONT);
    stop(host);
}

static void test_nothing_is_written_before_it_may_be_announced(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->undecided, true);
    start(host);
    wait_for(&host->asked, 1);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "1");
    assert_string_equal(
        fake_xen_read(host->xen, BACK_DIRECTORY "/feature-protocol-v2"), "");
    atomic_store(&host->undecided, false);
    use(host, FRONT);
    assert_int_equal(atomic_load(&host->asked), 1);
    stop(host);
}

/* A user that never comes to serve: the toolstack must not believe in it. */
static void test_what_is_not_announced_stays_unsaid(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->secret, true);
    start(host);
    wait_until(&host->asked, 1);
    stop(host);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "1");
}

/* "Not now" is for one device: another is served meanwhile. */
static void test_a_question_is_repeated(void **state)
{
    struct host *host = *state;
    int asked;

    host->devices = 2;
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->secret, true);
    start(host);
    wait_until(&host->asked, 3);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "1");
    asked = atomic_load(&host->asked);
    for (int i = 0; i < 20; i++) {
        vtpmring_back_set_ask(host->set);
        usleep(1000);
    }
    assert_true(atomic_load(&host->asked) >= asked + 10);
    /* an idle set is not asked */
    atomic_store(&host->secret, false);
    wait_for_node(host, BACK_STATE, "2");
    asked = atomic_load(&host->asked);
    vtpmring_back_set_ask(host->set);
    use(host, FRONT);
    assert_int_equal(atomic_load(&host->asked), asked);
    stop(host);
}

/* A device that was not announced and is taken away is not announced then. */
static void test_detached_before_it_was_announced(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->secret, true);
    start(host);
    wait_until(&host->asked, 1);
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    wait_for_node(host, BACK_STATE, "6");
    assert_string_equal(
        fake_xen_read(host->xen, BACK_DIRECTORY "/feature-protocol-v2"), "");
    stop(host);
}

/* Closed waits for the user's word, and for no other device's. */
static void test_closed_is_held(void **state)
{
    struct host *host = *state;
    struct vtpmring_front_link link;

    host->devices = 2;
    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->waiting, true);
    start(host);
    assert_int_equal(open_link(host, &link, FRONT), VTPMRING_OK);
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    fake_xen_write(host->xen, BACK_STATE, "5");
    wait_until(&host->last_asked, 3);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "5");
    wait_for(&host->gone, 1);
    fake_xen_attach(host->xen, NEXT, BACK, OURS);
    use(host, NEXT);
    fake_xen_write(host->xen, BACK_DIRECTORY "/guest", "too long a word");
    usleep(60000);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "5");
    fake_xen_write(host->xen, BACK_DIRECTORY "/guest", "gone");
    wait_for_node(host, BACK_STATE, "6");
    wait_for_node(host, BACK_STATE, "");
    vtpmring_front_link_close(&link);
    stop(host);
}

/* A frontend that closes, and one that goes without the toolstack, do not wait.
 */
static void test_only_the_toolstack_waits(void **state)
{
    struct host *host = *state;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->waiting, true);
    start(host);
    use(host, FRONT);
    use(host, FRONT);
    fake_xen_write(host->xen, FRONT_DIRECTORY, NULL);
    wait_for_node(host, BACK_STATE, "6");
    assert_int_equal(atomic_load(&host->last_asked), 0);
    /* the toolstack comes after it */
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    fake_xen_write(host->xen, BACK_STATE, "5");
    wait_until(&host->last_asked, 2);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "5");
    atomic_store(&host->waiting, false);
    wait_for_node(host, BACK_STATE, "6");
    stop(host);
}

/* A held device is left as it is, and the next process holds it, too. */
static void test_stop_while_closed_is_held(void **state)
{
    struct host *host = *state;
    int asked;

    fake_xen_attach(host->xen, FRONT, BACK, OURS);
    atomic_store(&host->waiting, true);
    start(host);
    wait_for_node(host, BACK_STATE, "2");
    fake_xen_write(host->xen, BACK_DIRECTORY "/online", "0");
    fake_xen_write(host->xen, BACK_STATE, "5");
    wait_until(&host->last_asked, 1);
    stop(host);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "5");
    asked = atomic_load(&host->last_asked);
    start(host);
    wait_until(&host->last_asked, asked + 1);
    assert_string_equal(fake_xen_read(host->xen, BACK_STATE), "5");
    atomic_store(&host->waiting, false);
    wait_for_node(host, BACK_STATE, "6");
    stop(host);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_guest_goes_in_mid_command),
        TEST(test_frontend_closes_in_mid_command),
        TEST(test_next_frontend_waits_for_the_orphan),
        TEST(test_replaced_device_is_served),
        TEST(test_replaced_device_of_another_is_not),
        TEST(test_device_of_another_becomes_ours),
        TEST(test_detach_of_an_ended_device),
        TEST(test_nodes_stay_for_the_toolstack),
        TEST(test_attached_anew_while_nodes_are_removed),
        TEST(test_nodes_that_may_not_be_removed),
        TEST(test_state_of_an_earlier_life),
        TEST(test_attached_anew_while_closed_is_written),
        TEST(test_found_behind_many_others),
        TEST(test_a_look_takes_old_events),
        TEST(test_abandoned_link),
        TEST(test_nothing_is_written_before_it_may_be_announced),
        TEST(test_what_is_not_announced_stays_unsaid),
        TEST(test_a_question_is_repeated),
        TEST(test_detached_before_it_was_announced),
        TEST(test_closed_is_held),
        TEST(test_only_the_toolstack_waits),
        TEST(test_stop_while_closed_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
