/* SPDX-License-Identifier: MIT */
/* The commands of a frontend. One is in flight at most; the page is ours to
 * write while its state is IDLE or FINISH, the backend's while it is SUBMIT or
 * CANCEL. */
#include <vtpmring/front.h>
#include <vtpmring/tpm.h>
#include "front_private.h"

bool vtpmring_front_is_ready(const struct vtpmring_front *front)
{
    return front->phase == VTPMRING_FRONT_PHASE_CONNECTED &&
           front->command == VTPMRING_FRONT_COMMAND_NONE;
}

size_t vtpmring_front_capacity(const struct vtpmring_front *front)
{
    if (front->phase != VTPMRING_FRONT_PHASE_CONNECTED)
        return 0;
    return vtpmring_page_capacity(front->use_extra);
}

enum vtpmring_status vtpmring_front_submit(struct vtpmring_front *front,
                                           const void *command, size_t length,
                                           uint8_t locality)
{
    struct vtpmring_page_head head = {length, locality, front->use_extra};
    struct vtpmring_tpm_header tpm;

    if (front->command != VTPMRING_FRONT_COMMAND_NONE)
        return VTPMRING_AGAIN;
    if (front->phase != VTPMRING_FRONT_PHASE_CONNECTED)
        return VTPMRING_ESTATE;
    if (!vtpmring_tpm_is_locality(locality) ||
        vtpmring_tpm_parse(command, length, &tpm) != VTPMRING_OK)
        return VTPMRING_EINVAL;
    if (vtpmring_page_write(&front->page, front->use_extra, command, length) !=
        VTPMRING_OK)
        return VTPMRING_ENOBUF;
    vtpmring_page_write_head(&front->page, &head, front->refs);
    vtpmring_page_store_state(&front->page, VTPMRING_PAGE_SUBMIT);
    front->command = VTPMRING_FRONT_COMMAND_SENT;
    front->want_notify = true;
    return VTPMRING_OK;
}

static void end_with(struct vtpmring_front *front, enum vtpmring_status result)
{
    front->command = VTPMRING_FRONT_COMMAND_ENDED;
    front->result = result;
    front->want_notify = false;
}

void vtpmring_front_on_event(struct vtpmring_front *front)
{
    if (front->command != VTPMRING_FRONT_COMMAND_SENT &&
        front->command != VTPMRING_FRONT_COMMAND_CANCELED)
        return;
    switch (vtpmring_page_load_state(&front->page)) {
    case VTPMRING_PAGE_FINISH:
        end_with(front, VTPMRING_OK);
        break;
    case VTPMRING_PAGE_IDLE:
        end_with(front, VTPMRING_CANCELED);
        break;
    case VTPMRING_PAGE_SUBMIT:
    case VTPMRING_PAGE_CANCEL:
        break;
    default:
        vtpmring_front_lose(front, VTPMRING_EPEER_STATE);
        break;
    }
}

enum vtpmring_status vtpmring_front_cancel(struct vtpmring_front *front)
{
    if (front->command == VTPMRING_FRONT_COMMAND_CANCELED)
        return VTPMRING_OK;
    if (front->command != VTPMRING_FRONT_COMMAND_SENT)
        return front->command == VTPMRING_FRONT_COMMAND_ENDED ? VTPMRING_OK
                                                              : VTPMRING_ESTATE;
    /* a plain store could bury a response that has just come */
    if (vtpmring_page_swap_state(&front->page, VTPMRING_PAGE_SUBMIT,
                                 VTPMRING_PAGE_CANCEL)) {
        front->command = VTPMRING_FRONT_COMMAND_CANCELED;
        front->want_notify = true;
    } else {
        vtpmring_front_on_event(front);
    }
    return VTPMRING_OK;
}

/* The snapshot is taken once; what the page says later does not count. The
 * number of extra pages is ours: the backend has no say in it. */
static enum vtpmring_status read_response(struct vtpmring_front *front,
                                          void *response, size_t size,
                                          size_t *length)
{
    struct vtpmring_page_head head;
    struct vtpmring_tpm_header tpm;
    enum vtpmring_status status;

    vtpmring_page_read_head(&front->page, &head);
    if (head.length < VTPMRING_TPM_HEADER_SIZE ||
        head.length > vtpmring_page_capacity(front->use_extra))
        return VTPMRING_EPEER_LENGTH;
    *length = head.length;
    if (head.length > size)
        return VTPMRING_ENOBUF;
    status = vtpmring_page_read(&front->page, front->use_extra, response,
                                head.length);
    if (status != VTPMRING_OK)
        return status;
    return vtpmring_tpm_parse(response, head.length, &tpm);
}

enum vtpmring_status vtpmring_front_take(struct vtpmring_front *front,
                                         void *response, size_t size,
                                         size_t *length)
{
    enum vtpmring_status status = front->result;

    *length = 0;
    if (front->command != VTPMRING_FRONT_COMMAND_ENDED)
        return VTPMRING_ESTATE;
    /* the page is still ours: DELIVER comes before UNSHARE */
    if (status == VTPMRING_OK)
        status = read_response(front, response, size, length);
    if (status == VTPMRING_ENOBUF)
        return status;
    if (status != VTPMRING_OK)
        *length = 0;
    front->command = VTPMRING_FRONT_COMMAND_NONE;
    return status;
}

void vtpmring_front_drop(struct vtpmring_front *front)
{
    if (front->command == VTPMRING_FRONT_COMMAND_ENDED)
        front->command = VTPMRING_FRONT_COMMAND_NONE;
}
