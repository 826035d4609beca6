/* SPDX-License-Identifier: MIT */
/**
 * @file front.h
 * The frontend as a machine without I/O.
 *
 * The caller tells what happened (vtpmring_front_on_*, submit, cancel, take,
 * close), asks what to do (vtpmring_front_next), does it and says how it went
 * (vtpmring_front_done). next() changes nothing: calling it twice is harmless.
 * The machine never allocates, blocks, reads a clock or calls back. One machine
 * is used by one thread at a time.
 *
 *     switch (action = vtpmring_front_next(&front)) {
 *     case VTPMRING_FRONT_WAIT:       // sleep, then on_event/on_peer_state
 *     case VTPMRING_FRONT_SHARE:      // grant pages, open an event channel,
 *                                     // vtpmring_front_set_page(...)
 *     case VTPMRING_FRONT_PUBLISH:    // ring-ref, event-channel,
 *                                     // feature-protocol-v2 and state 3,
 *                                     // in one transaction
 *     case VTPMRING_FRONT_CHECK_PEER: // read the backend's features,
 *                                     // vtpmring_front_set_features(...)
 *     case VTPMRING_FRONT_SET_STATE:  // write vtpmring_front_state(...)
 *     case VTPMRING_FRONT_NOTIFY:     // send the event
 *     case VTPMRING_FRONT_DELIVER:    // vtpmring_front_take(...), no done
 *     case VTPMRING_FRONT_UNPUBLISH:  // remove ring-ref, event-channel
 *     case VTPMRING_FRONT_UNSHARE:    // close the channel, end the grants
 *     case VTPMRING_FRONT_END:        // over; vtpmring_front_reopen()?
 *     }
 *     vtpmring_front_done(&front, action, status);
 *
 * The table of phases is vtpmring_front_table: code, test list and picture.
 */
#ifndef VTPMRING_FRONT_H
#define VTPMRING_FRONT_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/page.h>
#include <vtpmring/status.h>
#include <vtpmring/xenbus.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the caller of a frontend is to do next. */
enum vtpmring_front_action {
    VTPMRING_FRONT_WAIT = 0,    /**< nothing: sleep until an event */
    VTPMRING_FRONT_SHARE,       /**< grant the pages, open the event channel */
    VTPMRING_FRONT_PUBLISH,     /**< write the nodes and state 3 */
    VTPMRING_FRONT_CHECK_PEER,  /**< read the backend's features */
    VTPMRING_FRONT_SET_STATE,   /**< write vtpmring_front_state() */
    VTPMRING_FRONT_NOTIFY,      /**< send the event to the backend */
    VTPMRING_FRONT_DELIVER,     /**< a command has ended: take() */
    VTPMRING_FRONT_UNPUBLISH,   /**< remove ring-ref and event-channel */
    VTPMRING_FRONT_UNSHARE,     /**< close the event channel, end the grants */
    VTPMRING_FRONT_END,         /**< over, nothing is held any more */
    VTPMRING_FRONT_ACTION_COUNT /**< how many there are */
};

/** Phases of a frontend. */
enum vtpmring_front_phase {
    VTPMRING_FRONT_PHASE_FORGET,    /**< removes nodes of an earlier life */
    VTPMRING_FRONT_PHASE_RESET,     /**< writes Closed over an earlier life */
    VTPMRING_FRONT_PHASE_GATE,      /**< until the backend is there and holds no
                                         old page */
    VTPMRING_FRONT_PHASE_BEGIN,     /**< writes Initialising */
    VTPMRING_FRONT_PHASE_SHARE,     /**< grants the pages */
    VTPMRING_FRONT_PHASE_PUBLISH,   /**< tells the backend */
    VTPMRING_FRONT_PHASE_OFFERED,   /**< until the backend has connected */
    VTPMRING_FRONT_PHASE_CHECK,     /**< looks at the backend's features */
    VTPMRING_FRONT_PHASE_CONFIRM,   /**< writes Connected */
    VTPMRING_FRONT_PHASE_CONNECTED, /**< commands flow */
    VTPMRING_FRONT_PHASE_CLOSING,   /**< writes Closing */
    VTPMRING_FRONT_PHASE_UNPUBLISH, /**< removes the nodes */
    VTPMRING_FRONT_PHASE_CLOSED,    /**< writes Closed */
    VTPMRING_FRONT_PHASE_DRAIN,     /**< until the backend has let go */
    VTPMRING_FRONT_PHASE_UNSHARE,   /**< ends the grants */
    VTPMRING_FRONT_PHASE_END,       /**< over */
    VTPMRING_FRONT_PHASE_COUNT      /**< how many there are */
};

/** What becomes of the command in flight. */
enum vtpmring_front_command {
    VTPMRING_FRONT_COMMAND_NONE,     /**< there is none */
    VTPMRING_FRONT_COMMAND_SENT,     /**< the backend has it */
    VTPMRING_FRONT_COMMAND_CANCELED, /**< the backend is asked to drop it */
    VTPMRING_FRONT_COMMAND_ENDED     /**< take() tells how */
};

/** The rows of the frontend, indexed by enum vtpmring_front_phase. */
extern const struct vtpmring_xenbus_row
    vtpmring_front_table[VTPMRING_FRONT_PHASE_COUNT];

/** A frontend. The caller allocates it; the fields may be read, not written. */
struct vtpmring_front {
    struct vtpmring_page page; /**< the pages, set by set_page */
    const uint32_t *refs;      /**< grant references of the extra pages */
    uint8_t phase;             /**< enum vtpmring_front_phase */
    uint8_t command;           /**< enum vtpmring_front_command */
    uint8_t own_extra;         /**< extra pages that the caller offers */
    uint8_t use_extra;         /**< extra pages that both sides take */
    uint8_t peer_state;        /**< enum vtpmring_xenbus_state */
    bool shared;               /**< pages are granted */
    bool published;   /**< nodes are written that Closed has not ended */
    bool want_close;  /**< the caller wants to end */
    bool want_notify; /**< an event is owed to the backend */
    enum vtpmring_status fault;  /**< why the connection ended, OK if it
                                      did not or was closed in order */
    enum vtpmring_status result; /**< how the ended command ended */
};

/**
 * Begins the life of a frontend.
 * @param front gets its first state
 * @param extra_pages extra pages to offer, 0 to VTPMRING_PAGE_EXTRA_MAX
 * @param own_state what the own state node says now: with anything after
 *        Initialising, nodes of an earlier life (a killed process, a kexec) are
 *        taken back first
 * @retval VTPMRING_OK begun; feed the backend's state by on_peer_state
 * @retval VTPMRING_EINVAL extra_pages is out of range
 */
enum vtpmring_status vtpmring_front_init(struct vtpmring_front *front,
                                         unsigned extra_pages,
                                         enum vtpmring_xenbus_state own_state);

/**
 * What to do next. Pure.
 * @param front the frontend
 * @return the action
 */
enum vtpmring_front_action
vtpmring_front_next(const struct vtpmring_front *front);

/**
 * The own state that a SET_STATE or PUBLISH action writes.
 * @param front the frontend
 * @return the state
 */
enum vtpmring_xenbus_state
vtpmring_front_state(const struct vtpmring_front *front);

/**
 * Says how an action went.
 * @param front the frontend
 * @param action what next() returned; WAIT, DELIVER and END need no done
 * @param status VTPMRING_OK or why it failed
 * @retval VTPMRING_OK noted
 * @retval VTPMRING_ESTATE next() does not ask for this action (any more);
 *         nothing is changed
 */
enum vtpmring_status vtpmring_front_done(struct vtpmring_front *front,
                                         enum vtpmring_front_action action,
                                         enum vtpmring_status status);

/**
 * Hands over the pages, while next() is SHARE and before its done().
 * @param front the frontend
 * @param page 1 + extra_pages zeroed pages, granted to the backend; they stay
 *        the caller's and must stay mapped until UNSHARE
 * @param refs grant references of the extra pages, in order; stays the caller's
 *        and in place until UNSHARE; may be NULL without extra pages
 * @retval VTPMRING_OK taken
 * @retval VTPMRING_EINVAL fewer pages than were offered
 * @retval VTPMRING_ESTATE next() is not SHARE
 */
enum vtpmring_status vtpmring_front_set_page(struct vtpmring_front *front,
                                             const struct vtpmring_page *page,
                                             const uint32_t *refs);

/**
 * Hands over what the backend announces, while next() is CHECK_PEER. The status
 * is what the caller gives to done().
 * @param front the frontend
 * @param v2 value of the backend's feature-protocol-v2, NULL if absent
 * @param v2_length bytes of v2
 * @param extra value of its feature-extra-pages, NULL if absent
 * @param extra_length bytes of extra
 * @retval VTPMRING_OK the backend speaks version 2
 * @retval VTPMRING_EPEER_FEATURE it does not
 * @retval VTPMRING_ESTATE next() is not CHECK_PEER
 */
enum vtpmring_status vtpmring_front_set_features(struct vtpmring_front *front,
                                                 const char *v2,
                                                 size_t v2_length,
                                                 const char *extra,
                                                 size_t extra_length);

/**
 * The backend's state node has (perhaps) changed. Repeats are harmless. Read it
 * afresh, and call this, after Closed was written and before its done(), and
 * before reopen(): a backend may have connected to the old page just before the
 * nodes went, and what was known of it before is no proof that it let go.
 * @param front the frontend
 * @param state what it says now
 */
void vtpmring_front_on_peer_state(struct vtpmring_front *front,
                                  enum vtpmring_xenbus_state state);

/**
 * An event has come, or the caller looks at the page of its own accord.
 * @param front the frontend
 */
void vtpmring_front_on_event(struct vtpmring_front *front);

/**
 * Whether a command can be sent now.
 * @param front the frontend
 * @return true when connected with no command in flight
 */
bool vtpmring_front_is_ready(const struct vtpmring_front *front);

/**
 * How long a command or response may be on this connection.
 * @param front the frontend
 * @return bytes; 0 before the connection is made
 */
size_t vtpmring_front_capacity(const struct vtpmring_front *front);

/**
 * Puts a command on the page. next() is then NOTIFY.
 * @param front the frontend
 * @param command the TPM command; copied
 * @param length bytes of the command
 * @param locality locality of the command, at most VTPMRING_TPM_LOCALITY_MAX
 *        or 32 to 255 as TPM 2.0 has them
 * @retval VTPMRING_OK on the page
 * @retval VTPMRING_EINVAL not a command: its size field is not its length; or
 *         the locality is none
 * @retval VTPMRING_ENOBUF more than vtpmring_front_capacity()
 * @retval VTPMRING_AGAIN a command is in flight, or its end was not taken
 * @retval VTPMRING_ESTATE not connected
 */
enum vtpmring_status vtpmring_front_submit(struct vtpmring_front *front,
                                           const void *command, size_t length,
                                           uint8_t locality);

/**
 * Asks the backend to drop the command in flight. It still ends by DELIVER:
 * with a response, or with VTPMRING_CANCELED.
 * @param front the frontend
 * @retval VTPMRING_OK asked, or the command had just ended
 * @retval VTPMRING_ESTATE no command is in flight
 */
enum vtpmring_status vtpmring_front_cancel(struct vtpmring_front *front);

/**
 * Takes the end of a command, when next() is DELIVER.
 * @param front the frontend
 * @param response gets the response
 * @param size bytes of room
 * @param length gets the bytes of the response; 0 if there is none; on ENOBUF
 *        how many are needed
 * @retval VTPMRING_OK a response whose size field is its length
 * @retval VTPMRING_CANCELED cancelled, or refused by the backend
 * @retval VTPMRING_ENOBUF size is too small; take it again with more
 * @retval VTPMRING_EPEER_LENGTH the backend's length is impossible
 * @retval VTPMRING_EPEER_HEADER the response disagrees with its length
 * @retval VTPMRING_EPEER_STATE the backend broke the protocol
 * @retval VTPMRING_EPEER_GONE the backend went away
 * @retval VTPMRING_EPEER_TIMEOUT the caller gave up by fail()
 * @retval VTPMRING_CLOSED the caller closed
 * @retval VTPMRING_ESTATE no command has ended
 */
enum vtpmring_status vtpmring_front_take(struct vtpmring_front *front,
                                         void *response, size_t size,
                                         size_t *length);

/**
 * Forgets the end of a command that nobody will take.
 * @param front the frontend, when next() is DELIVER; otherwise nothing happens
 */
void vtpmring_front_drop(struct vtpmring_front *front);

/**
 * Ends the connection in order: Closing, nodes removed, Closed, grants ended
 * when the backend has let go. A command in flight ends with VTPMRING_CLOSED.
 * @param front the frontend
 */
void vtpmring_front_close(struct vtpmring_front *front);

/**
 * Gives up on the backend: ends the wait for it in which the frontend is. From
 * OFFERED and CONNECTED the way to the end leads through DRAIN, where it waits
 * for the backend to let go; a second call ends that, too.
 * @param front the frontend
 * @param why the fault, usually VTPMRING_EPEER_TIMEOUT
 */
void vtpmring_front_fail(struct vtpmring_front *front,
                         enum vtpmring_status why);

/**
 * Begins anew after the end, with the pages to be shared again.
 * @param front the frontend, whose next() is END
 * @retval VTPMRING_OK begun
 * @retval VTPMRING_ESTATE it has not ended
 */
enum vtpmring_status vtpmring_front_reopen(struct vtpmring_front *front);

#ifdef __cplusplus
}
#endif

#endif
