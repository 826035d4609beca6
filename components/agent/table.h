/* SPDX-License-Identifier: MIT */
#ifndef AGENT_TABLE_H
#define AGENT_TABLE_H

/**
 * @file
 * What the agent thinks of a device, and what changes that: data, one row for
 * each phase.
 *
 * | phase     | the guest                                            |
 * |-----------|------------------------------------------------------|
 * | new       | nothing is known of it                               |
 * | boot      | has not run; begins with this device's TPM reset     |
 * | resume    | has not run; continues one that was suspended        |
 * | running   | has run, and still has the device                    |
 * | leaving   | runs, or could, while its device is being taken away |
 * | suspended | has shut down in order to be continued               |
 * | over      | has shut down for any other reason                   |
 */

#include "domains.h"

enum agent_phase {
    AGENT_PHASE_NEW,
    AGENT_PHASE_BOOT,
    AGENT_PHASE_RESUME,
    AGENT_PHASE_RUNNING,
    AGENT_PHASE_LEAVING,
    AGENT_PHASE_SUSPENDED,
    AGENT_PHASE_OVER,
    AGENT_PHASES
};

/** What a look at the device and then at its guest has found. */
enum agent_event {
    AGENT_EVENT_UNRUN,        /**< the guest has never run */
    AGENT_EVENT_UNRUN_LEAVES, /**< the same, its device is being removed */
    AGENT_EVENT_RUNS,
    AGENT_EVENT_LEAVES, /**< it runs, its device is being removed */
    AGENT_EVENT_SUSPENDED,
    AGENT_EVENT_OVER,
    AGENT_EVENT_GONE, /**< there is no such guest any more */
    AGENT_EVENTS
};

/** What happens to the durable record (record.h) before anything is said. */
enum agent_note {
    AGENT_NOTE_KEEP,      /**< nothing */
    AGENT_NOTE_DECIDE,    /**< the record says which: boot or resume */
    AGENT_NOTE_LIVE,      /**< this guest has the vTPM */
    AGENT_NOTE_SUSPENDED, /**< a suspended guest will go on with the vTPM */
    AGENT_NOTE_LOST,      /**< the same, for it cannot be excluded */
    AGENT_NOTE_NONE       /**< whoever comes next boots */
};

struct agent_step {
    enum agent_phase next;
    enum agent_note note;
};

/** The table. AGENT_NOTE_DECIDE stands where `next` is not used. */
struct agent_step agent_table_step(enum agent_phase phase,
                                   enum agent_event event);

/** What is found, in one word of the table. */
enum agent_event agent_table_event(enum agent_condition condition,
                                   bool leaving);

/** What the node `guest` of the device shall say: while it is there, and while
 * it is being removed. NULL: nothing. */
const char *agent_table_word(enum agent_phase phase, bool leaving);

/** For logs. */
const char *agent_table_name(enum agent_phase phase);

#endif
