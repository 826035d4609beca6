/* SPDX-License-Identifier: MIT */
/* A frontend that offers EVA_EXTRA extra pages. By induction, as back.c. */
#include <vtpmring/vtpmring.h>
#include "front_private.h"
#include "driver.h"

const bool shmem_split_extra = false;

/* A command may be longer than the pages, the room for a response shorter. */
#define COMMAND (CAPACITY(EVA_EXTRA) + 100)
#define RESPONSE (CAPACITY(EVA_EXTRA) - 100)

static struct vtpmring_front front;
static uint32_t refs[EVA_EXTRA == 0 ? 1 : EVA_EXTRA];
static unsigned char command[COMMAND];
static unsigned char response[RESPONSE];

static const struct vtpmring_page page = {
    .first = shmem_page,
    .extra = EXTRA_PAGES,
    .extra_count = EVA_EXTRA,
};

/* What a caller may offer: the pages, or less. */
static const struct vtpmring_page offers[4] = {
    {.first = shmem_page, .extra = EXTRA_PAGES, .extra_count = EVA_EXTRA},
    {.first = NULL, .extra = EXTRA_PAGES, .extra_count = EVA_EXTRA},
    {.first = shmem_page, .extra = NULL, .extra_count = EVA_EXTRA},
    {.first = shmem_page, .extra = EXTRA_PAGES, .extra_count = EVA_EXTRA / 2},
};

/* From SHARE's done() to UNSHARE's the pages are there. */
static bool has_pages(void)
{
    return front.phase >= VTPMRING_FRONT_PHASE_PUBLISH &&
           front.phase <= VTPMRING_FRONT_PHASE_UNSHARE;
}

static void promise(void)
{
    //@ assert front.phase < VTPMRING_FRONT_PHASE_COUNT;
    //@ assert front.peer_state < VTPMRING_XENBUS_STATE_COUNT;
    //@ assert front.command <= VTPMRING_FRONT_COMMAND_ENDED;
    //@ assert front.own_extra == EVA_EXTRA;
    //@ assert front.use_extra <= EVA_EXTRA;
    if (has_pages()) {
        //@ assert front.shared;
        //@ assert front.page.first != \null;
    } else {
        //@ assert !front.shared;
        if (front.phase != VTPMRING_FRONT_PHASE_SHARE) {
            //@ assert front.page.first == \null;
        }
    }
    if (front.page.first == NULL) {
        //@ assert front.page.extra == \null && front.page.extra_count == 0;
    } else {
        //@ assert front.page.first == &shmem_page[0];
        //@ assert front.page.extra_count == EVA_EXTRA;
        //@ assert EVA_EXTRA == 0 || front.page.extra == &extra_bytes[0];
        //@ assert EVA_EXTRA == 0 || front.refs == &refs[0];
    }
    if (front.command == VTPMRING_FRONT_COMMAND_SENT ||
        front.command == VTPMRING_FRONT_COMMAND_CANCELED) {
        //@ assert front.phase == VTPMRING_FRONT_PHASE_CONNECTED;
    }
    if (front.command == VTPMRING_FRONT_COMMAND_ENDED) {
        //@ assert front.shared;
    }
}

enum call {
    HEAR,
    SET_PAGE,
    ON_PEER_STATE,
    ON_EVENT,
    ASK,
    SUBMIT,
    CANCEL,
    TAKE,
    DROP,
    CLOSE,
    FAIL,
    REOPEN,
    DONE,
    CALL_COUNT
};

/* Any state in which the promise holds. */
static void arbitrary(unsigned which)
{
    unsigned use = pick(0, EVA_EXTRA);

    front.phase = (uint8_t)pick(0, VTPMRING_FRONT_PHASE_COUNT - 1);
    front.command = (uint8_t)pick(0, VTPMRING_FRONT_COMMAND_ENDED);
    front.peer_state = (uint8_t)pick(0, VTPMRING_XENBUS_STATE_COUNT - 1);
    front.published = any != 0;
    front.want_close = any != 0;
    front.want_notify = any != 0;
    front.fault = (enum vtpmring_status)any;
    front.result = (enum vtpmring_status)any;
    front.own_extra = EVA_EXTRA;
    if (which == TAKE) { /* has no use for the phase */
        if (any)
            front.phase = (uint8_t)pick(VTPMRING_FRONT_PHASE_PUBLISH,
                                        VTPMRING_FRONT_PHASE_UNSHARE);
        else if (any)
            front.phase = (uint8_t)pick(VTPMRING_FRONT_PHASE_FORGET,
                                        VTPMRING_FRONT_PHASE_SHARE);
        else
            front.phase = VTPMRING_FRONT_PHASE_END;
    } else {
        //@ split front.phase;
        front.phase = front.phase;
    }
    //@ split front.command;
    if (front.command == VTPMRING_FRONT_COMMAND_SENT ||
        front.command == VTPMRING_FRONT_COMMAND_CANCELED)
        front.phase = VTPMRING_FRONT_PHASE_CONNECTED;
    if (front.command == VTPMRING_FRONT_COMMAND_ENDED && !has_pages())
        front.command = VTPMRING_FRONT_COMMAND_NONE;
    front.shared = has_pages();
    /* these copy packets, so each number of pages is a state of its own */
    if ((which == SUBMIT && front.phase == VTPMRING_FRONT_PHASE_CONNECTED) ||
        (which == TAKE && front.command == VTPMRING_FRONT_COMMAND_ENDED)) {
        //@ split use;
        use = use;
    }
    front.use_extra = (uint8_t)use;
    if (has_pages() || (front.phase == VTPMRING_FRONT_PHASE_SHARE && any)) {
        front.page = page;
        front.refs = refs;
    } else {
        front.page = (struct vtpmring_page){0};
        front.refs = NULL;
    }
}

/* What the backend announces. */
static void hear(void)
{
    size_t length;
    const char *text;

    if (front.phase != VTPMRING_FRONT_PHASE_CHECK) {
        vtpmring_front_set_features(&front, NULL, 0, NULL, 0);
        return;
    }
    text = pick_text(&length);
    if (any)
        vtpmring_front_set_features(&front, text, length, "1", 1);
    else
        vtpmring_front_set_features(&front, "1", 1, text, length);
}

static void call(unsigned which)
{
    size_t length;

    switch (which) {
    case HEAR:
        hear();
        break;
    case SET_PAGE:
        vtpmring_front_set_page(&front, &offers[pick(0, 3)], any ? refs : NULL);
        break;
    case ON_PEER_STATE:
        vtpmring_front_on_peer_state(&front, (enum vtpmring_xenbus_state)any);
        break;
    case ON_EVENT:
        vtpmring_front_on_event(&front);
        break;
    case ASK:
        vtpmring_front_is_ready(&front);
        vtpmring_front_capacity(&front);
        vtpmring_front_state(&front);
        break;
    case SUBMIT:
        vtpmring_front_submit(&front, command, pick(0, COMMAND), (uint8_t)any);
        break;
    case CANCEL:
        vtpmring_front_cancel(&front);
        break;
    case TAKE:
        vtpmring_front_take(&front, response, pick(0, RESPONSE), &length);
        break;
    case DROP:
        vtpmring_front_drop(&front);
        break;
    case CLOSE:
        vtpmring_front_close(&front);
        break;
    case FAIL:
        vtpmring_front_fail(&front, (enum vtpmring_status)any);
        break;
    case REOPEN:
        vtpmring_front_reopen(&front);
        break;
    default:
        vtpmring_front_done(&front, vtpmring_front_next(&front),
                            (enum vtpmring_status)any);
        break;
    }
}

/*@ assigns command[..], response[..], refs[..] \from any; */
static void fill(void);

void main(void)
{
    unsigned which = pick(0, CALL_COUNT - 1);

    fill();
    if (any) {
        vtpmring_front_init(&front, any, (enum vtpmring_xenbus_state)any);
        if (vtpmring_front_init(&front, EVA_EXTRA,
                                (enum vtpmring_xenbus_state)any) == VTPMRING_OK)
            promise();
    } else {
        //@ split which;
        arbitrary(which);
        begin_exchange();
        call(which);
        promise();
    }
}
