/* SPDX-License-Identifier: MIT */
/* The part of the Linux frontend that needs no kernel, with a hostile backend:
 * every byte of the page at every read, its strings and states, events at any
 * time and without end, silence. Every command ends once, and in time. */
#include "fuzz.h"
#include "session.h"
#include "shared.h"

#include <errno.h>
#include <string.h>

enum { LIMIT_US = 1000000, CANCEL_US = 500000, BURST = 16 };

static struct session session;
static struct fuzz_shared first, extra;
static uint32_t ref;
static uint64_t now;
static uint64_t sent_at;  /* of the command that has a receiver */
static bool waiting;      /* it has one */
static bool writing;      /* inside of send or cancel */
static unsigned attempts; /* pages shared */
static unsigned storm;    /* events without a reason, in a row */

void fuzz_on_read(const struct fuzz_shared *s, size_t offset,
                  const unsigned char *value, size_t length)
{
    (void)s;
    (void)offset;
    (void)value;
    (void)length;
}

void fuzz_on_write(const struct fuzz_shared *s, size_t offset,
                   const unsigned char *value, size_t length)
{
    (void)s;
    (void)offset;
    (void)value;
    (void)length;
    fuzz_check(writing, "the page is written for no command");
}

static void fresh(void)
{
    fuzz_shared_run(&session);
    fuzz_shared_fresh(&first);
    fuzz_shared_fresh(&extra);
}

static void check(void)
{
    const struct vtpmring_front *f = &session.machine;
    bool running = session.command == SESSION_RUNNING ||
                   session.command == SESSION_ABANDONED;

    fuzz_check(vtpmring_front_next(f) == VTPMRING_FRONT_DELIVER ||
                   running == (f->command != VTPMRING_FRONT_COMMAND_NONE),
               "the machine has another command");
    fuzz_check(waiting == (session.command == SESSION_RUNNING ||
                           session.command == SESSION_ENDED),
               "a command ends without its receiver");
    fuzz_check(session.length <= sizeof(session.response),
               "a response beyond its room");
    fuzz_check(!running || session_deadline(&session) != SESSION_NEVER,
               "a command without a deadline");
    /* quick ones after a lasting one, each after a longer pause */
    fuzz_check(attempts <= 14 * (2 + now / SESSION_LASTING_US),
               "it connects without a pause");
    fuzz_check(session.connected ==
                   (f->phase == VTPMRING_FRONT_PHASE_CONNECTED),
               "a connection goes unseen");
}

static void tick(void)
{
    fresh();
    writing = true;
    session_tick(&session, now);
    writing = false;
    fuzz_check(!waiting || session.command == SESSION_ENDED ||
                   session_deadline(&session) > now,
               "a deadline does nothing");
    check();
}

static enum vtpmring_status share(void)
{
    struct vtpmring_page page = {0};

    fuzz_check(first.at == NULL, "shared twice");
    attempts++;
    fuzz_shared_map(&first, 1, &session, false);
    fuzz_shared_map(&extra, 1, &session, false);
    extra.extra = true;
    page.first = first.at;
    page.extra = extra.at;
    page.extra_count = 1;
    return vtpmring_front_set_page(&session.machine, &page, &ref);
}

static void unshare(void)
{
    fuzz_check(session.command != SESSION_RUNNING &&
                   session.command != SESSION_ABANDONED,
               "pages are taken back under a command");
    fuzz_shared_unmap(&first);
    fuzz_shared_unmap(&extra);
}

static enum vtpmring_status features(void)
{
    size_t v2_length, extra_length;
    const char *v2 = fuzz_text(&v2_length), *text = fuzz_text(&extra_length);

    if (fuzz_pick(2) == 0)
        v2 = "1", v2_length = 1;
    return vtpmring_front_set_features(&session.machine, v2, v2_length, text,
                                       extra_length);
}

static void reopen(void)
{
    bool due = now >= session.again_after;

    session_peer(
        &session,
        (enum vtpmring_xenbus_state)fuzz_pick(VTPMRING_XENBUS_STATE_COUNT),
        now);
    fuzz_check(session_reopen(&session, now) == due || session.closing,
               "it does not begin anew in time");
}

/* One action, with success or without. */
static void act(enum vtpmring_status status)
{
    enum vtpmring_front_action action;

    fresh();
    action = session_next(&session);
    fuzz_check(action != VTPMRING_FRONT_DELIVER, "an end is left to others");
    if (action == VTPMRING_FRONT_END) {
        fuzz_check(first.at == NULL, "pages are left shared");
        reopen();
    } else if (action != VTPMRING_FRONT_WAIT) {
        if (action == VTPMRING_FRONT_SHARE && status == VTPMRING_OK)
            status = share();
        if (action == VTPMRING_FRONT_CHECK_PEER && status == VTPMRING_OK)
            status = features();
        if (action == VTPMRING_FRONT_UNSHARE)
            unshare();
        session_done(&session, action, status, now);
    }
    check();
}

static void send(void)
{
    unsigned char command[VTPMRING_TPM_COMMAND_MAX + 8] = {0};
    size_t length = fuzz_length();
    bool busy = session.command != SESSION_NONE;
    int rc;

    if (length > sizeof(command))
        length = sizeof(command);
    if (length >= VTPMRING_TPM_HEADER_SIZE)
        fuzz_packet(command, length, 0x8001, 0x17b);
    fresh();
    writing = true;
    rc = session_send(&session, command, length, now, LIMIT_US, CANCEL_US);
    writing = false;
    fuzz_check((rc == -EBUSY) == busy, "two commands at once");
    if (rc == 0) {
        waiting = true;
        sent_at = now;
    }
    check();
}

static void receive(void)
{
    unsigned char response[VTPMRING_TPM_COMMAND_MAX];
    int rc = session_receive(&session, response, sizeof(response));

    fuzz_check((rc == -EAGAIN) == (session.command != SESSION_NONE || !waiting),
               "an end of nothing");
    if (rc == -EAGAIN)
        return;
    waiting = false;
    fuzz_check(rc == -EIO || rc == -ETIME || rc == -ECANCELED ||
                   (rc >= (int)VTPMRING_TPM_HEADER_SIZE &&
                    fuzz_be32(response + 2) == (uint32_t)rc),
               "neither an error nor a response");
    check();
}

static void event(void)
{
    bool owed;

    fresh();
    owed = session_event(&session, now);
    storm = owed ? 0 : storm + 1;
    check();
}

/* The receiver does not move while its command runs out of time. */
static void silence(void)
{
    if (!waiting)
        return;
    if (now < sent_at + LIMIT_US)
        now = sent_at + LIMIT_US;
    tick();
    now += CANCEL_US;
    tick();
    fuzz_check(session.command == SESSION_ENDED, "a command does not end");
    receive();
}

static void abandon(void)
{
    fresh();
    writing = true;
    session_abandon(&session, now);
    writing = false;
    waiting = false;
    check();
}

static void cancel(void)
{
    fresh();
    writing = true;
    session_cancel(&session, now);
    writing = false;
    check();
}

/* A suspend: pages and channel are lost, the state node is new. */
static void begin(void)
{
    session_begin(
        &session, 1,
        (enum vtpmring_xenbus_state)fuzz_pick(VTPMRING_XENBUS_STATE_COUNT));
    fuzz_shared_unmap(&first);
    fuzz_shared_unmap(&extra);
    attempts = 0;
    now = 0;
    sent_at = 0;
}

static void peer(enum vtpmring_xenbus_state state)
{
    fresh();
    session_peer(&session, state, now);
    check();
}

static void step(void)
{
    static const enum vtpmring_status failures[] = {
        VTPMRING_EPORT, VTPMRING_ENOMEM, VTPMRING_EPEER_GONE, VTPMRING_AGAIN};

    switch (fuzz_pick(16)) {
    case 0:
        peer((enum vtpmring_xenbus_state)fuzz_pick(9));
        break;
    case 1:
        peer(VTPMRING_XENBUS_INIT_WAIT);
        break;
    case 2:
        peer(VTPMRING_XENBUS_CONNECTED);
        break;
    case 3:
        act(failures[fuzz_pick(4)]);
        break;
    case 4:
    case 5:
        send();
        break;
    case 6:
        receive();
        break;
    case 7:
        event();
        break;
    case 8:
        now += 1 + (uint64_t)fuzz_u8() * 20000;
        tick();
        break;
    case 9:
        fresh();
        fuzz_check(session_look(&session, now) ==
                       (session.command == SESSION_ENDED),
                   "an end goes unseen");
        check();
        break;
    case 10:
        silence();
        break;
    case 11:
        abandon();
        break;
    case 12:
        cancel();
        break;
    case 13:
        if (fuzz_pick(8) == 0)
            begin();
        break;
    default:
        for (int i = 0; i < BURST; i++)
            act(VTPMRING_OK);
        break;
    }
}

/* The device goes: in the end nothing is left, whatever the backend does. */
static void go_away(void)
{
    fresh();
    session_close(&session, now);
    check();
    for (int i = 0; session_next(&session) != VTPMRING_FRONT_END; i++) {
        fuzz_check(i < 64, "it does not end");
        if (session_next(&session) == VTPMRING_FRONT_WAIT) {
            fresh();
            session_give_up(&session, now);
            check();
        }
        act(VTPMRING_OK);
    }
    fuzz_check(first.at == NULL && extra.at == NULL,
               "something is left behind");
    receive();
    fuzz_check(session.command == SESSION_NONE, "a command is left behind");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    memset(&session, 0, sizeof(session));
    waiting = writing = false;
    storm = 0;
    begin();
    for (int i = 0; i < 300 && fuzz_left() > 0; i++)
        step();
    go_away();
    /* one event was owed and one more for a cancel, not a storm */
    for (int i = 0; i < 8; i++)
        event();
    fuzz_check(storm >= 6, "a storm has a reason");
    fuzz_forget();
    fuzz_shared_end();
    return 0;
}
