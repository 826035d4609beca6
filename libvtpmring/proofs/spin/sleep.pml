/* SPDX-License-Identifier: MIT */
/* Events, sleep and polling of a connected pair, in detail: the kernel's event
 * device of both sides, the two threads of the backend with their lock, their
 * wake-ups and the timer, the frontend that polls, that sleeps in wait(), or
 * whose user waits for the descriptor of the channel. */
#include "tables.pml"

#ifndef COMMANDS
#define COMMANDS 2
#endif
#ifndef POLLS
#define POLLS 1 /* looks before a sleep */
#endif

#define C_NONE 0
#define C_SENT 1
#define C_CANCELED 2
#define C_ENDED 3
#define C_READY 5
#define C_RUNNING 6

byte page_state = PG_IDLE;

/* An end of the channel as /dev/xen/evtchn has it. An event makes it pending;
 * if it is not masked, the kernel masks it and puts it into the queue of the
 * descriptor. Reading takes it from the queue; xenevtchn_unmask() unmasks, and
 * what has become pending meanwhile is queued at once. */
bool f_pending, f_masked, f_queued;
bool b_pending, b_masked, b_queued;

#define SEND(side)                                                  \
    if                                                              \
    :: side##_masked -> side##_pending = 1;                         \
    :: else -> side##_masked = 1; side##_queued = 1;                \
    fi
#define UNMASK(side)                                                \
    if                                                              \
    :: side##_pending -> side##_pending = 0; side##_queued = 1;     \
    :: else -> side##_masked = 0;                                   \
    fi

/* vtpmring_xen_user_channel_next(): takes, unmasks */
inline f_next_event()
{
    if
    :: d_step { f_queued -> f_queued = 0; }
#ifndef FAULT_NO_UNMASK
        d_step { UNMASK(f); }
#endif
    :: else
    fi;
}

/* the frontend */
byte f_command;
bool f_notify;
byte number = 1;
bool all_done;

/* the backend: its machine, the device, the set */
byte b_command;
bool b_abort, b_notify;
bool locked, d_queued, running, armed, watching, timer;
bool wake_server;
bool server_waits; /* for the lock; control sleeps between two looks, so it is
                    * not in the way for ever */
byte executed; /* commands that were executed */
bool aborted;  /* abort() was called for the command that runs */
byte forgets;  /* calls of abort() that come before the TPM has begun */

/* vtpmring_front_on_event() */
inline f_on_event()
{
    d_step {
        if
        :: f_command != C_ENDED && f_command != C_NONE &&
                (page_state == PG_FINISH || page_state == PG_IDLE) ->
            f_command = C_ENDED; f_notify = 0;
        :: else
        fi;
    }
}

/* run(): NOTIFY is the only action here */
inline f_run()
{
    d_step {
        if
        :: f_notify && f_command != C_ENDED -> f_notify = 0;
#ifndef FAULT_FRONT_NO_NOTIFY
            SEND(b);
#endif
        :: else
        fi;
    }
}

/* vtpmring_front_link_send(), then vtpmring_front_link_receive() until the
 * command has ended; vtpmring_front_link_cancel() in between */
proctype Front()
{
    byte polls;
    bool drained;
#ifdef CANCELS
    byte cancels = CANCELS;
#endif

    do
    :: number > COMMANDS -> break;
    :: else ->
        d_step { page_state = PG_SUBMIT; f_command = C_SENT; f_notify = 1; }
        f_run();
receive:
        /* poll_page() */
        polls = POLLS;
        do
        :: d_step { polls > 0 && f_command != C_ENDED -> polls--; }
            f_on_event();
        :: polls == 0 || f_command == C_ENDED -> break;
        :: d_step { polls > 0 -> polls = 0; } /* its time is over */
        od;
        drained = 0;
        do
        :: true ->
#ifdef FAULT_FRONT_NO_LOOK
            /* the look after the channel was drained */
            if
            :: !drained -> f_on_event();
            :: else
            fi;
#else
            f_on_event();
#endif
            f_run();
            if
            :: f_command == C_ENDED -> break;
            :: else
            fi;
            if
            /* sleep_on() */
            :: f_queued ->
                f_next_event();
                drained = 0;
                f_on_event();
#ifdef CANCELS
            /* the caller's time is over; it cancels, and comes back */
            :: d_step { cancels > 0 && f_command == C_SENT -> cancels--; }
                d_step {
                    if
                    :: page_state == PG_SUBMIT ->
                        page_state = PG_CANCEL;
                        f_command = C_CANCELED;
                        f_notify = 1;
                    :: else
                    fi;
                }
                f_on_event();
                f_run();
                drained = 0;
#endif
#ifdef DESCRIPTOR
            /* timeout_ms 0: drain_channel(), a look more, AGAIN; the user
             * waits until the descriptor is readable */
            :: !drained -> f_next_event(); drained = 1;
            :: drained -> f_queued; goto receive_again;
#endif
            fi;
        od;
        /* vtpmring_front_take() */
        assert(page_state == PG_FINISH || page_state == PG_IDLE);
        d_step { f_command = C_NONE; drained = 0; number++; }
    od;
    all_done = 1;
    goto over;
#ifdef DESCRIPTOR
receive_again:
    /* vtpmring_front_link_receive() looks before all else */
#ifndef FAULT_FRONT_NO_LOOK
    f_on_event();
#endif
    goto receive;
#endif
over:
    skip
}

#define HAS_WORK                                                          \
    (b_command == C_NONE ->                                               \
         page_state == PG_SUBMIT || page_state == PG_CANCEL :             \
     page_state == PG_CANCEL && !b_abort)

/* vtpmring_back_on_event(): the load; it touches nothing else that is shared
 * but in finish(). Under the lock, in a d_step. */
inline b_load()
{
    if
    :: page_state == PG_SUBMIT && b_command == C_NONE -> b_command = C_READY;
    :: page_state == PG_CANCEL && b_command == C_RUNNING -> b_abort = 1;
    :: page_state == PG_CANCEL && b_command == C_READY -> finish = PG_FINISH;
    :: page_state == PG_CANCEL && b_command == C_NONE -> finish = PG_IDLE;
    :: else
    fi;
}

inline b_finish()
{
    d_step {
        page_state = finish;
        finish = PG_SUBMIT;
        b_command = C_NONE; b_abort = 0; b_notify = 1;
    }
}

/* vtpmring_back_set_collect(), vtpmring_xen_user_channel_next(): the taking is
 * one step under take_lock, the unmasking another. Under the lock. */
inline b_collect()
{
    d_step { got = b_queued; b_queued = 0; }
    if
    :: got ->
#ifndef FAULT_NO_UNMASK
        d_step { UNMASK(b); }
#endif
#ifndef FAULT_COLLECT_FORGETS
        d_queued = 1;
#endif
        got = 0;
    :: else
    fi;
}

/* vtpmring_back_set_serve() */
proctype Serve()
{
    byte polls, finish = PG_SUBMIT;
    bool got, asleep;

end_sleep:
    do
    /* the ready list is empty: wait() */
    :: d_step { !locked && !d_queued && !asleep -> asleep = 1; }
    :: d_step { !locked && asleep && (b_queued || wake_server) ->
            wake_server = 0; asleep = 0; locked = 1; }
        b_collect();
        locked = 0;
    :: d_step { !locked && d_queued && !asleep ->
            locked = 1; d_queued = 0; b_load(); }
        /* serve_device() */
again:
        if
        :: finish != PG_SUBMIT -> b_finish();
        :: else
        fi;
        if
        :: d_step { b_notify -> b_notify = 0;
#ifndef FAULT_BACK_NO_NOTIFY
                SEND(f);
#endif
            }
            goto again;
        :: d_step { b_command == C_READY && !b_notify ->
                /* execute(), arm() */
                b_command = C_RUNNING;
                running = 1;
                locked = 0;
                if
                :: !armed -> armed = 1; timer = 1;
                :: else
                fi;
            }
#ifdef LONG
            /* a command that ends only when it is aborted, or never without */
            aborted;
#endif
            server_waits = 1;
            d_step { !locked -> locked = 1; server_waits = 0; running = 0;
                aborted = 0; executed++; }
            finish = PG_FINISH;
            b_finish();
            d_step { b_notify = 0;
#ifndef FAULT_BACK_NO_NOTIFY
                SEND(f);
#endif
            }
            if
            :: HAS_WORK -> d_queued = 1;
            :: else ->
                /* poll_page(), under the lock while control waits not */
                polls = POLLS;
                do
                :: polls > 0 ->
                    if
                    :: HAS_WORK -> d_queued = 1; polls = 0;
                    :: else -> polls--;
                    fi;
                :: polls == 0 -> break;
                :: d_step { polls > 0 -> polls = 0; }
                od;
            fi;
            locked = 0;
        :: d_step { b_command != C_READY && !b_notify -> locked = 0; }
        fi;
    od;
}

/* vtpmring_back_set_control(): supervise() */
proctype Control()
{
    byte finish = PG_SUBMIT;
    bool got, wake;

end_wait:
    do
    /* every 5 ms while it supervises, otherwise when the timer fires */
    :: d_step { (timer || watching) && !locked && !server_waits ->
            timer = 0; locked = 1;
            watching = running; }
        if
        :: watching ->
            b_collect();
            d_step { b_load(); }
            d_step {
                if
                :: b_abort ->
                    b_abort = 0;
                    /* a TPM may forget a cancel that comes too early */
                    if
                    :: forgets > 0 -> forgets--;
                    :: else -> aborted = 1;
                    fi;
                :: else
                fi;
            }
        :: else -> armed = 0;
        fi;
        d_step { wake = d_queued; locked = 0; }
        if
        :: wake ->
            wake_server = 1;
            wake = 0;
        :: else
        fi;
#ifdef FAULT_ABORT_ONCE
        watching = 0;
#endif
    od;
}

init {
#ifdef FORGETS
    forgets = FORGETS;
#endif
    atomic { run Front(); run Serve(); run Control(); }
}

/* Every command ends, whoever sleeps when. */
ltl live { <> all_done }
