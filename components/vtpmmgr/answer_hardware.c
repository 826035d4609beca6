/* SPDX-License-Identifier: MIT */
/* The commands that the hardware TPM carries out. */
#include "bytes.h"
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
    case VTPMMGR_EVIDENCE:
        return true;
    default:
        return false;
    }
}

/* What a line of the log says of it. */
static uint32_t carried_out(struct vtpmmgr_manager *manager,
                            const struct vtpmmgr_hardware_request *what,
                            struct vtpmmgr_message *response)
{
    struct vtpmmgr_hardware *hardware = manager->options.root->hardware;
    uint32_t status;

    if (!hardware)
        return VTPMMGR_FAIL;
    hardware->error.text[0] = '\0';
    status = hardware->ops->answer(hardware, what, response);
    if (status != VTPMMGR_SUCCESS && hardware->error.text[0] != '\0')
        vtpmmgr_note(manager, &hardware->error);
    return status;
}

/* EVIDENCE is about a vTPM of the group, or with zeros about none. */
static uint32_t name_vtpm(struct vtpmmgr_manager *manager,
                          const struct vtpmmgr_message *message,
                          struct vtpmmgr_hardware_request *what, uint8_t *label)
{
    char text[VTPMMGR_LABEL_SIZE];
    struct vtpmmgr_vtpm vtpm;
    bool known;

    if (vtpm_all_zero(message->uuid.at, VTPM_UUID_SIZE))
        return VTPMMGR_SUCCESS;
    known = vtpmmgr_store_get(manager->store, message->uuid.at, &vtpm) &&
            vtpm.group == message->group;
    vtpm_cleanse(&vtpm, sizeof vtpm);
    if (!known)
        return VTPMMGR_BAD_PARAMETER;
    vtpmmgr_senders_label(&manager->senders, message->uuid.at, text);
    vtpmmgr_label_hash(text, label);
    what->uuid = message->uuid.at;
    what->label = label;
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_hardware)
{
    const struct vtpmmgr_turn *turn = context;
    struct vtpmmgr_manager *manager = turn->manager;
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
    if (status == VTPMMGR_SUCCESS &&
        request->command->ordinal == VTPMMGR_EVIDENCE)
        status = name_vtpm(manager, &request->message, &what, label);
    return status == VTPMMGR_SUCCESS ? carried_out(manager, &what, response)
                                     : status;
}
