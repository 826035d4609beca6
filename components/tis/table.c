/* SPDX-License-Identifier: MIT */
/* The phases: what is written, what is waited for, how long, what follows. */
#include "private.h"
#include "registers.h"

#define P(phase) VTPMRING_TIS_##phase
#define NO_REG VTPMRING_TIS_NO_REGISTER
#define LATE VTPMRING_EPEER_TIMEOUT
#define OURS (TIS_VALID | TIS_ACCESS_ACTIVE)
#define ANSWER (TIS_STS_VALID | TIS_STS_AVAILABLE)

/* clang-format off */
/* set, look, value, mask, want; work, limit, asks again; ok, fail, blame */
#define NONE_ROW    { "none",  NO_REG, NO_REG, 0, 0, 0, P(RESTS), P(NOW), 0, P(NONE), P(NONE), VTPMRING_OK }
#define HELD_ROW    { "held",  NO_REG, NO_REG, 0, 0, 0, P(RESTS), P(NOW), 0, P(HELD), P(HELD), VTPMRING_OK }
#define PROBE_ROW   { "probe", NO_REG, TIS_FIRST, 0, TIS_VALID | TIS_RESERVED, TIS_VALID, P(IDENTIFIES), P(A), 0, P(NONE), P(NONE), VTPMRING_EPEER_GONE }

const struct vtpmring_tis_row
vtpmring_tis_fifo_table[VTPMRING_TIS_PHASE_COUNT] = {
    [P(NONE)]     = NONE_ROW,
    [P(HELD)]     = HELD_ROW,
    [P(PROBE)]    = PROBE_ROW,
    [P(CHECK)]    = { "check",    NO_REG,     TIS_ACCESS, 0,                  OURS, OURS, P(WAITS), P(NOW), 0, P(READY),   P(REQUEST),  VTPMRING_OK },
    [P(REQUEST)]  = { "request",  TIS_ACCESS, TIS_ACCESS, TIS_ACCESS_REQUEST, OURS, OURS, P(WAITS), P(A),   0, P(READY),   P(WITHDRAW), LATE },
    [P(SEIZE)]    = { "seize",    TIS_ACCESS, TIS_ACCESS, TIS_ACCESS_SEIZE,   OURS, OURS, P(WAITS), P(A),   0, P(READY),   P(WITHDRAW), LATE },
    [P(WITHDRAW)] = { "withdraw", TIS_ACCESS, NO_REG,     TIS_ACCESS_ACTIVE,  0, 0,       P(WAITS), P(NOW), 0, P(NONE),    P(NONE),     LATE },
    [P(RELEASE)]  = { "release",  TIS_ACCESS, TIS_ACCESS, TIS_ACCESS_ACTIVE,  OURS, TIS_VALID, P(WAITS), P(A), 0, P(NONE), P(NONE),     LATE },
    [P(READY)]    = { "ready",    TIS_STS,    TIS_STS,    TIS_STS_READY,      TIS_STS_READY, TIS_STS_READY, P(WAITS), P(B), 1, P(SEND), P(ABORT), LATE },
    [P(SEND)]     = { "send",     NO_REG,     NO_REG,     0, 0, 0, P(FIFO_SENDS), P(D),    0, P(SENT),    P(ABORT),    LATE },
    [P(SENT)]     = { "sent",     NO_REG,     TIS_STS,    0, TIS_STS_VALID | TIS_STS_EXPECT, TIS_STS_VALID, P(WAITS), P(C), 0, P(RUN), P(ABORT), VTPMRING_EPEER_STATE },
    [P(RUN)]      = { "run",      TIS_STS,    TIS_STS,    TIS_STS_GO,         ANSWER, ANSWER, P(WAITS), P(DURATION), 0, P(RECEIVE), P(ABORT), LATE },
    [P(CANCEL)]   = { "cancel",   TIS_STS_3,  TIS_STS,    TIS_STS_3_CANCEL,   ANSWER, ANSWER, P(WAITS), P(B), 0, P(RECEIVE), P(ABORT),    VTPMRING_CANCELED },
    [P(RECEIVE)]  = { "receive",  NO_REG,     NO_REG,     0, 0, 0, P(FIFO_RECEIVES), P(D), 0, P(LAST),    P(RETRY),    LATE },
    [P(LAST)]     = { "last",     NO_REG,     TIS_STS,    0, ANSWER, TIS_STS_VALID,           P(WAITS), P(C), 0, P(FINISH),  P(RETRY),    VTPMRING_EPEER_LENGTH },
    [P(RETRY)]    = { "retry",    TIS_STS,    TIS_STS,    TIS_STS_RETRY,      ANSWER, ANSWER, P(WAITS), P(C), 0, P(RECEIVE), P(ABORT),    LATE },
    [P(FINISH)]   = { "finish",   TIS_STS,    NO_REG,     TIS_STS_READY,      0, 0,     P(WAITS), P(NOW), 0, P(HELD),   P(HELD),     VTPMRING_OK },
    [P(ABORT)]    = { "abort",    TIS_STS,    TIS_STS,    TIS_STS_READY, TIS_STS_READY, TIS_STS_READY, P(WAITS), P(B), 1, P(HELD), P(LET_GO), LATE },
    [P(LET_GO)]   = { "let go",   TIS_ACCESS, TIS_ACCESS, TIS_ACCESS_ACTIVE,  OURS, TIS_VALID, P(WAITS), P(A), 0, P(REGAIN), P(REGAIN),  LATE },
    [P(REGAIN)]   = { "regain",   TIS_ACCESS, TIS_ACCESS, TIS_ACCESS_REQUEST, OURS, OURS, P(WAITS), P(A),   0, P(ABORT_2), P(STUCK),    LATE },
    [P(ABORT_2)]  = { "abort 2",  TIS_STS,    TIS_STS,    TIS_STS_READY, TIS_STS_READY, TIS_STS_READY, P(WAITS), P(B), 1, P(HELD), P(STUCK), LATE },
    [P(STUCK)]    = { "stuck",    TIS_ACCESS, NO_REG,     TIS_ACCESS_ACTIVE,  0, 0,       P(WAITS), P(NOW), 0, P(NONE),    P(NONE),     LATE },
};

const struct vtpmring_tis_row
vtpmring_tis_crb_table[VTPMRING_TIS_PHASE_COUNT] = {
    [P(NONE)]     = NONE_ROW,
    [P(HELD)]     = HELD_ROW,
    [P(PROBE)]    = PROBE_ROW,
    [P(CHECK)]    = { "check",    NO_REG,       CRB_LOC_STS, 0,                    CRB_LOC_STS_GRANTED, CRB_LOC_STS_GRANTED, P(WAITS), P(NOW), 0, P(READY), P(REQUEST), VTPMRING_OK },
    [P(REQUEST)]  = { "request",  CRB_LOC_CTRL, CRB_LOC_STS, CRB_LOC_CTRL_REQUEST, CRB_LOC_STS_GRANTED, CRB_LOC_STS_GRANTED, P(WAITS), P(A), 0, P(READY), P(WITHDRAW), LATE },
    [P(SEIZE)]    = { "seize",    CRB_LOC_CTRL, CRB_LOC_STS, CRB_LOC_CTRL_SEIZE,   CRB_LOC_STS_GRANTED, CRB_LOC_STS_GRANTED, P(WAITS), P(A), 0, P(READY), P(WITHDRAW), LATE },
    [P(WITHDRAW)] = { "withdraw", CRB_LOC_CTRL, NO_REG,      CRB_LOC_CTRL_RELINQUISH, 0, 0,                P(WAITS), P(NOW), 0, P(NONE), P(NONE), LATE },
    [P(RELEASE)]  = { "release",  CRB_LOC_CTRL, CRB_LOC_STS, CRB_LOC_CTRL_RELINQUISH, CRB_LOC_STS_GRANTED, 0, P(WAITS), P(A), 0, P(NONE), P(NONE), LATE },
    [P(READY)]    = { "ready",    CRB_REQ,      CRB_REQ,     CRB_REQ_READY,        CRB_REQ_READY, 0,       P(WAITS), P(C), 0, P(WAKE), P(ABORT), LATE },
    [P(WAKE)]     = { "wake",     NO_REG,       CRB_STS,     0, CRB_STS_IDLE | CRB_STS_ERROR, 0,           P(WAITS), P(C), 0, P(SEND), P(ABORT), VTPMRING_EPEER_STATE },
    [P(SEND)]     = { "send",     NO_REG,       NO_REG,      0, 0, 0,                                      P(CRB_SENDS), P(NOW), 0, P(RUN), P(ABORT), LATE },
    [P(RUN)]      = { "run",      CRB_START,    CRB_START,   1, 1, 0,                                      P(WAITS), P(DURATION), 0, P(RECEIVE), P(ABORT), LATE },
    [P(CANCEL)]   = { "cancel",   CRB_CANCEL,   CRB_START,   1, 1, 0,                                      P(WAITS), P(B), 0, P(UNCANCEL), P(LET_GO), VTPMRING_CANCELED },
    [P(UNCANCEL)] = { "uncancel", CRB_CANCEL,   NO_REG,      0, 0, 0,                                      P(WAITS), P(NOW), 0, P(RECEIVE), P(RECEIVE), LATE },
    [P(RECEIVE)]  = { "receive",  NO_REG,       CRB_STS,     0, CRB_STS_ERROR, 0,                          P(CRB_RECEIVES), P(NOW), 0, P(FINISH), P(RETRY), VTPMRING_EPEER_STATE },
    [P(RETRY)]    = { "retry",    NO_REG,       NO_REG,      0, 0, 0,                                      P(WAITS), P(NOW), 0, P(RECEIVE), P(ABORT), LATE },
    [P(FINISH)]   = { "finish",   CRB_REQ,      CRB_REQ,     CRB_REQ_IDLE, CRB_REQ_IDLE, 0,                P(WAITS), P(C), 0, P(HELD), P(HELD), VTPMRING_OK },
    [P(ABORT)]    = { "abort",    CRB_CANCEL,   CRB_START,   1, 1, 0,                                      P(WAITS), P(B), 0, P(QUIET), P(LET_GO), LATE },
    [P(QUIET)]    = { "quiet",    CRB_CANCEL,   NO_REG,      0, 0, 0,                                      P(WAITS), P(NOW), 0, P(IDLE), P(IDLE), LATE },
    [P(IDLE)]     = { "idle",     CRB_REQ,      CRB_REQ,     CRB_REQ_IDLE, CRB_REQ_IDLE, 0,                P(WAITS), P(C), 0, P(HELD), P(STUCK), LATE },
    [P(LET_GO)]   = { "let go",   CRB_LOC_CTRL, CRB_LOC_STS, CRB_LOC_CTRL_RELINQUISH, CRB_LOC_STS_GRANTED, 0, P(WAITS), P(A), 0, P(REGAIN), P(REGAIN), LATE },
    [P(REGAIN)]   = { "regain",   CRB_LOC_CTRL, CRB_LOC_STS, CRB_LOC_CTRL_REQUEST, CRB_LOC_STS_GRANTED, CRB_LOC_STS_GRANTED, P(WAITS), P(A), 0, P(ABORT_2), P(STUCK), LATE },
    [P(ABORT_2)]  = { "abort 2",  CRB_CANCEL,   CRB_START,   1, 1, 0,                                      P(WAITS), P(B), 0, P(QUIET), P(STUCK), LATE },
    [P(STUCK)]    = { "stuck",    CRB_LOC_CTRL, NO_REG,      CRB_LOC_CTRL_RELINQUISH, 0, 0,                P(WAITS), P(NOW), 0, P(NONE), P(NONE), LATE },
};
/* clang-format on */
