/* SPDX-License-Identifier: MIT */
/*
 * Both machines and a page between them, nothing else: a command of 12 bytes
 * and its response, over and over. core_instructions.py counts what
 * bench_round_trip() executes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <vtpmring/back.h>
#include <vtpmring/front.h>

enum { TRIPS = 1000 };

static const unsigned char command[12] = {0x80, 1, 0, 0,    0, 12,
                                          0,    0, 1, 0x7b, 0, 16};
static const unsigned char response[12] = {0x80, 1, 0, 0, 0, 12,
                                           0,    0, 0, 0, 0, 0};
static _Alignas(4096) unsigned char memory[VTPMRING_PAGE_SIZE];
static unsigned char buffer[VTPMRING_PAGE_SIZE];
static struct vtpmring_front front;
static struct vtpmring_back back;

static void front_step(void)
{
    const struct vtpmring_page page = {.first = memory};
    const enum vtpmring_front_action action = vtpmring_front_next(&front);
    enum vtpmring_status status = VTPMRING_OK;

    switch (action) {
    case VTPMRING_FRONT_WAIT:
        return;
    case VTPMRING_FRONT_SHARE:
        status = vtpmring_front_set_page(&front, &page, NULL);
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        status = vtpmring_front_set_features(&front, "1", 1, NULL, 0);
        break;
    case VTPMRING_FRONT_PUBLISH:
    case VTPMRING_FRONT_SET_STATE:
        vtpmring_back_on_peer_state(&back, vtpmring_front_state(&front));
        break;
    default:
        break;
    }
    (void)vtpmring_front_done(&front, action, status);
}

static void back_step(void)
{
    const enum vtpmring_back_action action = vtpmring_back_next(&back);
    enum vtpmring_status status = VTPMRING_OK;

    switch (action) {
    case VTPMRING_BACK_WAIT:
        return;
    case VTPMRING_BACK_READ_PEER:
        status = vtpmring_back_set_peer(&back, "8", 1, "1", 1, "1", 1);
        break;
    case VTPMRING_BACK_MAP:
        status = vtpmring_back_set_page(&back, memory);
        break;
    case VTPMRING_BACK_SET_STATE:
        vtpmring_front_on_peer_state(&front, vtpmring_back_state(&back));
        break;
    default:
        break;
    }
    (void)vtpmring_back_done(&back, action, status);
}

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench_core: unexpected: %s\n", what);
    exit(1);
}

static void connect_both(void)
{
    const struct vtpmring_back_config config = {
        .family = VTPMRING_TPM_20,
        .buffer = buffer,
        .buffer_size = sizeof(buffer),
    };

    expect(vtpmring_front_init(&front, 0, VTPMRING_XENBUS_INITIALISING) ==
               VTPMRING_OK,
           "front_init");
    expect(vtpmring_back_init(&back, &config, VTPMRING_XENBUS_INITIALISING,
                              VTPMRING_XENBUS_INITIALISING) == VTPMRING_OK,
           "back_init");
    for (int i = 0; i < 100; i++) {
        front_step();
        back_step();
    }
    expect(vtpmring_front_is_ready(&front), "not connected");
}

/* As the link does it: asks for the next action before each. */
__attribute__((noinline)) void bench_round_trip(void);
void bench_round_trip(void)
{
    unsigned char got[64];
    size_t length;

    (void)vtpmring_front_submit(&front, command, sizeof(command), 0);
    if (vtpmring_front_next(&front) == VTPMRING_FRONT_NOTIFY)
        (void)vtpmring_front_done(&front, VTPMRING_FRONT_NOTIFY, VTPMRING_OK);
    vtpmring_back_on_event(&back);
    if (vtpmring_back_next(&back) == VTPMRING_BACK_EXECUTE)
        (void)vtpmring_back_done(&back, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    (void)vtpmring_back_reply(&back, response, sizeof(response));
    if (vtpmring_back_next(&back) == VTPMRING_BACK_NOTIFY)
        (void)vtpmring_back_done(&back, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    vtpmring_front_on_event(&front);
    expect(vtpmring_front_next(&front) == VTPMRING_FRONT_DELIVER,
           "no response");
    expect(vtpmring_front_take(&front, got, sizeof(got), &length) ==
                   VTPMRING_OK &&
               length == sizeof(response),
           "a wrong response");
}

int main(void)
{
    connect_both();
    for (int i = 0; i < TRIPS; i++)
        bench_round_trip();
    printf("trips %d\n", TRIPS);
    return 0;
}
