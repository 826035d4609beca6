/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

/* The place of the first group whose number is not less. */
static size_t place_of(const struct vtpmmgr_groups *groups, uint32_t number)
{
    size_t low = 0, high = groups->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (groups->at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct vtpmmgr_group *vtpmmgr_groups_find(const struct vtpmmgr_groups *groups,
                                          uint32_t number)
{
    size_t place = place_of(groups, number);

    if (place == groups->count || groups->at[place].number != number)
        return NULL;
    return &groups->at[place];
}

/* Makes an array of @p room elements bigger if @p want do not fit. */
static void *grown(void *at, size_t *room, size_t want, size_t size)
{
    size_t more = *room ? *room : 8;
    void *bigger;

    if (want <= *room)
        return at;
    while (more < want)
        more *= 2;
    bigger = realloc(at, more * size);
    if (bigger)
        *room = more;
    return bigger;
}

bool vtpmmgr_groups_reserve(struct vtpmmgr_groups *groups)
{
    void *at =
        grown(groups->at, &groups->room, groups->count + 1, sizeof *groups->at);

    if (!at)
        return false;
    groups->at = at;
    return true;
}

void vtpmmgr_groups_add(struct vtpmmgr_groups *groups, uint32_t number)
{
    size_t place = place_of(groups, number);
    struct vtpmmgr_group *group = groups->at + place;

    memmove(group + 1, group, (groups->count - place) * sizeof *group);
    *group = (struct vtpmmgr_group){.number = number};
    groups->count++;
}

void vtpmmgr_groups_remove(struct vtpmmgr_groups *groups, uint32_t number)
{
    size_t place = place_of(groups, number);
    struct vtpmmgr_group *group = groups->at + place;

    free(group->members);
    groups->count--;
    memmove(group, group + 1, (groups->count - place) * sizeof *group);
}

bool vtpmmgr_members_reserve(struct vtpmmgr_group *group, size_t more)
{
    void *members = grown(group->members, &group->room, group->count + more,
                          sizeof(struct vtpmmgr_record *));

    if (!members)
        return false;
    group->members = members;
    return true;
}

void vtpmmgr_members_add(struct vtpmmgr_group *group,
                         struct vtpmmgr_record *record)
{
    record->place = (uint32_t)group->count;
    group->members[group->count++] = record;
}

void vtpmmgr_members_remove(struct vtpmmgr_group *group,
                            struct vtpmmgr_record *record)
{
    struct vtpmmgr_record *last = group->members[--group->count];

    group->members[record->place] = last;
    last->place = record->place;
}

void vtpmmgr_groups_free(struct vtpmmgr_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free(groups->at[i].members);
    free(groups->at);
    memset(groups, 0, sizeof *groups);
}
