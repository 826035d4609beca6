/* SPDX-License-Identifier: MIT */
/* Every change of the store, and the counter that follows it. */
#include "manager_impl.h"

#include <string.h>

static uint32_t code_of(enum vtpm_status status)
{
    switch (status) {
    case VTPM_OK:
        return VTPMMGR_SUCCESS;
    case VTPM_ENOSPACE:
        return VTPMMGR_NOSPACE;
    default:
        return VTPMMGR_FAIL;
    }
}

static bool has_counter(const struct vtpmmgr_manager *manager)
{
    return manager->options.root->root->ops->raise != NULL;
}

/* The counter says what the store says. */
static enum vtpm_status follow(struct vtpmmgr_manager *manager,
                               struct vtpm_error *err)
{
    struct vtpmmgr_root *root = manager->options.root->root;
    uint64_t anchor = vtpmmgr_store_anchor(manager->store);
    enum vtpm_status status;

    if (manager->counter >= anchor)
        return VTPM_OK;
    status = root->ops->raise(root, anchor, err);
    if (status == VTPM_OK)
        manager->counter = anchor;
    return status;
}

/* The next commit is one ahead of the counter. If the last one's was not
 * raised, that comes first: two commits must not have the same number. */
static enum vtpm_status step(struct vtpmmgr_manager *manager,
                             struct vtpm_error *err)
{
    enum vtpm_status status = follow(manager, err);

    if (status != VTPM_OK)
        return status;
    return vtpmmgr_store_set_anchor(manager->store, manager->counter + 1, err);
}

static enum vtpm_status begin(struct vtpmmgr_manager *manager,
                              struct vtpm_error *err)
{
    return manager->options.each_commit ? step(manager, err) : VTPM_OK;
}

static uint32_t end(struct vtpmmgr_manager *manager, enum vtpm_status status,
                    struct vtpm_error *err)
{
    if (status == VTPM_OK && manager->options.each_commit)
        status = follow(manager, err);
    manager->failing = status != VTPM_OK;
    if (status != VTPM_OK)
        vtpmmgr_note(manager, err);
    return code_of(status);
}

uint32_t vtpmmgr_change_vtpm(struct vtpmmgr_manager *manager,
                             const struct vtpmmgr_vtpm *vtpm)
{
    struct vtpm_error err;
    enum vtpm_status status = begin(manager, &err);

    if (status == VTPM_OK)
        status = vtpmmgr_store_put(manager->store, vtpm, 1, &err);
    return end(manager, status, &err);
}

uint32_t vtpmmgr_remove_vtpm(struct vtpmmgr_manager *manager,
                             const uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpm_error err;
    enum vtpm_status status = begin(manager, &err);

    if (status == VTPM_OK)
        status = vtpmmgr_store_remove(manager->store, uuid, &err);
    return end(manager, status, &err);
}

uint32_t vtpmmgr_change_group(struct vtpmmgr_manager *manager, uint32_t number,
                              const struct vtpmmgr_group_content *content)
{
    size_t len = vtpmmgr_group_encode(content, manager->new_group);
    struct vtpm_error err;
    enum vtpm_status status;

    if (len == 0)
        return VTPMMGR_SIZE;
    status = begin(manager, &err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_put_group(manager->store, number,
                                         manager->new_group, len, &err);
    return end(manager, status, &err);
}

uint32_t vtpmmgr_remove_group(struct vtpmmgr_manager *manager, uint32_t number)
{
    struct vtpm_error err;
    enum vtpm_status status = begin(manager, &err);

    if (status == VTPM_OK)
        status = vtpmmgr_store_remove_group(manager->store, number, &err);
    return end(manager, status, &err);
}

/* Version 4 of RFC 4122. */
static enum vtpm_status random_uuid(uint8_t uuid[VTPM_UUID_SIZE],
                                    struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_random(uuid, VTPM_UUID_SIZE, err);

    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    return status;
}

uint32_t vtpmmgr_new_uuid(struct vtpmmgr_manager *manager,
                          uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpm_error err;
    enum vtpm_status status = random_uuid(uuid, &err);

    if (status != VTPM_OK)
        vtpmmgr_note(manager, &err);
    return code_of(status);
}

/* Provisioning may have been cut off before it made group 0. */
static enum vtpm_status make_group_0(struct vtpmmgr_manager *manager,
                                     struct vtpm_error *err)
{
    struct vtpmmgr_group_content content = {.flags = 0};
    enum vtpm_status status;
    size_t len;

    if (vtpmmgr_store_groups(manager->store) > 0)
        return VTPM_OK;
    status = random_uuid(content.uuid, err);
    if (status != VTPM_OK)
        return status;
    len = vtpmmgr_group_encode(&content, manager->new_group);
    return vtpmmgr_store_put_group(manager->store, 0, manager->new_group, len,
                                   err);
}

enum vtpm_status vtpmmgr_change_first(struct vtpmmgr_manager *manager,
                                      struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;

    if (has_counter(manager))
        status = step(manager, err);
    if (status == VTPM_OK)
        status = make_group_0(manager, err);
    if (status != VTPM_OK || !has_counter(manager))
        return status;
    if (vtpmmgr_store_anchor(manager->store) <= manager->counter)
        status = vtpmmgr_store_commit_anchor(manager->store, err);
    return status == VTPM_OK ? follow(manager, err) : status;
}
