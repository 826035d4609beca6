/* SPDX-License-Identifier: MIT */
/* The commands about groups, as far as they need no hardware TPM. */
#include "list_signature.h"
#include "manager_impl.h"

#include <string.h>

static struct vtpmmgr_manager *of(void *context)
{
    return ((struct vtpmmgr_turn *)context)->manager;
}

/* What is not there. */
static const uint8_t zeros[VTPMMGR_RSA_SIZE];

uint32_t vtpmmgr_group_read(struct vtpmmgr_manager *manager, uint32_t number,
                            struct vtpmmgr_group_content *content)
{
    struct vtpm_error err;
    size_t len;

    if (!vtpmmgr_store_get_group(manager->store, number, manager->group, &len))
        return VTPMMGR_BADINDEX;
    if (vtpmmgr_group_decode((struct vtpm_bytes){manager->group, len}, content,
                             &err) == VTPM_OK)
        return VTPMMGR_SUCCESS;
    vtpmmgr_note(manager, &err);
    return VTPMMGR_FAIL;
}

uint32_t vtpmmgr_group_list(const struct vtpmmgr_group_content *content,
                            struct vtpmmgr_list *list)
{
    const struct vtpmmgr_span bytes = {content->list.at, content->list.len};

    memset(list, 0, sizeof *list);
    if (bytes.len == 0 || vtpmmgr_list_decode(bytes, list))
        return VTPMMGR_SUCCESS;
    return VTPMMGR_FAIL;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_list)
{
    const struct vtpmmgr_store *store = of(context)->store;
    size_t groups = vtpmmgr_store_groups(store);
    uint32_t last = 0;

    (void)request;
    if (groups > 0)
        (void)vtpmmgr_store_group_at(store, groups - 1, &last);
    response->count = groups > 0 ? last + 1 : 0;
    return VTPMMGR_SUCCESS;
}

static uint32_t free_number(const struct vtpmmgr_store *store)
{
    uint32_t number, free = 0;

    while (vtpmmgr_store_group_at(store, free, &number) && number == free)
        free++;
    return free;
}

/* As with Xen's manager, the first call is about group 0. */
static uint32_t next_group(struct vtpmmgr_manager *manager, uint32_t *number,
                           struct vtpmmgr_group_content *content)
{
    uint32_t status;

    *number = 0;
    status = vtpmmgr_group_read(manager, 0, content);
    if (status != VTPMMGR_SUCCESS || content->agent_key.len == 0)
        return status;
    *number = free_number(manager->store);
    memset(content, 0, sizeof *content);
    return vtpmmgr_new_uuid(manager, content->uuid);
}

static uint32_t make_key(struct vtpmmgr_manager *manager,
                         const struct vtpmmgr_request *request,
                         struct vtpmmgr_group_content *content,
                         struct vtpmmgr_message *response)
{
    struct vtpmmgr_hardware *hardware = manager->options.root->hardware;
    const struct vtpmmgr_hardware_request what = {
        .command = request->command,
        .message = &request->message,
        .group = content,
        .bytes = manager->bytes,
    };
    uint32_t status;

    response->modulus = (struct vtpmmgr_span){zeros, VTPMMGR_RSA_SIZE};
    response->binding = (struct vtpmmgr_span){zeros, VTPMMGR_RSA_SIZE};
    if (!hardware)
        return VTPMMGR_SUCCESS;
    hardware->error.text[0] = '\0';
    status = hardware->ops->new_group(hardware, &what, content, response);
    if (status != VTPMMGR_SUCCESS && hardware->error.text[0] != '\0')
        vtpmmgr_note(manager, &hardware->error);
    return status;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_new)
{
    struct vtpmmgr_manager *manager = of(context);
    const struct vtpmmgr_span *key = &request->message.modulus;
    struct vtpmmgr_group_content content;
    uint32_t number, status;

    if (!vtpmmgr_list_key_ok(*key))
        return VTPMMGR_BAD_PARAMETER;
    status = next_group(manager, &number, &content);
    if (status != VTPMMGR_SUCCESS)
        return status;
    content.agent_key = (struct vtpm_bytes){key->at, key->len};
    status = make_key(manager, request, &content, response);
    if (status == VTPMMGR_SUCCESS)
        status = vtpmmgr_change_group(manager, number, &content);
    if (status != VTPMMGR_SUCCESS)
        return status;
    memcpy(manager->new_group, content.uuid, VTPM_UUID_SIZE);
    response->group_uuid =
        (struct vtpmmgr_span){manager->new_group, VTPM_UUID_SIZE};
    vtpmmgr_log(manager,
                number == 0 ? "group %lu has its key for approvals"
                            : "made group %lu",
                (unsigned long)number);
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_del)
{
    struct vtpmmgr_manager *manager = of(context);
    uint32_t number = request->message.group, status;
    struct vtpmmgr_group_content content;

    (void)response;
    status = vtpmmgr_group_read(manager, number, &content);
    if (status != VTPMMGR_SUCCESS)
        return status;
    if (number == 0 || vtpmmgr_store_members(manager->store, number) > 0)
        return VTPMMGR_FAIL;
    status = vtpmmgr_remove_group(manager, number);
    if (status == VTPMMGR_SUCCESS)
        vtpmmgr_log(manager, "removed group %lu", (unsigned long)number);
    return status;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_show)
{
    struct vtpmmgr_manager *manager = of(context);
    struct vtpmmgr_group_content content;
    uint32_t status =
        vtpmmgr_group_read(manager, request->message.group, &content);

    if (status == VTPMMGR_SUCCESS)
        status = vtpmmgr_group_list(&content, &response->list);
    if (status != VTPMMGR_SUCCESS)
        return status;
    memcpy(manager->bytes, content.uuid, VTPM_UUID_SIZE);
    response->group_uuid =
        (struct vtpmmgr_span){manager->bytes, VTPM_UUID_SIZE};
    response->modulus =
        content.agent_key.len == VTPMMGR_RSA_SIZE
            ? (struct vtpmmgr_span){content.agent_key.at, VTPMMGR_RSA_SIZE}
            : (struct vtpmmgr_span){zeros, VTPMMGR_RSA_SIZE};
    return VTPMMGR_SUCCESS;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_update)
{
    struct vtpmmgr_manager *manager = of(context);
    const struct vtpmmgr_message *message = &request->message;
    struct vtpmmgr_group_content content;
    struct vtpmmgr_list old;
    uint32_t status = vtpmmgr_group_read(manager, message->group, &content);

    (void)response;
    if (status == VTPMMGR_SUCCESS)
        status = vtpmmgr_group_list(&content, &old);
    if (status != VTPMMGR_SUCCESS)
        return status;
    if (message->list.sequence <= old.sequence ||
        !vtpmmgr_list_signed(
            (struct vtpmmgr_span){content.agent_key.at, content.agent_key.len},
            message->signature, message->list.whole))
        return VTPMMGR_FAIL;
    content.list =
        (struct vtpm_bytes){message->list.whole.at, message->list.whole.len};
    content.selections =
        (struct vtpm_bytes){message->selections.at, message->selections.len};
    status = vtpmmgr_change_group(manager, message->group, &content);
    if (status == VTPMMGR_SUCCESS)
        vtpmmgr_log(manager, "group %lu has list %llu",
                    (unsigned long)message->group,
                    (unsigned long long)message->list.sequence);
    return status;
}

VTPMMGR_HANDLER(vtpmmgr_answer_group_key)
{
    struct vtpmmgr_manager *manager = of(context);
    struct vtpmmgr_group_content content;
    uint32_t status =
        vtpmmgr_group_read(manager, request->message.group, &content);

    if (status != VTPMMGR_SUCCESS)
        return status;
    if (content.key_public.len == 0)
        return VTPMMGR_BADINDEX;
    response->blob =
        (struct vtpmmgr_span){content.key_public.at, content.key_public.len};
    return VTPMMGR_SUCCESS;
}
