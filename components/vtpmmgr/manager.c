/* SPDX-License-Identifier: MIT */
#include "manager_impl.h"

#include "bytes.h"
#include "uuid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vtpmmgr_log(const struct vtpmmgr_manager *manager, const char *format, ...)
{
    char line[300];
    va_list args;

    if (!manager->options.log)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    manager->options.log(line);
}

/* What goes on failing in the same way is said once. */
void vtpmmgr_note(struct vtpmmgr_manager *manager, const struct vtpm_error *err)
{
    if (strcmp(manager->error.text, err->text) == 0)
        return;
    manager->error = *err;
    vtpmmgr_log(manager, "%s", err->text);
}

/* ---- what it does ---- */

static const struct {
    uint32_t ordinal;
    uint32_t (*handle)(void *context, const struct vtpmmgr_request *request,
                       struct vtpmmgr_message *response);
} table[VTPMMGR_COMMANDS] = {
    {VTPMMGR_SAVEHASHKEY, vtpmmgr_answer_save},
    {VTPMMGR_LOADHASHKEY, vtpmmgr_answer_load},
    {VTPMMGR_GET_BOOT_HASH, vtpmmgr_answer_boot_hash},
    {VTPMMGR_GET_QUOTE, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_LIST, vtpmmgr_answer_group_list},
    {VTPMMGR_GROUP_NEW, vtpmmgr_answer_group_new},
    {VTPMMGR_GROUP_DEL, vtpmmgr_answer_group_del},
    {VTPMMGR_GROUP_ACTIVATE, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_REGISTER, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_UPDATE, vtpmmgr_answer_group_update},
    {VTPMMGR_GROUP_SHOW, vtpmmgr_answer_group_show},
    {VTPMMGR_GROUP_QUOTE, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_RECOVER1, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_RECOVER2, vtpmmgr_answer_hardware},
    {VTPMMGR_VTPM_LIST, vtpmmgr_answer_vtpm_list},
    {VTPMMGR_VTPM_SHOW, vtpmmgr_answer_vtpm_show},
    {VTPMMGR_VTPM_EDIT, vtpmmgr_answer_vtpm_edit},
    {VTPMMGR_VTPM_NEW, vtpmmgr_answer_vtpm_new},
    {VTPMMGR_VTPM_DEL, vtpmmgr_answer_vtpm_del},
    {VTPMMGR_MAKE_IDENTITY, vtpmmgr_answer_hardware},
    {VTPMMGR_ACTIVATE_IDENTITY, vtpmmgr_answer_hardware},
    {VTPMMGR_READ_PUBEK, vtpmmgr_answer_hardware},
    {VTPMMGR_NV_DEFINE_SPACE, vtpmmgr_answer_hardware},
    {VTPMMGR_NV_WRITE_VALUE, vtpmmgr_answer_hardware},
    {VTPMMGR_NV_READ_VALUE, vtpmmgr_answer_hardware},
    {VTPMMGR_GROUP_KEY, vtpmmgr_answer_group_key},
    {VTPMMGR_EVIDENCE, vtpmmgr_answer_hardware},
    {VTPMMGR_STATUS, vtpmmgr_answer_status},
};

static void set_handlers(struct vtpmmgr_handlers *handlers)
{
    handlers->permit = vtpmmgr_permit;
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++)
        handlers->handle[vtpmmgr_place_of(table[i].ordinal)] = table[i].handle;
}

/* ---- turns ---- */

static void take_turn(struct vtpmmgr_queue *queue)
{
    uint64_t mine;

    vtpm_os_lock(&queue->lock);
    mine = ++queue->last;
    while (queue->now + 1 != mine)
        vtpm_os_change_wait(&queue->changed, &queue->lock);
    vtpm_os_unlock(&queue->lock);
}

static void pass_turn(struct vtpmmgr_queue *queue)
{
    vtpm_os_lock(&queue->lock);
    queue->now++;
    vtpm_os_change_tell(&queue->changed);
    vtpm_os_unlock(&queue->lock);
}

/* ---- its life ---- */

static struct vtpmmgr_manager *
new_manager(const struct vtpmmgr_manager_options *options,
            struct vtpm_error *err)
{
    struct vtpmmgr_manager *manager = calloc(1, sizeof *manager);

    if (!manager) {
        (void)vtpm_fail(err, VTPM_ENOMEM,
                        "cannot start: out of memory; end other programs");
        return NULL;
    }
    manager->options = *options;
    set_handlers(&manager->handlers);
    vtpmmgr_senders_init(&manager->senders);
    vtpm_os_lock_init(&manager->queue.lock);
    vtpm_os_change_init(&manager->queue.changed);
    manager->start_ms = vtpm_os_now_ms();
    return manager;
}

void vtpmmgr_manager_close(struct vtpmmgr_manager *manager)
{
    if (!manager)
        return;
    vtpmmgr_store_close(manager->store);
    vtpmmgr_senders_free(&manager->senders);
    vtpm_os_change_free(&manager->queue.changed);
    vtpm_os_lock_free(&manager->queue.lock);
    vtpm_cleanse(manager, sizeof *manager);
    free(manager);
}

/* The store or its envelope could not be written: what the root made for them
 * goes, and why comes from before. */
static void forget(struct vtpmmgr_root *root)
{
    struct vtpm_error unheard;

    if (root->ops->forget)
        (void)root->ops->forget(root, &unheard);
}

static enum vtpm_status provision(struct vtpmmgr_manager *manager,
                                  uint64_t size,
                                  struct vtpmmgr_envelope *envelope,
                                  struct vtpm_error *err)
{
    struct vtpmmgr_root *root = manager->options.root->root;
    uint8_t key[VTPM_KEY_SIZE];
    struct vtpmmgr_new_store what = {.size = size, .root = key};
    enum vtpm_status status;

    /* before the root makes anything for it */
    if (vtpmmgr_envelope_read(manager->options.store, envelope->at,
                              &envelope->len, err) == VTPM_OK)
        return vtpm_fail(err, VTPM_EEXISTS,
                         "cannot provision %s: there is a store already; name "
                         "another place",
                         manager->options.store);
    status = vtpm_random(key, sizeof key, err);
    if (status == VTPM_OK)
        status = root->ops->provision(root, key, envelope, &what.anchor, err);
    if (status == VTPM_OK) {
        manager->counter = what.anchor;
        what.envelope = (struct vtpm_bytes){envelope->at, envelope->len};
        status = vtpmmgr_store_provision(&manager->store,
                                         manager->options.store, &what, err);
        if (status != VTPM_OK)
            forget(root);
    }
    vtpm_cleanse(key, sizeof key);
    if (status == VTPM_OK)
        status = vtpmmgr_change_first(manager, err);
    return status;
}

static struct vtpmmgr_envelope *new_envelope(struct vtpm_error *err)
{
    struct vtpmmgr_envelope *envelope = calloc(1, sizeof *envelope);

    if (!envelope)
        (void)vtpm_fail(err, VTPM_ENOMEM,
                        "cannot start: out of memory; end other programs");
    return envelope;
}

enum vtpm_status
vtpmmgr_manager_provision(const char *store, uint64_t size,
                          const struct vtpmmgr_opened_root *root,
                          struct vtpm_error *err)
{
    const struct vtpmmgr_manager_options options = {.store = store,
                                                    .root = root};
    struct vtpmmgr_envelope *envelope = new_envelope(err);
    struct vtpmmgr_manager *manager =
        envelope ? new_manager(&options, err) : NULL;
    enum vtpm_status status = VTPM_ENOMEM;

    if (manager)
        status = provision(manager, size, envelope, err);
    if (status != VTPM_OK)
        vtpm_error_locate(err, store);
    vtpmmgr_manager_close(manager);
    free(envelope);
    return status;
}

/* @param key gets the root key, to be wiped whatever is returned */
static enum vtpm_status open_store(struct vtpmmgr_manager *manager,
                                   struct vtpmmgr_envelope *envelope,
                                   uint8_t key[VTPM_KEY_SIZE],
                                   struct vtpm_error *err)
{
    struct vtpmmgr_root *root = manager->options.root->root;
    const char *path = manager->options.store;
    enum vtpm_status status;

    if (manager->options.each_commit && !root->ops->raise)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot raise a counter with each commit: this root "
                         "has none; leave out --counter");
    status = vtpmmgr_envelope_read(path, envelope->at, &envelope->len, err);
    if (status != VTPM_OK)
        return status;
    status = root->ops->open(root, envelope, key, &manager->counter, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_open(&manager->store, path, key,
                                    manager->counter, err);
    if (status == VTPM_OK)
        status = vtpmmgr_change_first(manager, err);
    return status;
}

enum vtpm_status
vtpmmgr_manager_open(struct vtpmmgr_manager **out,
                     const struct vtpmmgr_manager_options *options,
                     struct vtpm_error *err)
{
    struct vtpmmgr_envelope *envelope = new_envelope(err);
    struct vtpmmgr_manager *manager =
        envelope ? new_manager(options, err) : NULL;
    enum vtpm_status status = VTPM_ENOMEM;
    uint8_t key[VTPM_KEY_SIZE];

    *out = NULL;
    if (manager)
        status = open_store(manager, envelope, key, err);
    vtpm_cleanse(key, sizeof key);
    free(envelope);
    if (status != VTPM_OK) {
        vtpm_error_locate(err, options->store);
        vtpmmgr_manager_close(manager);
        return status;
    }
    *out = manager;
    return VTPM_OK;
}

static enum vtpm_status reseal(struct vtpmmgr_manager *manager,
                               struct vtpmmgr_envelope *old,
                               struct vtpmmgr_envelope *envelope,
                               struct vtpm_error *err)
{
    struct vtpmmgr_root *root = manager->options.root->root;
    uint8_t key[VTPM_KEY_SIZE];
    enum vtpm_status status = open_store(manager, old, key, err);

    if (status == VTPM_OK)
        status = root->ops->reseal(root, key, old, envelope, err);
    vtpm_cleanse(key, sizeof key);
    if (status == VTPM_OK)
        status = vtpmmgr_store_put_envelope(manager->store, envelope->at,
                                            envelope->len, err);
    return status;
}

enum vtpm_status vtpmmgr_manager_reseal(const char *store,
                                        const struct vtpmmgr_opened_root *root,
                                        struct vtpm_error *err)
{
    const struct vtpmmgr_manager_options options = {.store = store,
                                                    .root = root};
    struct vtpmmgr_envelope *old = new_envelope(err);
    struct vtpmmgr_envelope *envelope = old ? new_envelope(err) : NULL;
    struct vtpmmgr_manager *manager =
        envelope ? new_manager(&options, err) : NULL;
    enum vtpm_status status = VTPM_ENOMEM;

    if (manager)
        status = reseal(manager, old, envelope, err);
    if (status != VTPM_OK)
        vtpm_error_locate(err, store);
    vtpmmgr_manager_close(manager);
    free(envelope);
    free(old);
    return status;
}

struct vtpmmgr_senders *vtpmmgr_manager_senders(struct vtpmmgr_manager *manager)
{
    return &manager->senders;
}

/* ---- frames ---- */

/* One line for each connection, however often it is refused. */
static void tell(const struct vtpmmgr_turn *turn, uint32_t status)
{
    struct vtpmmgr_sender *sender = turn->sender;
    char text[VTPM_UUID_TEXT_SIZE];

    if (sender->local || sender->told ||
        (status != VTPMMGR_BAD_PARAMETER && status != VTPMMGR_DISABLED &&
         status != VTPMMGR_AUTHFAIL))
        return;
    sender->told = true;
    vtpm_uuid_format(sender->uuid, text);
    vtpmmgr_log(turn->manager, "%u/%lu: vTPM %s: %s", sender->domid,
                (unsigned long)sender->handle, text,
                status == VTPMMGR_AUTHFAIL ? "refused: it may not manage"
                : status == VTPMMGR_DISABLED
                    ? "refused: it is open already, or its label is not listed"
                    : "refused: it is unknown, or what it sent is malformed");
}

static size_t answer(struct vtpmmgr_turn *turn, const uint8_t *frame,
                     size_t len, uint8_t *out, size_t room)
{
    if (len >= VTPMMGR_FRAME_HEADER && !vtpmmgr_is_ours(frame, len))
        return vtpmmgr_raw_execute(turn, frame, len, out, room);
    turn->saving = len >= VTPMMGR_FRAME_HEADER &&
                   vtpm_get32(frame + 6) == VTPMMGR_SAVEHASHKEY;
    return vtpmmgr_dispatch(&turn->manager->handlers, turn, frame, len, out,
                            room);
}

size_t vtpmmgr_manager_execute(struct vtpmmgr_manager *manager,
                               struct vtpmmgr_sender *sender,
                               const uint8_t *frame, size_t len, uint8_t *out,
                               size_t room)
{
    struct vtpmmgr_turn turn = {.manager = manager, .sender = sender};
    uint32_t status;

    if (room > VTPMMGR_FRAME_MAX)
        room = VTPMMGR_FRAME_MAX;
    take_turn(&manager->queue);
    len = answer(&turn, frame, len, out, room);
    status = vtpm_get32(out + 6);
    manager->commands++;
    manager->failures += status != VTPMMGR_SUCCESS;
    tell(&turn, status);
    vtpm_cleanse(manager->bytes, sizeof manager->bytes);
    pass_turn(&manager->queue);
    return len;
}
