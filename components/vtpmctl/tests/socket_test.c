/* SPDX-License-Identifier: MIT */
/* The local socket: a frame there and one back, and managers that hang up, are
 * silent, or send what is no frame. */
#include "client.h"

#include "bytes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static int listener;
static const uint8_t *answer;
static size_t answer_len;
static struct vtpm_error err;

static int begin(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/vtpmctl-test-%ld", (long)getpid());
    memcpy(address.sun_path, path, strlen(path));
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return listener < 0 ||
           bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
           listen(listener, 1) != 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(listener);
    return unlink(path);
}

/* Takes one client, reads a packet, and sends what it is to send. */
static void *serve(void *unused)
{
    uint8_t frame[VTPMMGR_FRAME_MAX];
    int fd = accept(listener, NULL, NULL);

    (void)unused;
    if (recv(fd, frame, sizeof frame, 0) > 0 && answer_len > 0)
        (void)send(fd, answer, answer_len, MSG_NOSIGNAL);
    /* silent: until the client gives up */
    if (answer_len == 0 && answer)
        (void)recv(fd, frame, sizeof frame, 0);
    (void)close(fd);
    return NULL;
}

static enum ctl_code ask_once(const uint8_t *bytes, size_t len,
                              uint8_t response[VTPMMGR_FRAME_MAX],
                              size_t *response_len)
{
    static const uint8_t request[] = {1, 0xc2, 0, 0, 0, 10, 2, 0, 1, 1};
    struct ctl_transport *transport;
    enum ctl_code code;
    pthread_t thread;

    answer = bytes;
    answer_len = len;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    assert_int_equal(ctl_socket_open(&transport, path, 300, &err), CTL_OK);
    code = transport->exchange(transport, request, sizeof request, response,
                               response_len, &err);
    transport->close(transport);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return code;
}

static void frames_go_there_and_back(void **state)
{
    static uint8_t bytes[VTPMMGR_FRAME_MAX];
    uint8_t response[VTPMMGR_FRAME_MAX];
    size_t len = 0;

    (void)state;
    memset(bytes, 0x5a, sizeof bytes);
    assert_int_equal(ask_once(bytes, 14, response, &len), CTL_OK);
    assert_int_equal(len, 14);
    assert_memory_equal(response, bytes, 14);
    assert_int_equal(ask_once(bytes, sizeof bytes, response, &len), CTL_OK);
    assert_int_equal(len, sizeof bytes);
}

static void who_hangs_up_is_said(void **state)
{
    uint8_t response[VTPMMGR_FRAME_MAX];
    size_t len;

    (void)state;
    assert_int_equal(ask_once(NULL, 0, response, &len), CTL_AWAY);
    assert_non_null(strstr(err.text, "hung up"));
}

static void who_is_silent_is_not_waited_for(void **state)
{
    static const uint8_t nothing;
    uint8_t response[VTPMMGR_FRAME_MAX];
    size_t len;

    (void)state;
    assert_int_equal(ask_once(&nothing, 0, response, &len), CTL_AWAY);
    assert_non_null(strstr(err.text, "--timeout"));
}

static void what_is_too_long_is_no_frame(void **state)
{
    static const uint8_t bytes[VTPMMGR_FRAME_MAX + 1];
    uint8_t response[VTPMMGR_FRAME_MAX];
    size_t len;

    (void)state;
    assert_int_equal(ask_once(bytes, sizeof bytes, response, &len), CTL_AWAY);
    assert_non_null(strstr(err.text, "nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_go_there_and_back),
        cmocka_unit_test(who_hangs_up_is_said),
        cmocka_unit_test(who_is_silent_is_not_waited_for),
        cmocka_unit_test(what_is_too_long_is_no_frame),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
