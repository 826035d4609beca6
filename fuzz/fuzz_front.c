/* SPDX-License-Identifier: MIT */
/* Two frontends side by side. The backend of one is hostile: its strings, its
 * states, and every byte of the page at every read. The backend of the other is
 * honest, and answers as if it were alone. Every command ends exactly once. */
#include "front_rig.h"
#include "fuzz.h"

#include <string.h>

static struct front_rig rig, neighbour;
static struct vtpmring_front neighbour_was; /* after its own last call */
static uint32_t commands;

/* ---- the honest side ---- */

static void neighbour_hears(enum vtpmring_xenbus_state state)
{
    front_rig_call(&neighbour);
    vtpmring_front_on_peer_state(&neighbour.front, state);
    front_rig_check(&neighbour);
}

static void neighbour_begin(void)
{
    commands = 0;
    front_rig_begin(&neighbour, 0, VTPMRING_XENBUS_INITIALISING);
    neighbour.honest = true;
    neighbour_hears(VTPMRING_XENBUS_INIT_WAIT);
    for (int i = 0; i < 3; i++)
        (void)front_rig_act(&neighbour, VTPMRING_OK);
    neighbour_hears(VTPMRING_XENBUS_CONNECTED);
    for (int i = 0; i < 2; i++)
        (void)front_rig_act(&neighbour, VTPMRING_OK);
    fuzz_check(vtpmring_front_is_ready(&neighbour.front), "not connected");
    memcpy(&neighbour_was, &neighbour.front, sizeof(neighbour_was));
}

/* The backend answers with three times the bytes of the command. */
static void neighbour_is_answered(void)
{
    unsigned char *page = neighbour.first.at;
    uint32_t length;

    memcpy(&length, page, sizeof(length));
    length *= 3;
    memcpy(page, &length, sizeof(length));
    fuzz_packet(page + 8, length, 0x8001, commands);
    page[VTPMRING_PAGE_STATE_OFFSET] = VTPMRING_PAGE_FINISH;
    front_rig_call(&neighbour);
    vtpmring_front_on_event(&neighbour.front);
    fuzz_check(vtpmring_front_next(&neighbour.front) == VTPMRING_FRONT_DELIVER,
               "a neighbour's answer is not delivered");
    front_rig_check(&neighbour);
}

static void neighbour_step(void)
{
    size_t length = 10 + commands % 200;

    fuzz_check(
        memcmp(&neighbour_was, &neighbour.front, sizeof(neighbour_was)) == 0,
        "a hostile backend reaches its neighbour");
    switch (vtpmring_front_next(&neighbour.front)) {
    case VTPMRING_FRONT_NOTIFY:
        (void)front_rig_act(&neighbour, VTPMRING_OK);
        neighbour_is_answered();
        break;
    case VTPMRING_FRONT_DELIVER:
        front_rig_take(&neighbour, FRONT_RIG_PACKET);
        fuzz_check(neighbour.copied == 3 * length,
                   "a neighbour's answer is changed");
        commands++;
        break;
    default:
        front_rig_submit(&neighbour, length, length, 0);
        fuzz_check(neighbour.open, "a neighbour's command is refused");
        break;
    }
    memcpy(&neighbour_was, &neighbour.front, sizeof(neighbour_was));
}

/* ---- the hostile side ---- */

static enum vtpmring_status failure(void)
{
    static const enum vtpmring_status failures[] = {
        VTPMRING_EPORT, VTPMRING_AGAIN, VTPMRING_ENOMEM,
        VTPMRING_EPEER_FEATURE};

    return failures[fuzz_pick(4)];
}

static void begin(void)
{
    unsigned extra = fuzz_pick(FRONT_RIG_EXTRA + 1);

    front_rig_kill(&rig);
    front_rig_begin(
        &rig, extra,
        (enum vtpmring_xenbus_state)fuzz_pick(VTPMRING_XENBUS_STATE_COUNT));
}

static void drop(void)
{
    bool dropped = rig.front.command == VTPMRING_FRONT_COMMAND_ENDED;

    vtpmring_front_drop(&rig.front);
    rig.open = rig.open && !dropped;
    front_rig_check(&rig);
}

static void act(enum vtpmring_status status)
{
    enum vtpmring_front_action action = vtpmring_front_next(&rig.front);

    front_rig_call(&rig);
    /* where there is nothing to be done, saying it is harmless */
    if (action == VTPMRING_FRONT_END || action == VTPMRING_FRONT_DELIVER)
        (void)front_rig_act(&rig, status);
    if (action == VTPMRING_FRONT_END) {
        fuzz_check(rig.first.at == NULL, "pages are left shared");
        fuzz_check(vtpmring_front_reopen(&rig.front) == VTPMRING_OK,
                   "an ended frontend does not begin anew");
        front_rig_check(&rig);
    } else if (action == VTPMRING_FRONT_DELIVER && status != VTPMRING_OK) {
        drop();
    } else if (action == VTPMRING_FRONT_DELIVER) {
        front_rig_take(&rig, FRONT_RIG_PACKET);
    } else {
        (void)front_rig_act(&rig, status);
    }
}

static void submit(void)
{
    size_t length = fuzz_length(), size;

    if (length > FRONT_RIG_PACKET)
        length = FRONT_RIG_PACKET;
    size = fuzz_pick(8) == 7 ? length + 1 : length;
    front_rig_submit(&rig, length, size, fuzz_u8());
}

static void cancel(void)
{
    bool open = rig.open;
    enum vtpmring_status status;

    front_rig_call(&rig);
    status = vtpmring_front_cancel(&rig.front);
    fuzz_check(status == (open ? VTPMRING_OK : VTPMRING_ESTATE),
               "a cancel is judged wrongly");
    front_rig_check(&rig);
}

static void fail(void)
{
    bool drain = rig.front.phase == VTPMRING_FRONT_PHASE_DRAIN;

    front_rig_call(&rig);
    rig.given_up = rig.given_up || drain;
    vtpmring_front_fail(&rig.front, failure());
    front_rig_check(&rig);
}

/* A machine that refuses a call must not have changed. */
static void out_of_order(void)
{
    struct vtpmring_front *f = &rig.front, before;
    enum vtpmring_front_action next = vtpmring_front_next(f);
    enum vtpmring_front_action other =
        (enum vtpmring_front_action)fuzz_pick(16);
    unsigned char nothing;
    struct vtpmring_page page = {&nothing, NULL, 0};

    memcpy(&before, f, sizeof(before));
    front_rig_call(&rig);
    if (other != next)
        fuzz_check(vtpmring_front_done(f, other, failure()) == VTPMRING_ESTATE,
                   "an action nobody asked for");
    if (next != VTPMRING_FRONT_SHARE) {
        fuzz_check(vtpmring_front_set_page(f, &page, NULL) == VTPMRING_ESTATE,
                   "a page nobody asked for");
    } else {
        page.extra_count = fuzz_pick(4);
        page.extra = fuzz_pick(2) != 0 ? &nothing : NULL;
        if (page.extra_count >= f->own_extra && page.extra != NULL &&
            f->own_extra == 0)
            page.first = NULL;
        fuzz_check(vtpmring_front_set_page(
                       f,
                       f->own_extra == 0 ? &(struct vtpmring_page){0} : &page,
                       NULL) == VTPMRING_EINVAL,
                   "too few pages are taken");
    }
    if (next != VTPMRING_FRONT_CHECK_PEER)
        fuzz_check(vtpmring_front_set_features(f, "1", 1, NULL, 0) ==
                       VTPMRING_ESTATE,
                   "features nobody asked for");
    if (next != VTPMRING_FRONT_END)
        fuzz_check(vtpmring_front_reopen(f) == VTPMRING_ESTATE,
                   "a frontend begins anew that has not ended");
    fuzz_check(memcmp(&before, f, sizeof(before)) == 0,
               "a refused call changes something");
}

/* A caller that says it has shared, and has not. */
static void forgetful(void)
{
    if (vtpmring_front_next(&rig.front) != VTPMRING_FRONT_SHARE)
        return;
    front_rig_call(&rig);
    (void)vtpmring_front_done(&rig.front, VTPMRING_FRONT_SHARE, VTPMRING_OK);
    front_rig_check(&rig);
}

static void peer_state(unsigned state)
{
    front_rig_call(&rig);
    vtpmring_front_on_peer_state(&rig.front, (enum vtpmring_xenbus_state)state);
    front_rig_check(&rig);
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
        front_rig_call(&rig);
        vtpmring_front_on_event(&rig.front);
        front_rig_check(&rig);
        break;
    case 6:
    case 7:
        peer_state(fuzz_pick(9));
        break;
    case 8:
    case 9:
        submit();
        break;
    case 10:
        cancel();
        break;
    case 11:
        front_rig_take(&rig, fuzz_pick(64));
        break;
    case 12:
        if (fuzz_pick(2) != 0) {
            fail();
        } else {
            front_rig_call(&rig);
            vtpmring_front_close(&rig.front);
            front_rig_check(&rig);
        }
        break;
    case 13:
        out_of_order();
        break;
    case 14:
        forgetful();
        break;
    default:
        switch (fuzz_pick(4)) {
        case 3:
            begin();
            break;
        case 2:
            drop();
            break;
        default:
            neighbour_step();
            break;
        }
        break;
    }
    fuzz_forget();
}

/* Whatever happened: a frontend that closes ends, once its backend is gone. */
static void go_away(void)
{
    front_rig_call(&rig);
    vtpmring_front_close(&rig.front);
    front_rig_check(&rig);
    for (int patience = 0;; patience++) {
        enum vtpmring_front_action action = vtpmring_front_next(&rig.front);

        fuzz_check(patience < 64, "a frontend does not end");
        if (action == VTPMRING_FRONT_END)
            break;
        if (action == VTPMRING_FRONT_WAIT)
            peer_state(VTPMRING_XENBUS_CLOSED);
        else
            act(VTPMRING_OK);
    }
    fuzz_check(rig.first.at == NULL && rig.extra.at == NULL && !rig.open,
               "something is left behind");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vtpmring_front refused;

    fuzz_input(data, size);
    begin();
    neighbour_begin();
    fuzz_check(vtpmring_front_init(&refused, 256, VTPMRING_XENBUS_UNKNOWN) ==
                   VTPMRING_EINVAL,
               "too many extra pages");
    for (int i = 0; i < 300 && fuzz_left() > 0; i++)
        step();
    go_away();
    for (int i = 0; i < 4; i++)
        neighbour_step();
    fuzz_forget();
    front_rig_kill(&neighbour);
    fuzz_shared_end();
    return 0;
}
