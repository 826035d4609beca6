/* SPDX-License-Identifier: MIT */
/**
 * @file table_walk.h
 * What must hold for the table of either machine. The table itself is the list
 * of the tests: every row, every state of the peer, with and without the wish
 * to close.
 */
#ifndef VTPMRING_TESTS_TABLE_WALK_H
#define VTPMRING_TESTS_TABLE_WALK_H

#include "support.h"

/** A table and the meaning of its actions. */
struct table_walk {
    const struct vtpmring_xenbus_row *rows; /**< the table */
    unsigned count;                         /**< its rows */
    unsigned action_count;                  /**< actions of the machine */
    unsigned end; /**< the phase in which it is over */
    unsigned end_action;
    unsigned hold;      /**< the action that takes hold of the pages */
    unsigned release;   /**< the action that lets go of them */
    unsigned writes[2]; /**< the actions that write an own state */
    unsigned starts[2]; /**< phases in which a life begins */
    unsigned restarts;  /**< phase in which it begins anew, or end */
};

/** Rows are complete, name valid phases and lead somewhere. */
void table_walk_rows(const struct table_walk *walk);
/** What a kind of row does not use leads nowhere: to the row itself. */
void table_walk_unused(const struct table_walk *walk);
/** Rows that write a state have one, others have none. */
void table_walk_states(const struct table_walk *walk);
/** settle() comes to rest from everywhere. */
void table_walk_settles(const struct table_walk *walk);
/** No phase is unreachable, none is reached holding what it should not. */
void table_walk_reaches(const struct table_walk *walk);
/**
 * Whether the machine surely ends from a phase, however its actions go.
 * @param walk the table
 * @param phase where it stands
 * @param close whether the caller wants to end
 * @param peers bit set of the states that the peer takes when waited for
 * @return true if it ends
 */
bool table_walk_ends(const struct table_walk *walk, unsigned phase, bool close,
                     unsigned peers);

#endif
