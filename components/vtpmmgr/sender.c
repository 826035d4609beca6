/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vtpmmgr_senders_init(struct vtpmmgr_senders *senders)
{
    senders->first = NULL;
    vtpm_os_lock_init(&senders->lock);
}

void vtpmmgr_senders_free(struct vtpmmgr_senders *senders)
{
    while (senders->first) {
        struct vtpmmgr_sender *sender = senders->first;

        senders->first = sender->next;
        free(sender);
    }
    vtpm_os_lock_free(&senders->lock);
}

static void lock(struct vtpmmgr_senders *senders)
{
    vtpm_os_lock(&senders->lock);
}

static void unlock(struct vtpmmgr_senders *senders)
{
    vtpm_os_unlock(&senders->lock);
}

static bool before(const struct vtpmmgr_sender *a,
                   const struct vtpmmgr_sender *b)
{
    return a->domid != b->domid ? a->domid < b->domid : a->handle < b->handle;
}

struct vtpmmgr_sender *vtpmmgr_senders_add(struct vtpmmgr_senders *senders,
                                           uint16_t domid, uint32_t handle,
                                           const uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpmmgr_sender *sender = calloc(1, sizeof *sender), **at;

    if (!sender)
        return NULL;
    sender->domid = domid;
    sender->handle = handle;
    memcpy(sender->uuid, uuid, VTPM_UUID_SIZE);
    lock(senders);
    for (at = &senders->first; *at && before(*at, sender); at = &(*at)->next)
        ;
    sender->next = *at;
    *at = sender;
    unlock(senders);
    return sender;
}

void vtpmmgr_sender_label(struct vtpmmgr_senders *senders,
                          struct vtpmmgr_sender *sender,
                          const char label[VTPMMGR_LABEL_SIZE])
{
    lock(senders);
    memcpy(sender->label, label, VTPMMGR_LABEL_SIZE);
    unlock(senders);
    sender->labelled = true;
}

void vtpmmgr_senders_remove(struct vtpmmgr_senders *senders,
                            struct vtpmmgr_sender *sender)
{
    struct vtpmmgr_sender **at;

    lock(senders);
    for (at = &senders->first; *at != sender; at = &(*at)->next)
        ;
    *at = sender->next;
    unlock(senders);
    free(sender);
}

void vtpmmgr_sender_connect(struct vtpmmgr_senders *senders,
                            struct vtpmmgr_sender *sender)
{
    lock(senders);
    sender->connected = true;
    unlock(senders);
}

void vtpmmgr_sender_disconnect(struct vtpmmgr_senders *senders,
                               struct vtpmmgr_sender *sender)
{
    lock(senders);
    sender->connected = false;
    sender->open = false;
    unlock(senders);
    sender->told = false;
    sender->labelled = false;
}

/* Who has a vTPM; under the lock. */
static struct vtpmmgr_sender *holder(struct vtpmmgr_senders *senders,
                                     const uint8_t uuid[VTPM_UUID_SIZE])
{
    struct vtpmmgr_sender *sender = senders->first;

    while (sender &&
           (!sender->open || memcmp(sender->uuid, uuid, VTPM_UUID_SIZE) != 0))
        sender = sender->next;
    return sender;
}

bool vtpmmgr_sender_open(struct vtpmmgr_senders *senders,
                         struct vtpmmgr_sender *sender)
{
    bool open;

    lock(senders);
    if (!sender->open)
        sender->open = !holder(senders, sender->uuid);
    /* a frontend that came back may send before it counts as connected */
    sender->connected = true;
    open = sender->open;
    unlock(senders);
    return open;
}

bool vtpmmgr_senders_have(struct vtpmmgr_senders *senders,
                          const uint8_t uuid[VTPM_UUID_SIZE])
{
    bool has;

    lock(senders);
    has = holder(senders, uuid) != NULL;
    unlock(senders);
    return has;
}

void vtpmmgr_senders_label(struct vtpmmgr_senders *senders,
                           const uint8_t uuid[VTPM_UUID_SIZE],
                           char label[VTPMMGR_LABEL_SIZE])
{
    const struct vtpmmgr_sender *sender;

    label[0] = '\0';
    lock(senders);
    sender = holder(senders, uuid);
    if (sender)
        memcpy(label, sender->label, VTPMMGR_LABEL_SIZE);
    unlock(senders);
}

size_t vtpmmgr_senders_list(struct vtpmmgr_senders *senders, size_t offset,
                            struct vtpmmgr_sender *copies, size_t room,
                            size_t *count)
{
    size_t all = 0;

    *count = 0;
    lock(senders);
    for (const struct vtpmmgr_sender *s = senders->first; s; s = s->next) {
        if (!s->connected)
            continue;
        if (all >= offset && *count < room)
            copies[(*count)++] = *s;
        all++;
    }
    unlock(senders);
    return all;
}
