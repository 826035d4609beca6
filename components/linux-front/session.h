/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * A frontend with one command at a time and its deadlines, without a kernel:
 * time is an argument, waiting is the caller's, and so is the lock under which
 * all calls are made.
 *
 * The module calls it from an interrupt, a worker and the callers of the TPM;
 * tests and a fuzzer call it in user space.
 */
#ifndef VTPMRING_LINUX_FRONT_SESSION_H
#define VTPMRING_LINUX_FRONT_SESSION_H

#include <vtpmring/front.h>
#include <vtpmring/tpm.h>

/** No deadline. */
#define SESSION_NEVER UINT64_MAX
/** First pause before a connection that follows a short one, and the longest,
 *  in microseconds. */
#define SESSION_PAUSE_US 10000u
#define SESSION_PAUSE_MAX_US 10000000u
/** A connection that lasts so long is no short one. */
#define SESSION_LASTING_US 10000000u

/** What becomes of the one command. */
enum session_command {
    SESSION_NONE,      /**< there is none */
    SESSION_RUNNING,   /**< the backend has it, somebody will receive it */
    SESSION_ABANDONED, /**< the backend has it, nobody will receive it */
    SESSION_ENDED      /**< to be received */
};

/** A session. The caller allocates it; the fields may be read. */
struct session {
    struct vtpmring_front machine; /**< the core */
    uint8_t command;               /**< enum session_command */
    uint8_t credit;         /**< events that the backend owes us; the interrupt
                                 of a command that was seen earlier is one */
    int canceled;           /**< why we have cancelled the command, or 0 */
    bool closing;           /**< close() was called */
    bool connected;         /**< generation counts this connection */
    uint32_t generation;    /**< connections so far */
    uint64_t cancel_after;  /**< the command is late then, SESSION_NEVER */
    uint64_t give_up_after; /**< its cancel is late then, SESSION_NEVER */
    uint64_t cancel_us;     /**< how long a cancel may take */
    uint64_t since;         /**< when this connection was made */
    uint64_t again_after;   /**< the next connection is made then */
    uint64_t pause;         /**< before that */
    enum vtpmring_status result; /**< of an ended command */
    size_t length;               /**< bytes of the response */
    unsigned char response[VTPMRING_TPM_COMMAND_MAX]; /**< response */
};

/**
 * Begins, or begins anew after pages and channel were lost; then a command in
 * flight ends with -EIO.
 * @param s zeroed, or a session
 * @param extra extra pages to offer
 * @param own what the own state node says
 */
void session_begin(struct session *s, unsigned extra,
                   enum vtpmring_xenbus_state own);

/**
 * What to do next.
 * @param s the session
 * @return an action of the machine, never DELIVER. END: over if closing;
 *         otherwise session_reopen() when session_deadline() has come
 */
enum vtpmring_front_action session_next(struct session *s);

/**
 * An action was carried out.
 * @param s the session
 * @param action which
 * @param status how it went
 * @param now microseconds
 */
void session_done(struct session *s, enum vtpmring_front_action action,
                  enum vtpmring_status status, uint64_t now);

/**
 * The backend's state was read.
 * @param s the session
 * @param state what it says
 * @param now microseconds
 */
void session_peer(struct session *s, enum vtpmring_xenbus_state state,
                  uint64_t now);

/**
 * Looks at the page.
 * @param s the session
 * @param now microseconds
 * @return whether the command has ended
 */
bool session_look(struct session *s, uint64_t now);

/**
 * An event has come: looks at the page.
 * @param s the session
 * @param now microseconds
 * @return whether there was a reason for the event; a storm has none
 */
bool session_event(struct session *s, uint64_t now);

/**
 * Puts a command on the page; session_next() is NOTIFY then.
 * @param s the session
 * @param command the TPM command, copied
 * @param length bytes of it
 * @param now microseconds
 * @param limit_us how long it may take before it is cancelled
 * @param cancel_us how long that may take before the connection is given up
 * @retval 0 sent
 * @retval -EBUSY the last one has not ended, or was not received
 * @retval -ENOTCONN not connected
 * @retval -EINVAL no command: its size field is not its length
 * @retval -E2BIG longer than the pages
 */
int session_send(struct session *s, const void *command, size_t length,
                 uint64_t now, uint64_t limit_us, uint64_t cancel_us);

/**
 * Takes the end of a command.
 * @param s the session
 * @param response gets the response
 * @param size room for it
 * @return bytes of the response
 * @retval -EAGAIN it has not ended
 * @retval -ETIME the backend did not answer in time
 * @retval -ECANCELED it was cancelled
 * @retval -EIO the backend broke the protocol, refused it or went away
 */
int session_receive(struct session *s, void *response, size_t size);

/**
 * Nobody will receive the command in flight: it is cancelled.
 * @param s the session
 * @param now microseconds
 */
void session_abandon(struct session *s, uint64_t now);

/**
 * Asks the backend to drop the command in flight, if there is one. It ends
 * with a response all the same, or with -ECANCELED, or -ETIME.
 * @param s the session
 * @param now microseconds
 */
void session_cancel(struct session *s, uint64_t now);

/**
 * When session_tick() or session_reopen() is to be called.
 * @param s the session
 * @return microseconds, or SESSION_NEVER
 */
uint64_t session_deadline(const struct session *s);

/**
 * Carries out the deadlines that have come.
 * @param s the session
 * @param now microseconds
 */
void session_tick(struct session *s, uint64_t now);

/**
 * Begins anew after END, unless it is too early. The backend's state must have
 * been read since END.
 * @param s the session
 * @param now microseconds
 * @return whether it did
 */
bool session_reopen(struct session *s, uint64_t now);

/**
 * Ends in order. A command in flight ends with -EIO.
 * @param s the session
 * @param now microseconds
 */
void session_close(struct session *s, uint64_t now);

/**
 * Gives up a wait for the backend, see vtpmring_front_fail().
 * @param s the session
 * @param now microseconds
 */
void session_give_up(struct session *s, uint64_t now);

#endif
