/* SPDX-License-Identifier: MIT */
/* The life of a frontend: phases. front_command.c has the commands. */
#include <vtpmring/front.h>
#include <vtpmring/tpm.h>
#include "front_private.h"

static const struct vtpmring_xenbus_row *row(const struct vtpmring_front *front)
{
    return &vtpmring_front_table[front->phase];
}

/* The command in flight, if any, ends without a response. */
static void end_command(struct vtpmring_front *front,
                        enum vtpmring_status result)
{
    if (front->command == VTPMRING_FRONT_COMMAND_SENT ||
        front->command == VTPMRING_FRONT_COMMAND_CANCELED) {
        front->command = VTPMRING_FRONT_COMMAND_ENDED;
        front->result = result;
    }
    front->want_notify = false;
}

static void enter(struct vtpmring_front *front, uint8_t phase)
{
    uint8_t from = front->phase;

    front->phase = phase;
    if (phase == VTPMRING_FRONT_PHASE_UNPUBLISH &&
        front->fault == VTPMRING_OK && !front->want_close)
        front->fault = from == VTPMRING_FRONT_PHASE_OFFERED
                           ? VTPMRING_EPEER_REFUSED
                           : VTPMRING_EPEER_GONE;
    if (from == VTPMRING_FRONT_PHASE_CONNECTED && phase != from)
        end_command(front, front->want_close ? VTPMRING_CLOSED : front->fault);
}

/* Follows the table as far as events alone lead. */
static void settle(struct vtpmring_front *front)
{
    uint8_t phase = vtpmring_xenbus_settle(
        vtpmring_front_table, front->phase,
        (enum vtpmring_xenbus_state)front->peer_state, front->want_close);

    if (phase != front->phase)
        enter(front, phase);
}

void vtpmring_front_lose(struct vtpmring_front *front, enum vtpmring_status why)
{
    front->fault = why;
    enter(front, VTPMRING_FRONT_PHASE_UNPUBLISH);
}

enum vtpmring_status vtpmring_front_init(struct vtpmring_front *front,
                                         unsigned extra_pages,
                                         enum vtpmring_xenbus_state own_state)
{
    if (extra_pages > VTPMRING_PAGE_EXTRA_MAX)
        return VTPMRING_EINVAL;
    *front = (struct vtpmring_front){
        .own_extra = (uint8_t)extra_pages,
        .phase = own_state <= VTPMRING_XENBUS_INITIALISING
                     ? VTPMRING_FRONT_PHASE_GATE
                     : VTPMRING_FRONT_PHASE_FORGET,
        .published = own_state > VTPMRING_XENBUS_INITIALISING,
    };
    return VTPMRING_OK;
}

enum vtpmring_front_action
vtpmring_front_next(const struct vtpmring_front *front)
{
    if (front->command == VTPMRING_FRONT_COMMAND_ENDED)
        return VTPMRING_FRONT_DELIVER;
    if (front->phase == VTPMRING_FRONT_PHASE_CONNECTED && front->want_notify)
        return VTPMRING_FRONT_NOTIFY;
    return (enum vtpmring_front_action)row(front)->action;
}

enum vtpmring_xenbus_state
vtpmring_front_state(const struct vtpmring_front *front)
{
    return (enum vtpmring_xenbus_state)row(front)->state;
}

static void note_done(struct vtpmring_front *front,
                      enum vtpmring_front_action action,
                      enum vtpmring_status status)
{
    if (action == VTPMRING_FRONT_SHARE)
        front->shared = status == VTPMRING_OK;
    if (action == VTPMRING_FRONT_UNSHARE)
        front->shared = false;
    if (!front->shared) {
        front->page = (struct vtpmring_page){0};
        front->refs = NULL;
    }
    if (action == VTPMRING_FRONT_PUBLISH)
        front->published = true;
    if (action == VTPMRING_FRONT_SET_STATE && status == VTPMRING_OK &&
        row(front)->state == VTPMRING_XENBUS_CLOSED)
        front->published = false;
    if (status != VTPMRING_OK && front->fault == VTPMRING_OK)
        front->fault = status;
}

enum vtpmring_status vtpmring_front_done(struct vtpmring_front *front,
                                         enum vtpmring_front_action action,
                                         enum vtpmring_status status)
{
    if (action != vtpmring_front_next(front))
        return VTPMRING_ESTATE;
    switch (action) {
    case VTPMRING_FRONT_WAIT:
    case VTPMRING_FRONT_DELIVER:
    case VTPMRING_FRONT_END:
        return VTPMRING_OK;
    case VTPMRING_FRONT_NOTIFY:
        front->want_notify = false;
        if (status != VTPMRING_OK)
            vtpmring_front_lose(front, status);
        break;
    default:
        /* pages that were promised and never handed over cannot be used */
        if (action == VTPMRING_FRONT_SHARE && status == VTPMRING_OK &&
            front->page.first == NULL)
            status = VTPMRING_ENOMEM;
        note_done(front, action, status);
        enter(front, status == VTPMRING_OK ? row(front)->ok : row(front)->fail);
        break;
    }
    settle(front);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_front_set_page(struct vtpmring_front *front,
                                             const struct vtpmring_page *page,
                                             const uint32_t *refs)
{
    if (vtpmring_front_next(front) != VTPMRING_FRONT_SHARE)
        return VTPMRING_ESTATE;
    if (page->first == NULL || page->extra_count < front->own_extra ||
        (front->own_extra > 0 && (page->extra == NULL || refs == NULL)))
        return VTPMRING_EINVAL;
    front->page = *page;
    front->refs = refs;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_front_set_features(struct vtpmring_front *front,
                                                 const char *v2,
                                                 size_t v2_length,
                                                 const char *extra,
                                                 size_t extra_length)
{
    uint32_t number;

    if (vtpmring_front_next(front) != VTPMRING_FRONT_CHECK_PEER)
        return VTPMRING_ESTATE;
    if (vtpmring_xenbus_parse_number(v2, v2_length, UINT32_MAX, &number) !=
            VTPMRING_OK ||
        number == 0)
        return VTPMRING_EPEER_FEATURE;
    /* an absent or unreadable announcement is no announcement */
    front->use_extra = 0;
    if (vtpmring_xenbus_parse_number(extra, extra_length,
                                     VTPMRING_PAGE_EXTRA_MAX,
                                     &number) == VTPMRING_OK)
        front->use_extra =
            number < front->own_extra ? (uint8_t)number : front->own_extra;
    return VTPMRING_OK;
}

void vtpmring_front_on_peer_state(struct vtpmring_front *front,
                                  enum vtpmring_xenbus_state state)
{
    front->peer_state = (size_t)state < VTPMRING_XENBUS_STATE_COUNT
                            ? (uint8_t)state
                            : (uint8_t)VTPMRING_XENBUS_UNKNOWN;
    settle(front);
}

void vtpmring_front_close(struct vtpmring_front *front)
{
    front->want_close = true;
    settle(front);
}

void vtpmring_front_fail(struct vtpmring_front *front, enum vtpmring_status why)
{
    switch (front->phase) {
    case VTPMRING_FRONT_PHASE_OFFERED:
    case VTPMRING_FRONT_PHASE_CONNECTED:
        vtpmring_front_lose(front, why);
        break;
    case VTPMRING_FRONT_PHASE_DRAIN:
        enter(front, VTPMRING_FRONT_PHASE_UNSHARE);
        break;
    case VTPMRING_FRONT_PHASE_GATE:
        front->fault = why;
        enter(front, VTPMRING_FRONT_PHASE_END);
        break;
    default:
        break; /* an action is under way: it will end, the backend or not */
    }
}

enum vtpmring_status vtpmring_front_reopen(struct vtpmring_front *front)
{
    if (vtpmring_front_next(front) != VTPMRING_FRONT_END)
        return VTPMRING_ESTATE;
    front->want_close = false;
    front->fault = VTPMRING_OK;
    front->use_extra = 0;
    front->phase = front->published ? VTPMRING_FRONT_PHASE_FORGET
                                    : VTPMRING_FRONT_PHASE_GATE;
    settle(front);
    return VTPMRING_OK;
}
