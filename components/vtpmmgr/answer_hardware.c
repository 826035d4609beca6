/* SPDX-License-Identifier: MIT */
/* The commands that the hardware TPM carries out. */
#include "label.h"
#include "manager_impl.h"

static bool names_a_group(uint32_t ordinal)
{
    switch (ordinal) {
    case VTPMMGR_GROUP_ACTIVATE:
    case VTPMMGR_GROUP_REGISTER:
    case VTPMMGR_GROUP_QUOTE:
    case VTPMMGR_GROUP_RECOVER1:
    case VTPMMGR_GROUP_RECOVER2:
        return true;
    default:
        return false;
    }
}

VTPMMGR_HANDLER(vtpmmgr_answer_hardware)
{
    const struct vtpmmgr_turn *turn = context;
    struct vtpmmgr_manager *manager = turn->manager;
    struct vtpmmgr_hardware *hardware = manager->options.root->hardware;
    const bool own = request->command->ordinal == VTPMMGR_GET_QUOTE;
    struct vtpmmgr_hardware_request what = {
        .command = request->command,
        .message = &request->message,
        .bytes = manager->bytes,
    };
    uint32_t group = request->message.group, status = VTPMMGR_SUCCESS;
    uint8_t label[VTPMMGR_DIGEST_SIZE];
    struct vtpmmgr_group_content content;
    struct vtpmmgr_vtpm vtpm;

    if (own) {
        if (!vtpmmgr_store_get(manager->store, turn->sender->uuid, &vtpm))
            return VTPMMGR_BAD_PARAMETER;
        group = vtpm.group;
        vtpm_cleanse(&vtpm, sizeof vtpm);
        vtpmmgr_label_hash(turn->sender->label, label);
        what.uuid = turn->sender->uuid;
        what.label = label;
    }
    if (own || names_a_group(request->command->ordinal)) {
        status = vtpmmgr_group_read(manager, group, &content);
        what.group = &content;
    }
    if (status == VTPMMGR_SUCCESS)
        status = hardware ? hardware->ops->answer(hardware, &what, response)
                          : VTPMMGR_FAIL;
    return status;
}
