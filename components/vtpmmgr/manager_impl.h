/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_MANAGER_IMPL_H
#define VTPMMGR_MANAGER_IMPL_H

/**
 * @file
 * What the parts of the manager share. One thread at a time is in here; only
 * the senders have a lock of their own.
 */

#include "dispatch.h"
#include "manager.h"

/** Lets threads in one by one, in the order in which they came. */
struct vtpmmgr_queue {
    struct vtpm_os_lock lock;
    struct vtpm_os_change changed;
    uint64_t last; /**< number of who came last */
    uint64_t now;  /**< whose turn it is */
};

struct vtpmmgr_manager {
    struct vtpmmgr_manager_options options;
    struct vtpmmgr_handlers handlers;
    struct vtpmmgr_store *store;
    uint64_t counter; /**< what the root's counter says at least */
    struct vtpmmgr_senders senders;
    struct vtpmmgr_queue queue;
    uint64_t start_ms;
    uint64_t commands;
    uint64_t failures;
    bool failing; /**< the last change was not saved */
    struct vtpm_error error;
    /** What a response points to. */
    uint8_t bytes[VTPMMGR_HARDWARE_ROOM];
    uint8_t group[VTPMMGR_GROUP_MAX];
    uint8_t new_group[VTPMMGR_GROUP_MAX];
};

/** One frame: the context of the handlers. */
struct vtpmmgr_turn {
    struct vtpmmgr_manager *manager;
    struct vtpmmgr_sender *sender;
    bool saving; /**< it is SAVEHASHKEY */
};

/* manager.c */

/** A line for the operator. */
void vtpmmgr_log(const struct vtpmmgr_manager *manager, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Notes an error that an administrator should see, and logs it. */
void vtpmmgr_note(struct vtpmmgr_manager *manager,
                  const struct vtpm_error *err);

/* change.c: all of them answer with a status of wire.h */

/** At the start: makes sure of group 0, and that older copies are refused. */
enum vtpm_status vtpmmgr_change_first(struct vtpmmgr_manager *manager,
                                      struct vtpm_error *err);
uint32_t vtpmmgr_change_vtpm(struct vtpmmgr_manager *manager,
                             const struct vtpmmgr_vtpm *vtpm);
uint32_t vtpmmgr_remove_vtpm(struct vtpmmgr_manager *manager,
                             const uint8_t uuid[VTPM_UUID_SIZE]);
uint32_t vtpmmgr_change_group(struct vtpmmgr_manager *manager, uint32_t number,
                              const struct vtpmmgr_group_content *content);
uint32_t vtpmmgr_remove_group(struct vtpmmgr_manager *manager, uint32_t number);
/** A random UUID. @return a status of wire.h */
uint32_t vtpmmgr_new_uuid(struct vtpmmgr_manager *manager,
                          uint8_t uuid[VTPM_UUID_SIZE]);

/* answer_group.c */

/**
 * Reads a group.
 * @param content points into manager->group until the next call
 * @return VTPMMGR_SUCCESS; VTPMMGR_BADINDEX (there is none); VTPMMGR_FAIL
 */
uint32_t vtpmmgr_group_read(struct vtpmmgr_manager *manager, uint32_t number,
                            struct vtpmmgr_group_content *content);
/** The list of a group; an empty one if none was approved yet. */
uint32_t vtpmmgr_group_list(const struct vtpmmgr_group_content *content,
                            struct vtpmmgr_list *list);

/* permit.c */

/** As struct vtpmmgr_handlers has it; the context is a struct vtpmmgr_turn. */
uint32_t vtpmmgr_permit(void *context, enum vtpmmgr_access access);
/** Whether a sender may manage. */
bool vtpmmgr_is_admin(struct vtpmmgr_manager *manager,
                      const struct vtpmmgr_sender *sender);

/* raw.c */

/** A frame that is not the manager's. As vtpmmgr_manager_execute(). */
size_t vtpmmgr_raw_execute(struct vtpmmgr_turn *turn, const uint8_t *frame,
                           size_t len, uint8_t *out, size_t room);

/* Handlers, as struct vtpmmgr_handlers has them. */
#define VTPMMGR_HANDLER(name)                                                  \
    uint32_t name(void *context, const struct vtpmmgr_request *request,        \
                  struct vtpmmgr_message *response)
VTPMMGR_HANDLER(vtpmmgr_answer_save);
VTPMMGR_HANDLER(vtpmmgr_answer_load);
VTPMMGR_HANDLER(vtpmmgr_answer_boot_hash);
VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_list);
VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_show);
VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_edit);
VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_new);
VTPMMGR_HANDLER(vtpmmgr_answer_vtpm_del);
VTPMMGR_HANDLER(vtpmmgr_answer_group_list);
VTPMMGR_HANDLER(vtpmmgr_answer_group_new);
VTPMMGR_HANDLER(vtpmmgr_answer_group_del);
VTPMMGR_HANDLER(vtpmmgr_answer_group_key);
VTPMMGR_HANDLER(vtpmmgr_answer_group_show);
VTPMMGR_HANDLER(vtpmmgr_answer_group_update);
VTPMMGR_HANDLER(vtpmmgr_answer_hardware);
VTPMMGR_HANDLER(vtpmmgr_answer_status);

#endif
