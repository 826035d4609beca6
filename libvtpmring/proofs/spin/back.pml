/* SPDX-License-Identifier: MIT */
/* Our backend: the machine of core/back.c and core/back_command.c, and the two
 * threads of a set, link/back_control.c and link/back_serve.c, with the actions
 * of link/back_action.c. Every step names the function that it mirrors. */

#ifndef EXTRA_OF_BACK
#define EXTRA_OF_BACK 1
#endif
#ifndef EXTRA_OF_NEXT
#define EXTRA_OF_NEXT EXTRA_OF_BACK /* of the process that follows */
#endif

/* how an action went */
#define WORKED 0
#define FAILED 1
#define CHANGED_MEANWHILE 2

/* struct vtpmring_back */
byte b_command, b_peer, b_length, b_nr, b_packet, b_page;
bool b_adopting, b_adopted, b_offline, b_orphan, b_abort, b_notify, b_mapped;
byte b_ref, b_port;  /* what READ_PEER found */
byte b_max_extra = EXTRA_OF_BACK; /* of this process */
#ifdef EXTRA
byte b_refs;         /* the reference that was read last, plus 1 */
bool b_has_extra;    /* back->page.extra */
#endif
/* struct vtpmring_back_device, struct vtpmring_back_set */
bool d_bound, d_queued, d_busy, d_released, d_reading;
bool locked, wake_server, wake_control;
byte b_down;         /* threads that have returned, or were killed */

#define B_SERVES (b_phase == B_OPEN || b_phase == B_CONNECTED)

/* vtpmring_back_next_command(), vtpmring_back_next() */
#define B_NEXT_COMMAND                                     \
    (b_abort -> BA_ABORT :                                 \
     (!B_SERVES -> BA_WAIT :                               \
      (b_notify -> BA_NOTIFY :                             \
       (b_command == C_MAPPING -> BA_MAP_EXTRA :           \
        (b_command == C_READY -> BA_EXECUTE : BA_WAIT)))))
#define B_NEXT                                                             \
    (B_NEXT_COMMAND != BA_WAIT -> B_NEXT_COMMAND :                         \
     (BACK_ACTION(b_phase) == BA_END && b_command == C_RUNNING -> BA_WAIT : \
      BACK_ACTION(b_phase)))


/* vtpmring_back_has_work(), vtpmring_back_device_is_waiting(): one load */
#define B_HAS_WORK                                             \
    (B_SERVES &&                                               \
     (b_command == C_NONE -> page_state[b_page] == PG_SUBMIT || \
                                 page_state[b_page] == PG_CANCEL : \
      page_state[b_page] == PG_CANCEL && !b_abort))
#define B_IS_WAITING (B_HAS_WORK || B_NEXT != BA_WAIT)

/* vtpmring_back_forget_command() */
inline b_forget()
{
    b_notify = 0;
    b_adopted = 0;
    if
    :: b_command == C_RUNNING -> b_orphan = 1; b_abort = 1;
    :: else -> b_command = C_NONE;
    fi;
}

/* settle(), and enter() of a phase that does not serve or did so before */
inline b_settle()
{
    BACK_SETTLE(to, b_phase, b_peer, b_offline);
    if
    :: to != b_phase ->
        served = B_SERVES;
        b_phase = to;
        if
        :: served && !B_SERVES -> b_forget();
        :: else -> assert(served || !B_SERVES);
        fi;
    :: else
    fi;
}

/* vtpmring_back_on_peer_state(). In a d_step, under the lock. */
inline b_tell(state)
{
    if
    :: b_peer != state && state != X_CONNECTED && state != X_CLOSING ->
        b_adopting = 0; b_adopted = 0;
    :: else
    fi;
    b_peer = state;
    b_settle();
}

/* finish(): the store, then private memory */
inline b_finish(state)
{
    d_step {
        page_state[b_page] = state;
        b_command = C_NONE; b_abort = 0; b_notify = 1;
        b_length = 0; b_packet = 0; b_nr = 0;
    }
}

/* vtpmring_back_reply(), finish_with_error(): packet, length, state */
inline b_answer(what)
{
#ifdef FAULT_OWN_EXTRA
#define ANSWER_NR b_max_extra
#else
#define ANSWER_NR b_nr
#endif
#ifdef FAULT_FINISH_BEFORE_LENGTH
    page_state[b_page] = PG_FINISH;
#endif
    d_step { assert(mapped[b_page]); PACKET(b_page, ANSWER_NR) = what; }
#ifdef EXTRA
    if
    :: b_nr > 0 && KIND(what) == RESPONSE ->
        d_step {
            assert(b_has_extra && mapped_extra != 0);
            rest[mapped_extra - 1] = what;
        }
    :: else
    fi;
#endif
    page_length[b_page] = what;
    b_finish(PG_FINISH);
}

/* take_command(): the copy is checked, the page not looked at again */
inline b_take()
{
    d_step {
        b_packet = PACKET(b_page, b_nr);
        assert(b_packet == b_length);
        assert(KIND(b_packet) == 0 && b_packet != 0);
        b_command = C_READY;
    }
#ifdef EXTRA
    if
    :: b_nr > 0 ->
        d_step {
            assert(b_has_extra && mapped_extra != 0);
            assert(rest[mapped_extra - 1] == b_packet);
        }
    :: else
    fi;
#endif
}

/* refuse(): the packet is read for its tag only */
inline b_refuse()
{
    d_step {
        b_packet = PACKET(b_page, b_nr);
        assert(b_packet == b_length);
    }
    b_answer(SIZE_ERROR + b_packet);
}

/* on_submit(): the one snapshot of the header */
inline b_on_submit()
{
    b_length = page_length[b_page];
#ifdef EXTRA
    b_nr = page_extra[b_page];
    if
    :: b_nr > b_max_extra -> b_refuse();
    :: b_nr <= b_max_extra && b_nr > 0 &&
            (b_refs != b_page + 1 || !b_has_extra) ->
        d_step { b_refs = b_page + 1; b_has_extra = 0; b_command = C_MAPPING; }
    :: else -> b_take();
    fi;
#else
    b_take();
#endif
}

/* What a load of the state leads to. */
#define NOTHING 0
#define TAKE 1
#define TO_IDLE 2
#define TO_ERROR 3

/* vtpmring_back_on_event(), with drop_inherited(): up to what is written. One
 * load. In a d_step, under the lock. */
inline b_load()
{
    todo = NOTHING;
    if
    :: b_orphan -> b_abort = 1;
    :: else
    fi;
    if
    :: B_SERVES ->
        assert(mapped[b_page] && serving == b_page + 1);
        if
        :: b_adopted && page_state[b_page] == PG_SUBMIT -> todo = TO_IDLE;
        :: !b_adopted && page_state[b_page] == PG_SUBMIT &&
                b_command == C_NONE ->
            todo = TAKE;
        :: page_state[b_page] == PG_CANCEL && b_command == C_RUNNING ->
            if
            :: !b_orphan -> b_abort = 1;
            :: else
            fi;
        :: page_state[b_page] == PG_CANCEL && b_command == C_READY ->
            todo = TO_ERROR;
        :: page_state[b_page] == PG_CANCEL && b_command != C_RUNNING &&
                b_command != C_READY ->
            todo = TO_IDLE;
        :: else
        fi;
        b_adopted = 0;
    :: else
    fi;
}

/* the rest of vtpmring_back_on_event() */
inline b_follow()
{
    if
    :: todo == TAKE -> todo = NOTHING; b_on_submit();
    :: todo == TO_IDLE -> todo = NOTHING; b_finish(PG_IDLE);
    :: todo == TO_ERROR -> todo = NOTHING; b_answer(CANCELED_ERROR + b_packet);
    :: else
    fi;
}

/* vtpmring_back_device_notify() */
inline b_send_event()
{
    b_notify = 0;
#ifndef FAULT_BACK_NO_NOTIFY
    if
    :: bound[b_page] -> front_event = 1;
    :: else
    fi;
#endif
}

/* map_extra() of back_serve.c. Under the lock. */
inline b_map_extra()
{
#ifdef EXTRA
    d_step {
        mapped_extra = 0;
        if
        :: granted[b_page] -> mapped_extra = b_refs; b_has_extra = 1;
        :: else -> b_has_extra = 0;
        fi;
    }
    if
    :: b_has_extra -> b_take();
    :: else -> b_refuse();
    fi;
#else
    assert(false);
#endif
}

/* vtpmring_back_set_serve() */
proctype Serve()
{
    byte todo;
    bool orphan, asleep;

end_start:
    {
end_sleep:
        do
        :: !locked && stop_back && !asleep -> break;
        /* the ready list is empty: wait() */
        :: d_step { !locked && !stop_back && !d_queued && !asleep ->
                asleep = 1; }
        /* vtpmring_back_set_collect() */
        :: d_step { !locked && asleep &&
                (wake_server || (d_bound && back_event)) ->
                wake_server = 0; asleep = 0;
                d_queued = d_queued || (back_event && d_bound);
                back_event = 0; }
        /* vtpmring_back_set_dequeue(), serve_device() */
        :: d_step { !locked && !stop_back && !asleep && d_queued ->
                locked = 1; d_queued = 0; b_load(); }
            b_follow();
            /* serve_commands(): one command at most */
            do
            :: d_step { B_NEXT == BA_NOTIFY -> b_send_event(); }
            :: B_NEXT == BA_MAP_EXTRA -> b_map_extra();
            :: d_step { B_NEXT == BA_EXECUTE ->
                    b_command = C_RUNNING; d_busy = 1; locked = 0;
                    assert((executed & (1 << b_packet)) == 0);
                    executed = executed | (1 << b_packet); }
                /* vtpmring_back_reply(), bury_orphan() */
                d_step {
                    !locked -> locked = 1;
                    d_busy = 0;
                    orphan = b_orphan;
                    if
                    :: b_orphan ->
                        b_orphan = 0; b_abort = 0; b_command = C_NONE;
                        b_length = 0; b_packet = 0; b_nr = 0;
                        b_load();
                    :: else
                    fi;
                }
                if
                :: orphan -> b_follow();
                :: else -> b_answer(RESPONSE + b_packet);
                fi;
                d_step {
                    if
                    :: B_NEXT == BA_NOTIFY -> b_send_event();
                    :: else
                    fi;
                    if
                    :: orphan -> d_released = 1; wake_control = 1;
                    :: else
                    fi;
                    orphan = 0;
                }
                /* serve_device() */
                d_step {
                    d_queued = d_queued || B_IS_WAITING;
                    locked = 0;
                }
                break;
            :: d_step { else -> locked = 0; }
                break;
            od;
        od;
    } unless { kill_back };
    b_down++;
    d_step { b_down == 0 -> todo = 0; orphan = 0; asleep = 0; }
    goto end_start;
}

/* vtpmring_back_done() for the actions of the phases: done_phase(), enter().
 * Up to a load of the page that enter() may make; then the lock stays taken. In
 * a d_step, the lock free. */
inline b_done(action)
{
    todo = NOTHING;
    if
    :: B_NEXT == action ->
        if
        :: action == BA_UNMAP -> b_mapped = 0;
        :: action == BA_MAP -> b_mapped = (status == WORKED);
        :: else
        fi;
#ifdef EXTRA
        if
        :: !b_mapped -> b_has_extra = 0;
        :: else
        fi;
#endif
        if
#ifdef FAULT_AGAIN_FORGETS
        :: status != WORKED -> b_adopting = 0; b_adopted = 0;
#endif
        :: else
        fi;
        served = B_SERVES;
        if
        :: status == WORKED -> b_phase = BACK_OK(b_phase);
        :: status == FAILED -> b_phase = BACK_FAIL(b_phase);
        :: status == CHANGED_MEANWHILE -> b_phase = BACK_AGAIN(b_phase);
        fi;
        if
#ifndef FAULT_ADOPT_BY_INIT_WAIT
        :: b_phase == B_INIT_WAIT && b_adopting -> b_phase = B_ADOPT;
#endif
        :: else
        fi;
        if
        :: B_SERVES && !served ->
            b_notify = (b_adopting || b_adopted); b_adopting = 0;
#ifndef FAULT_NO_LOOK_AT_CONNECT
            b_load();
#endif
        :: !B_SERVES && served -> b_forget();
        :: else
        fi;
        if
        :: todo == NOTHING -> b_settle();
        :: else -> locked = 1;
        fi;
    :: else
    fi;
    status = WORKED; served = 0; to = 0;
}

/* end_reading(): the commit tells whether what was read still holds */
inline b_end_reading()
{
    if
    :: d_reading ->
        if
        :: conflict -> status = CHANGED_MEANWHILE;
        :: else
        fi;
        d_reading = 0; saw = 0; conflict = 0;
    :: else
    fi;
}

/* write_nodes(): the directory is still that of this device */
#ifdef FAULT_WRITES_INTO_NEW_DEVICE
#define B_MAY_WRITE (device && !replaced)
#else
#define B_MAY_WRITE \
    (device && !replaced && !(announced && back_state == X_INITIALISING))
#endif

/* write_state() */
inline b_write_state()
{
    status = (B_MAY_WRITE -> WORKED : FAILED);
    if
    :: d_reading && conflict -> status = CHANGED_MEANWHILE;
    :: else
    fi;
    if
    :: status == WORKED ->
        back_state = BACK_STATE(b_phase);
        front_watch = 1;
        announced = 1;
        if
        :: d_reading ->
            ready = 1;
            serving = b_page + 1;
        :: else
        fi;
    :: else
    fi;
    d_reading = 0; saw = 0; conflict = 0;
}

#define B_PERFORM(action) !locked && B_NEXT == action

/* vtpmring_back_device_look() */
inline b_look()
{
#ifdef DETACHES
    if
    :: !online && !b_offline ->
        d_step { !locked -> b_offline = 1; b_settle(); }
    :: else
    fi;
    if
    :: back_state == X_INITIALISING && announced && !replaced ->
        d_step { !locked -> replaced = 1; b_offline = 1; b_settle(); }
    :: else
    fi;
#endif
    seen = front_state;
    d_step { !locked -> b_tell(seen); seen = 0; served = 0; to = 0; }
}

/* hand_over() */
inline b_hand_over()
{
    d_step {
        !locked ->
        if
#ifndef FAULT_NO_LOOK_AT_CONNECT
        :: B_IS_WAITING ->
            d_queued = d_queued || !d_busy;
#ifndef FAULT_NO_WAKE
            wake_server = 1;
#endif
#endif
        :: else
        fi;
    }
}

/* vtpmring_back_device_advance(), perform(). What an action does to shared
 * memory last is one step with done(): no other thread can see or change in
 * between what done() looks at. Connected is not: a frontend may see it first.
 */
inline b_advance()
{
    do
    :: d_step { B_PERFORM(BA_ADVERTISE) ->
            if
            :: B_MAY_WRITE -> back_v2 = 1; back_extra = b_max_extra;
            :: else -> status = FAILED;
            fi;
            b_done(BA_ADVERTISE);
        }
    /* read_peer(): begins the transaction */
    :: d_step { B_PERFORM(BA_READ_PEER) ->
            d_reading = 1; conflict = 0; saw = SAW_STATE;
#ifndef FAULT_STALE_PEER
            b_tell(front_state);
#endif
        }
        d_step { b_ref = ring_ref; saw = saw | SAW_REF; }
        d_step { b_port = port; saw = saw | SAW_PORT; }
        d_step {
            !locked ->
            saw = saw | SAW_V2;
            if
            :: b_ref == 0 || b_port == 0 || !front_v2 ->
                status = FAILED; b_ref = 0; b_port = 0;
                b_end_reading();
            :: else
            fi;
            b_done(BA_READ_PEER);
        }
    /* map(), map_pages() */
    :: d_step { B_PERFORM(BA_MAP) ->
            if
            :: granted[b_ref - 1] -> b_page = b_ref - 1; mapped[b_page] = 1;
            :: else -> status = FAILED; b_end_reading();
            fi;
        }
        d_step {
            !locked ->
            if
            :: status != WORKED
            /* binding makes our end pending */
            :: status == WORKED && granted[b_port - 1] && b_port == b_ref &&
                    !bound[b_page] ->
                bound[b_page] = 1; back_event = 1; d_bound = 1;
            :: else -> status = FAILED; mapped[b_page] = 0; b_end_reading();
            fi;
            b_ref = 0; b_port = 0;
            b_done(BA_MAP);
        }
    :: d_step { B_PERFORM(BA_SET_STATE) && b_phase != B_CONFIRM ->
            b_write_state();
            b_done(BA_SET_STATE);
        }
    :: d_step { B_PERFORM(BA_SET_STATE) && b_phase == B_CONFIRM ->
            b_write_state(); }
        d_step { !locked -> b_done(BA_SET_STATE); }
        if
        :: todo != NOTHING ->
            b_follow();
            d_step { b_settle(); locked = 0; served = 0; to = 0; }
        :: else
        fi;
    /* vtpmring_back_device_unmap() */
    :: d_step { B_PERFORM(BA_UNMAP) ->
            if
            :: d_bound -> d_bound = 0; bound[b_page] = 0; back_event = 0;
            :: else
            fi;
        }
        d_step {
            !locked ->
            mapped[b_page] = 0;
            serving = 0;
#ifdef EXTRA
            mapped_extra = 0;
#endif
            b_done(BA_UNMAP);
        }
    :: d_step { B_PERFORM(BA_ABORT) -> b_abort = 0; }
    :: d_step { B_PERFORM(BA_END) -> ended = 1; }
        b_hand_over();
        break;
    :: d_step { !locked && (B_NEXT == BA_WAIT || B_NEXT == BA_EXECUTE ||
            B_NEXT == BA_MAP_EXTRA || B_NEXT == BA_NOTIFY) -> skip; }
        b_hand_over();
        break;
    od;
}

/* was_served() */
#define B_WAS_SERVED (b_peer == X_CONNECTED && own > X_INITIALISING || \
    b_peer == X_INITIALISED && (own == X_CONNECTED || own == X_CLOSED))

/* vtpmring_back_device_add(), begin_machine(), vtpmring_back_init() */
inline b_begin()
{
    own = back_state;
    d_step {
        b_peer = front_state;
        b_adopted = B_WAS_SERVED;
        b_adopting = (b_adopted && own == X_CONNECTED);
        b_phase = (b_adopting -> B_ADOPT : B_ADVERTISE);
        b_command = C_NONE; b_offline = 0; b_orphan = 0; b_abort = 0;
        b_notify = 0; b_mapped = 0;
#ifdef EXTRA
        b_refs = 0; b_has_extra = 0;
#endif
        announced = (own != X_INITIALISING);
        replaced = 0; ended = 0; own = 0;
        dirty = 1; present = 1;
    }
    /* inherit(): a note of a process that stopped in order */
#if defined(FAULT_ADOPT_EXECUTES)
    b_adopted = 0;
#elif !defined(FAULT_NO_INHERIT)
    if
    :: b_phase == B_ADOPT && ready == 0 -> b_adopted = 0;
    :: else
    fi;
#endif
}

/* vtpmring_back_set_control(), and what becomes of a process that ends */
proctype Control()
{
    byte to, seen, own, status, todo;
    bool served, replaced, announced, ended, present, dirty;

start:
    {
        back_watch = 0;
end_wait:
        do
        /* vtpmring_back_device_leave() when both threads are back */
        :: d_step { stop_back && b_down == 1 ->
                if
                :: d_bound && B_MAY_WRITE -> ready = 0;
                :: else
                fi;
            }
            break;
        :: !stop_back && !present && device -> b_begin();
        /* work() */
        :: d_step { !stop_back && present &&
                (dirty || back_watch || d_released) ->
                dirty = 0; back_watch = 0; d_released = 0; wake_control = 0; }
            if
            :: !ended -> b_look(); b_advance();
            :: else
            fi;
            if
            :: ended ->
                /* after_end() */
                d_step {
                    if
                    :: d_queued || d_busy -> dirty = 1;
                    :: back_state == X_INITIALISING ||
                            back_state == X_UNKNOWN ->
                        present = 0; ended = 0;
                    :: !d_queued && !d_busy && back_state != X_CLOSED &&
                            back_state != X_INITIALISING &&
                            back_state != X_UNKNOWN && device && !replaced ->
                        back_state = X_CLOSED; front_watch = 1;
                    :: else
                    fi;
                }
            :: else
            fi;
        od;
    } unless { kill_back };

    /* the kernel takes back what a process had */
    b_down == 1;
    d_step {
        mapped[b_page] = 0; bound[b_page] = 0; serving = 0;
#ifdef EXTRA
        mapped_extra = 0;
#endif
        back_event = 0; d_bound = 0; d_queued = 0; d_busy = 0; d_released = 0;
        d_reading = 0; saw = 0; conflict = 0; b_ref = 0; b_port = 0;
        locked = 0; wake_server = 0; wake_control = 0;
        b_phase = B_END; b_command = C_NONE; b_notify = 0; b_abort = 0;
        b_mapped = 0; b_orphan = 0; b_adopting = 0; b_adopted = 0;
        b_length = 0; b_packet = 0; b_nr = 0; b_page = 0;
        to = 0; seen = 0; own = 0; status = 0; todo = 0;
        served = 0; replaced = 0; announced = 0; ended = 0; present = 0;
        dirty = 0;
        b_max_extra = EXTRA_OF_NEXT;
        kill_back = 0; stop_back = 0;
        b_down = 0;
    }
    goto start;
}
