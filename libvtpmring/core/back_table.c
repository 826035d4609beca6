/* SPDX-License-Identifier: MIT */
/* The phases of a backend: the code itself, the list that the tests walk, and
 * the picture in the documentation. */
#include <vtpmring/back.h>

#define P(phase) VTPMRING_BACK_PHASE_##phase
#define A(action) VTPMRING_BACK_##action
#define X(state) VTPMRING_XENBUS_##state

/* clang-format off */
const struct vtpmring_xenbus_row
vtpmring_back_table[VTPMRING_BACK_PHASE_COUNT] = {
    /* an action: what it writes, where it leads when done, when failed, when
     * the ground under it has changed */
    [P(ADVERTISE)] = { "advertise", A(ADVERTISE), 0,            P(INIT_WAIT), P(CLOSED),  P(CLOSED),   P(ADVERTISE), {0} },
    [P(INIT_WAIT)] = { "init-wait", A(SET_STATE), X(INIT_WAIT), P(LISTEN),    P(CLOSED),  P(CLOSED),   P(INIT_WAIT), {0} },
    [P(ADOPT)]     = { "adopt",     A(ADVERTISE), 0,            P(READ),      P(CLOSED),  P(CLOSED),   P(ADOPT),     {0} },
    [P(READ)]      = { "read",      A(READ_PEER), 0,            P(MAP),       P(REFUSE),  P(INIT_WAIT), P(READ),      {0} },
    [P(MAP)]       = { "map",       A(MAP),       0,            P(CONFIRM),   P(REFUSE),  P(INIT_WAIT), P(MAP),       {0} },
    [P(CONFIRM)]   = { "confirm",   A(SET_STATE), X(CONNECTED), P(OPEN),      P(UNDO),    P(DROP),     P(CONFIRM),   {0} },
    [P(DROP)]      = { "drop",      A(UNMAP),     0,            P(INIT_WAIT), P(INIT_WAIT), P(INIT_WAIT), P(DROP),    {0} },
    [P(LEAVE)]     = { "leave",     A(UNMAP),     0,            P(CLOSING),   P(CLOSING), P(CLOSING),  P(LEAVE),     {0} },
    [P(CLOSING)]   = { "closing",   A(SET_STATE), X(CLOSING),   P(LINGER),    P(LINGER),  P(LINGER),   P(CLOSING),   {0} },
    [P(UNDO)]      = { "undo",      A(UNMAP),     0,            P(REFUSE),    P(REFUSE),  P(REFUSE),   P(UNDO),      {0} },
    [P(REFUSE)]    = { "refuse",    A(SET_STATE), X(CLOSED),    P(REFUSED),   P(REFUSED), P(REFUSED),  P(REFUSE),    {0} },
    [P(RELEASE)]   = { "release",   A(UNMAP),     0,            P(CLOSED),    P(CLOSED),  P(CLOSED),   P(RELEASE),   {0} },
    [P(CLOSED)]    = { "closed",    A(SET_STATE), X(CLOSED),    P(END),       P(END),     P(END),      P(CLOSED),    {0} },

    /* a wait: where the wish to close leads, then where each state of the
     * frontend leads: Unknown, Initialising, InitWait, Initialised, Connected,
     * Closing, Closed */
    [P(LISTEN)]    = { "listen",    A(WAIT), 0, P(LISTEN), P(LISTEN), P(LISTEN),   P(CLOSED),
        { P(CLOSED),    P(LISTEN),    P(LISTEN),    P(READ),      P(READ),      P(LISTEN),    P(LISTEN) } },
    [P(OPEN)]      = { "open",      A(WAIT), 0, P(OPEN), P(OPEN), P(OPEN),     P(RELEASE),
        { P(RELEASE),   P(DROP),      P(DROP),      P(OPEN),      P(CONNECTED), P(LEAVE),     P(DROP) } },
    [P(CONNECTED)] = { "connected", A(WAIT), 0, P(CONNECTED), P(CONNECTED), P(CONNECTED), P(RELEASE),
        { P(RELEASE),   P(DROP),      P(DROP),      P(DROP),      P(CONNECTED), P(LEAVE),     P(DROP) } },
    [P(LINGER)]    = { "linger",    A(WAIT), 0, P(LINGER), P(LINGER), P(LINGER),   P(CLOSED),
        { P(CLOSED),    P(INIT_WAIT), P(INIT_WAIT), P(INIT_WAIT), P(INIT_WAIT), P(LINGER),    P(INIT_WAIT) } },
    [P(REFUSED)]   = { "refused",   A(WAIT), 0, P(REFUSED), P(REFUSED), P(REFUSED),  P(CLOSED),
        { P(CLOSED),    P(INIT_WAIT), P(INIT_WAIT), P(REFUSED),   P(REFUSED),   P(REFUSED),   P(INIT_WAIT) } },

    [P(END)]       = { "end",       A(END), 0, P(END), P(END), P(END),      P(END), {0} },
};
/* clang-format on */
