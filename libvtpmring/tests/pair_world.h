/* SPDX-License-Identifier: MIT */
/**
 * @file pair_world.h
 * A frontend, a backend and what is between them: a store, grants, an event
 * channel. Everything happens in an order drawn from a seed; processes are
 * killed and started anew, watches fire late, calls fail.
 */
#ifndef VTPMRING_TESTS_PAIR_WORLD_H
#define VTPMRING_TESTS_PAIR_WORLD_H

#include "support.h"

/** Limits of a world. */
enum { WORLD_GRANTS = 64, WORLD_COMMANDS = 65536, WORLD_EXTRA = 3 };

/** What may happen, each per 1000 steps. */
struct world_config {
    unsigned kill_front;  /**< the frontend process is killed */
    unsigned kill_back;   /**< the backend process is killed */
    unsigned close_front; /**< the application closes */
    unsigned close_back;  /**< the toolstack takes the device away */
    unsigned fail;        /**< a call of the platform fails */
    unsigned cancel;      /**< a command in flight is cancelled */
    unsigned front_extra; /**< extra pages that the frontend offers */
    unsigned back_extra;  /**< extra pages that the backend takes */
    bool polite;          /**< a frontend begins anew only when the backend has
                               seen that the old one went */
};

/** Pages that a frontend has granted; they live while anybody has them. */
struct world_grant {
    struct vtpmring_page pages;     /**< memory, NULL if the entry is free */
    uint32_t refs[1 + WORLD_EXTRA]; /**< first page, extra pages */
    bool granted;                   /**< by the frontend */
    unsigned mapped;                /**< how often, by the backend */
};

/** What is in the store. A number that is not there is 0. */
struct world_store {
    unsigned front_state, back_state;
    uint32_t ring_ref, port;
    bool front_v2, back_v2;
    unsigned back_extra;
    unsigned front_writes; /**< how often the frontend's nodes changed */
};

/** The application's command in flight. */
struct world_command {
    bool open;      /**< submitted, not taken */
    bool canceled;  /**< by the application */
    bool disturbed; /**< something went that excuses its loss */
    bool no_space;  /**< the executor's response was too large */
    bool no_map;    /**< its extra pages could not be mapped */
    uint32_t id;    /**< its command code, never used again */
};

/** The world. */
struct world {
    struct world_config config;
    uint64_t random;
    unsigned long steps, answered, lost;
    unsigned alone; /**< 1: only the frontend runs, 2: the backend */
    struct world_store store;
    struct world_grant grants[WORLD_GRANTS];
    uint32_t next_ref, next_port, next_id;

    struct vtpmring_front front;
    struct world_grant *shared; /**< the frontend's */
    uint32_t front_port;
    bool front_event, front_watch;
    bool front_owes; /**< performed, not yet reported */
    enum vtpmring_front_action front_owed;
    enum vtpmring_status front_owed_status;
    struct world_command command;

    struct vtpmring_back back;
    unsigned front_seen; /**< front_writes when the backend read its nodes */
    unsigned char buffer[(1 + WORLD_EXTRA) * PAGE];
    uint32_t back_refs[WORLD_EXTRA + 1];
    struct world_grant *mapped, *mapped_extra;
    uint32_t back_port; /**< the frontend's port that it is bound to */
    bool back_event, back_watch;
    bool back_owes;
    enum vtpmring_back_action back_owed;
    enum vtpmring_status back_owed_status;
    bool away; /**< the toolstack has taken the device away */
    bool running, aborted;
    uint32_t running_id;
    uint8_t executed[WORLD_COMMANDS];
};

/** Begins a world: both directories are there, both processes start. */
void world_begin(struct world *w, const struct world_config *config,
                 uint64_t seed);
/** Lets go of all memory. */
void world_end(struct world *w);
/** A number below n. */
unsigned world_random(struct world *w, unsigned n);
/** True n times in 1000. */
bool world_chance(struct world *w, unsigned n);
/** A free entry for grants, whose memory is allocated. */
struct world_grant *world_grant(struct world *w, unsigned extra);
/** Frees those that nobody has any more. */
void world_sweep(struct world *w);

/** Starts the frontend's process. */
void world_front_start(struct world *w);
/** Kills it. */
void world_front_kill(struct world *w);
/** Performs or reports one action. */
void world_front_act(struct world *w);
/** Lets the machine see an event or a watch, if there is one. */
void world_front_hear(struct world *w);
/** Whether the frontend can do anything by itself. */
bool world_front_runnable(const struct world *w);
/** The application submits, if it can. */
void world_submit(struct world *w);

/** Starts the backend's process. */
void world_back_start(struct world *w);
/** Kills it. */
void world_back_kill(struct world *w);
/** Performs or reports one action. */
void world_back_act(struct world *w);
/** Lets the machine see an event or a watch, if there is one. */
void world_back_hear(struct world *w);
/** The executor ends its command. */
void world_back_execute(struct world *w);
/** Whether the backend can do anything by itself. */
bool world_back_runnable(const struct world *w);

/** One step of anything, with or without calamities. */
void world_step(struct world *w, bool calamities);
/** Runs without calamities until nothing can happen any more. */
void world_settle(struct world *w);

#endif
