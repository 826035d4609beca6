/* SPDX-License-Identifier: MIT */
/* How the manager is, and who is connected to it. */
#include "bytes.h"
#include "manager_impl.h"

#include <string.h>

/* As many as any page has room for. */
#define PAGE_MAX (VTPMMGR_FRAME_MAX / VTPMMGR_DEVICE_SIZE)

static uint32_t flags_of(const struct vtpmmgr_manager *manager)
{
    const struct vtpmmgr_opened_root *root = manager->options.root;

    return (root->hardware ? VTPMMGR_STATUS_HARDWARE : 0u) |
           (root->root->ops->raise ? VTPMMGR_STATUS_COUNTER : 0u) |
           (manager->options.each_commit ? VTPMMGR_STATUS_EACH_COMMIT : 0u) |
           (manager->failing ? VTPMMGR_STATUS_FAILING : 0u);
}

static void put_device(struct vtpmmgr_manager *manager,
                       const struct vtpmmgr_sender *sender, uint8_t *at)
{
    uint32_t flags = 0, group = VTPMMGR_NO_GROUP;
    struct vtpmmgr_vtpm vtpm;

    if (vtpmmgr_store_get(manager->store, sender->uuid, &vtpm))
        group = vtpm.group;
    else
        flags |= VTPMMGR_DEVICE_UNKNOWN;
    vtpm_cleanse(&vtpm, sizeof vtpm);
    if (sender->open)
        flags |= VTPMMGR_DEVICE_OPEN;
    if (vtpmmgr_is_admin(manager, sender))
        flags |= VTPMMGR_DEVICE_ADMIN;
    vtpm_put32(at, sender->domid);
    vtpm_put32(at + 4, sender->handle);
    memcpy(at + 8, sender->uuid, VTPM_UUID_SIZE);
    vtpm_put32(at + 24, flags);
    vtpm_put32(at + 28, group);
}

static uint64_t uptime_s(const struct vtpmmgr_manager *manager)
{
    return (vtpm_os_now_ms() - manager->start_ms) / 1000;
}

static struct vtpmmgr_span text(const char *text)
{
    size_t len = strlen(text);

    if (len > VTPMMGR_TEXT_MAX)
        len = VTPMMGR_TEXT_MAX;
    return (struct vtpmmgr_span){(const uint8_t *)text, len};
}

VTPMMGR_HANDLER(vtpmmgr_answer_status)
{
    struct vtpmmgr_manager *manager = ((struct vtpmmgr_turn *)context)->manager;
    struct vtpmmgr_sender page[PAGE_MAX];
    size_t room = vtpmmgr_status_page(request->room), count;

    response->flags = flags_of(manager);
    response->vtpms = (uint32_t)vtpmmgr_store_count(manager->store);
    response->groups = (uint32_t)vtpmmgr_store_groups(manager->store);
    response->generation = vtpmmgr_store_generation(manager->store);
    response->anchor = vtpmmgr_store_anchor(manager->store);
    response->uptime_s = uptime_s(manager);
    response->commands = manager->commands;
    response->failures = manager->failures;
    response->root = text(manager->options.root->kind);
    response->error = text(manager->error.text);
    response->count = (uint32_t)vtpmmgr_senders_list(
        &manager->senders, request->message.offset, page, room, &count);
    for (size_t i = 0; i < count; i++)
        put_device(manager, &page[i], manager->bytes + i * VTPMMGR_DEVICE_SIZE);
    response->devices =
        (struct vtpmmgr_span){manager->bytes, count * VTPMMGR_DEVICE_SIZE};
    return VTPMMGR_SUCCESS;
}
