/* SPDX-License-Identifier: MIT */
#include "table.h"

#define STEP(next, note)                                                       \
    {                                                                          \
        AGENT_PHASE_##next, AGENT_NOTE_##note                                  \
    }

/*
 * Rows: what the agent thinks. Columns: what it finds.
 *
 * A save shuts the guest down before the toolstack takes its devices away. So a
 * guest that is found running while its device leaves has not been saved; one
 * that has gone before anybody looked may have been, and counts as such.
 */
static const struct agent_step table[AGENT_PHASES][AGENT_EVENTS] =
    {
        [AGENT_PHASE_NEW] =
            {
                [AGENT_EVENT_UNRUN] = STEP(NEW, DECIDE),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(NEW, DECIDE),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, LIVE),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                /* the record knows more than we do */
                [AGENT_EVENT_GONE] = STEP(NEW, KEEP),
            },
        [AGENT_PHASE_BOOT] =
            {
                [AGENT_EVENT_UNRUN] = STEP(BOOT, KEEP),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, KEEP),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                [AGENT_EVENT_GONE] = STEP(SUSPENDED, LOST),
            },
        [AGENT_PHASE_RESUME] =
            {
                [AGENT_EVENT_UNRUN] = STEP(RESUME, KEEP),
                /* a restore that failed may be repeated */
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(RESUME, KEEP),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, LIVE),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                [AGENT_EVENT_GONE] = STEP(RESUME, KEEP),
            },
        [AGENT_PHASE_RUNNING] =
            {
                [AGENT_EVENT_UNRUN] = STEP(RUNNING, KEEP),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, KEEP),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                [AGENT_EVENT_GONE] = STEP(SUSPENDED, LOST),
            },
        [AGENT_PHASE_LEAVING] =
            {
                [AGENT_EVENT_UNRUN] = STEP(NEW, DECIDE),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(LEAVING, KEEP),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, LIVE),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, KEEP),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                [AGENT_EVENT_GONE] = STEP(LEAVING, KEEP),
            },
        [AGENT_PHASE_SUSPENDED] =
            {
                [AGENT_EVENT_UNRUN] = STEP(SUSPENDED, KEEP),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(SUSPENDED, KEEP),
                /* it goes on where it is: xl save -c */
                [AGENT_EVENT_RUNS] = STEP(RUNNING, LIVE),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, KEEP),
                [AGENT_EVENT_OVER] = STEP(OVER, NONE),
                [AGENT_EVENT_GONE] = STEP(SUSPENDED, KEEP),
            },
        [AGENT_PHASE_OVER] =
            {
                [AGENT_EVENT_UNRUN] = STEP(OVER, KEEP),
                [AGENT_EVENT_UNRUN_LEAVES] = STEP(OVER, KEEP),
                [AGENT_EVENT_RUNS] = STEP(RUNNING, LIVE),
                [AGENT_EVENT_LEAVES] = STEP(LEAVING, NONE),
                [AGENT_EVENT_SUSPENDED] = STEP(SUSPENDED, SUSPENDED),
                [AGENT_EVENT_OVER] = STEP(OVER, KEEP),
                [AGENT_EVENT_GONE] = STEP(OVER, KEEP),
            },
};

struct agent_step agent_table_step(enum agent_phase phase,
                                   enum agent_event event)
{
    return table[phase][event];
}

enum agent_event agent_table_event(enum agent_condition condition, bool leaving)
{
    switch (condition) {
    case AGENT_UNRUN:
        return leaving ? AGENT_EVENT_UNRUN_LEAVES : AGENT_EVENT_UNRUN;
    case AGENT_RUN:
        return leaving ? AGENT_EVENT_LEAVES : AGENT_EVENT_RUNS;
    case AGENT_SUSPENDED:
        return AGENT_EVENT_SUSPENDED;
    case AGENT_OVER:
        return AGENT_EVENT_OVER;
    case AGENT_GONE:
    case AGENT_CONDITIONS:
        break;
    }
    return AGENT_EVENT_GONE;
}

const char *agent_table_word(enum agent_phase phase, bool leaving)
{
    switch (phase) {
    case AGENT_PHASE_BOOT:
        return leaving ? NULL : "boot";
    case AGENT_PHASE_RESUME:
        return leaving ? "detached" : "resume";
    case AGENT_PHASE_RUNNING:
        return leaving ? NULL : "running";
    case AGENT_PHASE_LEAVING:
        return leaving ? "detached" : NULL;
    case AGENT_PHASE_SUSPENDED:
        return leaving ? "suspended" : NULL;
    case AGENT_PHASE_OVER:
        return leaving ? "ended" : NULL;
    case AGENT_PHASE_NEW:
    case AGENT_PHASES:
        break;
    }
    return NULL;
}

const char *agent_table_name(enum agent_phase phase)
{
    static const char *const names[AGENT_PHASES] = {
        [AGENT_PHASE_NEW] = "new",
        [AGENT_PHASE_BOOT] = "boots",
        [AGENT_PHASE_RESUME] = "resumes",
        [AGENT_PHASE_RUNNING] = "runs",
        [AGENT_PHASE_LEAVING] = "lets go of its vTPM",
        [AGENT_PHASE_SUSPENDED] = "is suspended",
        [AGENT_PHASE_OVER] = "has ended",
    };

    return names[phase];
}
