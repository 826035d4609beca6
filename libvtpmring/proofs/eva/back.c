/* SPDX-License-Identifier: MIT */
/* A backend that has mapped EVA_EXTRA extra pages, or is about to, and takes up
 * to EXTRA_CAP. By induction over all runs: init makes a state in which
 * `promise` holds; from any such state any call leads, without an alarm, to a
 * state in which it holds again. */
#include <vtpmring/vtpmring.h>
#include "back_private.h"
#include "driver.h"

const bool shmem_split_extra = true;

/* The buffer may be smaller than the pages, a response larger. */
#define BUFFER (CAPACITY(EXTRA_CAP) - 100)
#define RESPONSE (CAPACITY(EXTRA_CAP) + 100)

static struct vtpmring_back back;
static unsigned char buffer[BUFFER];
static uint32_t refs[EXTRA_CAP];
static unsigned char response[RESPONSE];

static const struct vtpmring_back_config config = {
    .family = VTPMRING_TPM_20,
    .buffer = buffer,
    .buffer_size = BUFFER,
    .refs = refs,
    .max_extra = EXTRA_CAP,
};

/* Without a branch: fewer states. */
static const enum vtpmring_tpm_family families[2] = {VTPMRING_TPM_12,
                                                     VTPMRING_TPM_20};
static unsigned char *const pages[2] = {NULL, shmem_page};
static unsigned char *const extras[2] = {NULL, extra_bytes};
static const uint8_t off_commands[2] = {VTPMRING_BACK_COMMAND_NONE,
                                        VTPMRING_BACK_COMMAND_RUNNING};

/* Phases in which the page is looked at, and the one before them. */
static bool looks(void)
{
    return back.phase == VTPMRING_BACK_PHASE_CONFIRM ||
           back.phase == VTPMRING_BACK_PHASE_OPEN ||
           back.phase == VTPMRING_BACK_PHASE_CONNECTED;
}

/* What is left of a connection is let go in these. */
static bool is_mapped(void)
{
    return looks() || back.phase == VTPMRING_BACK_PHASE_DROP ||
           back.phase == VTPMRING_BACK_PHASE_LEAVE ||
           back.phase == VTPMRING_BACK_PHASE_UNDO ||
           back.phase == VTPMRING_BACK_PHASE_RELEASE;
}

static void promise(void)
{
    //@ assert back.phase < VTPMRING_BACK_PHASE_COUNT;
    //@ assert back.peer_state < VTPMRING_XENBUS_STATE_COUNT;
    //@ assert back.command <= VTPMRING_BACK_COMMAND_RUNNING;
    //@ assert back.config.buffer == &buffer[0];
    //@ assert back.config.buffer_size == BUFFER;
    //@ assert back.config.refs == &refs[0];
    //@ assert back.config.max_extra == EXTRA_CAP;
    //@ assert back.page.first == \null || back.page.first == &shmem_page[0];
    if (looks()) {
        //@ assert back.mapped;
        //@ assert back.page.first == &shmem_page[0];
        if (back.page.extra_count == 0) {
            //@ assert back.page.extra == \null;
        } else {
            //@ assert back.page.extra_count == EVA_EXTRA;
            //@ assert back.page.extra == &extra_bytes[0];
        }
        if (back.phase == VTPMRING_BACK_PHASE_CONFIRM) {
            //@ assert back.page.extra_count == 0;
        }
    } else if (is_mapped()) {
        //@ assert back.mapped;
        //@ assert back.page.extra_count <= EXTRA_CAP;
    } else {
        //@ assert !back.mapped;
        //@ assert back.page.extra == \null;
        //@ assert back.page.extra_count == 0;
    }
    if (!vtpmring_back_serves(&back)) {
        /*@ assert back.command == VTPMRING_BACK_COMMAND_NONE ||
                   back.command == VTPMRING_BACK_COMMAND_RUNNING; */
        if (back.command == VTPMRING_BACK_COMMAND_RUNNING) {
            //@ assert back.orphan;
        }
    } else {
        //@ assert !back.adopted;
    }
    if (back.adopted) {
        //@ assert back.command == VTPMRING_BACK_COMMAND_NONE;
    }
    if (back.orphan) {
        //@ assert back.command == VTPMRING_BACK_COMMAND_RUNNING;
    } else if (back.command != VTPMRING_BACK_COMMAND_NONE) {
        //@ assert back.head.nr_extra <= EXTRA_CAP;
        //@ assert 10 <= back.head.length <= BUFFER;
    }
    if (!back.orphan && back.command >= VTPMRING_BACK_COMMAND_READY) {
        //@ assert back.head.nr_extra <= back.page.extra_count;
    }
    if (back.command == VTPMRING_BACK_COMMAND_MAPPING) {
        //@ assert back.nr_refs == back.head.nr_extra;
        //@ assert back.nr_refs > 0;
        if (back.page.extra_count != 0) {
            //@ assert back.page.extra_count == back.nr_refs;
        }
    }
}

enum call {
    HEAR,
    SET_PAGE,
    SET_EXTRA,
    ON_PEER_STATE,
    CLOSE,
    ON_EVENT,
    REPLY,
    REPLY_ERROR,
    ASK,
    INHERIT,
    DONE,
    CALL_COUNT
};

/* Any state in which the promise holds and EVA_EXTRA pages are mapped or, in
 * MAPPING, about to be. The fewer states are told apart, the sooner the
 * analysis comes to its end. */
static void arbitrary(unsigned which)
{
    unsigned number = pick(0, EVA_EXTRA);

    back.config = config;
    back.config.family = families[pick(0, 1)];
    back.phase = (uint8_t)pick(0, VTPMRING_BACK_PHASE_COUNT - 1);
    /* Phases without mapped pages are in the run that has none; the two that
     * serve differ only to calls that follow the table. */
    if (EVA_EXTRA > 0 &&
        (which == ON_PEER_STATE || which == CLOSE || which == DONE))
        back.phase = (uint8_t)pick(VTPMRING_BACK_PHASE_OPEN,
                                   VTPMRING_BACK_PHASE_CONNECTED);
    else if (EVA_EXTRA > 0)
        back.phase = VTPMRING_BACK_PHASE_OPEN + EVA_EXTRA % 2;
    back.peer_state = (uint8_t)pick(0, VTPMRING_XENBUS_STATE_COUNT - 1);
    back.adopting = any != 0;
    back.adopted = any != 0;
    back.offline = any != 0;
    back.orphan = any != 0;
    back.want_abort = any != 0;
    back.want_notify = any != 0;
    back.fault = (enum vtpmring_status)any;
    back.ring_ref = any;
    back.event_channel = any;
    back.tag = (uint16_t)any;
    back.nr_refs = (uint8_t)any;
    back.length = any_size;
    back.head.locality = (uint8_t)any;
    back.head.length = any_size;
    back.head.nr_extra = (uint8_t)any;
    back.page.first = pages[pick(0, 1)];
    //@ split back.phase;
    if (vtpmring_back_serves(&back))
        back.command = (uint8_t)pick(0, VTPMRING_BACK_COMMAND_RUNNING);
    else
        back.command = off_commands[pick(0, 1)];
    if (EVA_EXTRA == 0 && back.command == VTPMRING_BACK_COMMAND_MAPPING)
        back.command = VTPMRING_BACK_COMMAND_NONE;
    //@ split back.command;
    if (back.command != VTPMRING_BACK_COMMAND_RUNNING)
        back.orphan = false;
    else if (!vtpmring_back_serves(&back))
        back.orphan = true;
    //@ split back.orphan;
    if (back.command != VTPMRING_BACK_COMMAND_NONE ||
        vtpmring_back_serves(&back))
        back.adopted = false;
    back.mapped = is_mapped();
    if (looks()) {
        back.page.first = shmem_page;
        back.page.extra = EXTRA_PAGES;
        back.page.extra_count = EVA_EXTRA;
    } else if (is_mapped()) {
        back.page.extra = extras[pick(0, 1)];
        back.page.extra_count = pick(0, EXTRA_CAP);
    }
    if (back.command != VTPMRING_BACK_COMMAND_NONE && !back.orphan) {
        back.head.length = pick(10, BUFFER);
        if (back.command == VTPMRING_BACK_COMMAND_MAPPING) {
            number = EVA_EXTRA;
            if (any) {
                back.page.extra = NULL;
                back.page.extra_count = 0;
            }
        }
        if (which == REPLY) {
            //@ split number;
            number = number;
        }
        if (back.command == VTPMRING_BACK_COMMAND_MAPPING)
            back.nr_refs = (uint8_t)number;
        back.head.nr_extra = (uint8_t)number;
    }
}

/* What the frontend has published: the machine stops at the first bad node. */
static void hear(void)
{
    size_t length;
    const char *text;

    if (back.phase != VTPMRING_BACK_PHASE_READ) {
        vtpmring_back_set_peer(&back, NULL, 0, NULL, 0, NULL, 0);
        return;
    }
    text = pick_text(&length);
    if (any)
        vtpmring_back_set_peer(&back, text, length, "1", 1, "1", 1);
    else if (any)
        vtpmring_back_set_peer(&back, "1", 1, text, length, "1", 1);
    else
        vtpmring_back_set_peer(&back, "1", 1, "2", 1, text, length);
}

static void call(unsigned which)
{
    switch (which) {
    case HEAR:
        hear();
        break;
    case SET_PAGE:
        vtpmring_back_set_page(&back, pages[pick(0, 1)]);
        break;
    case SET_EXTRA:
        vtpmring_back_set_extra(&back, any ? extra_bytes : NULL);
        break;
    case ON_PEER_STATE:
        vtpmring_back_on_peer_state(&back, (enum vtpmring_xenbus_state)any);
        break;
    case CLOSE:
        vtpmring_back_close(&back);
        break;
    case ON_EVENT:
        vtpmring_back_on_event(&back);
        break;
    case REPLY:
        vtpmring_back_reply(&back, response, pick(0, RESPONSE));
        break;
    case REPLY_ERROR:
        vtpmring_back_reply_error(&back, (enum vtpmring_tpm_error)any);
        break;
    case ASK:
        vtpmring_back_has_work(&back);
        vtpmring_back_state(&back);
        break;
    case INHERIT:
        vtpmring_back_inherit(&back);
        break;
    default:
        vtpmring_back_done(&back, vtpmring_back_next(&back),
                           (enum vtpmring_status)any);
        break;
    }
}

/* A configuration that may be out of range, then one that is not. */
static void begin(void)
{
    struct vtpmring_back_config offer = {
        .family = (enum vtpmring_tpm_family)any,
        .buffer = any ? buffer : NULL,
        .buffer_size = pick(0, BUFFER),
        .refs = any ? refs : NULL,
        .max_extra = any,
    };

    if (vtpmring_back_init(&back, &offer, (enum vtpmring_xenbus_state)any,
                           (enum vtpmring_xenbus_state)any) == VTPMRING_OK) {
        //@ assert back.config.buffer != \null;
        //@ assert 10 <= back.config.buffer_size;
        //@ assert back.config.max_extra <= 255;
    }
    if (vtpmring_back_init(&back, &config, (enum vtpmring_xenbus_state)any,
                           (enum vtpmring_xenbus_state)any) == VTPMRING_OK)
        promise();
}

/*@ assigns response[..], buffer[..], refs[..] \from any; */
static void fill(void);

void main(void)
{
    unsigned which = pick(0, CALL_COUNT - 1);

    fill();
    if (any) {
        begin();
    } else {
        //@ split which;
        arbitrary(which);
        begin_exchange();
        call(which);
        promise();
    }
}
