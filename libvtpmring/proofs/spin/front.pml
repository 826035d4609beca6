/* SPDX-License-Identifier: MIT */
/* Our frontend: the machine of core/front.c and core/front_command.c, the loop
 * of link/front_link.c, the actions of link/front_action.c. Every step names
 * the function that it mirrors. */

#define OK 0
#define REFUSED 1
#define GONE 2
#define TIMEOUT 3
#define OTHER 4
#define CANCELED 5
#define CLOSED 6

#ifndef EXTRA_OF_FRONT
#define EXTRA_OF_FRONT 1
#endif

/* struct vtpmring_front */
byte f_command, f_peer, f_fault, f_result;
bool f_shared, f_published, f_close, f_notify, f_use;

/* vtpmring_front_next() */
#define F_NEXT                                                    \
    (f_command == C_ENDED -> FA_DELIVER :                         \
     (f_phase == F_CONNECTED && f_notify -> FA_NOTIFY :           \
      FRONT_ACTION(f_phase)))
#define F_IS_READY (f_phase == F_CONNECTED && f_command == C_NONE)

/* enter() of front.c, with end_command() */
inline f_enter(phase)
{
    from = f_phase;
    f_phase = phase;
    if
    :: phase == F_UNPUBLISH && f_fault == OK && !f_close ->
        f_fault = (from == F_OFFERED -> REFUSED : GONE);
    :: else
    fi;
    if
    :: from == F_CONNECTED && phase != from ->
        if
        :: f_command == C_SENT || f_command == C_CANCELED ->
            f_command = C_ENDED;
            f_result = (f_close -> CLOSED : f_fault);
        :: else
        fi;
        f_notify = 0;
    :: else
    fi;
}

/* settle() */
inline f_settle()
{
    FRONT_SETTLE(to, f_phase, f_peer, f_close);
    if
    :: to != f_phase -> f_enter(to);
    :: else
    fi;
}

/* vtpmring_front_done(), note_done(). In a d_step. */
inline f_done(action, worked)
{
    if
    :: action == FA_NOTIFY -> f_notify = 0;
    :: else ->
        if
        :: action == FA_SHARE -> f_shared = worked;
        :: action == FA_UNSHARE -> f_shared = 0;
        :: action == FA_PUBLISH -> f_published = 1;
        :: action == FA_SET_STATE && worked &&
                FRONT_STATE(f_phase) == X_CLOSED ->
            f_published = 0;
        :: else
        fi;
        if
        :: !worked && f_fault == OK -> f_fault = OTHER;
        :: else
        fi;
        to = (worked -> FRONT_OK(f_phase) : FRONT_FAIL(f_phase));
        f_enter(to);
    fi;
    f_settle();
}

/* vtpmring_front_look(): the node is read and the machine is told. In a
 * d_step. */
inline f_look()
{
    f_peer = back_state;
    f_settle();
}

/* vtpmring_front_on_event(): one load, then private memory. In a d_step. */
inline f_on_event()
{
    if
    :: f_command == C_SENT || f_command == C_CANCELED ->
        if
        :: page_state[f_page] == PG_FINISH ->
            f_command = C_ENDED; f_result = OK; f_notify = 0;
        :: page_state[f_page] == PG_IDLE ->
            f_command = C_ENDED; f_result = CANCELED; f_notify = 0;
        :: else
        fi;
    :: else
    fi;
}

/* vtpmring_front_fail(). In a d_step. */
inline f_fail()
{
    if
    :: f_phase == F_OFFERED || f_phase == F_CONNECTED ->
        f_fault = TIMEOUT; f_enter(F_UNPUBLISH);
    :: f_phase == F_DRAIN -> f_enter(F_UNSHARE);
    :: f_phase == F_GATE -> f_fault = TIMEOUT; f_enter(F_END);
    :: else
    fi;
}

/* share() of front_action.c: zeroed pages, an unbound channel */
inline f_share()
{
    f_page = 0;
    do
    :: f_page < PAGES && (granted[f_page] || mapped[f_page]) -> f_page++;
    :: else -> break;
    od;
    assert(f_page < PAGES);
    granted[f_page] = 1;
    page_state[f_page] = PG_IDLE;
    page_length[f_page] = 0;
    page_extra[f_page] = 0;
    PACKET(f_page, 0) = 0;
    PACKET(f_page, 1) = 0;
#ifdef EXTRA
    rest[f_page] = 0;
#endif
    front_event = 0;
}

/* nodes_write() of a state: a transaction that looks for the device */
inline f_write_state(changed)
{
    worked = device;
    if
    :: device ->
        front_state = FRONT_STATE(f_phase);
        back_watch = 1;
        CHANGED(changed);
    :: else
    fi;
}

#define PERFORM(action) doing != OPENING && F_NEXT == action

/* vtpmring_front_submit(): packet, header, state */
inline f_submit()
{
    d_step {
        assert(number <= COMMANDS);
        in_flight = 1;
        PACKET(f_page, f_use) = number;
    }
#ifdef FAULT_SUBMIT_BEFORE_LENGTH
    page_state[f_page] = PG_SUBMIT;
#endif
#ifdef EXTRA
    if
    :: f_use -> rest[f_page] = number;
    :: else
    fi;
    page_extra[f_page] = f_use;
#endif
    page_length[f_page] = number;
    d_step {
#ifndef FAULT_SUBMIT_BEFORE_LENGTH
        page_state[f_page] = PG_SUBMIT;
#endif
        f_command = C_SENT;
        f_notify = 1;
        doing = RECEIVING;
    }
}

/* vtpmring_front_cancel() */
inline f_cancel()
{
#if defined(FAULT_CANCEL_ENDS)
    d_step {
        if
        :: page_state[f_page] == PG_SUBMIT ->
            page_state[f_page] = PG_CANCEL;
            f_command = C_ENDED;
            f_result = CANCELED;
        :: else -> f_on_event();
        fi;
    }
#elif defined(FAULT_CANCEL_PLAIN_STORE)
    f_saw_submit = (page_state[f_page] == PG_SUBMIT);
    if
    :: f_saw_submit -> page_state[f_page] = PG_CANCEL;
    :: else
    fi;
    d_step {
        if
        :: f_saw_submit -> f_command = C_CANCELED; f_notify = 1;
        :: else -> f_on_event();
        fi;
        f_saw_submit = 0;
    }
#else
    d_step {
        if
        :: page_state[f_page] == PG_SUBMIT ->
            page_state[f_page] = PG_CANCEL;
            f_command = C_CANCELED;
            f_notify = 1;
        :: else -> f_on_event();
        fi;
    }
#endif
}

/* The application has the end of its command: the one it waits for, once. In a
 * d_step. */
inline f_command_over()
{
    assert(in_flight);
    in_flight = 0;
    number++;
    f_command = C_NONE;
    f_result = OK;
}

/* vtpmring_front_take(), read_response() */
inline f_take()
{
    if
    :: f_result == OK ->
        got = page_length[f_page];
        d_step {
            assert(got == PACKET(f_page, f_use));
            assert(NUMBER(got) == number && KIND(got) != 0);
            assert(KIND(got) != RESPONSE || (executed & (1 << number)) != 0);
        }
#ifdef EXTRA
        assert(!f_use || KIND(got) != RESPONSE || rest[f_page] == got);
#endif
    :: f_result == CANCELED ->
        /* IDLE: of a command that was not executed, unless a process died */
#if !defined(KILLS_OF_BACK)
        assert((executed & (1 << number)) == 0);
#if !defined(CANCELS)
        assert(false); /* UNREACHED: the assertion that it is not */
#endif
#else
        skip;
#endif
    :: else
    fi;
    d_step { got = 0; doing = SENDING; f_command_over(); }
}

/* What the link is in the middle of. */
mtype = { OPENING, CONNECTING, SENDING, RECEIVING, FINISHING, CLOSING };

proctype Front()
{
    byte to, from, got;
    bool worked;
    mtype doing;
#ifdef CANCELS
    byte cancels = CANCELS;
#endif
#ifdef CLOSES
    byte closes = CLOSES;
#endif
#ifdef TIMEOUTS
    byte timeouts = TIMEOUTS;
#endif
#ifdef TRIES
    byte tries = TRIES;
#endif
#ifdef FAULT_CANCEL_PLAIN_STORE
    bool f_saw_submit;
#endif

start:
    {
        doing = OPENING;
        do
        /* run(), vtpmring_front_perform(): an action, then done(). Shared
         * memory is touched once a step; private memory with it. */
        :: d_step { PERFORM(FA_SHARE) -> f_share(); f_done(FA_SHARE, 1); }
#ifdef FAULT_REF_AFTER_STATE
        :: d_step { PERFORM(FA_PUBLISH) ->
                front_v2 = 1; front_state = X_INITIALISED; back_watch = 1;
                CHANGED(SAW_STATE); }
            d_step { port = f_page + 1; CHANGED(SAW_PORT); }
            d_step {
                ring_ref = f_page + 1; CHANGED(SAW_REF);
                f_done(FA_PUBLISH, 1);
            }
#else
        :: d_step { PERFORM(FA_PUBLISH) ->
                f_write_state(SAW_STATE | SAW_REF | SAW_PORT | SAW_V2);
                if
                :: worked ->
                    ring_ref = f_page + 1;
                    port = f_page + 1;
                    front_v2 = 1;
                :: else
                fi;
                f_done(FA_PUBLISH, worked); }
#endif
#ifdef EXTRA
        :: d_step { PERFORM(FA_CHECK_PEER) -> worked = back_v2; }
            d_step {
                f_use = (back_extra > 0 && EXTRA_OF_FRONT > 0);
                f_done(FA_CHECK_PEER, worked);
            }
#else
        :: d_step { PERFORM(FA_CHECK_PEER) -> f_done(FA_CHECK_PEER, back_v2); }
#endif
        :: d_step { PERFORM(FA_SET_STATE) &&
                FRONT_STATE(f_phase) != X_CLOSED ->
                f_write_state(SAW_STATE);
                f_done(FA_SET_STATE, worked); }
        :: d_step { PERFORM(FA_SET_STATE) &&
                FRONT_STATE(f_phase) == X_CLOSED ->
                f_write_state(SAW_STATE); }
            /* write_state(): what was known before is no proof */
            d_step {
#ifndef FAULT_STALE_DRAIN
                if
                :: worked -> f_look();
                :: else
                fi;
#endif
                f_done(FA_SET_STATE, worked);
            }
        :: d_step { PERFORM(FA_NOTIFY) ->
#ifndef FAULT_FRONT_NO_NOTIFY
                if
                :: bound[f_page] -> back_event = 1;
                :: else
                fi;
#endif
                f_done(FA_NOTIFY, 1); }
        :: d_step { PERFORM(FA_UNPUBLISH) -> port = 0; CHANGED(SAW_PORT); }
            d_step { ring_ref = 0; CHANGED(SAW_REF); f_done(FA_UNPUBLISH, 1); }
        :: d_step { PERFORM(FA_UNSHARE) -> bound[f_page] = 0; front_event = 0; }
            d_step {
                /* let go by then, unless we gave up waiting */
#ifndef TIMEOUTS
                assert(serving != f_page + 1);
#endif
                granted[f_page] = 0;
                f_done(FA_UNSHARE, 1);
            }

        /* vtpmring_front_link_open(): a new watch fires at once */
        :: d_step { doing == OPENING && device ->
                f_phase = (front_state <= X_INITIALISING -> F_GATE : F_FORGET);
                f_published = (front_state > X_INITIALISING);
                f_command = C_NONE; f_peer = 0; f_fault = OK; f_result = OK;
                f_shared = 0; f_close = 0; f_notify = 0; f_use = 0;
                front_watch = 1;
                doing = CONNECTING; }

        /* make_connection(), or the application's next attempt */
#ifdef TRIES
        /* CONNECT_TRIES: the application gets an error, and gives up */
        :: d_step { doing == CONNECTING && F_NEXT == FA_END && tries == 0 ->
                all_done = 1; doing = CLOSING; }
        :: d_step { doing == CONNECTING && F_NEXT == FA_END && device &&
                tries > 0 -> tries--; f_look(); }
#else
        :: d_step { doing == CONNECTING && F_NEXT == FA_END && device ->
                f_look(); }
#endif
            d_step {
                f_close = 0; f_fault = OK; f_use = 0;
                f_phase = (f_published -> F_FORGET : F_GATE);
                f_settle();
            }
        :: d_step { doing == CONNECTING && F_IS_READY -> doing = SENDING; }
        /* connect_once(): sleep_on(), drain_store() */
        :: d_step { doing == CONNECTING && F_NEXT == FA_WAIT && !F_IS_READY &&
                front_watch -> front_watch = 0; f_look(); }
#ifdef DETACHES
        /* connect_timeout_ms: nothing else tells that the device was replaced
         * between two looks at the backend */
        :: d_step { doing == CONNECTING && f_phase == F_OFFERED && device &&
                front_state != X_INITIALISED && !front_watch ->
                f_fail(); doing = FINISHING; }
#endif
#ifdef TIMEOUTS
        :: d_step { doing == CONNECTING && F_NEXT == FA_WAIT && !F_IS_READY &&
                timeouts > 0 -> timeouts--; f_fail(); doing = FINISHING; }
#endif

        :: d_step { doing == SENDING && number > COMMANDS &&
                F_NEXT == FA_WAIT ->
                all_done = 1; doing = CLOSING; f_close = 1; f_settle(); }
        /* vtpmring_front_link_send(): what is older than LOOK_AGE_US is looked
         * for */
        :: d_step { doing == SENDING && F_NEXT == FA_WAIT && front_watch ->
                front_watch = 0; f_look(); }
        :: d_step { doing == SENDING && number <= COMMANDS && F_IS_READY &&
                F_NEXT == FA_WAIT -> skip; }
            f_submit();
        :: d_step { doing == SENDING && !F_IS_READY -> doing = FINISHING; }

        :: d_step { doing == RECEIVING && F_NEXT == FA_DELIVER -> skip; }
            f_take();
        /* vtpmring_front_link_receive(): looks once more, then sleeps */
        :: d_step { doing == RECEIVING && F_NEXT == FA_WAIT -> f_on_event(); }
            if
            :: F_NEXT != FA_WAIT
            :: d_step { F_NEXT == FA_WAIT && front_event -> front_event = 0; }
            :: d_step { F_NEXT == FA_WAIT && front_watch -> front_watch = 0;
                    f_look(); }
#ifdef CANCELS
            :: d_step { cancels > 0 && F_NEXT == FA_WAIT &&
                    f_command == C_SENT -> cancels--; }
                f_cancel();
#endif
#ifdef CLOSES
            /* vtpmring_front_link_close() with a command in flight */
            :: d_step { closes > 0 && F_NEXT == FA_WAIT ->
                    closes--; f_close = 1; f_settle(); doing = CLOSING; }
#endif
#ifdef TIMEOUTS
            :: d_step { timeouts > 0 && F_NEXT == FA_WAIT -> timeouts--;
                    f_fail(); }
#endif
            fi;

        /* finish(): vtpmring_front_drop(), sleep_on() */
        :: d_step { (doing == FINISHING || doing == CLOSING) &&
                F_NEXT == FA_DELIVER -> f_command_over(); }
        :: d_step { (doing == FINISHING || doing == CLOSING) &&
                F_NEXT == FA_WAIT && front_watch -> front_watch = 0; f_look(); }
#ifdef TIMEOUTS
        :: d_step { (doing == FINISHING || doing == CLOSING) &&
                F_NEXT == FA_WAIT && timeouts > 0 -> timeouts--; f_fail(); }
#endif
        /* reconnect(): the watch is made anew */
        :: d_step { doing == FINISHING && F_NEXT == FA_END ->
                front_watch = 1; doing = CONNECTING; }
        :: d_step { doing == CLOSING && F_NEXT == FA_END && !all_done ->
                doing = OPENING; }
        :: doing == CLOSING && F_NEXT == FA_END && all_done -> break;
        od;
    } unless { kill_front };

    if
    :: d_step { kill_front ->
            /* the kernel ends the channel and the grants of a process */
            bound[f_page] = 0;
            granted[f_page] = 0;
            f_phase = F_END; f_command = C_NONE; f_shared = 0; f_result = OK;
            front_event = 0;
            got = 0; to = 0; from = 0; worked = 0;
            kill_front = 0;
            if
            :: in_flight -> in_flight = 0; number++;
            :: else
            fi;
        }
        goto start;
    :: else
    fi;
}
