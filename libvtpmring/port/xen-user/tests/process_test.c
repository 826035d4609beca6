/* SPDX-License-Identifier: MIT */
/* The two domains as two processes, as they are in life. */
#include "domains.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 2000, PATIENCE_MS = 5000 };

extern char **environ;

/* What the other process is told. */
struct invitation {
    uint16_t peer;
    uint32_t ref;
    uint32_t channel;
};

static void await_event(struct domain *domain, uint32_t expected)
{
    uint32_t channel = 0;

    do
        assert_int_equal(
            domain->ops->wait(domain->port, VTPMRING_PORT_CHANNEL, PATIENCE_MS),
            VTPMRING_PORT_CHANNEL);
    while (domain->ops->channel_next(domain->port, &channel) == VTPMRING_AGAIN);
    assert_int_equal(channel, expected);
}

/* The backend's process: answers each number with the number plus one. */
static int serve(const struct invitation *invitation)
{
    struct vtpmring_port *port;
    _Atomic uint32_t *number;
    uint32_t channel, taken;
    void *page;
    uint32_t last = 0;

    (void)alarm(20);
    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_BACK, NULL, NULL,
                                    "backend", &port) != VTPMRING_OK ||
        port->ops->map(port, invitation->peer, &invitation->ref, 1, &page) !=
            VTPMRING_OK ||
        port->ops->channel_bind(port, invitation->peer, invitation->channel,
                                &channel) != VTPMRING_OK)
        return 2;
    number = page;
    while (last < 2 * ROUNDS) {
        if (port->ops->wait(port, VTPMRING_PORT_CHANNEL, PATIENCE_MS) == 0)
            return 3;
        while (port->ops->channel_next(port, &taken) == VTPMRING_OK)
            ;
        if (*number == last)
            continue; /* the event of binding */
        last = *number + 1;
        *number = last;
        if (port->ops->channel_notify(port, channel) != VTPMRING_OK)
            return 4;
    }
    port->ops->unmap(port, page, 1);
    port->ops->channel_close(port, channel);
    vtpmring_port_xen_user_close(port);
    return 0;
}

static pid_t start_backend(const struct invitation *invitation)
{
    char peer[16], ref[16], channel[16];
    char self[] = "/proc/self/exe";
    char *arguments[] = {self, peer, ref, channel, NULL};
    pid_t pid;

    (void)snprintf(peer, sizeof(peer), "%u", (unsigned)invitation->peer);
    (void)snprintf(ref, sizeof(ref), "%u", invitation->ref);
    (void)snprintf(channel, sizeof(channel), "%u", invitation->channel);
    enter_domain("back");
    assert_int_equal(posix_spawn(&pid, self, NULL, NULL, arguments, environ),
                     0);
    return pid;
}

static void two_processes_talk(void **state)
{
    struct domain front, back;
    struct invitation invitation;
    _Atomic uint32_t *number;
    void *page;
    pid_t pid;
    int result;

    (void)state;
    must_end_within_s(30);
    open_domain(&back, "back", 0);
    close_domain(&back);
    open_domain(&front, "front", VTPMRING_PORT_XEN_USER_FRONT);
    invitation.peer = front.domid;
    assert_int_equal(
        front.ops->share(front.port, back.domid, 1, &page, &invitation.ref),
        VTPMRING_OK);
    assert_int_equal(
        front.ops->channel_open(front.port, back.domid, &invitation.channel),
        VTPMRING_OK);
    pid = start_backend(&invitation);
    number = page;
    for (uint32_t i = 1; i <= 2 * ROUNDS; i += 2) {
        *number = i;
        assert_int_equal(
            front.ops->channel_notify(front.port, invitation.channel),
            VTPMRING_OK);
        await_event(&front, invitation.channel);
        assert_int_equal(*number, i + 1);
    }
    assert_int_equal(waitpid(pid, &result, 0), pid);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    front.ops->unshare(front.port, page, 1);
    close_domain(&front);
}

/* A peer that dies takes nothing of ours with it. */
static void a_killed_peer_leaves_us_whole(void **state)
{
    struct domain front, back;
    struct invitation invitation;
    volatile unsigned char *page;
    pid_t pid;
    int result;

    (void)state;
    must_end_within_s(30);
    open_domain(&back, "back", 0);
    close_domain(&back);
    open_domain(&front, "front", VTPMRING_PORT_XEN_USER_FRONT);
    invitation.peer = front.domid;
    assert_int_equal(front.ops->share(front.port, back.domid, 1, (void **)&page,
                                      &invitation.ref),
                     VTPMRING_OK);
    assert_int_equal(
        front.ops->channel_open(front.port, back.domid, &invitation.channel),
        VTPMRING_OK);
    pid = start_backend(&invitation);
    *(volatile uint32_t *)page = 1;
    assert_int_equal(front.ops->channel_notify(front.port, invitation.channel),
                     VTPMRING_OK);
    await_event(&front, invitation.channel);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &result, 0), pid);
    (void)front.ops->channel_notify(front.port, invitation.channel);
    assert_int_equal(*(volatile uint32_t *)page, 2);
    front.ops->channel_close(front.port, invitation.channel);
    front.ops->unshare(front.port, (void *)page, 1);
    close_domain(&front);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_talk),
        cmocka_unit_test(a_killed_peer_leaves_us_whole),
    };
    struct invitation invitation;

    if (argc == 4) {
        invitation.peer = (uint16_t)strtoul(argv[1], NULL, 10);
        invitation.ref = (uint32_t)strtoul(argv[2], NULL, 10);
        invitation.channel = (uint32_t)strtoul(argv[3], NULL, 10);
        return serve(&invitation);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
