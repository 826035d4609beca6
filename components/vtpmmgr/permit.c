/* SPDX-License-Identifier: MIT */
/* Who may do what. */
#include "label.h"
#include "manager_impl.h"

#include <string.h>

static bool is_named(const struct vtpmmgr_manager *manager,
                     const uint8_t uuid[VTPM_UUID_SIZE])
{
    for (size_t i = 0; i < manager->options.admin_count; i++)
        if (memcmp(manager->options.admins[i], uuid, VTPM_UUID_SIZE) == 0)
            return true;
    return false;
}

bool vtpmmgr_is_admin(struct vtpmmgr_manager *manager,
                      const struct vtpmmgr_sender *sender)
{
    struct vtpmmgr_vtpm vtpm;
    bool admin;

    if (sender->local)
        return true;
    if (!sender->open)
        return false;
    admin = vtpmmgr_store_get(manager->store, sender->uuid, &vtpm) &&
            ((vtpm.flags & VTPMMGR_VTPM_ADMIN) != 0 ||
             is_named(manager, sender->uuid));
    vtpm_cleanse(&vtpm, sizeof vtpm);
    return admin;
}

/* Whether a group takes a vTPM in a domain with this label. */
static uint32_t judge_label(struct vtpmmgr_turn *turn, uint32_t number)
{
    struct vtpmmgr_group_content content;
    struct vtpmmgr_list list;
    uint32_t status = vtpmmgr_group_read(turn->manager, number, &content);

    if (status == VTPMMGR_SUCCESS)
        status = vtpmmgr_group_list(&content, &list);
    if (status != VTPMMGR_SUCCESS)
        return status;
    return vtpmmgr_label_listed(turn->sender->label, list.kernels)
               ? VTPMMGR_SUCCESS
               : VTPMMGR_DISABLED;
}

static uint32_t open_vtpm(struct vtpmmgr_turn *turn)
{
    struct vtpmmgr_manager *manager = turn->manager;
    struct vtpmmgr_sender *sender = turn->sender;
    uint32_t status, group = 0;
    struct vtpmmgr_vtpm vtpm;

    if (sender->open)
        return VTPMMGR_SUCCESS;
    if (vtpmmgr_store_get(manager->store, sender->uuid, &vtpm))
        group = vtpm.group;
    else if (!turn->saving || !manager->options.auto_provision)
        return VTPMMGR_BAD_PARAMETER;
    vtpm_cleanse(&vtpm, sizeof vtpm);
    status = judge_label(turn, group);
    if (status == VTPMMGR_SUCCESS &&
        !vtpmmgr_sender_open(&manager->senders, sender))
        status = VTPMMGR_DISABLED;
    return status;
}

uint32_t vtpmmgr_permit(void *context, enum vtpmmgr_access access)
{
    struct vtpmmgr_turn *turn = context;

    if (access == VTPMMGR_ADMIN) {
        /* a program that only manages has opened nothing yet */
        if (!turn->sender->local)
            (void)open_vtpm(turn);
        return vtpmmgr_is_admin(turn->manager, turn->sender) ? VTPMMGR_SUCCESS
                                                             : VTPMMGR_AUTHFAIL;
    }
    return turn->sender->local ? VTPMMGR_BAD_PARAMETER : open_vtpm(turn);
}
