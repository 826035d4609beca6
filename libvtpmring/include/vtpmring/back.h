/* SPDX-License-Identifier: MIT */
/**
 * @file back.h
 * The backend of one frontend as a machine without I/O.
 *
 * Works as front.h describes: events in, vtpmring_back_next() says what to do,
 * vtpmring_back_done() says how it went. The machine copies a command into the
 * caller's buffer before it asks for EXECUTE, so the caller never sees shared
 * memory. Every command is answered exactly once: with the caller's response,
 * with a TPM error response, or by IDLE where not even a TPM header is there.
 *
 *     switch (vtpmring_back_next(&back)) {
 *     case VTPMRING_BACK_WAIT:      // sleep, then on_event/on_peer_state
 *     case VTPMRING_BACK_ADVERTISE: // feature-protocol-v2, feature-extra-pages
 *     case VTPMRING_BACK_READ_PEER: // read the frontend's state and nodes,
 *                                   // vtpmring_back_on_peer_state(...),
 *                                   // vtpmring_back_set_peer(...)
 *     case VTPMRING_BACK_MAP:       // map back.ring_ref, bind
 *                                   // back.event_channel,
 *                                   // vtpmring_back_set_page(...)
 *     case VTPMRING_BACK_SET_STATE: // write vtpmring_back_state(); with
 *                                   // Connected also ready=1
 *     case VTPMRING_BACK_MAP_EXTRA: // unmap the old extra pages, map
 *                                   // back.refs[0..nr_refs),
 *                                   // vtpmring_back_set_extra(...)
 *     case VTPMRING_BACK_EXECUTE:   // run back.command, then
 *                                   // vtpmring_back_reply(...)
 *     case VTPMRING_BACK_ABORT:     // make the running command stop early
 *     case VTPMRING_BACK_NOTIFY:    // send the event
 *     case VTPMRING_BACK_UNMAP:     // unmap all pages, close the channel
 *     case VTPMRING_BACK_END:       // over: free it, remove the nodes
 *     }
 *
 * The table of phases is vtpmring_back_table: code, test list and picture.
 */
#ifndef VTPMRING_BACK_H
#define VTPMRING_BACK_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/page.h>
#include <vtpmring/status.h>
#include <vtpmring/tpm.h>
#include <vtpmring/xenbus.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the caller of a backend is to do next. */
enum vtpmring_back_action {
    VTPMRING_BACK_WAIT = 0,    /**< nothing: sleep until an event */
    VTPMRING_BACK_ADVERTISE,   /**< write the backend's features */
    VTPMRING_BACK_READ_PEER,   /**< read what the frontend published */
    VTPMRING_BACK_MAP,         /**< map the shared page, bind the channel */
    VTPMRING_BACK_SET_STATE,   /**< write vtpmring_back_state() */
    VTPMRING_BACK_MAP_EXTRA,   /**< replace the mapping of the extra pages */
    VTPMRING_BACK_EXECUTE,     /**< run the command */
    VTPMRING_BACK_ABORT,       /**< make the running command stop early */
    VTPMRING_BACK_NOTIFY,      /**< send the event to the frontend */
    VTPMRING_BACK_UNMAP,       /**< unmap all pages, close the channel */
    VTPMRING_BACK_END,         /**< over, nothing is held any more */
    VTPMRING_BACK_ACTION_COUNT /**< how many there are */
};

/** Phases of a backend. */
enum vtpmring_back_phase {
    VTPMRING_BACK_PHASE_ADVERTISE, /**< announces its features */
    VTPMRING_BACK_PHASE_INIT_WAIT, /**< writes InitWait */
    VTPMRING_BACK_PHASE_LISTEN,    /**< until the frontend has published */
    VTPMRING_BACK_PHASE_ADOPT,     /**< announces again under a frontend that
                                        a killed process has left connected */
    VTPMRING_BACK_PHASE_READ,      /**< reads what the frontend published */
    VTPMRING_BACK_PHASE_MAP,       /**< maps and binds */
    VTPMRING_BACK_PHASE_CONFIRM,   /**< writes Connected */
    VTPMRING_BACK_PHASE_OPEN,      /**< serves; the frontend is at 3 */
    VTPMRING_BACK_PHASE_CONNECTED, /**< serves; the frontend is at 4 */
    VTPMRING_BACK_PHASE_DROP,      /**< lets go, to wait for a reopen */
    VTPMRING_BACK_PHASE_LEAVE,     /**< lets go, the frontend is Closing */
    VTPMRING_BACK_PHASE_CLOSING,   /**< writes Closing */
    VTPMRING_BACK_PHASE_LINGER,    /**< until the frontend is Closed */
    VTPMRING_BACK_PHASE_UNDO,      /**< lets go after a failed Connected */
    VTPMRING_BACK_PHASE_REFUSE,    /**< writes Closed: cannot connect */
    VTPMRING_BACK_PHASE_REFUSED,   /**< until the frontend begins anew */
    VTPMRING_BACK_PHASE_RELEASE,   /**< lets go for good */
    VTPMRING_BACK_PHASE_CLOSED,    /**< writes Closed for good */
    VTPMRING_BACK_PHASE_END,       /**< over */
    VTPMRING_BACK_PHASE_COUNT      /**< how many there are */
};

/** What becomes of the command on the page. */
enum vtpmring_back_command {
    VTPMRING_BACK_COMMAND_NONE,    /**< there is none */
    VTPMRING_BACK_COMMAND_MAPPING, /**< its extra pages are to be mapped */
    VTPMRING_BACK_COMMAND_READY,   /**< copied, to be executed */
    VTPMRING_BACK_COMMAND_RUNNING  /**< executed by the caller now */
};

/** The rows of the backend, indexed by enum vtpmring_back_phase. */
extern const struct vtpmring_xenbus_row
    vtpmring_back_table[VTPMRING_BACK_PHASE_COUNT];

/** What a backend is made with. */
struct vtpmring_back_config {
    enum vtpmring_tpm_family family; /**< form of error responses */
    unsigned char *buffer; /**< room for one command; the caller's, stays in
                                place for the life of the machine; the caller
                                may change it while it executes */
    size_t buffer_size;    /**< bytes of buffer: longer commands are refused */
    uint32_t *refs;        /**< room for max_extra references, likewise */
    unsigned max_extra;    /**< extra pages to take, 0 to
                                VTPMRING_PAGE_EXTRA_MAX; 0 announces none */
};

/** A backend. The caller allocates it; the fields may be read, not written. */
struct vtpmring_back {
    struct vtpmring_back_config config; /**< as given */
    struct vtpmring_page page;          /**< mapped pages */
    struct vtpmring_page_head head;     /**< snapshot of the current command */
    size_t length;          /**< EXECUTE: bytes of the command in the buffer */
    uint32_t ring_ref;      /**< MAP: grant reference of the shared page */
    uint32_t event_channel; /**< MAP: the frontend's port */
    uint16_t tag;           /**< EXECUTE: tag of the command */
    uint8_t phase;          /**< enum vtpmring_back_phase */
    uint8_t command;        /**< enum vtpmring_back_command */
    uint8_t peer_state;     /**< enum vtpmring_xenbus_state */
    uint8_t nr_refs;        /**< MAP_EXTRA: references in config.refs */
    bool mapped;            /**< the shared page is mapped */
    bool adopting;          /**< takes over an open connection */
    bool adopted;           /**< a process before us may have executed the
                                 command on the page, and may owe an event */
    bool offline;           /**< the device is to go */
    bool orphan;            /**< the frontend of the running command is gone */
    bool want_abort;        /**< the running command is to stop early */
    bool want_notify;       /**< an event is owed to the frontend */
    enum vtpmring_status fault; /**< last fault of the frontend or the port, for
                                     logs */
};

/**
 * Begins the life of a backend.
 * @param back gets its first state
 * @param config copied; what it points to stays the caller's
 * @param own_state what the own state node says now: Connected together with a
 *        frontend that is connected too adopts that connection
 * @param peer_state what the frontend's state node says now. If an earlier
 *        process may have served this frontend, by the two states, a command
 *        that is on the page at first is dropped with IDLE.
 * @retval VTPMRING_OK begun
 * @retval VTPMRING_EINVAL the configuration is out of range
 */
enum vtpmring_status
vtpmring_back_init(struct vtpmring_back *back,
                   const struct vtpmring_back_config *config,
                   enum vtpmring_xenbus_state own_state,
                   enum vtpmring_xenbus_state peer_state);

/**
 * Says of an adopted connection that the process before us stopped in order: a
 * command on the page was not begun, so it is executed. Without it such a
 * command is dropped with IDLE, because it may have been executed already.
 * Right after init.
 * @param back the backend
 */
void vtpmring_back_inherit(struct vtpmring_back *back);

/**
 * What to do next. Pure.
 * @param back the backend
 * @return the action
 */
enum vtpmring_back_action vtpmring_back_next(const struct vtpmring_back *back);

/**
 * The own state that a SET_STATE action writes.
 * @param back the backend
 * @return the state
 */
enum vtpmring_xenbus_state
vtpmring_back_state(const struct vtpmring_back *back);

/**
 * Says how an action went. EXECUTE: done() says that the command has been taken
 * in hand, reply() ends it. Where events are fed in while it executes, done()
 * must come before it begins; otherwise reply() alone will do.
 * @param back the backend
 * @param action what next() returned; WAIT and END need no done
 * @param status VTPMRING_OK or why it failed. From READ_PEER on until Connected
 *        is written the frontend may begin anew, with the same numbers for
 *        another page: a caller that finds its nodes changed in that time
 *        (a xenstore transaction tells) says VTPMRING_AGAIN.
 * @retval VTPMRING_OK noted
 * @retval VTPMRING_ESTATE next() does not ask for this action (any more);
 *         nothing is changed
 */
enum vtpmring_status vtpmring_back_done(struct vtpmring_back *back,
                                        enum vtpmring_back_action action,
                                        enum vtpmring_status status);

/**
 * Hands over what the frontend published, while next() is READ_PEER. The status
 * is what the caller gives to done(). Call on_peer_state() with the state that
 * was read together with the nodes: an older one may be of an earlier life of
 * the frontend, and would end the connection as soon as the true one is seen.
 * @param back the backend
 * @param ring_ref value of ring-ref, NULL if absent
 * @param ring_ref_length bytes of it
 * @param event_channel value of event-channel, NULL if absent
 * @param event_channel_length bytes of it
 * @param v2 value of feature-protocol-v2, NULL if absent
 * @param v2_length bytes of it
 * @retval VTPMRING_OK ring_ref and event_channel are set
 * @retval VTPMRING_EPEER_FEATURE the frontend does not speak version 2
 * @retval VTPMRING_EPEER_STRING a value is no number
 * @retval VTPMRING_ESTATE next() is not READ_PEER
 */
enum vtpmring_status vtpmring_back_set_peer(struct vtpmring_back *back,
                                            const char *ring_ref,
                                            size_t ring_ref_length,
                                            const char *event_channel,
                                            size_t event_channel_length,
                                            const char *v2, size_t v2_length);

/**
 * Hands over the mapped shared page, while next() is MAP.
 * @param back the backend
 * @param first the page; stays mapped until UNMAP
 * @retval VTPMRING_OK taken
 * @retval VTPMRING_EINVAL first is NULL
 * @retval VTPMRING_ESTATE next() is not MAP
 */
enum vtpmring_status vtpmring_back_set_page(struct vtpmring_back *back,
                                            void *first);

/**
 * Hands over the mapped extra pages, while next() is MAP_EXTRA.
 * @param back the backend
 * @param extra nr_refs pages in one piece; stay mapped until the next MAP_EXTRA
 *        or UNMAP
 * @retval VTPMRING_OK taken
 * @retval VTPMRING_EINVAL extra is NULL
 * @retval VTPMRING_ESTATE next() is not MAP_EXTRA
 */
enum vtpmring_status vtpmring_back_set_extra(struct vtpmring_back *back,
                                             void *extra);

/**
 * The frontend's state node has (perhaps) changed. Repeats are harmless.
 * @param back the backend
 * @param state what it says now; UNKNOWN when the node is gone
 */
void vtpmring_back_on_peer_state(struct vtpmring_back *back,
                                 enum vtpmring_xenbus_state state);

/**
 * An event has come, or the caller looks at the page of its own accord. While a
 * command runs and the page says CANCEL, each look asks for ABORT again: a TPM
 * may forget a cancel that comes before it has begun.
 * @param back the backend
 */
void vtpmring_back_on_event(struct vtpmring_back *back);

/**
 * Whether a look at the page would find something: one load, for polling.
 * @param back the backend
 * @return true if on_event() would change something
 */
bool vtpmring_back_has_work(const struct vtpmring_back *back);

/**
 * Ends the current command with a response.
 * @param back the backend
 * @param response the response; copied
 * @param length bytes of the response; if it does not fit the pages of this
 *        exchange, or is no response, the frontend gets a TPM error instead
 * @retval VTPMRING_OK answered; next() is NOTIFY
 * @retval VTPMRING_ENOBUF the frontend got an error response in its place
 * @retval VTPMRING_CLOSED the frontend has gone meanwhile, nobody was answered
 * @retval VTPMRING_ESTATE no command is ready or running
 */
enum vtpmring_status vtpmring_back_reply(struct vtpmring_back *back,
                                         const void *response, size_t length);

/**
 * Ends the current command with an error response.
 * @param back the backend
 * @param error why
 * @return as vtpmring_back_reply
 */
enum vtpmring_status vtpmring_back_reply_error(struct vtpmring_back *back,
                                               enum vtpmring_tpm_error error);

/**
 * The device is to go (online=0), or the caller stops: lets go of the pages,
 * ends in Closed.
 * @param back the backend
 */
void vtpmring_back_close(struct vtpmring_back *back);

#ifdef __cplusplus
}
#endif

#endif
