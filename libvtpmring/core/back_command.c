/* SPDX-License-Identifier: MIT */
/* The commands of a backend. The page is ours to write while its state is
 * SUBMIT or CANCEL. Only the snapshot and the private copy of the command are
 * used after they were taken; the page is not read again. */
#include <vtpmring/back.h>
#include <vtpmring/tpm.h>
#include "back_private.h"

/* Gives the page back to the frontend. */
static void finish(struct vtpmring_back *back, enum vtpmring_page_state state)
{
    /* pairs with the frontend's acquire: the response is visible first */
    vtpmring_page_store_state(&back->page, state);
    back->command = VTPMRING_BACK_COMMAND_NONE;
    back->want_abort = false;
    back->want_notify = true;
}

/* A header fits the first page, whatever the number of extra pages. */
static void finish_with_error(struct vtpmring_back *back, uint16_t tag,
                              enum vtpmring_tpm_error error)
{
    unsigned char response[VTPMRING_TPM_HEADER_SIZE];
    size_t length =
        vtpmring_tpm_error(back->config.family, tag, error, response);

    (void)vtpmring_page_write(&back->page, back->head.nr_extra, response,
                              length);
    vtpmring_page_write_length(&back->page, length);
    finish(back, VTPMRING_PAGE_FINISH);
}

/* A command that cannot be taken is answered with an error if there is at least
 * a header to answer to. */
static void refuse(struct vtpmring_back *back, enum vtpmring_status fault)
{
    unsigned char packet[VTPMRING_TPM_HEADER_SIZE];
    struct vtpmring_tpm_header tpm;

    back->fault = fault;
    if (back->head.length < VTPMRING_TPM_HEADER_SIZE ||
        vtpmring_page_read(&back->page, back->head.nr_extra, packet,
                           sizeof(packet)) != VTPMRING_OK) {
        finish(back, VTPMRING_PAGE_IDLE);
        return;
    }
    (void)vtpmring_tpm_parse(packet, sizeof(packet), &tpm);
    finish_with_error(back, tpm.tag, VTPMRING_TPM_ERROR_SIZE);
}

/* Copies the command out; validates the copy. */
static void take_command(struct vtpmring_back *back)
{
    struct vtpmring_tpm_header tpm;
    enum vtpmring_status status;

    status = vtpmring_page_read(&back->page, back->head.nr_extra,
                                back->config.buffer, back->head.length);
    if (status != VTPMRING_OK) {
        refuse(back, status);
        return;
    }
    back->length = back->head.length;
    status = vtpmring_tpm_parse(back->config.buffer, back->length, &tpm);
    back->tag = tpm.tag;
    if (status != VTPMRING_OK) {
        back->fault = status;
        finish_with_error(back, tpm.tag, VTPMRING_TPM_ERROR_SIZE);
        return;
    }
    back->command = VTPMRING_BACK_COMMAND_READY;
}

static void on_submit(struct vtpmring_back *back)
{
    bool changed;

    /* the one snapshot of this exchange */
    vtpmring_page_read_head(&back->page, &back->head);
    if (back->head.length < VTPMRING_TPM_HEADER_SIZE ||
        back->head.length > back->config.buffer_size ||
        back->head.length > vtpmring_page_capacity(back->head.nr_extra) ||
        back->head.nr_extra > back->config.max_extra) {
        refuse(back, VTPMRING_EPEER_LENGTH);
        return;
    }
    if (back->head.nr_extra > 0) {
        changed = vtpmring_page_read_refs(&back->page, back->head.nr_extra,
                                          back->config.refs);
        if (changed || back->page.extra_count < back->head.nr_extra) {
            back->page.extra = NULL;
            back->page.extra_count = 0;
            back->nr_refs = back->head.nr_extra;
            back->command = VTPMRING_BACK_COMMAND_MAPPING;
            return;
        }
    }
    take_command(back);
}

/* The process that we took over from may have executed what is on the page, so
 * it is not executed again; IDLE tells the frontend that it was dropped. */
static bool drop_inherited(struct vtpmring_back *back, uint8_t state)
{
    if (!back->adopted)
        return false;
    back->adopted = false;
    if (state != VTPMRING_PAGE_SUBMIT)
        return false;
    finish(back, VTPMRING_PAGE_IDLE);
    return true;
}

bool vtpmring_back_has_work(const struct vtpmring_back *back)
{
    uint8_t state;

    if (!vtpmring_back_serves(back))
        return false;
    state = vtpmring_page_load_state(&back->page);
    if (back->command == VTPMRING_BACK_COMMAND_NONE)
        return state == VTPMRING_PAGE_SUBMIT || state == VTPMRING_PAGE_CANCEL;
    return state == VTPMRING_PAGE_CANCEL && !back->want_abort;
}

void vtpmring_back_on_event(struct vtpmring_back *back)
{
    uint8_t state;

    if (back->orphan)
        back->want_abort = true;
    if (!vtpmring_back_serves(back))
        return;
    state = vtpmring_page_load_state(&back->page);
    if (drop_inherited(back, state))
        return;
    if (state == VTPMRING_PAGE_SUBMIT) {
        if (back->command == VTPMRING_BACK_COMMAND_NONE)
            on_submit(back);
        return;
    }
    if (state != VTPMRING_PAGE_CANCEL)
        return;
    switch (back->command) {
    case VTPMRING_BACK_COMMAND_RUNNING:
        if (!back->orphan)
            back->want_abort = true;
        break;
    case VTPMRING_BACK_COMMAND_READY:
        finish_with_error(back, back->tag, VTPMRING_TPM_ERROR_CANCELED);
        break;
    default:
        finish(back, VTPMRING_PAGE_IDLE);
        break;
    }
}

void vtpmring_back_forget_command(struct vtpmring_back *back)
{
    back->want_notify = false;
    if (back->command == VTPMRING_BACK_COMMAND_RUNNING) {
        back->orphan = true;
        back->want_abort = true;
    } else {
        back->command = VTPMRING_BACK_COMMAND_NONE;
    }
}

enum vtpmring_back_action
vtpmring_back_next_command(const struct vtpmring_back *back)
{
    if (back->want_abort)
        return VTPMRING_BACK_ABORT;
    if (!vtpmring_back_serves(back))
        return VTPMRING_BACK_WAIT;
    if (back->want_notify)
        return VTPMRING_BACK_NOTIFY;
    if (back->command == VTPMRING_BACK_COMMAND_MAPPING)
        return VTPMRING_BACK_MAP_EXTRA;
    if (back->command == VTPMRING_BACK_COMMAND_READY)
        return VTPMRING_BACK_EXECUTE;
    return VTPMRING_BACK_WAIT;
}

void vtpmring_back_done_command(struct vtpmring_back *back,
                                enum vtpmring_back_action action,
                                enum vtpmring_status status)
{
    switch (action) {
    case VTPMRING_BACK_NOTIFY:
        back->want_notify = false;
        break;
    case VTPMRING_BACK_ABORT:
        back->want_abort = false;
        break;
    case VTPMRING_BACK_MAP_EXTRA:
        if (status == VTPMRING_OK && back->page.extra != NULL) {
            take_command(back);
        } else {
            back->page.extra = NULL;
            back->page.extra_count = 0;
            refuse(back, VTPMRING_EPEER_LENGTH);
        }
        break;
    default:
        if (status == VTPMRING_OK)
            back->command = VTPMRING_BACK_COMMAND_RUNNING;
        else
            (void)vtpmring_back_reply_error(back, VTPMRING_TPM_ERROR_FAILURE);
        break;
    }
}

enum vtpmring_status vtpmring_back_set_extra(struct vtpmring_back *back,
                                             void *extra)
{
    if (vtpmring_back_next(back) != VTPMRING_BACK_MAP_EXTRA)
        return VTPMRING_ESTATE;
    if (extra == NULL)
        return VTPMRING_EINVAL;
    back->page.extra = extra;
    back->page.extra_count = back->nr_refs;
    return VTPMRING_OK;
}

/* The executor of an orphan has come back: the next command may begin. */
static enum vtpmring_status bury_orphan(struct vtpmring_back *back)
{
    back->orphan = false;
    back->want_abort = false;
    back->command = VTPMRING_BACK_COMMAND_NONE;
    vtpmring_back_on_event(back);
    return VTPMRING_CLOSED;
}

enum vtpmring_status vtpmring_back_reply(struct vtpmring_back *back,
                                         const void *response, size_t length)
{
    struct vtpmring_tpm_header tpm;

    if (back->command != VTPMRING_BACK_COMMAND_READY &&
        back->command != VTPMRING_BACK_COMMAND_RUNNING)
        return VTPMRING_ESTATE;
    if (back->orphan)
        return bury_orphan(back);
    if (vtpmring_tpm_parse(response, length, &tpm) != VTPMRING_OK ||
        vtpmring_page_write(&back->page, back->head.nr_extra, response,
                            length) != VTPMRING_OK) {
        finish_with_error(back, back->tag, VTPMRING_TPM_ERROR_NO_SPACE);
        return VTPMRING_ENOBUF;
    }
    vtpmring_page_write_length(&back->page, length);
    finish(back, VTPMRING_PAGE_FINISH);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_back_reply_error(struct vtpmring_back *back,
                                               enum vtpmring_tpm_error error)
{
    unsigned char response[VTPMRING_TPM_HEADER_SIZE];

    if (back->command != VTPMRING_BACK_COMMAND_READY &&
        back->command != VTPMRING_BACK_COMMAND_RUNNING)
        return VTPMRING_ESTATE;
    return vtpmring_back_reply(
        back, response,
        vtpmring_tpm_error(back->config.family, back->tag, error, response));
}
