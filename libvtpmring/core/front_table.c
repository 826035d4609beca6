/* SPDX-License-Identifier: MIT */
/* The phases of a frontend: the code itself, the list that the tests walk, and
 * the picture in the documentation. */
#include <vtpmring/front.h>

#define P(phase) VTPMRING_FRONT_PHASE_##phase
#define A(action) VTPMRING_FRONT_##action
#define X(state) VTPMRING_XENBUS_##state

/* clang-format off */
const struct vtpmring_xenbus_row
vtpmring_front_table[VTPMRING_FRONT_PHASE_COUNT] = {
    /* an action: what it writes, where it leads when done, when failed, when
     * the ground under it has changed */
    [P(FORGET)]    = { "forget",    A(UNPUBLISH),  0,               P(RESET),     P(RESET),     P(RESET),    P(FORGET),    {0} },
    [P(RESET)]     = { "reset",     A(SET_STATE),  X(CLOSED),       P(GATE),      P(END),       P(END),      P(RESET),     {0} },
    [P(BEGIN)]     = { "begin",     A(SET_STATE),  X(INITIALISING), P(SHARE),     P(END),       P(END),      P(BEGIN),     {0} },
    [P(SHARE)]     = { "share",     A(SHARE),      0,               P(PUBLISH),   P(END),       P(END),      P(SHARE),     {0} },
    [P(PUBLISH)]   = { "publish",   A(PUBLISH),    X(INITIALISED),  P(OFFERED),   P(UNSHARE),   P(UNSHARE),  P(PUBLISH),   {0} },
    [P(CHECK)]     = { "check",     A(CHECK_PEER), 0,               P(CONFIRM),   P(CLOSING),   P(CLOSING),  P(CHECK),     {0} },
    [P(CONFIRM)]   = { "confirm",   A(SET_STATE),  X(CONNECTED),    P(CONNECTED), P(UNPUBLISH), P(UNPUBLISH), P(CONFIRM),   {0} },
    [P(CLOSING)]   = { "closing",   A(SET_STATE),  X(CLOSING),      P(UNPUBLISH), P(UNPUBLISH), P(UNPUBLISH), P(CLOSING),   {0} },
    [P(UNPUBLISH)] = { "unpublish", A(UNPUBLISH),  0,               P(CLOSED),    P(CLOSED),    P(CLOSED),   P(UNPUBLISH), {0} },
    [P(CLOSED)]    = { "closed",    A(SET_STATE),  X(CLOSED),       P(DRAIN),     P(DRAIN),     P(DRAIN),    P(CLOSED),    {0} },
    [P(UNSHARE)]   = { "unshare",   A(UNSHARE),    0,               P(END),       P(END),       P(END),      P(UNSHARE),   {0} },

    /* a wait: where the wish to close leads, then where each state of the
     * backend leads: Unknown, Initialising, InitWait, Initialised, Connected,
     * Closing, Closed */
    [P(GATE)]      = { "gate",      A(WAIT), 0, P(GATE), P(GATE), P(GATE),     P(END),
        { P(GATE),      P(BEGIN),     P(BEGIN),     P(GATE),      P(GATE),      P(GATE),      P(GATE) } },
    [P(OFFERED)]   = { "offered",   A(WAIT), 0, P(OFFERED), P(OFFERED), P(OFFERED),  P(CLOSING),
        { P(UNPUBLISH), P(OFFERED),   P(OFFERED),   P(CHECK),     P(CHECK),     P(UNPUBLISH), P(UNPUBLISH) } },
    [P(CONNECTED)] = { "connected", A(WAIT), 0, P(CONNECTED), P(CONNECTED), P(CONNECTED), P(CLOSING),
        { P(UNPUBLISH), P(UNPUBLISH), P(UNPUBLISH), P(CONNECTED), P(CONNECTED), P(UNPUBLISH), P(UNPUBLISH) } },
    [P(DRAIN)]     = { "drain",     A(WAIT), 0, P(DRAIN), P(DRAIN), P(DRAIN),    P(DRAIN),
        { P(UNSHARE),   P(UNSHARE),   P(UNSHARE),   P(DRAIN),     P(DRAIN),     P(DRAIN),     P(UNSHARE) } },

    [P(END)]       = { "end",       A(END), 0, P(END), P(END), P(END),      P(END), {0} },
};
/* clang-format on */
