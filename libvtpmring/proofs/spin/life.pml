/* SPDX-License-Identifier: MIT */
/* Both sides from birth to end: handshake, commands, cancel, close, crash and
 * stop of either side, detach. */
#include "world.pml"
#if defined(LINUX) || defined(MINIOS)
#include "foreign.pml"
#else
#include "front.pml"
#endif
#include "back.pml"

/* The operator and the fates: each may do so much, or less, at any time. */
proctype Fate()
{
#ifdef KILLS_OF_FRONT
    byte front_kills = KILLS_OF_FRONT;
#endif
#ifdef KILLS_OF_BACK
    byte back_kills = KILLS_OF_BACK;
#endif
#ifdef STOPS
    byte stops = STOPS;
#endif
#ifdef DETACHES
    byte detaches = DETACHES;
#endif

    do
#ifdef KILLS_OF_FRONT
    :: d_step { front_kills > 0 && !all_done ->
            front_kills--; kill_front = 1; }
        !kill_front;
#endif
#ifdef KILLS_OF_BACK
    :: d_step { back_kills > 0 -> back_kills--; kill_back = 1; }
        !kill_back;
#endif
#ifdef STOPS
    :: d_step { stops > 0 -> stops--; stop_back = 1; wake_server = 1; }
        !stop_back;
#endif
#ifdef DETACHES
    :: d_step { detaches > 0 && device ->
            detaches--; online = 0; back_state = X_CLOSING;
            front_watch = 1; back_watch = 1; }
        back_state == X_CLOSED;
        d_step {
            device = 0; front_state = X_UNKNOWN; back_state = X_UNKNOWN;
            ring_ref = 0; port = 0; front_v2 = 0; back_v2 = 0; back_extra = 0;
            ready = UNSET; front_watch = 1; back_watch = 1;
            CHANGED(SAW_STATE | SAW_REF | SAW_PORT | SAW_V2);
        }
        d_step {
            device = 1; online = 1;
            front_state = X_INITIALISING; back_state = X_INITIALISING;
            front_watch = 1; back_watch = 1;
            CHANGED(SAW_STATE | SAW_REF | SAW_PORT | SAW_V2);
        }
#endif
    :: break;
    od;
}

init {
    atomic {
        run Front(); run Control(); run Serve(); run Fate();
#ifdef LINUX
        run Watcher();
#endif
    }
}

/* Whatever happens, as long as both sides are started again: every command ends
 * and the frontend lets go of everything. */
ltl live { <> (all_done && f_phase == F_END && !granted[0] && !granted[1]) }
