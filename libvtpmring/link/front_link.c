/* SPDX-License-Identifier: MIT */
/* A frontend that sends and receives: the loop around the machine. */
#include "front_link.h"
#include "nodes.h"
#include "poll_time.h"
#include "text.h"

#define TOKEN "vtpmring-front"
/* How often a backend may refuse before we believe it. */
#define CONNECT_TRIES 3
/* A watch event older than this is looked for before a command is sent. */
#define LOOK_AGE_US 1000u
/* Events that are taken before the deadlines are looked at again. */
#define DRAIN 16
/* How many looks at the page between two looks at the clock. */
#define SPIN 16

static uint64_t now(const struct vtpmring_front_link *link)
{
    return link->port->ops->now_us(link->port);
}

/* Milliseconds until then, rounded up, for wait(). */
static int until(const struct vtpmring_front_link *link, uint64_t then)
{
    uint64_t at = now(link);
    uint64_t ms = at >= then ? 0 : (then - at + 999) / 1000;

    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* Carries out whatever needs no event. */
static enum vtpmring_front_action run(struct vtpmring_front_link *link)
{
    enum vtpmring_front_action action;

    for (;;) {
        action = vtpmring_front_next(&link->machine);
        if (action == VTPMRING_FRONT_WAIT || action == VTPMRING_FRONT_DELIVER ||
            action == VTPMRING_FRONT_END)
            return action;
        vtpmring_front_perform(link, action);
    }
}

/* Takes the watch events that have come; of a storm, some. */
static enum vtpmring_status drain_store(struct vtpmring_front_link *link)
{
    char path[VTPMRING_PORT_PATH_MAX], token[sizeof(TOKEN)];
    enum vtpmring_status status = VTPMRING_OK;
    int taken = 0;

    link->looked_us = now(link);
    while (taken < DRAIN && status == VTPMRING_OK) {
        status = link->port->ops->store_next_watch(
            link->port, path, sizeof(path), token, sizeof(token));
        taken += status == VTPMRING_OK;
    }
    if (status == VTPMRING_EPORT)
        return status;
    return taken > 0 ? vtpmring_front_look(link) : VTPMRING_OK;
}

/* More events than this are a storm. */
static void drain_channel(struct vtpmring_front_link *link)
{
    uint32_t channel;

    link->untaken = false;
    for (int i = 0; i < DRAIN; i++)
        if (link->port->ops->channel_next(link->port, &channel) != VTPMRING_OK)
            break;
}

/* There is one channel, so one event; another one ends the next wait. What it
 * is about may be on the page only now. */
static void take_event(struct vtpmring_front_link *link)
{
    uint32_t channel;

    link->untaken = false;
    (void)link->port->ops->channel_next(link->port, &channel);
    vtpmring_front_on_event(&link->machine);
}

/* Sleeps until something happens, and takes note of it. The response is on the
 * page: the event itself is taken before the next sleep, which is after the
 * next command was sent, when the backend needs time anyway. */
static enum vtpmring_status sleep_on(struct vtpmring_front_link *link,
                                     unsigned want, int timeout_ms)
{
    enum vtpmring_status status = VTPMRING_OK;
    unsigned got;

    if (link->untaken && (want & VTPMRING_PORT_CHANNEL)) {
        take_event(link);
        return VTPMRING_OK;
    }
    got = link->port->ops->wait(link->port, want, timeout_ms);
    if (got & VTPMRING_PORT_CHANNEL) {
        link->untaken = true;
        vtpmring_front_on_event(&link->machine);
    }
    if (got & VTPMRING_PORT_STORE)
        status = drain_store(link);
    return status;
}

/* Runs the machine to its end; the backend has so long to let go. */
static enum vtpmring_status finish(struct vtpmring_front_link *link)
{
    uint64_t deadline = now(link) + link->config.close_timeout_ms * 1000ull;

    for (;;) {
        enum vtpmring_front_action action = run(link);

        if (action == VTPMRING_FRONT_END)
            return link->machine.fault;
        if (action == VTPMRING_FRONT_DELIVER) {
            vtpmring_front_drop(&link->machine);
        } else if (now(link) >= deadline ||
                   sleep_on(link, VTPMRING_PORT_STORE, until(link, deadline)) !=
                       VTPMRING_OK) {
            vtpmring_front_fail(&link->machine, VTPMRING_EPEER_TIMEOUT);
        }
    }
}

static bool worth_another_try(enum vtpmring_status fault)
{
    return fault == VTPMRING_EPEER_REFUSED || fault == VTPMRING_EPEER_GONE;
}

/* Runs the machine until it is connected. */
static enum vtpmring_status connect_once(struct vtpmring_front_link *link,
                                         uint64_t deadline)
{
    enum vtpmring_status status = VTPMRING_OK;

    while (status == VTPMRING_OK) {
        if (run(link) == VTPMRING_FRONT_END)
            return link->machine.fault;
        if (vtpmring_front_is_ready(&link->machine))
            return VTPMRING_OK;
        if (now(link) >= deadline)
            status = VTPMRING_EPEER_TIMEOUT;
        else
            status = sleep_on(link, VTPMRING_PORT_STORE, until(link, deadline));
    }
    vtpmring_front_fail(&link->machine, status);
    (void)finish(link);
    return status;
}

static enum vtpmring_status make_connection(struct vtpmring_front_link *link)
{
    uint64_t deadline = now(link) + link->config.connect_timeout_ms * 1000ull;
    enum vtpmring_status status = vtpmring_front_look(link);

    for (int i = 0; status == VTPMRING_OK && i < CONNECT_TRIES; i++) {
        status = connect_once(link, deadline);
        if (!worth_another_try(status) ||
            vtpmring_front_look(link) != VTPMRING_OK ||
            vtpmring_front_reopen(&link->machine) != VTPMRING_OK)
            break;
    }
    return status;
}

static void let_go(struct vtpmring_front_link *link)
{
    if (link->watching)
        link->port->ops->store_unwatch(link->port, link->watch, TOKEN);
    link->watching = false;
}

static enum vtpmring_status find_backend(struct vtpmring_front_link *link)
{
    enum vtpmring_status status = vtpmring_front_find(link);

    if (status == VTPMRING_OK)
        status = link->port->ops->store_watch(link->port, link->watch, TOKEN);
    link->watching = status == VTPMRING_OK;
    return status;
}

enum vtpmring_status
vtpmring_front_link_open(struct vtpmring_front_link *link,
                         struct vtpmring_port *port,
                         const struct vtpmring_front_link_config *config)
{
    enum vtpmring_xenbus_state own;
    enum vtpmring_status status;
    struct text path;

    *link = (struct vtpmring_front_link){
        .port = port, .config = *config, .poll.us = config->poll_us};
    path = text_begin(link->path, sizeof(link->path));
    text_add(&path, "device/vtpm/");
    text_add_number(&path, config->device);
    status = find_backend(link);
    if (status == VTPMRING_OK)
        status = vtpmring_nodes_read_state(port, link->path, &own);
    if (status == VTPMRING_OK)
        status = vtpmring_front_init(&link->machine, config->extra_pages, own);
    if (status == VTPMRING_OK)
        status = make_connection(link);
    if (status != VTPMRING_OK)
        let_go(link);
    return status;
}

/* The backend may have gone, or come back, since the last command. */
static enum vtpmring_status reconnect(struct vtpmring_front_link *link)
{
    enum vtpmring_status status;

    if (vtpmring_front_is_ready(&link->machine))
        return VTPMRING_OK;
    (void)finish(link);
    let_go(link);
    /* the toolstack may have given us another backend */
    status = find_backend(link);
    if (status == VTPMRING_OK)
        status = vtpmring_front_look(link);
    if (status == VTPMRING_OK)
        status = vtpmring_front_reopen(&link->machine);
    return status == VTPMRING_OK ? make_connection(link) : status;
}

enum vtpmring_status vtpmring_front_link_send(struct vtpmring_front_link *link,
                                              const void *command,
                                              size_t length)
{
    enum vtpmring_status status;

    if (link->machine.command != VTPMRING_FRONT_COMMAND_NONE)
        return VTPMRING_AGAIN;
    if (now(link) - link->looked_us > LOOK_AGE_US) {
        status = drain_store(link);
        if (status != VTPMRING_OK)
            return status;
    }
    status = reconnect(link);
    if (status != VTPMRING_OK)
        return status;
    status =
        vtpmring_front_submit(&link->machine, command, length, link->locality);
    if (status == VTPMRING_OK)
        (void)run(link);
    link->cancel_by_us = 0;
    return status;
}

static void ask_for_crowd(struct vtpmring_front_link *link)
{
    poll_asked(&link->poll, link->config.poll_us,
               link->port->ops->is_crowded(link->port));
}

/* Looks at the page for a short time before it is worth to sleep. Returns when
 * that began; 0 if something was found. */
static uint64_t poll_page(struct vtpmring_front_link *link)
{
    const struct vtpmring_port_ops *ops = link->port->ops;
    uint64_t start;

    if (link->config.poll_us == 0)
        return 0;
    start = now(link);
    while (now(link) - start < link->poll.us) {
        for (int i = 0; i < SPIN; i++) {
            vtpmring_front_on_event(&link->machine);
            if (vtpmring_front_next(&link->machine) != VTPMRING_FRONT_WAIT) {
                if (poll_found(&link->poll, link->config.poll_us,
                               now(link) - start))
                    ask_for_crowd(link);
                return 0;
            }
            ops->relax(link->port);
        }
    }
    return start;
}

/* A response has come while we slept. */
static void learn(struct vtpmring_front_link *link, uint64_t start)
{
    if (start != 0 &&
        poll_learn(&link->poll, link->config.poll_us, now(link) - start))
        ask_for_crowd(link);
}

static bool is_past(const struct vtpmring_front_link *link, uint64_t then)
{
    return then != 0 && now(link) >= then;
}

enum vtpmring_status
vtpmring_front_link_receive(struct vtpmring_front_link *link, void *response,
                            size_t size, size_t *length, int timeout_ms)
{
    uint64_t deadline =
        timeout_ms < 0 ? UINT64_MAX : now(link) + (uint64_t)timeout_ms * 1000;
    enum vtpmring_status status;
    uint64_t start = 0;
    bool drained = false;

    *length = 0;
    vtpmring_front_on_event(&link->machine);
    if (timeout_ms != 0)
        start = poll_page(link);
    for (;;) {
        uint64_t wake = deadline;

        vtpmring_front_on_event(&link->machine);
        if (run(link) == VTPMRING_FRONT_DELIVER) {
            learn(link, start);
            return vtpmring_front_take(&link->machine, response, size, length);
        }
        if (link->machine.command == VTPMRING_FRONT_COMMAND_NONE)
            return VTPMRING_ESTATE;
        if (is_past(link, link->cancel_by_us)) {
            vtpmring_front_fail(&link->machine, VTPMRING_EPEER_TIMEOUT);
            continue;
        }
        if (now(link) >= deadline) {
            /* who waits for the channel's descriptor must not find it readable
             * by what has been seen; one look more, as it may be for us */
            if (drained)
                return VTPMRING_AGAIN;
            drain_channel(link);
            drained = true;
            continue;
        }
        if (link->cancel_by_us != 0 && link->cancel_by_us < wake)
            wake = link->cancel_by_us;
        status = sleep_on(link, VTPMRING_PORT_CHANNEL | VTPMRING_PORT_STORE,
                          wake == UINT64_MAX ? -1 : until(link, wake));
        if (status != VTPMRING_OK)
            vtpmring_front_fail(&link->machine, status);
    }
}

enum vtpmring_status
vtpmring_front_link_cancel(struct vtpmring_front_link *link)
{
    enum vtpmring_status status = vtpmring_front_cancel(&link->machine);

    if (status == VTPMRING_OK) {
        link->cancel_by_us =
            now(link) + link->config.cancel_timeout_ms * 1000ull;
        (void)run(link);
    }
    return status;
}

enum vtpmring_status
vtpmring_front_link_set_locality(struct vtpmring_front_link *link,
                                 uint8_t locality)
{
    if (!vtpmring_tpm_is_locality(locality))
        return VTPMRING_EINVAL;
    link->locality = locality;
    return VTPMRING_OK;
}

size_t vtpmring_front_link_capacity(const struct vtpmring_front_link *link)
{
    return vtpmring_front_capacity(&link->machine);
}

void vtpmring_front_link_abandon(struct vtpmring_front_link *link)
{
    if (link->machine.shared)
        vtpmring_front_unshare(link);
    link->machine = (struct vtpmring_front){.phase = VTPMRING_FRONT_PHASE_END};
    let_go(link);
}

void vtpmring_front_link_close(struct vtpmring_front_link *link)
{
    vtpmring_front_close(&link->machine);
    (void)finish(link);
    let_go(link);
}
