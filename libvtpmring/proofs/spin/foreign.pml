/* SPDX-License-Identifier: MIT */
/* Frontends that are in use, as docs/protocol.md describes them: Linux'
 * xen-tpmfront (LINUX) and Mini-OS' tpmfront (MINIOS). They live once. */

bool given_up; /* the driver has given up the device for good */
byte front_connection; /* steps of the connect that are done */

inline foreign_share()
{
    d_step {
        f_page = 0;
        granted[0] = 1;
        page_state[0] = PG_IDLE;
        f_phase = F_CONNECTED;
    }
}

inline foreign_state(state)
{
    d_step { front_state = state; back_watch = 1; CHANGED(SAW_STATE); }
}

inline foreign_notify()
{
    d_step {
        if
        :: bound[0] -> back_event = 1;
        :: else
        fi;
    }
}

inline foreign_over()
{
    d_step { assert(in_flight); in_flight = 0; number++; got = 0; }
}

/* packet, length, state, event */
inline foreign_submit()
{
    d_step { in_flight = 1; PACKET(0, 0) = number; }
    page_length[0] = number;
    page_state[0] = PG_SUBMIT;
    foreign_notify();
}

inline foreign_take()
{
    got = page_length[0];
    d_step {
        assert(got == PACKET(0, 0));
        assert(NUMBER(got) == number && KIND(got) != 0);
        assert(KIND(got) != RESPONSE || (executed & (1 << number)) != 0);
    }
    foreign_over();
}

#define PAGE_IS_OURS \
    (page_state[0] == PG_IDLE || page_state[0] == PG_FINISH)

#ifdef LINUX
/* The driver sends commands while it is probed, connected or not; it looks at
 * the page every 5 ms, and may run out of time. */
proctype Front()
{
    byte got;
#ifdef CANCELS
    byte cancels = CANCELS;
#endif

    foreign_share();
    d_step {
        ring_ref = 1; port = 1; front_v2 = 1;
        CHANGED(SAW_REF | SAW_PORT | SAW_V2);
    }
    foreign_state(X_INITIALISED);
    front_connection = 1;
    do
    :: number > COMMANDS || given_up -> break;
    :: number <= COMMANDS && PAGE_IS_OURS && !given_up ->
        foreign_submit();
        if
        :: PAGE_IS_OURS ->
            if
            :: page_state[0] == PG_IDLE -> foreign_over();
            :: else -> foreign_take();
            fi;
        :: given_up -> foreign_over();
#ifdef CANCELS
        /* vtpm_cancel(): a plain store, and the caller gets -ETIME */
        :: d_step { cancels > 0 -> cancels--; }
            page_state[0] = PG_CANCEL;
            foreign_notify();
            foreign_over();
#endif
        fi;
    od;
    all_done = 1;
    /* removal of the driver */
    front_connection = 3;
    foreign_state(X_CLOSED);
    back_state == X_INIT_WAIT || back_state == X_CLOSED;
    d_step { granted[0] = 0; bound[0] = 0; f_phase = F_END; }
}

/* backend_changed(), in the thread of xenbus. The first look comes when the
 * watch is set, the others when the node changes. */
proctype Watcher()
{
    byte seen;

    front_connection >= 1;
end_watch:
    do
    :: d_step { front_watch && front_connection < 3 ->
            front_watch = 0; seen = back_state; }
        if
        :: seen == X_INITIALISED || seen == X_CONNECTED ->
            /* not while the driver is removed */
            d_step {
                if
                :: front_connection == 1 && back_v2 ->
                    front_connection = 2;
                    front_state = X_CONNECTED;
                    back_watch = 1;
                    CHANGED(SAW_STATE);
                :: else
                fi;
            }
        :: seen == X_CLOSING || seen == X_CLOSED ->
            /* nothing that our backend does may make Linux give up */
            given_up = 1; /* UNREACHED: by the next line */
            assert(false); /* UNREACHED: the assertion that it is not */
        :: else
        fi;
        seen = 0;
    :: front_connection == 3 -> break;
    od;
}
#endif

#ifdef MINIOS
/* From 1 to 4 at once; waits for the backend's 4, and for events. */
proctype Front()
{
    byte got, seen;

    foreign_share();
    d_step { front_v2 = 1; CHANGED(SAW_V2); }
    d_step { ring_ref = 1; port = 1; CHANGED(SAW_REF | SAW_PORT); }
    foreign_state(X_CONNECTED);
    back_state == X_CONNECTED;
    do
    :: number > COMMANDS -> break;
    :: number <= COMMANDS ->
        foreign_submit();
        do
        :: seen = page_state[0];
            if
            :: seen == PG_IDLE -> foreign_over(); break;
            :: seen == PG_FINISH -> foreign_take(); break;
            :: else ->
                d_step { front_event -> front_event = 0; }
            fi;
        od;
        seen = 0;
    od;
    all_done = 1;
    foreign_state(X_CLOSING);
    back_state == X_CLOSING || back_state == X_CLOSED ||
        back_state == X_INIT_WAIT;
    d_step { port = 0; ring_ref = 0; CHANGED(SAW_REF | SAW_PORT); }
    foreign_state(X_CLOSED);
    back_state == X_INIT_WAIT || back_state == X_CLOSED;
    d_step { granted[0] = 0; bound[0] = 0; f_phase = F_END; }
}
#endif
