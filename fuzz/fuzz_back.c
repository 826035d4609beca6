/* SPDX-License-Identifier: MIT */
/* Two backends side by side. The frontend of one is hostile: its strings, its
 * states, and every byte of its page at every read. The frontend of the other
 * is honest, and its commands must be answered as if it were alone. */
#include "back_rig.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER = 13000, ANSWER = 2 * 4096, COMMAND = 200 };

static struct back_rig hostile, neighbour;
static struct vtpmring_back neighbour_was; /* after its own last call */
static unsigned char command[COMMAND], answer[ANSWER];
static uint32_t commands;

/* ---- the honest side ---- */

static void neighbour_begin(void)
{
    static const char ref[] = "9", port[] = "3", v2[] = "1";
    struct vtpmring_back *b = &neighbour.back;

    back_rig_make(&neighbour, VTPMRING_TPM_20, 0, 4096);
    back_rig_begin(&neighbour, VTPMRING_XENBUS_INITIALISING,
                   VTPMRING_XENBUS_INITIALISED, false);
    (void)back_rig_act(&neighbour, VTPMRING_OK, true);
    (void)back_rig_act(&neighbour, VTPMRING_OK, true);
    back_rig_call(&neighbour);
    fuzz_check(
        vtpmring_back_set_peer(b, ref, 1, port, 1, v2, 1) == VTPMRING_OK &&
            vtpmring_back_done(b, VTPMRING_BACK_READ_PEER, VTPMRING_OK) ==
                VTPMRING_OK,
        "an honest frontend is refused");
    (void)back_rig_act(&neighbour, VTPMRING_OK, true);
    (void)back_rig_act(&neighbour, VTPMRING_OK, true);
    fuzz_check(b->phase == VTPMRING_BACK_PHASE_OPEN, "not connected");
}

static void neighbour_submits(void)
{
    unsigned char *page = neighbour.first.at;
    uint32_t length = 10 + commands % (COMMAND - 10);

    commands++;
    fuzz_packet(command, length, 0x8001, commands);
    memcpy(page, &length, sizeof(length));
    memcpy(page + 8, command, length);
    page[VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_SUBMIT;
    back_rig_call(&neighbour);
    vtpmring_back_on_event(&neighbour.back);
    back_rig_check(&neighbour);
}

static void neighbour_replies(void)
{
    size_t length = fuzz_be32(command + 2);

    fuzz_check(neighbour.back.length == length &&
                   memcmp(neighbour.buffer, command, length) == 0,
               "a neighbour's command is changed");
    fuzz_packet(answer, 3 * length, 0x8001, commands);
    fuzz_check(back_rig_reply(&neighbour, answer, 3 * length) == VTPMRING_OK,
               "a neighbour's answer is refused");
    fuzz_check(neighbour.first.at[4] == VTPMRING_PAGE_FINISH &&
                   memcmp(neighbour.first.at + 8, answer, 3 * length) == 0,
               "a neighbour's answer is changed");
}

static void neighbour_step(void)
{
    enum vtpmring_back_action action;

    fuzz_check(memcmp(&neighbour_was, &neighbour.back, sizeof(neighbour_was)) ==
                   0,
               "a hostile frontend reaches its neighbour");
    action = vtpmring_back_next(&neighbour.back);
    if (neighbour.running)
        neighbour_replies();
    else if (action == VTPMRING_BACK_WAIT)
        neighbour_submits();
    else
        (void)back_rig_act(&neighbour, VTPMRING_OK, true);
    memcpy(&neighbour_was, &neighbour.back, sizeof(neighbour_was));
}

/* ---- the hostile side ---- */

static enum vtpmring_status failure(void)
{
    static const enum vtpmring_status failures[] = {
        VTPMRING_EPORT, VTPMRING_AGAIN, VTPMRING_ENOMEM, VTPMRING_EPEER_STRING};

    return failures[fuzz_pick(4)];
}

static void reply(void)
{
    static unsigned char response[BUFFER];
    size_t capacity = vtpmring_page_capacity(hostile.back.head.nr_extra);
    size_t length = fuzz_length(), size;
    enum vtpmring_status status;

    if (length > sizeof(response))
        length = sizeof(response);
    size = fuzz_pick(8) == 7 ? length + 1 : length;
    if (length >= 10)
        fuzz_packet(response, size < 10 ? 10 : length, 0x8001, 0);
    response[5] = (unsigned char)size;
    status = back_rig_reply(&hostile, response, length);
    if (status == VTPMRING_OK)
        fuzz_check(length >= 10 && length <= capacity,
                   "an impossible response is taken");
}

/* A machine that refuses a call must not have changed. */
static void out_of_order(void)
{
    struct vtpmring_back *b = &hostile.back, before;
    enum vtpmring_back_action next = vtpmring_back_next(b);
    enum vtpmring_back_action other = (enum vtpmring_back_action)fuzz_pick(16);
    enum vtpmring_status status = VTPMRING_ESTATE;
    unsigned char nothing;

    memcpy(&before, b, sizeof(before));
    back_rig_call(&hostile);
    if (other != next)
        status = vtpmring_back_done(b, other, failure());
    fuzz_check(status == VTPMRING_ESTATE, "an action nobody asked for");
    if (next != VTPMRING_BACK_MAP)
        fuzz_check(vtpmring_back_set_page(b, &nothing) == VTPMRING_ESTATE,
                   "a page nobody asked for");
    else
        fuzz_check(vtpmring_back_set_page(b, NULL) == VTPMRING_EINVAL,
                   "no page is taken for one");
    if (next != VTPMRING_BACK_MAP_EXTRA)
        fuzz_check(vtpmring_back_set_extra(b, &nothing) == VTPMRING_ESTATE,
                   "extra pages nobody asked for");
    else
        fuzz_check(vtpmring_back_set_extra(b, NULL) == VTPMRING_EINVAL,
                   "no extra pages are taken for some");
    if (next != VTPMRING_BACK_READ_PEER)
        fuzz_check(vtpmring_back_set_peer(b, "1", 1, "1", 1, "1", 1) ==
                       VTPMRING_ESTATE,
                   "a peer nobody asked for");
    fuzz_check(memcmp(&before, b, sizeof(before)) == 0,
               "a refused call changes something");
}

/* A caller that says it has mapped, and has not. */
static void forgetful(void)
{
    enum vtpmring_back_action action = vtpmring_back_next(&hostile.back);

    if (action != VTPMRING_BACK_MAP && action != VTPMRING_BACK_MAP_EXTRA)
        return;
    back_rig_call(&hostile);
    fuzz_shared_unmap(&hostile.extra);
    (void)vtpmring_back_done(&hostile.back, action, VTPMRING_OK);
    back_rig_check(&hostile);
}

static void event(void)
{
    unsigned answers = hostile.answers;
    uint8_t was = hostile.back.command;

    back_rig_call(&hostile);
    vtpmring_back_on_event(&hostile.back);
    if (was == VTPMRING_BACK_COMMAND_RUNNING)
        fuzz_check(hostile.answers == answers,
                   "a running command is answered behind its executor");
    back_rig_check(&hostile);
}

static void begin(void)
{
    unsigned own = fuzz_pick(VTPMRING_XENBUS_STATE_COUNT);
    unsigned peer = fuzz_pick(VTPMRING_XENBUS_STATE_COUNT);

    back_rig_kill(&hostile);
    back_rig_begin(&hostile, (enum vtpmring_xenbus_state)own,
                   (enum vtpmring_xenbus_state)peer, fuzz_pick(2) != 0);
}

static void act(enum vtpmring_status status)
{
    if (back_rig_act(&hostile, status, false) == VTPMRING_BACK_END)
        begin();
}

static void step(void)
{
    switch (fuzz_pick(16)) {
    case 0:
    case 1:
    case 2:
        act(VTPMRING_OK);
        break;
    case 3:
        act(failure());
        break;
    case 4:
    case 5:
        event();
        break;
    case 6:
    case 7:
        back_rig_call(&hostile);
        vtpmring_back_on_peer_state(&hostile.back,
                                    (enum vtpmring_xenbus_state)fuzz_pick(9));
        back_rig_check(&hostile);
        break;
    case 8:
        reply();
        break;
    case 9:
        (void)back_rig_reply(&hostile, NULL, 0);
        break;
    case 10:
        back_rig_call(&hostile);
        (void)vtpmring_back_has_work(&hostile.back);
        break;
    case 11:
        back_rig_call(&hostile);
        vtpmring_back_close(&hostile.back);
        back_rig_check(&hostile);
        break;
    case 12:
        out_of_order();
        break;
    case 13:
        neighbour_step();
        break;
    case 14:
        forgetful();
        break;
    default:
        begin();
        break;
    }
    fuzz_forget();
}

/* Whatever happened: the device that is taken away goes. */
static void go_away(void)
{
    back_rig_call(&hostile);
    vtpmring_back_close(&hostile.back);
    for (int patience = 0;; patience++) {
        enum vtpmring_back_action action = vtpmring_back_next(&hostile.back);

        fuzz_check(patience < 64, "a backend does not end");
        if (action == VTPMRING_BACK_END)
            break;
        if (action == VTPMRING_BACK_WAIT) {
            fuzz_check(hostile.running, "a backend is stuck");
            (void)back_rig_reply(&hostile, NULL, 0);
        } else {
            act(VTPMRING_OK);
        }
    }
    fuzz_check(hostile.first.at == NULL && hostile.extra.at == NULL,
               "pages are left mapped");
}

static void refused_configurations(void)
{
    struct vtpmring_back_config bad = hostile.back.config;
    struct vtpmring_back back;
    unsigned peer = 0;

    switch (fuzz_pick(8)) {
    case 0:
        bad.buffer = NULL;
        break;
    case 1:
        bad.buffer_size = 9;
        break;
    case 2:
        bad.max_extra = 256;
        break;
    case 3:
        bad.max_extra = 1;
        bad.refs = NULL;
        break;
    case 4:
        bad.family = (enum vtpmring_tpm_family)13;
        break;
    case 5:
        peer = 7;
        break;
    default:
        return;
    }
    fuzz_check(vtpmring_back_init(&back, &bad, VTPMRING_XENBUS_INITIALISING,
                                  (enum vtpmring_xenbus_state)peer) ==
                   VTPMRING_EINVAL,
               "a wrong configuration is taken");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned extra[] = {0, 1, 2, 3, 255};
    static const size_t sizes[] = {10, 100, 4096, BUFFER};
    uint8_t how;

    fuzz_input(data, size);
    commands = 0;
    how = fuzz_u8();
    back_rig_make(&hostile, how & 1 ? VTPMRING_TPM_12 : VTPMRING_TPM_20,
                  extra[how / 2 % 5], sizes[how / 64]);
    refused_configurations();
    begin();
    neighbour_begin();
    memcpy(&neighbour_was, &neighbour.back, sizeof(neighbour_was));
    for (int i = 0; i < 300 && fuzz_left() > 0; i++)
        step();
    go_away();
    neighbour_step();
    neighbour_step();
    fuzz_forget();
    back_rig_free(&hostile);
    back_rig_free(&neighbour);
    fuzz_shared_end();
    return 0;
}
