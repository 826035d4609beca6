/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <linux/errno.h>

static bool is_in_flight(const struct session *s)
{
    return s->command == SESSION_RUNNING || s->command == SESSION_ABANDONED;
}

static void end_command(struct session *s, enum vtpmring_status result)
{
    s->result = result;
    s->command = s->command == SESSION_RUNNING ? SESSION_ENDED : SESSION_NONE;
    s->cancel_after = SESSION_NEVER;
    s->give_up_after = SESSION_NEVER;
}

/* The pages go with the connection, so the response is taken off them at
 * once, whoever will want it later. */
static void collect(struct session *s)
{
    enum vtpmring_status status;

    if (vtpmring_front_next(&s->machine) != VTPMRING_FRONT_DELIVER)
        return;
    status = vtpmring_front_take(&s->machine, s->response, sizeof(s->response),
                                 &s->length);
    if (status == VTPMRING_ENOBUF) {
        vtpmring_front_drop(&s->machine);
        status = VTPMRING_EPEER_LENGTH;
    }
    if (status != VTPMRING_OK)
        s->length = 0;
    end_command(s, status);
}

/* A backend that connects and leaves again and again must not keep us busy. */
static void note_connection(struct session *s, uint64_t now)
{
    bool connected = s->machine.phase == VTPMRING_FRONT_PHASE_CONNECTED;

    collect(s);
    if (connected && !s->connected) {
        s->generation++;
        s->since = now;
    }
    s->connected = connected;
    if (vtpmring_front_next(&s->machine) != VTPMRING_FRONT_END ||
        s->again_after != SESSION_NEVER)
        return;
    if (s->since != SESSION_NEVER && now - s->since >= SESSION_LASTING_US)
        s->pause = 0;
    s->again_after = now + s->pause;
    s->since = SESSION_NEVER;
    s->pause = s->pause == 0 ? SESSION_PAUSE_US : s->pause * 2;
    if (s->pause > SESSION_PAUSE_MAX_US)
        s->pause = SESSION_PAUSE_MAX_US;
}

void session_begin(struct session *s, unsigned extra,
                   enum vtpmring_xenbus_state own)
{
    if (is_in_flight(s)) {
        s->length = 0;
        end_command(s, VTPMRING_EPEER_GONE);
    }
    (void)vtpmring_front_init(&s->machine, extra, own);
    s->credit = 0;
    s->closing = false;
    s->connected = false;
    s->cancel_after = SESSION_NEVER;
    s->give_up_after = SESSION_NEVER;
    s->since = SESSION_NEVER;
    s->again_after = SESSION_NEVER;
    s->pause = 0;
}

enum vtpmring_front_action session_next(struct session *s)
{
    collect(s);
    return vtpmring_front_next(&s->machine);
}

void session_done(struct session *s, enum vtpmring_front_action action,
                  enum vtpmring_status status, uint64_t now)
{
    (void)vtpmring_front_done(&s->machine, action, status);
    note_connection(s, now);
}

void session_peer(struct session *s, enum vtpmring_xenbus_state state,
                  uint64_t now)
{
    vtpmring_front_on_peer_state(&s->machine, state);
    note_connection(s, now);
}

bool session_look(struct session *s, uint64_t now)
{
    vtpmring_front_on_event(&s->machine);
    note_connection(s, now);
    return s->command == SESSION_ENDED;
}

bool session_event(struct session *s, uint64_t now)
{
    bool owed = s->credit > 0, was_in_flight = is_in_flight(s);

    if (owed)
        s->credit--;
    (void)session_look(s, now);
    return owed || (was_in_flight && !is_in_flight(s));
}

int session_send(struct session *s, const void *command, size_t length,
                 uint64_t now, uint64_t limit_us, uint64_t cancel_us)
{
    if (s->command != SESSION_NONE)
        return -EBUSY;
    switch (vtpmring_front_submit(&s->machine, command, length, 0)) {
    case VTPMRING_OK:
        break;
    case VTPMRING_ESTATE:
        return -ENOTCONN;
    case VTPMRING_AGAIN:
        return -EBUSY;
    case VTPMRING_ENOBUF:
        return -E2BIG;
    default:
        return -EINVAL;
    }
    s->command = SESSION_RUNNING;
    s->canceled = 0;
    s->credit = 1;
    s->cancel_after = now + limit_us;
    s->cancel_us = cancel_us;
    return 0;
}

static int error_of(const struct session *s)
{
    switch (s->result) {
    case VTPMRING_CANCELED:
        return s->canceled != 0 ? s->canceled : -EIO;
    case VTPMRING_EPEER_TIMEOUT:
        return -ETIME;
    default:
        return -EIO;
    }
}

int session_receive(struct session *s, void *response, size_t size)
{
    if (s->command != SESSION_ENDED)
        return -EAGAIN;
    s->command = SESSION_NONE;
    if (s->result != VTPMRING_OK)
        return error_of(s);
    if (s->length > size)
        return -EIO;
    __builtin_memcpy(response, s->response, s->length);
    return (int)s->length;
}

static void cancel(struct session *s, int why, uint64_t now)
{
    if (!is_in_flight(s) || s->give_up_after != SESSION_NEVER)
        return;
    s->canceled = why;
    s->cancel_after = SESSION_NEVER;
    s->give_up_after = now + s->cancel_us;
    if (vtpmring_front_cancel(&s->machine) == VTPMRING_OK &&
        s->machine.command == VTPMRING_FRONT_COMMAND_CANCELED)
        s->credit = 2;
    note_connection(s, now);
}

void session_cancel(struct session *s, uint64_t now)
{
    cancel(s, -ECANCELED, now);
}

void session_abandon(struct session *s, uint64_t now)
{
    if (s->command == SESSION_RUNNING)
        s->command = SESSION_ABANDONED;
    else if (s->command == SESSION_ENDED)
        s->command = SESSION_NONE;
    session_cancel(s, now);
}

uint64_t session_deadline(const struct session *s)
{
    uint64_t first = s->cancel_after;

    if (s->give_up_after < first)
        first = s->give_up_after;
    if (!s->closing && s->again_after < first)
        first = s->again_after;
    return first;
}

void session_tick(struct session *s, uint64_t now)
{
    if (!is_in_flight(s))
        return;
    if (now >= s->give_up_after) {
        /* the last look */
        (void)session_look(s, now);
        if (!is_in_flight(s))
            return;
        vtpmring_front_fail(&s->machine, VTPMRING_EPEER_TIMEOUT);
        note_connection(s, now);
    } else if (now >= s->cancel_after) {
        cancel(s, -ETIME, now);
    }
}

bool session_reopen(struct session *s, uint64_t now)
{
    if (s->closing || now < s->again_after ||
        vtpmring_front_reopen(&s->machine) != VTPMRING_OK)
        return false;
    s->again_after = SESSION_NEVER;
    note_connection(s, now);
    return true;
}

void session_close(struct session *s, uint64_t now)
{
    s->closing = true;
    vtpmring_front_close(&s->machine);
    note_connection(s, now);
}

void session_give_up(struct session *s, uint64_t now)
{
    vtpmring_front_fail(&s->machine, VTPMRING_EPEER_TIMEOUT);
    note_connection(s, now);
}
