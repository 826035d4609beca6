/* SPDX-License-Identifier: MIT */
/* Domains that misbehave: nobody but they themselves may notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire.h"
#include "rig.h"

struct message {
    struct simxen_request head;
    struct simxen_ref refs[SIMXEN_BATCH + 2];
};

struct answer {
    struct simxen_reply head;
    uint32_t values[SIMXEN_BATCH];
    int fds[SIMXEN_BATCH];
    unsigned fd_count;
};

static int dial(const char *domain)
{
    return rig_connect(domain, SIMXEN_HYPERVISOR, SOCK_SEQPACKET);
}

static void say(int fd, const struct message *message)
{
    size_t len =
        sizeof(message->head) + message->head.count * sizeof(message->refs[0]);

    assert_int_equal(send(fd, message, len, MSG_NOSIGNAL), len);
}

static int listen_to(int fd, struct answer *answer)
{
    union {
        char bytes[CMSG_SPACE(SIMXEN_BATCH * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = {{&answer->head, sizeof(answer->head)},
                           {answer->values, sizeof(answer->values)}};
    struct msghdr msg = {.msg_iov = iov,
                         .msg_iovlen = 2,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c;

    memset(answer, 0, sizeof(*answer));
    assert_true(recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) >=
                (ssize_t)sizeof(answer->head));
    c = CMSG_FIRSTHDR(&msg);
    if (c) {
        memcpy(answer->fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
        answer->fd_count =
            (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    }
    return answer->head.status;
}

static int hello(const char *domain, enum simxen_kind kind)
{
    struct message m = {
        {.op = SIMXEN_OP_HELLO, .port = SIMXEN_PROTOCOL, .flags = kind},
        {{0, 0}}};
    struct answer answer;
    int fd = dial(domain);

    say(fd, &m);
    assert_int_equal(listen_to(fd, &answer), 0);
    return fd;
}

static void close_all(struct answer *answer)
{
    while (answer->fd_count > 0)
        close(answer->fds[--answer->fd_count]);
}

/* Two well-behaved domains go on working. */
static void others_work(void)
{
    struct agent one = agent_start("one");
    struct agent two = agent_start("two");
    char *ids = rig_output("$S domid one; $S domid two");
    char *next = ids;
    long one_id = strtol(next, &next, 10);
    long two_id = strtol(next, &next, 10);
    long port = agent_ask(&one, "unbound %ld", two_id);
    long bound = agent_ask(&two, "inter %ld %ld", one_id, port);

    assert_int_equal(agent_ask(&two, "take 5000"), bound);
    assert_int_equal(agent_ask(&one, "share %ld 1 1", two_id), 0);
    free(ids);
    agent_stop(&one);
    agent_stop(&two);
}

static void malformed_messages_end_the_connection(void **state)
{
    static const struct {
        size_t len;
        struct simxen_request head;
    } cases[] = {
        {1, {.op = SIMXEN_OP_HELLO}},
        {sizeof(struct simxen_request) - 1, {.op = SIMXEN_OP_HELLO}},
        {sizeof(struct simxen_request) + 1, {.op = SIMXEN_OP_HELLO}},
        {sizeof(struct simxen_request), {.op = 0}},
        {sizeof(struct simxen_request), {.op = SIMXEN_OP_LAST + 1}},
        {sizeof(struct simxen_request), {.op = UINT32_MAX}},
        {sizeof(struct simxen_request), {.op = SIMXEN_OP_BYE}},
        {sizeof(struct simxen_request), {.op = SIMXEN_OP_UNBOUND}},
        {sizeof(struct simxen_request), {.op = SIMXEN_OP_MAP, .count = 1}},
        {sizeof(struct simxen_request),
         {.op = SIMXEN_OP_MAP, .count = UINT32_MAX}},
        {sizeof(struct simxen_request),
         {.op = SIMXEN_OP_MAP, .count = 0x20000000}},
        {sizeof(struct message),
         {.op = SIMXEN_OP_MAP, .count = SIMXEN_BATCH + 2}},
        {4000, {.op = SIMXEN_OP_HELLO}},
    };

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char bytes[4096] = {0};
        int fd = dial("bad");

        memcpy(bytes, &cases[i].head, sizeof(cases[i].head));
        assert_int_equal(send(fd, bytes, cases[i].len, MSG_NOSIGNAL),
                         cases[i].len);
        assert_true(rig_hung_up(fd));
        close(fd);
    }
    others_work();
}

static void a_handle_only_does_its_own_kind(void **state)
{
    const struct message m = {{.op = SIMXEN_OP_UNBOUND}, {{0, 0}}};
    int fd;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    fd = hello("bad", SIMXEN_GNTTAB);
    say(fd, &m);
    assert_true(rig_hung_up(fd));
    close(fd);
    assert_int_equal(rig_ports("bad"), 0);
}

static void descriptors_are_refused(void **state)
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct simxen_request head = {
        .op = SIMXEN_OP_HELLO, .port = SIMXEN_PROTOCOL, .flags = SIMXEN_EVTCHN};
    struct iovec iov = {&head, sizeof(head)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    char *before;
    char *after;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    before = rig_output("ls /proc/$(cat %s/pid)/fd | wc -l", rig_dir);
    for (int i = 0; i < 20; i++) {
        int fd = dial("bad");
        int sent[3] = {fd, 0, 1};
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(sent));
        memcpy(CMSG_DATA(c), sent, sizeof(sent));
        assert_int_equal(sendmsg(fd, &msg, 0), sizeof(head));
        assert_true(rig_hung_up(fd));
        close(fd);
    }
    after = rig_output("ls /proc/$(cat %s/pid)/fd | wc -l", rig_dir);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void unread_replies_end_the_connection(void **state)
{
    const struct message m = {{.op = SIMXEN_OP_SHARE,
                               .pages = 32,
                               .notify_offset = SIMXEN_NONE,
                               .notify_port = SIMXEN_NONE},
                              {{0, 0}}};
    struct pollfd hang_up = {.events = 0};
    int fd;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    fd = hello("bad", SIMXEN_GNTSHR);
    hang_up.fd = fd;
    /* nothing is read, however long the daemon takes to have enough */
    for (int i = 0; i < 5000 && hang_up.revents == 0; i++) {
        if (send(fd, &m, sizeof(m.head), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
            errno != EAGAIN)
            break;
        (void)poll(&hang_up, 1, 1);
    }
    assert_true(rig_hung_up(fd));
    close(fd);
    assert_int_equal(rig_grants("bad"), 0);
    others_work();
}

/* @return whether a new connection is served. */
static bool served(const char *domain, int *fd)
{
    const struct simxen_request m = {
        .op = SIMXEN_OP_HELLO, .port = SIMXEN_PROTOCOL, .flags = SIMXEN_EVTCHN};
    struct simxen_reply reply;

    *fd = dial(domain);
    (void)send(*fd, &m, sizeof(m), MSG_NOSIGNAL);
    return recv(*fd, &reply, sizeof(reply), 0) == sizeof(reply);
}

static void connections_have_a_quota(void **state)
{
    int fds[SIMXEN_MAX_HANDLES + 1];
    struct rlimit before;
    unsigned n = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(
        setrlimit(RLIMIT_NOFILE,
                  &(struct rlimit){SIMXEN_MAX_HANDLES + 64, before.rlim_max}),
        0);
    assert_int_equal(rig_shell("$S create bad"), 0);
    while (served("bad", &fds[n]))
        assert_true(++n <= SIMXEN_MAX_HANDLES);
    assert_true(n > 50);
    others_work();
    for (unsigned i = 0; i <= n; i++)
        close(fds[i]);
    close(hello("bad", SIMXEN_EVTCHN));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Ask for more and more. @return how often it was granted. */
static unsigned exhaust(int fd, const struct message *m, int *error)
{
    struct answer answer;
    unsigned granted = 0;

    for (;;) {
        say(fd, m);
        *error = listen_to(fd, &answer);
        close_all(&answer);
        if (*error < 0)
            return granted;
        granted++;
        assert_true(granted <= SIMXEN_MAX_PORTS);
    }
}

static void ports_have_a_quota(void **state)
{
    const struct message m = {{.op = SIMXEN_OP_UNBOUND}, {{0, 0}}};
    unsigned granted;
    int error;
    int fd;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    fd = hello("bad", SIMXEN_EVTCHN);
    granted = exhaust(fd, &m, &error);
    assert_int_equal(error, -ENOSPC);
    assert_int_equal(rig_ports("bad"), granted);
    others_work();
    close(fd);
    assert_int_equal(rig_shell("$S list >/dev/null"), 0);
    assert_int_equal(rig_ports("bad"), 0);
    close(hello("bad", SIMXEN_EVTCHN));
}

static void grants_have_a_quota(void **state)
{
    const struct message m = {{.op = SIMXEN_OP_SHARE,
                               .pages = 32,
                               .notify_offset = SIMXEN_NONE,
                               .notify_port = SIMXEN_NONE},
                              {{0, 0}}};
    unsigned granted;
    int error;
    int fd;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    fd = hello("bad", SIMXEN_GNTSHR);
    granted = exhaust(fd, &m, &error);
    assert_int_equal(error, -ENOSPC);
    assert_int_equal(rig_grants("bad"), granted * 32);
    others_work();
    close(fd);
}

static void mappings_have_a_quota(void **state)
{
    struct message m = {{.op = SIMXEN_OP_SHARE,
                         .domid = 0,
                         .pages = 1,
                         .flags = SIMXEN_WRITABLE,
                         .notify_offset = SIMXEN_NONE,
                         .notify_port = SIMXEN_NONE},
                        {{0, 0}}};
    struct answer answer;
    unsigned granted;
    int error;
    int share = hello("Domain-0", SIMXEN_GNTSHR);
    int map = hello("Domain-0", SIMXEN_GNTTAB);

    (void)state;
    say(share, &m);
    assert_int_equal(listen_to(share, &answer), 0);
    close_all(&answer);
    m.head.op = SIMXEN_OP_MAP;
    m.head.count = SIMXEN_BATCH;
    for (unsigned i = 0; i < SIMXEN_BATCH; i++)
        m.refs[i].ref = answer.values[0];
    granted = exhaust(map, &m, &error);
    assert_int_equal(error, -ENOSPC);
    assert_int_equal(granted * SIMXEN_BATCH, SIMXEN_MAX_MAPPED);
    close(map);
    close(share);
    others_work();
}

/* A peer that has its end of a channel in its own hands. */
struct raw_port {
    int connection;
    int receive;
    int send;
    struct simxen_channel_page *page;
    unsigned end;
};

static struct raw_port raw_bind(const char *domain, uint32_t remote,
                                long remote_port)
{
    const struct message m = {{.op = SIMXEN_OP_INTERDOMAIN,
                               .domid = remote,
                               .port = (uint32_t)remote_port},
                              {{0, 0}}};
    struct raw_port raw = {.connection = hello(domain, SIMXEN_EVTCHN)};
    struct answer answer;

    say(raw.connection, &m);
    assert_int_equal(listen_to(raw.connection, &answer), 0);
    assert_int_equal(answer.fd_count, SIMXEN_PORT_FDS);
    raw.receive = answer.fds[0];
    raw.send = answer.fds[1];
    raw.end = answer.values[0];
    raw.page = mmap(NULL, SIMXEN_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                    answer.fds[2], 0);
    assert_true(raw.page != MAP_FAILED);
    assert_int_equal(ftruncate(answer.fds[2], 0), -1); /* no SIGBUS */
    assert_int_equal(errno, EPERM);
    close(answer.fds[2]);
    return raw;
}

static void raw_close(struct raw_port *raw)
{
    (void)munmap(raw->page, SIMXEN_PAGE_SIZE);
    close(raw->receive);
    close(raw->send);
    close(raw->connection);
}

/* Fill a pipe, blocking or not. */
static void fill(int fd)
{
    while (write(fd, "x", 1) == 1)
        ;
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
}

static void a_full_channel_harms_only_itself(void **state)
{
    struct agent front = agent_start("front");
    struct agent good = agent_start("good");
    long bad_port;
    long good_port;
    long bound;
    struct raw_port raw;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    bad_port = agent_ask(&front, "unbound 3");
    good_port = agent_ask(&front, "unbound 2");
    raw = raw_bind("bad", 1, bad_port);
    /* Both directions full, and every flag within reach turned. */
    fill(raw.send);
    fill(raw.receive);
    atomic_store(&raw.page->end[raw.end].state, 0);
    (void)agent_ask(&front, "notify %ld", bad_port); /* does not block */
    atomic_store(&raw.page->end[!raw.end].state, UINT32_MAX);
    bound = agent_ask(&good, "inter 1 %ld", good_port);
    (void)agent_ask(&good, "notify %ld", bound);
    assert_int_equal(agent_ask(&front, "take 5000"), good_port);
    raw_close(&raw);
    agent_stop(&front);
    agent_stop(&good);
}

static void a_wake_up_without_event_does_not_hang(void **state)
{
    struct agent front = agent_start("front");
    struct raw_port raw;
    long port;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    port = agent_ask(&front, "unbound 2");
    raw = raw_bind("bad", 1, port);
    /* Readable, but nothing pending: who has polled gets an answer. */
    assert_int_equal(write(raw.send, "x", 1), 1);
    assert_int_equal(agent_refused(&front, "take 5000"), EAGAIN);
    /* And a proper event after that arrives. */
    assert_int_equal(
        atomic_fetch_or(&raw.page->end[!raw.end].state, SIMXEN_PENDING), 0);
    assert_int_equal(write(raw.send, "x", 1), 1);
    assert_int_equal(agent_ask(&front, "take 5000"), port);
    /* Masked: more wake-ups that are none. */
    assert_int_equal(write(raw.send, "x", 1), 1);
    assert_int_equal(agent_refused(&front, "take 5000"), EAGAIN);
    assert_int_equal(agent_ask(&front, "take 50"), 0);
    raw_close(&raw);
    agent_stop(&front);
}

static void the_pipe_does_not_fill_up(void **state)
{
    enum { EVENTS = 2500 };
    struct agent front = agent_start("front");
    struct raw_port raw;
    int unread = EVENTS;
    long port;

    (void)state;
    assert_int_equal(rig_shell("$S create good"), 0);
    port = agent_ask(&front, "unbound 2");
    raw = raw_bind("good", 1, port);
    for (int i = 0; i < EVENTS; i++) {
        assert_int_equal(
            atomic_fetch_or(&raw.page->end[!raw.end].state, SIMXEN_PENDING), 0);
        assert_int_equal(write(raw.send, "x", 1), 1);
        assert_int_equal(agent_ask(&front, "take 5000"), port);
        (void)agent_ask(&front, "unmask %ld", port);
    }
    assert_int_equal(ioctl(raw.send, FIONREAD, &unread), 0);
    assert_in_range(unread, 0, EVENTS / 2);
    raw_close(&raw);
    agent_stop(&front);
}

static void the_sending_end_cannot_be_read(void **state)
{
    struct agent front = agent_start("front");
    struct raw_port raw;
    char byte;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    raw = raw_bind("bad", 1, agent_ask(&front, "unbound 2"));
    assert_int_equal(read(raw.send, &byte, 1), -1);
    assert_int_equal(errno, EBADF);
    raw_close(&raw);
    agent_stop(&front);
}

static void floods_leave_time_for_others(void **state)
{
    enum { FLOODERS = 8 };
    struct message m = {{.op = SIMXEN_OP_UNBIND, .port = 1}, {{0, 0}}};
    int fds[FLOODERS];
    pid_t pid;

    (void)state;
    assert_int_equal(rig_shell("$S create bad"), 0);
    for (int i = 0; i < FLOODERS; i++)
        fds[i] = hello("bad", SIMXEN_EVTCHN);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct answer answer;

        (void)alarm(30);
        for (unsigned i = 0;; i = (i + 1) % FLOODERS) {
            if (send(fds[i], &m, sizeof(m.head), MSG_NOSIGNAL) < 0)
                _exit(0);
            (void)recv(fds[i], &answer, sizeof(answer), 0);
        }
    }
    others_work();
    assert_int_equal(rig_shell("kill %d", (int)pid), 0);
    for (int i = 0; i < FLOODERS; i++)
        close(fds[i]);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(malformed_messages_end_the_connection),
        RIGGED(a_handle_only_does_its_own_kind),
        RIGGED(descriptors_are_refused),
        RIGGED(unread_replies_end_the_connection),
        RIGGED(connections_have_a_quota),
        RIGGED(ports_have_a_quota),
        RIGGED(grants_have_a_quota),
        RIGGED(mappings_have_a_quota),
        RIGGED(a_full_channel_harms_only_itself),
        RIGGED(a_wake_up_without_event_does_not_hang),
        RIGGED(the_pipe_does_not_fill_up),
        RIGGED(the_sending_end_cannot_be_read),
        RIGGED(floods_leave_time_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
