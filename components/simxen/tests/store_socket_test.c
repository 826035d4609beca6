/* SPDX-License-Identifier: MIT */
/*
 * The store behind real sockets, used by the libxenstore and the xenstore
 * commands of the distribution, unmodified.
 */
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include <xen/io/xs_wire.h>
#include <xenstore.h>

enum { GUEST = 5 };

/* One listening socket for Domain-0 and one for the guest. */
static struct server {
    struct simxen_store *s;
    pthread_t thread;
    int epoll;
    int stop;
    int listener[2];
    char dir[32];
    char path[2][64];
} server;

/* epoll data: NULL is stop, a listener, or a connection. */
static void update(void *ctx, struct simxen_store_conn *c, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    int fd = simxen_store_fd(c);

    (void)ctx;
    if (epoll_ctl(server.epoll, EPOLL_CTL_MOD, fd, &ev) != 0)
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        struct epoll_event ev;

        if (epoll_wait(server.epoll, &ev, 1, -1) != 1)
            continue;
        if (!ev.data.ptr)
            return NULL;
        if (ev.data.ptr == &server.listener[0] ||
            ev.data.ptr == &server.listener[1]) {
            int fd = accept4(*(int *)ev.data.ptr, NULL, NULL,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);

            if (fd >= 0)
                simxen_store_connect(server.s, fd,
                                     ev.data.ptr == &server.listener[0] ? 0
                                                                        : GUEST,
                                     update, NULL);
        } else if (simxen_store_io(ev.data.ptr, ev.events) != 0) {
            epoll_ctl(server.epoll, EPOLL_CTL_DEL, simxen_store_fd(ev.data.ptr),
                      NULL);
            simxen_store_disconnect(ev.data.ptr);
        }
    }
}

static void listen_at(int i)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct epoll_event ev = {.events = EPOLLIN,
                             .data.ptr = &server.listener[i]};

    (void)snprintf(server.path[i], sizeof(server.path[i]), "%s/%d", server.dir,
                   i);
    strcpy(addr.sun_path, server.path[i]);
    server.listener[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(server.listener[i], (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(server.listener[i], 16), 0);
    assert_int_equal(
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener[i], &ev), 0);
}

static int start(void **state)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};

    (void)state;
    strcpy(server.dir, "/tmp/simxen-store.XXXXXX");
    assert_non_null(mkdtemp(server.dir));
    server.s = simxen_store_new();
    assert_non_null(server.s);
    assert_int_equal(simxen_store_introduce(server.s, 0, "Domain-0"), 0);
    assert_int_equal(simxen_store_introduce(server.s, GUEST, "five"), 0);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.stop, &ev),
                     0);
    listen_at(0);
    listen_at(1);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
    return setenv("XENSTORED_PATH", server.path[0], 1);
}

static int stop(void **state)
{
    uint64_t one = 1;

    (void)state;
    assert_int_equal(write(server.stop, &one, sizeof(one)), sizeof(one));
    pthread_join(server.thread, NULL);
    simxen_store_free(server.s);
    close(server.epoll);
    close(server.stop);
    for (int i = 0; i < 2; i++) {
        close(server.listener[i]);
        unlink(server.path[i]);
    }
    return rmdir(server.dir);
}

/* Run a command; its output goes to out. @return its exit status. */
static int run(int as, const char *command, char *out, size_t size)
{
    char line[512];
    size_t used = 0;
    FILE *p;

    (void)snprintf(line, sizeof(line), "XENSTORED_PATH=%s timeout 20 %s 2>&1",
                   server.path[as], command);
    p = popen(line, "re");
    assert_non_null(p);
    while (used < size - 1 && !feof(p))
        used += fread(out + used, 1, size - 1 - used, p);
    out[used] = '\0';
    return pclose(p);
}

/* Domain-0 is 0, the guest is 1: server.path. */
static void commands(void **state)
{
    static const struct {
        int as;
        const char *command;
        int ok;
        const char *output;
    } row[] = {
        {0, "xenstore-write /a/b hello /a/c 'two words'", 1, ""},
        {0, "xenstore-read /a/b", 1, "hello\n"},
        {0, "xenstore-read /a/b /a/c", 1, "hello\ntwo words\n"},
        {0, "xenstore-list /a", 1, "b\nc\n"},
        {0, "xenstore-exists /a/b", 1, ""},
        {0, "xenstore-exists /a/x", 0, ""},
        {0, "xenstore-chmod /a/b n0 r5", 1, ""},
        {0, "xenstore-ls -p /a", 1,
         "b = \"hello\"  . . . . . . . . . . . . . . . . . . . . . . . .  "
         "(n0,r5)\n"
         "c = \"two words\"  . . . . . . . . . . . . . . . . . . . . . .  "
         "(n0)\n"},
        {1, "xenstore-read /a/b", 1, "hello\n"},
        {1, "xenstore-read /a/c", 0, NULL},
        {1, "xenstore-write /a/b evil", 0, NULL},
        {1, "xenstore-read domid", 1, "5\n"},
        {1, "xenstore-write data/x mine", 1, ""},
        {1, "xenstore-ls -f data", 1, "data/x = \"mine\"\n"},
        {1, "xenstore-ls /local/domain/0", 0, NULL},
        {0, "xenstore-read /local/domain/5/data/x", 1, "mine\n"},
        {0, "xenstore-rm /a", 1, ""},
        {0, "xenstore-read /a/b", 0, NULL},
        {0, "xenstore-ls /local/domain/0", 1, NULL},
    };
    char out[8192];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int rc = run(row[i].as, row[i].command, out, sizeof(out));

        if ((rc == 0) != row[i].ok)
            fail_msg("%s: status %d: %s", row[i].command, rc, out);
        if (row[i].output && strcmp(out, row[i].output) != 0)
            fail_msg("%s: \"%s\"", row[i].command, out);
    }
}

/* xenstore-watch prints the first event, then the change. */
static void watch_command(void **state)
{
    char out[256];

    (void)state;
    assert_int_equal(
        run(0,
            "sh -c 'xenstore-watch -n 2 /w/x | while read line; do "
            "echo $line; xenstore-write /w/x/y 1; done'",
            out, sizeof(out)),
        0);
    assert_string_equal(out, "/w/x\n/w/x/y\n");
}

static struct xs_handle *open_as(int as)
{
    struct xs_handle *h;

    assert_int_equal(setenv("XENSTORED_PATH", server.path[as], 1), 0);
    h = xs_open(0);
    assert_non_null(h);
    return h;
}

static bool wait_event(struct xs_handle *h, const char *path, const char *token)
{
    for (int i = 0; i < 100; i++) {
        struct pollfd p = {.fd = xs_fileno(h), .events = POLLIN};
        unsigned int num;
        bool match;
        char **v;

        if (poll(&p, 1, 10000) != 1)
            return false;
        v = xs_read_watch(h, &num);
        if (!v)
            return false;
        match = strcmp(v[XS_WATCH_PATH], path) == 0 &&
                strcmp(v[XS_WATCH_TOKEN], token) == 0;
        free(v);
        if (match)
            return true;
    }
    return false;
}

/* What a frontend, a backend and a toolstack do to each other. */
static void library(void **state)
{
    struct xs_handle *dom0 = open_as(0);
    struct xs_handle *guest = open_as(1);
    const char *fe = "/local/domain/5/device/vtpm/0";
    struct xs_permissions perms[2] = {{.id = GUEST, .perms = XS_PERM_NONE},
                                      {.id = 0, .perms = XS_PERM_READ}};
    xs_transaction_t t, t2;
    unsigned int len;
    char *value;

    (void)state;
    assert_true(xs_mkdir(dom0, XBT_NULL, fe));
    assert_true(xs_set_permissions(dom0, XBT_NULL, fe, perms, 2));
    assert_true(xs_watch(dom0, fe, "fe"));
    assert_true(wait_event(dom0, fe, "fe"));
    t = xs_transaction_start(guest);
    assert_int_not_equal(t, XBT_NULL);
    assert_true(xs_write(guest, t, "device/vtpm/0/ring-ref", "8", 1));
    assert_true(xs_write(guest, t, "device/vtpm/0/event-channel", "9", 1));
    assert_true(xs_transaction_end(guest, t, false));
    assert_true(
        wait_event(dom0, "/local/domain/5/device/vtpm/0/ring-ref", "fe"));
    value =
        xs_read(dom0, XBT_NULL, "/local/domain/5/device/vtpm/0/ring-ref", &len);
    assert_non_null(value);
    assert_string_equal(value, "8");
    free(value);
    /* A conflict. */
    t = xs_transaction_start(guest);
    t2 = xs_transaction_start(dom0);
    value = xs_read(dom0, t2, "/local/domain/5/device/vtpm/0/ring-ref", &len);
    free(value);
    assert_true(xs_write(dom0, t2, "/seen", "8", 1));
    assert_true(xs_rm(guest, t, "device/vtpm/0/ring-ref"));
    assert_true(xs_transaction_end(guest, t, false));
    assert_false(xs_transaction_end(dom0, t2, false));
    assert_int_equal(errno, EAGAIN);
    /* Errors arrive as errno. */
    assert_null(xs_read(guest, XBT_NULL, "/local/domain/0/name", &len));
    assert_int_equal(errno, EACCES);
    assert_null(xs_read(dom0, XBT_NULL, "/none", &len));
    assert_int_equal(errno, ENOENT);
    assert_false(xs_write(guest, XBT_NULL, "/a//b", "", 0));
    assert_int_equal(errno, EINVAL);
    value = xs_control_command(dom0, "check", NULL, 0);
    assert_string_equal(value, "OK");
    free(value);
    assert_true(xs_is_domain_introduced(dom0, GUEST));
    assert_false(xs_is_domain_introduced(dom0, 6));
    value = xs_get_domain_path(guest, GUEST);
    assert_string_equal(value, "/local/domain/5");
    free(value);
    assert_true(xs_unwatch(dom0, fe, "fe"));
    xs_close(guest);
    xs_close(dom0);
}

/* More children than fit one message: DIRECTORY_PART inside the library. */
static void many_children(void **state)
{
    struct xs_handle *h = open_as(0);
    unsigned int num = 0;
    char path[64];
    char **v;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(path, sizeof(path), "/many/child-%04d", i);
        assert_true(xs_write(h, XBT_NULL, path, "", 0));
    }
    v = xs_directory(h, XBT_NULL, "/many", &num);
    assert_non_null(v);
    assert_int_equal(num, 2000);
    for (unsigned int i = 0; i < num; i++) {
        (void)snprintf(path, sizeof(path), "child-%04u", i);
        assert_string_equal(v[i], path);
    }
    free(v);
    xs_close(h);
}

static int raw_connect(int as)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(addr.sun_path, server.path[as]);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

/*
 * A client that floods and does not read is held back, loses nothing, and
 * does not keep others from being served. The replies are much longer than
 * the requests.
 */
static void back_pressure(void **state)
{
    enum { VALUE = 1900 };
    static uint8_t in[sizeof(struct xsd_sockmsg) + VALUE];
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = sizeof("data/big")};
    uint8_t msg[sizeof(hdr) + sizeof("data/big")];
    struct timeval patience = {.tv_usec = 200000};
    int fd = raw_connect(1);
    uint32_t sent = 0;
    size_t part = 0;
    struct xs_handle *h = open_as(0);
    unsigned int len;
    char *value;

    (void)state;
    memset(in, 'v', VALUE);
    assert_true(xs_write(h, XBT_NULL, "/local/domain/5/data/big", in, VALUE));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (sent < 1000000 && part == 0) {
        ssize_t n;

        hdr.req_id = sent;
        memcpy(msg, &hdr, sizeof(hdr));
        memcpy(msg + sizeof(hdr), "data/big", sizeof("data/big"));
        n = send(fd, msg, sizeof(msg), MSG_NOSIGNAL);
        if (n < 0)
            break;
        if (n == (ssize_t)sizeof(msg))
            sent++;
        else
            part = (size_t)n;
    }
    assert_in_range(sent, 100, 999999);
    value = xs_read(h, XBT_NULL, "domid", &len);
    assert_string_equal(value, "0");
    free(value);
    xs_close(h);
    for (uint32_t i = 0; i < sent; i++) {
        assert_int_equal(recv(fd, in, sizeof(in), MSG_WAITALL), sizeof(in));
        memcpy(&hdr, in, sizeof(hdr));
        assert_int_equal(hdr.req_id, i);
        assert_int_equal(in[sizeof(in) - 1], 'v');
    }
    close(fd);
}

/* Broken framing closes that connection; a half request hurts nobody. */
static void broken_clients(void **state)
{
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 5000};
    int fd = raw_connect(1);
    int half = raw_connect(1);
    char byte;
    char out[64];

    (void)state;
    assert_int_equal(send(fd, &hdr, sizeof(hdr), MSG_NOSIGNAL), sizeof(hdr));
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    hdr.len = 100;
    assert_int_equal(send(half, &hdr, sizeof(hdr), MSG_NOSIGNAL), sizeof(hdr));
    assert_int_equal(run(1, "xenstore-read domid", out, sizeof(out)), 0);
    close(half);
    assert_int_equal(run(0, "xenstore-read domid", out, sizeof(out)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands),      cmocka_unit_test(watch_command),
        cmocka_unit_test(library),       cmocka_unit_test(many_children),
        cmocka_unit_test(back_pressure), cmocka_unit_test(broken_clients),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
