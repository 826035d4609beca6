/* SPDX-License-Identifier: MIT */
/* The life of a backend: phases. back_command.c has the commands. */
#include <vtpmring/back.h>
#include "back_private.h"

static const struct vtpmring_xenbus_row *row(const struct vtpmring_back *back)
{
    return &vtpmring_back_table[back->phase];
}

bool vtpmring_back_serves(const struct vtpmring_back *back)
{
    return back->phase == VTPMRING_BACK_PHASE_OPEN ||
           back->phase == VTPMRING_BACK_PHASE_CONNECTED;
}

static void enter(struct vtpmring_back *back, uint8_t phase)
{
    bool served = vtpmring_back_serves(back);

    /* an adoption that starts over leaves the state at Connected: by InitWait
     * the frontend would lose its connection */
    if (phase == VTPMRING_BACK_PHASE_INIT_WAIT && back->adopting)
        phase = VTPMRING_BACK_PHASE_ADOPT;
    back->phase = phase;
    if (vtpmring_back_serves(back)) {
        if (served)
            return;
        /* a process that died may have owed the frontend an event */
        back->want_notify = back->adopting || back->adopted;
        back->adopting = false;
        /* the frontend may have sent its first command before we mapped */
        vtpmring_back_on_event(back);
    } else if (served) {
        vtpmring_back_forget_command(back);
    }
}

static void settle(struct vtpmring_back *back)
{
    uint8_t phase = vtpmring_xenbus_settle(
        vtpmring_back_table, back->phase,
        (enum vtpmring_xenbus_state)back->peer_state, back->offline);

    if (phase != back->phase)
        enter(back, phase);
}

/* Whether a process before us may have executed what is on the page. Its
 * connection need not be open any more: the frontend, too, has to see the end,
 * and its state is the older one until then. InitWait and Closing are written
 * after a frontend at Initialised was seen elsewhere. */
static bool was_served(enum vtpmring_xenbus_state own_state,
                       enum vtpmring_xenbus_state peer_state)
{
    if (peer_state == VTPMRING_XENBUS_CONNECTED)
        return own_state > VTPMRING_XENBUS_INITIALISING;
    return peer_state == VTPMRING_XENBUS_INITIALISED &&
           (own_state == VTPMRING_XENBUS_CONNECTED ||
            own_state == VTPMRING_XENBUS_CLOSED);
}

enum vtpmring_status vtpmring_back_init(
    struct vtpmring_back *back, const struct vtpmring_back_config *config,
    enum vtpmring_xenbus_state own_state, enum vtpmring_xenbus_state peer_state)
{
    bool served = was_served(own_state, peer_state);
    bool adopt = served && own_state == VTPMRING_XENBUS_CONNECTED;

    if (config->buffer == NULL ||
        config->buffer_size < VTPMRING_TPM_HEADER_SIZE ||
        config->max_extra > VTPMRING_PAGE_EXTRA_MAX ||
        (config->max_extra > 0 && config->refs == NULL) ||
        (config->family != VTPMRING_TPM_12 &&
         config->family != VTPMRING_TPM_20) ||
        (size_t)peer_state >= VTPMRING_XENBUS_STATE_COUNT)
        return VTPMRING_EINVAL;
    *back = (struct vtpmring_back){
        .config = *config,
        .phase =
            adopt ? VTPMRING_BACK_PHASE_ADOPT : VTPMRING_BACK_PHASE_ADVERTISE,
        .adopting = adopt,
        .adopted = served,
        .peer_state = (uint8_t)peer_state,
    };
    return VTPMRING_OK;
}

void vtpmring_back_inherit(struct vtpmring_back *back)
{
    back->adopted = false;
}

enum vtpmring_back_action vtpmring_back_next(const struct vtpmring_back *back)
{
    enum vtpmring_back_action action = vtpmring_back_next_command(back);

    if (action != VTPMRING_BACK_WAIT)
        return action;
    action = (enum vtpmring_back_action)row(back)->action;
    /* the executor still has the buffer */
    if (action == VTPMRING_BACK_END &&
        back->command == VTPMRING_BACK_COMMAND_RUNNING)
        return VTPMRING_BACK_WAIT;
    return action;
}

enum vtpmring_xenbus_state vtpmring_back_state(const struct vtpmring_back *back)
{
    return (enum vtpmring_xenbus_state)row(back)->state;
}

static void note_done(struct vtpmring_back *back,
                      enum vtpmring_back_action action,
                      enum vtpmring_status status)
{
    if (action == VTPMRING_BACK_MAP)
        back->mapped = status == VTPMRING_OK;
    if (action == VTPMRING_BACK_UNMAP)
        back->mapped = false;
    if (!back->mapped)
        back->page = (struct vtpmring_page){0};
    if (status != VTPMRING_OK)
        back->fault = status;
}

static void done_phase(struct vtpmring_back *back,
                       enum vtpmring_back_action action,
                       enum vtpmring_status status)
{
    if (action == VTPMRING_BACK_MAP && status == VTPMRING_OK &&
        back->page.first == NULL)
        status = VTPMRING_EPORT;
    note_done(back, action, status);
    if (status == VTPMRING_OK)
        enter(back, row(back)->ok);
    else
        enter(back,
              status == VTPMRING_AGAIN ? row(back)->again : row(back)->fail);
}

enum vtpmring_status vtpmring_back_done(struct vtpmring_back *back,
                                        enum vtpmring_back_action action,
                                        enum vtpmring_status status)
{
    if (action != vtpmring_back_next(back))
        return VTPMRING_ESTATE;
    switch (action) {
    case VTPMRING_BACK_WAIT:
    case VTPMRING_BACK_END:
        return VTPMRING_OK;
    case VTPMRING_BACK_NOTIFY:
    case VTPMRING_BACK_ABORT:
    case VTPMRING_BACK_MAP_EXTRA:
    case VTPMRING_BACK_EXECUTE:
        vtpmring_back_done_command(back, action, status);
        break;
    default:
        done_phase(back, action, status);
        break;
    }
    settle(back);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_back_set_peer(struct vtpmring_back *back,
                                            const char *ring_ref,
                                            size_t ring_ref_length,
                                            const char *event_channel,
                                            size_t event_channel_length,
                                            const char *v2, size_t v2_length)
{
    uint32_t number, ref, port;

    if (vtpmring_back_next(back) != VTPMRING_BACK_READ_PEER)
        return VTPMRING_ESTATE;
    if (vtpmring_xenbus_parse_number(v2, v2_length, UINT32_MAX, &number) !=
            VTPMRING_OK ||
        number != 1)
        return VTPMRING_EPEER_FEATURE;
    if (vtpmring_xenbus_parse_number(ring_ref, ring_ref_length, UINT32_MAX,
                                     &ref) != VTPMRING_OK ||
        vtpmring_xenbus_parse_number(event_channel, event_channel_length,
                                     INT32_MAX, &port) != VTPMRING_OK)
        return VTPMRING_EPEER_STRING;
    back->ring_ref = ref;
    back->event_channel = port;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_back_set_page(struct vtpmring_back *back,
                                            void *first)
{
    if (vtpmring_back_next(back) != VTPMRING_BACK_MAP)
        return VTPMRING_ESTATE;
    if (first == NULL)
        return VTPMRING_EINVAL;
    back->page = (struct vtpmring_page){.first = first};
    return VTPMRING_OK;
}

void vtpmring_back_on_peer_state(struct vtpmring_back *back,
                                 enum vtpmring_xenbus_state state)
{
    uint8_t before = back->peer_state;

    back->peer_state = (size_t)state < VTPMRING_XENBUS_STATE_COUNT
                           ? (uint8_t)state
                           : (uint8_t)VTPMRING_XENBUS_UNKNOWN;
    /* What comes next is another connection. No failure of ours says so, nor a
     * frontend that closes: the page may still be the one that was served. */
    if (back->peer_state != before &&
        back->peer_state != VTPMRING_XENBUS_CONNECTED &&
        back->peer_state != VTPMRING_XENBUS_CLOSING) {
        back->adopting = false;
        back->adopted = false;
    }
    settle(back);
}

void vtpmring_back_close(struct vtpmring_back *back)
{
    back->offline = true;
    settle(back);
}
