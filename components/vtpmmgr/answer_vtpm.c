/* SPDX-License-Identifier: MIT */
/* The commands about vTPMs, their own and an administrator's. */
#include "bytes.h"
#include "label.h"
#include "manager_impl.h"
#include "uuid.h"

#include <string.h>

static struct vtpmmgr_manager *of(void *context)
{
    return ((struct vtpmmgr_turn *)context)->manager;
}

/* The text of a UUID for a line of the log. */
static const char *name(const uint8_t *uuid, char text[VTPM_UUID_TEXT_SIZE])
{
    vtpm_uuid_format(uuid, text);
    return text;
}

VTPMMGR_HANDLER(vtpmmgr_answer_save)
{
    const struct vtpmmgr_turn *turn = context;
    const struct vtpmmgr_span *key = &request->message.hash_key;
    const uint8_t *uuid = turn->sender->uuid;
    char text[VTPM_UUID_TEXT_SIZE];
    struct vtpmmgr_vtpm vtpm;
    bool known = vtpmmgr_store_get(turn->manager->store, uuid, &vtpm);
    uint32_t status;

    (void)response;
    /* if it is unknown, the permit says that it is to be made */
    memcpy(vtpm.uuid, uuid, sizeof vtpm.uuid);
    memset(vtpm.key, 0, sizeof vtpm.key);
    memcpy(vtpm.key, key->at, key->len);
    vtpm.saves++;
    status = vtpmmgr_change_vtpm(turn->manager, &vtpm);
    vtpm_cleanse(&vtpm, sizeof vtpm);
    if (status == VTPMMGR_SUCCESS && !known)
        vtpmmgr_log(turn->manager, "made vTPM %s in group 0: it saved a key",
                    name(uuid, text));
    return status;
}

VTPMMGR_HANDLER(vtpmmgr_answer_load)
{
    const struct vtpmmgr_turn *turn = context;
    struct vtpmmgr_vtpm vtpm;

    (void)request;
    if (!vtpmmgr_store_get(turn->manager->store, turn->sender->uuid, &vtpm))
        return VTPMMGR_BAD_PARAMETER;
    memcpy(turn->manager->bytes, vtpm.key, sizeof vtpm.key);
    response->hash_key =
        (struct vtpmmgr_span){turn->manager->bytes, sizeof vtpm.key};
    vtpm_cleanse(&vtpm, sizeof vtpm);
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_boot_hash)
{
    const struct vtpmmgr_turn *turn = context;

    (void)request;
    vtpmmgr_label_hash(turn->sender->label, turn->manager->bytes);
    response->digest =
        (struct vtpmmgr_span){turn->manager->bytes, VTPMMGR_DIGEST_SIZE};
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_list)
{
    struct vtpmmgr_manager *manager = of(context);
    const struct vtpmmgr_message *message = &request->message;
    uint8_t(*uuids)[VTPM_UUID_SIZE] = (void *)manager->bytes;
    size_t room = vtpmmgr_list_page(request->room), listed;
    struct vtpmmgr_group_content group;
    uint32_t status = vtpmmgr_group_read(manager, message->group, &group);

    if (status != VTPMMGR_SUCCESS)
        return status;
    listed = vtpmmgr_store_list(manager->store, message->group, message->offset,
                                uuids, room);
    response->count =
        (uint32_t)vtpmmgr_store_members(manager->store, message->group);
    response->uuids =
        (struct vtpmmgr_span){manager->bytes, listed * VTPM_UUID_SIZE};
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_show)
{
    struct vtpmmgr_manager *manager = of(context);
    char *label = (char *)manager->bytes + VTPM_UUID_SIZE;
    struct vtpmmgr_group_content group;
    struct vtpmmgr_vtpm vtpm;
    uint32_t status;

    if (!vtpmmgr_store_get(manager->store, request->message.uuid.at, &vtpm))
        return VTPMMGR_BAD_PARAMETER;
    response->group = vtpm.group;
    response->flags = vtpm.flags;
    response->saves = vtpm.saves;
    vtpm_cleanse(&vtpm, sizeof vtpm);
    status = vtpmmgr_group_read(manager, response->group, &group);
    if (status != VTPMMGR_SUCCESS)
        return status;
    memcpy(manager->bytes, group.uuid, VTPM_UUID_SIZE);
    response->group_uuid =
        (struct vtpmmgr_span){manager->bytes, VTPM_UUID_SIZE};
    vtpmmgr_senders_label(&manager->senders, request->message.uuid.at, label);
    response->blob =
        (struct vtpmmgr_span){(const uint8_t *)label, strlen(label)};
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_edit)
{
    struct vtpmmgr_manager *manager = of(context);
    const struct vtpmmgr_message *message = &request->message;
    struct vtpmmgr_group_content group;
    struct vtpmmgr_vtpm vtpm;
    uint32_t status;

    (void)response;
    if ((message->flags & ~(uint32_t)VTPMMGR_VTPM_ADMIN) != 0)
        return VTPMMGR_BAD_PARAMETER;
    status = vtpmmgr_group_read(manager, message->group, &group);
    if (status != VTPMMGR_SUCCESS)
        return status;
    if (!vtpmmgr_store_get(manager->store, message->uuid.at, &vtpm))
        return VTPMMGR_BAD_PARAMETER;
    vtpm.group = message->group;
    vtpm.flags = message->flags;
    status = vtpmmgr_change_vtpm(manager, &vtpm);
    vtpm_cleanse(&vtpm, sizeof vtpm);
    return status;
}

/* The UUID that was asked for, or a random one; new in either case. */
static uint32_t choose_uuid(struct vtpmmgr_manager *manager,
                            const struct vtpmmgr_span *asked,
                            uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpmmgr_vtpm other;
    bool taken;

    if (asked->len == 0)
        return vtpmmgr_new_uuid(manager, uuid);
    if (vtpm_all_zero(asked->at, VTPM_UUID_SIZE))
        return VTPMMGR_BAD_PARAMETER;
    memcpy(uuid, asked->at, VTPM_UUID_SIZE);
    taken = vtpmmgr_store_get(manager->store, uuid, &other);
    vtpm_cleanse(&other, sizeof other);
    return taken ? VTPMMGR_FAIL : VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_new)
{
    struct vtpmmgr_manager *manager = of(context);
    struct vtpmmgr_vtpm vtpm = {.group = request->message.group};
    char text[VTPM_UUID_TEXT_SIZE];
    struct vtpmmgr_group_content group;
    uint32_t status = vtpmmgr_group_read(manager, vtpm.group, &group);

    if (status == VTPMMGR_SUCCESS)
        status = choose_uuid(manager, &request->message.uuid, vtpm.uuid);
    if (status == VTPMMGR_SUCCESS)
        status = vtpmmgr_change_vtpm(manager, &vtpm);
    if (status != VTPMMGR_SUCCESS)
        return status;
    memcpy(manager->bytes, vtpm.uuid, VTPM_UUID_SIZE);
    response->uuid = (struct vtpmmgr_span){manager->bytes, VTPM_UUID_SIZE};
    vtpmmgr_log(manager, "made vTPM %s in group %lu", name(vtpm.uuid, text),
                (unsigned long)vtpm.group);
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_del)
{
    struct vtpmmgr_manager *manager = of(context);
    const uint8_t *uuid = request->message.uuid.at;
    char text[VTPM_UUID_TEXT_SIZE];
    struct vtpmmgr_vtpm vtpm;
    uint32_t status;
    bool known;

    (void)response;
    known = vtpmmgr_store_get(manager->store, uuid, &vtpm);
    vtpm_cleanse(&vtpm, sizeof vtpm);
    if (!known)
        return VTPMMGR_BAD_PARAMETER;
    if (vtpmmgr_senders_have(&manager->senders, uuid))
        return VTPMMGR_FAIL;
    status = vtpmmgr_remove_vtpm(manager, uuid);
    if (status == VTPMMGR_SUCCESS)
        vtpmmgr_log(manager, "removed vTPM %s", name(uuid, text));
    return status;
}
