/* SPDX-License-Identifier: MIT */
/**
 * @file link.h
 * The optional loop: a machine plus a port. A frontend that sends and receives,
 * and a set of backends that serves many frontends fairly.
 */
#ifndef VTPMRING_LINK_H
#define VTPMRING_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/back.h>
#include <vtpmring/front.h>
#include <vtpmring/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- frontend ---- */

/** How a frontend link behaves. */
struct vtpmring_front_link_config {
    unsigned device;             /**< number in device/vtpm/N */
    unsigned extra_pages;        /**< to offer; 1 is enough for 4096 bytes */
    unsigned poll_us;            /**< looks at the page so long at most before
                                      it sleeps, and less where that is in
                                      vain; 0 sleeps at once */
    unsigned connect_timeout_ms; /**< longest wait for the backend to connect */
    unsigned close_timeout_ms;   /**< longest wait for it to let go */
    unsigned cancel_timeout_ms;  /**< longest wait for the end of a cancelled
                                      command before the connection is given
                                      up */
};

/** Sane values: device 0, 1 extra page, 50 us, 10 s, 2 s, 5 s. */
#define VTPMRING_FRONT_LINK_CONFIG_DEFAULT                                     \
    {                                                                          \
        0, 1, 50, 10000, 2000, 5000                                            \
    }

/** For how long one side looks at the page now; it learns. */
struct vtpmring_link_poll {
    unsigned us;     /**< so long */
    unsigned streak; /**< short waits in a row */
    unsigned burst;  /**< of these, without a sleep */
    unsigned crowd;  /**< how long not to ask after a crowd was found again */
    unsigned pause;  /**< waits until it is asked for again */
};

/** A frontend link. The caller allocates it and uses it from one thread at a
 *  time; the fields are not API. */
struct vtpmring_front_link {
    struct vtpmring_port *port;                 /**< the platform */
    struct vtpmring_front_link_config config;   /**< as given */
    struct vtpmring_front machine;              /**< the core */
    uint32_t refs[VTPMRING_PAGE_EXTRA_MAX + 1]; /**< of all pages */
    void *pages;                                /**< shared, or NULL */
    size_t page_count;                          /**< of pages */
    uint32_t channel;                           /**< our event channel */
    uint16_t peer;                              /**< backend's domain */
    uint8_t locality;                           /**< of the next command */
    bool watching;                              /**< backend's state */
    bool untaken; /**< an event was seen, and is still in the port */
    struct vtpmring_link_poll poll; /**< for a response */
    uint64_t looked_us;    /**< when watch events were last looked for */
    uint64_t cancel_by_us; /**< end of the wait for a cancel, 0 for none */
    char path[VTPMRING_PORT_PATH_MAX];    /**< our directory */
    char backend[VTPMRING_PORT_PATH_MAX]; /**< backend's directory */
    char watch[VTPMRING_PORT_PATH_MAX];   /**< watched node */
};

/**
 * Connects to the backend that the toolstack has assigned. After a failure
 * nothing is held; close is not needed.
 * @param link gets its first state
 * @param port the platform; must outlive the link
 * @param config copied
 * @retval VTPMRING_OK connected
 * @retval VTPMRING_EINVAL a configuration out of range
 * @retval VTPMRING_EPEER_GONE there is no such device
 * @retval VTPMRING_EPEER_TIMEOUT the backend did not connect in time
 * @retval VTPMRING_EPEER_FEATURE or another of the EPEER group: its fault
 * @retval VTPMRING_EPORT the platform failed
 * @retval VTPMRING_ENOMEM no memory
 */
enum vtpmring_status
vtpmring_front_link_open(struct vtpmring_front_link *link,
                         struct vtpmring_port *port,
                         const struct vtpmring_front_link_config *config);

/**
 * Sends a command. If the backend has gone since the last one, connects anew
 * first.
 * @param link the link
 * @param command the TPM command
 * @param length bytes of it
 * @return as vtpmring_front_submit, or as vtpmring_front_link_open
 */
enum vtpmring_status vtpmring_front_link_send(struct vtpmring_front_link *link,
                                              const void *command,
                                              size_t length);

/**
 * Waits for the response to the command sent.
 * @param link the link
 * @param response gets the response
 * @param size bytes of room
 * @param length gets the bytes of the response, or those needed
 * @param timeout_ms longest wait; 0 only looks, -1 has no end
 * @retval VTPMRING_AGAIN not in time; the command is still in flight
 * @return otherwise as vtpmring_front_take
 */
enum vtpmring_status
vtpmring_front_link_receive(struct vtpmring_front_link *link, void *response,
                            size_t size, size_t *length, int timeout_ms);

/**
 * Asks the backend to drop the command in flight; receive it afterwards.
 * receive() gives up on a backend that does not end it within
 * cancel_timeout_ms (VTPMRING_EPEER_TIMEOUT).
 * @param link the link
 * @return as vtpmring_front_cancel
 */
enum vtpmring_status
vtpmring_front_link_cancel(struct vtpmring_front_link *link);

/**
 * Locality of the commands to come.
 * @param link the link
 * @param locality 0 to 4, 32 to 255
 * @retval VTPMRING_OK set
 * @retval VTPMRING_EINVAL no locality
 */
enum vtpmring_status
vtpmring_front_link_set_locality(struct vtpmring_front_link *link,
                                 uint8_t locality);

/**
 * How long a command or response may be now.
 * @param link the link
 * @return bytes
 */
size_t vtpmring_front_link_capacity(const struct vtpmring_front_link *link);

/**
 * Disconnects in order and lets go of everything. Takes close_timeout_ms at
 * most.
 * @param link the link, open
 */
void vtpmring_front_link_close(struct vtpmring_front_link *link);

/**
 * Lets go of pages, channel and watch, and leaves the nodes alone: somebody
 * else uses the device now, or xenstore is lost.
 * @param link the link, open
 */
void vtpmring_front_link_abandon(struct vtpmring_front_link *link);

/* ---- backends ---- */

struct vtpmring_back_set;
struct vtpmring_back_device;

/** What a set of backends asks its user. All may be NULL but execute. */
struct vtpmring_back_set_ops {
    /**
     * A device has appeared. Control thread.
     * @param context the user's
     * @param device the device
     * @param uuid what the toolstack wrote, "" if nothing
     * @return whether this user serves it
     */
    bool (*accept)(void *context, struct vtpmring_back_device *device,
                   const char *uuid);
    /**
     * The device is about to be announced to its frontend; nothing was written
     * yet. A toolstack that makes a domain starts it after that. Must not wait:
     * the set's other devices would. Control thread.
     * @return whether to announce it now; if not, the question comes again when
     *         a node of the device changes, after vtpmring_back_set_ask(), and
     *         every VTPMRING_BACK_ASK_MS
     */
    bool (*announce)(void *context, struct vtpmring_back_device *device);
    /** A frontend is connected. Control thread, no command is running. */
    void (*connected)(void *context, struct vtpmring_back_device *device);
    /**
     * Runs a command. Serving thread.
     * @param command the TPM command, its size field is its length; may be
     *        changed in place
     * @param length bytes of it
     * @param locality of it
     * @param response gets a pointer to the response, valid until the next call
     * @return bytes of the response; 0 answers with TPM_RC_FAILURE
     */
    size_t (*execute)(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response);
    /**
     * The response of execute is on the page. Serving thread, under the lock
     * of the set: quick, and no call of the set.
     * @param us microseconds since the command was seen on the page
     */
    void (*served)(void *context, struct vtpmring_back_device *device,
                   uint64_t us);
    /** Makes the running command stop early; repeated until it does. Control
     *  thread, while execute runs in the serving thread. */
    void (*abort)(void *context, struct vtpmring_back_device *device);
    /** A frontend has gone. Serving thread, no command is running. */
    void (*disconnected)(void *context, struct vtpmring_back_device *device);
    /**
     * The toolstack takes the device away and waits for Closed, which is about
     * to be written; the frontend was let go of. Must not wait. Control thread.
     * @return whether to write it now; if not, the question comes again as that
     *         of announce. It is the user who ends this: the toolstack does not
     *         wait for ever.
     */
    bool (*closing)(void *context, struct vtpmring_back_device *device);
    /**
     * A device that accept() took is no more: the last call about it, for what
     * hangs on vtpmring_back_device_user(). No other callback of the device
     * runs, and disconnected() need not have come. Control thread, or
     * vtpmring_back_set_free().
     */
    void (*removed)(void *context, struct vtpmring_back_device *device);
};

/** A question of a set that was answered with "not now" is repeated so often.
 */
#define VTPMRING_BACK_ASK_MS 50

/** How a set of backends behaves. */
struct vtpmring_back_set_config {
    enum vtpmring_tpm_family family; /**< form of error responses */
    unsigned max_extra;              /**< extra pages to take, 0 to 255 */
    unsigned poll_us;                /**< after a command, looks at the page so
                                          long at most before it sleeps, and
                                          less where that is in vain */
    size_t command_max;              /**< longest command, in bytes */
    unsigned max_devices;            /**< devices beyond it are not served */
    const struct vtpmring_back_set_ops *ops; /**< the user */
    void *context;                           /**< the user's */
};

/**
 * Makes a set that serves what appears below backend/vtpm of the own domain.
 * @param port the platform; must outlive the set
 * @param config copied
 * @param set gets the set, to be freed by vtpmring_back_set_free()
 * @retval VTPMRING_OK made
 * @retval VTPMRING_EINVAL a configuration out of range
 * @retval VTPMRING_EPORT the platform failed
 * @retval VTPMRING_ENOMEM no memory
 */
enum vtpmring_status
vtpmring_back_set_new(struct vtpmring_port *port,
                      const struct vtpmring_back_set_config *config,
                      struct vtpmring_back_set **set);

/**
 * Serves commands until stopped: the thread that sees a command executes it and
 * answers it. Call it from one thread, control() from another.
 * @param set the set
 * @retval VTPMRING_OK stopped
 */
enum vtpmring_status vtpmring_back_set_serve(struct vtpmring_back_set *set);

/**
 * Serves xenstore, connects and disconnects, aborts commands; until stopped.
 * @param set the set
 * @retval VTPMRING_OK stopped
 * @retval VTPMRING_EPORT xenstore is lost; the serving thread is stopped too
 */
enum vtpmring_status vtpmring_back_set_control(struct vtpmring_back_set *set);

/**
 * Makes serve() and control() return, after the running command was answered.
 * The devices stay as they are in xenstore, so that the next process adopts
 * them.
 * @param set the set. Any thread, any signal handler
 */
void vtpmring_back_set_stop(struct vtpmring_back_set *set);

/**
 * Makes the set repeat at once the questions that were answered with "not now".
 * @param set the set. Any thread, any signal handler
 */
void vtpmring_back_set_ask(struct vtpmring_back_set *set);

/**
 * Lets go of everything. After serve() and control() have returned.
 * @param set the set, NULL is harmless
 */
void vtpmring_back_set_free(struct vtpmring_back_set *set);

/**
 * Domain of the frontend.
 * @param device the device
 * @return its number
 */
uint16_t vtpmring_back_device_domid(const struct vtpmring_back_device *device);

/**
 * Number of the device in its frontend.
 * @param device the device
 * @return the handle
 */
uint32_t vtpmring_back_device_handle(const struct vtpmring_back_device *device);

/**
 * The local port of the device's event channel, for what the platform says of
 * its other end, such as a security label. In execute and abort only.
 * @param device the device
 * @return the port number, as the port's channel_bind() gave it
 */
uint32_t
vtpmring_back_device_channel(const struct vtpmring_back_device *device);

/**
 * Reads a node of the device's own directory, which toolstack and backend write
 * and the frontend cannot. In announce, connected and closing only.
 * @param device the device
 * @param key the node's name
 * @param value gets the value, ended by a NUL
 * @param size bytes of room, with the NUL
 * @retval VTPMRING_OK read
 * @retval VTPMRING_EPEER_GONE there is no such node
 * @retval VTPMRING_ENOBUF it is longer
 * @retval VTPMRING_EPEER_STRING there is a NUL inside
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status
vtpmring_back_device_read(struct vtpmring_back_device *device, const char *key,
                          char *value, size_t size);

/**
 * Writes such a node, if the directory is still that of the device. In
 * announce, connected and closing only.
 * @param device the device
 * @param key the node's name
 * @param value ended by a NUL
 * @retval VTPMRING_OK written
 * @retval VTPMRING_EPEER_GONE the device is no more
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status
vtpmring_back_device_write(struct vtpmring_back_device *device, const char *key,
                           const char *value);

/**
 * The user's own pointer of a device.
 * @param device the device
 * @return where the pointer is kept, NULL at first
 */
void **vtpmring_back_device_user(struct vtpmring_back_device *device);

#ifdef __cplusplus
}
#endif

#endif
