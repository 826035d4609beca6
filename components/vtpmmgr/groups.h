/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_GROUPS_H
#define VTPMMGR_GROUPS_H

/**
 * @file
 * Which groups there are, in the order of their numbers, and which vTPMs are
 * in each, so that a page of a long list costs the same wherever it is.
 */

#include "table.h"

struct vtpmmgr_group {
    uint32_t number;
    struct vtpmmgr_record **members;
    size_t count;
    size_t room;
};

/** Zeroed at first. */
struct vtpmmgr_groups {
    struct vtpmmgr_group *at;
    size_t count;
    size_t room;
};

/** @return the group, valid until groups are added or removed; or NULL */
struct vtpmmgr_group *vtpmmgr_groups_find(const struct vtpmmgr_groups *groups,
                                          uint32_t number);
/** Makes room for one more group. @return false: out of memory */
bool vtpmmgr_groups_reserve(struct vtpmmgr_groups *groups);
/** Adds an empty group; there is room, and none of that number. */
void vtpmmgr_groups_add(struct vtpmmgr_groups *groups, uint32_t number);
/** Removes a group without members. */
void vtpmmgr_groups_remove(struct vtpmmgr_groups *groups, uint32_t number);
/** Makes room for @p more members. @return false: out of memory */
bool vtpmmgr_members_reserve(struct vtpmmgr_group *group, size_t more);
/** Adds a member; there is room. */
void vtpmmgr_members_add(struct vtpmmgr_group *group,
                         struct vtpmmgr_record *record);
/** Removes a member; the last one takes its place. */
void vtpmmgr_members_remove(struct vtpmmgr_group *group,
                            struct vtpmmgr_record *record);
void vtpmmgr_groups_free(struct vtpmmgr_groups *groups);

#endif
