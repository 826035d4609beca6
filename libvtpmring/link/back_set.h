/* SPDX-License-Identifier: MIT */
/**
 * @file back_set.h
 * What the parts of a set of backends share.
 *
 * Two threads work on a set. The lock guards the machines, the lists and the
 * flags below. The control thread alone adds and frees devices, speaks with
 * xenstore, maps and unmaps the shared pages, and carries out the actions of
 * the phases, without the lock: a machine leaves such a phase only by the
 * control thread's own done(). The serving thread alone carries out commands;
 * it looks at a page only under the lock and while its machine serves, so a
 * page that the control thread unmaps is no longer looked at.
 */
#ifndef VTPMRING_BACK_SET_H
#define VTPMRING_BACK_SET_H

#include <vtpmring/link.h>

/** Directory of our devices, relative to the own domain. */
#define BACK_SET_DIRECTORY "backend/vtpm"
/** A running command is supervised after so long, and then so often. */
#define BACK_SET_SUPERVISE_MS 5u
/** The toolstack must see our Closed before we remove the nodes. */
#define BACK_SET_LINGER_US 1500000u

/** One device: one frontend. */
struct vtpmring_back_device {
    struct vtpmring_back_set *set;            /**< where it belongs */
    struct vtpmring_back_device *next;        /**< in set->devices */
    struct vtpmring_back_device *ready_next;  /**< in set->ready_first */
    struct vtpmring_back_device *bucket_next; /**< in set->buckets */
    struct vtpmring_back machine;             /**< the core */
    void *first;                              /**< mapped shared page */
    void *extra;                              /**< mapped extra pages */
    size_t extra_count;                       /**< how many of them */
    uint32_t channel;                         /**< our port */
    uint32_t handle;                          /**< number in its frontend */
    uint16_t domid;                           /**< frontend's domain */
    bool accepted;  /**< the user has taken it, and is told of its end */
    bool foreign;   /**< somebody else serves it: nothing else is valid */
    bool bound;     /**< channel is open */
    bool reading;   /**< a transaction is open since the frontend was read */
    bool dirty;     /**< control: its nodes may have changed */
    bool queued;    /**< it is in the ready list */
    bool busy;      /**< the serving thread is in a callback with it */
    bool goodbye;   /**< the user is to be told that the frontend has gone */
    bool ended;     /**< its machine has ended */
    bool released;  /**< atomic: a command whose frontend has gone is over */
    bool announced; /**< control: its state is one that we have written */
    bool replaced;  /**< control: its nodes are those of a newer device */
    bool held;      /**< control: the user has said "not now" */
    struct vtpmring_link_poll poll;    /**< for a command */
    uint64_t idle_since_us;            /**< waits for a command, 0: does not */
    uint64_t seen_us;                  /**< when its page was looked at */
    uint64_t answered_us;              /**< when it got its last response */
    uint64_t told_since_us;            /**< control: a period of the log */
    unsigned told;                     /**< control: lines of its frontend in it
                                        */
    uint64_t remove_us;                /**< when its nodes are to be removed */
    uint64_t ask_us;                   /**< held: when to ask again */
    void *user;                        /**< the user's */
    char path[VTPMRING_PORT_PATH_MAX]; /**< our directory */
    char frontend[VTPMRING_PORT_PATH_MAX]; /**< the frontend's directory */
    char watch[VTPMRING_PORT_PATH_MAX];    /**< the frontend's state node */
    char token[32];                        /**< of that watch */
};

/** The set. */
struct vtpmring_back_set {
    struct vtpmring_port *port;                            /**< the platform */
    struct vtpmring_back_set_config config;                /**< as given */
    struct vtpmring_back_device *devices;                  /**< all */
    unsigned device_count;                                 /**< of them, ours */
    struct vtpmring_back_device *ready_first, *ready_last; /**< to be looked at,
                                                                in turn */
    struct vtpmring_back_device **buckets;                 /**< by channel */
    size_t bucket_count;                  /**< a power of two */
    unsigned channel_count;               /**< open channels */
    struct vtpmring_back_device *sole;    /**< whose the only one is, or NULL */
    struct vtpmring_back_device *running; /**< executed now */
    bool armed;         /**< the timer runs, or the control thread supervises */
    bool watching;      /**< the control thread supervises */
    bool stop;          /**< atomic: both threads are to return */
    bool control_waits; /**< atomic: the control thread wants the lock */
    char *names;        /**< room for a directory listing */
    size_t names_size;  /**< bytes of it */
};

/* back_set.c */

/** Takes the lock for the control thread, ahead of a busy serving thread. */
void vtpmring_back_set_lock(struct vtpmring_back_set *set);
/** Gives it back. */
void vtpmring_back_set_unlock(struct vtpmring_back_set *set);
/** Whether the threads are to return. */
bool vtpmring_back_set_stopping(struct vtpmring_back_set *set);
/** Puts a device at the end of the ready list. Under the lock. */
void vtpmring_back_set_queue(struct vtpmring_back_set *set,
                             struct vtpmring_back_device *device);
/** Takes the first of the ready list, or NULL. Under the lock. */
struct vtpmring_back_device *
vtpmring_back_set_dequeue(struct vtpmring_back_set *set);
/** Queues the devices whose events have come. Under the lock. */
void vtpmring_back_set_collect(struct vtpmring_back_set *set);
/** Files a device under its channel. Under the lock. */
void vtpmring_back_set_bind(struct vtpmring_back_set *set,
                            struct vtpmring_back_device *device);
/** Undoes it. Under the lock. */
void vtpmring_back_set_unbind(struct vtpmring_back_set *set,
                              struct vtpmring_back_device *device);
/** Logs "DOMID/HANDLE: text[: status]". */
void vtpmring_back_set_log(struct vtpmring_back_device *device, int level,
                           const char *text, enum vtpmring_status status);

/* back_device.c, back_action.c: control thread */

/** Finds a device, or NULL. */
struct vtpmring_back_device *
vtpmring_back_device_find(struct vtpmring_back_set *set, uint32_t domid,
                          uint32_t handle);
/** Makes a device of what the toolstack wrote; nothing if that is not whole. */
enum vtpmring_status vtpmring_back_device_add(struct vtpmring_back_set *set,
                                              uint16_t domid, uint32_t handle);
/** Reads the nodes of a device that the others write. */
enum vtpmring_status
vtpmring_back_device_look(struct vtpmring_back_device *device);
/** Carries out the actions of the phases until it waits or ends. */
void vtpmring_back_device_advance(struct vtpmring_back_device *device);
/** Unmaps its pages and closes its channel, as far as it has any. */
void vtpmring_back_device_unmap(struct vtpmring_back_device *device);
/** Carries out ABORT, if it is wanted. Under the lock. */
void vtpmring_back_device_abort(struct vtpmring_back_device *device);
/** Notes in xenstore that we stop in order, with no command begun. */
void vtpmring_back_device_leave(struct vtpmring_back_device *device);
/** Writes Closed once more, for a machine that has ended, if the user does not
 *  hold it. */
void vtpmring_back_device_repeat_closed(struct vtpmring_back_device *device);
/** Lets go of all that it holds and frees it; it is in no list. */
void vtpmring_back_device_free(struct vtpmring_back_device *device);

/* back_end.c: control thread */

/** Looks what has become of the nodes of a device that has ended, and takes it
 *  from the list when nothing is left to be done. */
enum vtpmring_status
vtpmring_back_device_after_end(struct vtpmring_back_set *set,
                               struct vtpmring_back_device **at);
/** Makes a device anew that was somebody else's: it may have become ours. */
enum vtpmring_status
vtpmring_back_device_renew(struct vtpmring_back_set *set,
                           struct vtpmring_back_device **at);

/* back_serve.c */

/** Sends the event that is owed, if any. Under the lock. */
void vtpmring_back_device_notify(struct vtpmring_back_device *device);
/** Whether the serving thread has something to do for it. Under the lock. */
bool vtpmring_back_device_is_waiting(const struct vtpmring_back_device *device);

#endif
