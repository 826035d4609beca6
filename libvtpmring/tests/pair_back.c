/* SPDX-License-Identifier: MIT */
/* The backend's process, its executor and its platform. */
#include "pair_world.h"

void world_back_start(struct world *w)
{
    struct vtpmring_back_config config = {VTPMRING_TPM_20, w->buffer,
                                          sizeof(w->buffer), w->back_refs,
                                          w->config.back_extra};

    assert_int_equal(
        vtpmring_back_init(&w->back, &config,
                           (enum vtpmring_xenbus_state)w->store.back_state,
                           (enum vtpmring_xenbus_state)w->store.front_state),
        VTPMRING_OK);
    w->back_watch = true;
}

static void unmap(struct world *w)
{
    if (w->mapped != NULL)
        w->mapped->mapped--;
    if (w->mapped_extra != NULL)
        w->mapped_extra->mapped--;
    w->mapped = NULL;
    w->mapped_extra = NULL;
    w->back_port = 0;
    w->back_event = false;
}

void world_back_kill(struct world *w)
{
    if (w->away)
        return;
    unmap(w);
    w->back_owes = false;
    w->running = false;
    w->command.disturbed = true;
    memset(&w->back, 0xa5, sizeof(w->back));
    memset(w->buffer, 0xa5, sizeof(w->buffer));
}

static enum vtpmring_status read_peer(struct world *w)
{
    const struct world_store *s = &w->store;
    char ref[16], port[16];
    int ref_length = snprintf(ref, sizeof(ref), "%u", s->ring_ref);
    int port_length = snprintf(port, sizeof(port), "%u", s->port);

    vtpmring_back_on_peer_state(&w->back,
                                (enum vtpmring_xenbus_state)s->front_state);
    return vtpmring_back_set_peer(
        &w->back, s->ring_ref != 0 ? ref : NULL, (size_t)ref_length,
        s->port != 0 ? port : NULL, (size_t)port_length,
        s->front_v2 ? "1" : NULL, s->front_v2 ? 1 : 0);
}

/* Why mapping failed: the frontend has begun anew, or it lies. */
static enum vtpmring_status no_map(const struct world *w)
{
    return w->front_seen != w->store.front_writes ? VTPMRING_AGAIN
                                                  : VTPMRING_EPORT;
}

static struct world_grant *find(struct world *w, unsigned index, uint32_t ref)
{
    for (int i = 0; i < WORLD_GRANTS; i++)
        if (w->grants[i].pages.first != NULL && w->grants[i].granted &&
            w->grants[i].refs[index] == ref)
            return &w->grants[i];
    return NULL;
}

static enum vtpmring_status map(struct world *w)
{
    struct world_grant *grant = find(w, 0, w->back.ring_ref);

    assert_null(w->mapped);
    if (grant == NULL || w->back.event_channel != w->front_port)
        return no_map(w);
    grant->mapped++;
    w->mapped = grant;
    w->back_port = w->back.event_channel;
    w->back_event = true; /* binding makes the channel pending */
    return vtpmring_back_set_page(&w->back, grant->pages.first);
}

static enum vtpmring_status map_extra(struct world *w)
{
    struct world_grant *grant = find(w, 1, w->back_refs[0]);

    if (w->mapped_extra != NULL)
        w->mapped_extra->mapped--;
    w->mapped_extra = NULL;
    if (grant == NULL || w->back.nr_refs > grant->pages.extra_count) {
        w->command.no_map = true;
        return VTPMRING_EPORT;
    }
    for (unsigned i = 0; i < w->back.nr_refs; i++)
        assert_int_equal(w->back_refs[i], grant->refs[1 + i]);
    grant->mapped++;
    w->mapped_extra = grant;
    return vtpmring_back_set_extra(&w->back, grant->pages.extra);
}

static void execute(struct world *w)
{
    uint32_t id = support_code(w->buffer);
    static unsigned char expected[(1 + WORLD_EXTRA) * PAGE];

    assert_false(w->running); /* two at once */
    support_packet(expected, TAG_20, w->back.length, id);
    assert_memory_equal(w->buffer, expected, w->back.length);
    w->running = true;
    w->aborted = false;
    w->running_id = id;
    w->executed[id & (WORLD_COMMANDS - 1)]++;
    /* once, whatever fails */
    assert_int_equal(w->executed[id & (WORLD_COMMANDS - 1)], 1);
}

static enum vtpmring_status perform(struct world *w,
                                    enum vtpmring_back_action action)
{
    bool may_fail = action != VTPMRING_BACK_NOTIFY &&
                    action != VTPMRING_BACK_UNMAP &&
                    action != VTPMRING_BACK_EXECUTE;

    if (may_fail && world_chance(w, w->config.fail)) {
        w->command.disturbed = true;
        w->command.no_map = true;
        if (action == VTPMRING_BACK_MAP_EXTRA && w->mapped_extra != NULL) {
            w->mapped_extra->mapped--;
            w->mapped_extra = NULL;
        }
        return VTPMRING_EPORT;
    }
    switch (action) {
    case VTPMRING_BACK_ADVERTISE:
        w->store.back_v2 = true;
        w->store.back_extra = w->config.back_extra;
        break;
    case VTPMRING_BACK_READ_PEER:
        w->front_seen = w->store.front_writes;
        return read_peer(w);
    case VTPMRING_BACK_MAP:
        return map(w);
    case VTPMRING_BACK_SET_STATE:
        /* one transaction from the reading to Connected */
        if (w->back.phase == VTPMRING_BACK_PHASE_CONFIRM &&
            w->front_seen != w->store.front_writes)
            return VTPMRING_AGAIN;
        w->store.back_state = vtpmring_back_state(&w->back);
        w->front_watch = true;
        break;
    case VTPMRING_BACK_MAP_EXTRA:
        return map_extra(w);
    case VTPMRING_BACK_EXECUTE:
        execute(w);
        break;
    case VTPMRING_BACK_ABORT:
        w->aborted = true;
        break;
    case VTPMRING_BACK_NOTIFY:
        if (w->back_port != 0 && w->back_port == w->front_port)
            w->front_event = true;
        break;
    default:
        unmap(w);
        break;
    }
    return VTPMRING_OK;
}

/* Actions of the connection may be reported late; if the machine wants a
 * running command stopped first, that comes in between. */
static void report(struct world *w)
{
    if (vtpmring_back_next(&w->back) == VTPMRING_BACK_ABORT &&
        w->back_owed != VTPMRING_BACK_ABORT) {
        (void)perform(w, VTPMRING_BACK_ABORT);
        assert_int_equal(
            vtpmring_back_done(&w->back, VTPMRING_BACK_ABORT, VTPMRING_OK),
            VTPMRING_OK);
    }
    assert_int_equal(
        vtpmring_back_done(&w->back, w->back_owed, w->back_owed_status),
        VTPMRING_OK);
    w->back_owes = false;
}

/* The toolstack takes the device away with both directories, and brings it
 * back when the frontend has let go. */
static void attach(struct world *w)
{
    if (w->shared != NULL || w->front_watch || w->front_owes ||
        w->front.phase != VTPMRING_FRONT_PHASE_GATE)
        return;
    w->away = false;
    w->store.back_state = VTPMRING_XENBUS_INITIALISING;
    w->store.front_state = VTPMRING_XENBUS_INITIALISING;
    w->front_watch = true;
    world_back_start(w);
}

void world_back_act(struct world *w)
{
    enum vtpmring_back_action action;

    if (w->away) {
        attach(w);
        return;
    }
    if (w->back_owes) {
        report(w);
        return;
    }
    action = vtpmring_back_next(&w->back);
    if (action == VTPMRING_BACK_WAIT)
        return;
    if (action == VTPMRING_BACK_END) {
        assert_false(w->running);
        assert_null(w->mapped);
        w->store.back_state = VTPMRING_XENBUS_UNKNOWN;
        w->front_watch = true;
        w->away = true;
        return;
    }
    w->back_owed_status = perform(w, action);
    w->back_owed = action;
    w->back_owes = true;
    if (action == VTPMRING_BACK_EXECUTE || action == VTPMRING_BACK_MAP_EXTRA ||
        action == VTPMRING_BACK_NOTIFY || action == VTPMRING_BACK_ABORT ||
        action == VTPMRING_BACK_READ_PEER || world_random(w, 4) > 0)
        report(w);
}

void world_back_hear(struct world *w)
{
    bool event = w->back_event && (!w->back_watch || world_random(w, 2) > 0);

    if (w->away)
        return;
    if (event) {
        w->back_event = false;
        vtpmring_back_on_event(&w->back);
    } else if (w->back_watch) {
        w->back_watch = false;
        vtpmring_back_on_peer_state(
            &w->back, (enum vtpmring_xenbus_state)w->store.front_state);
    }
}

void world_back_execute(struct world *w)
{
    static unsigned char response[(2 + WORLD_EXTRA) * PAGE];
    size_t capacity = vtpmring_page_capacity(w->back.head.nr_extra);
    size_t length = TPM_HEADER;
    enum vtpmring_status status;

    if (!w->running)
        return;
    w->running = false;
    if (w->aborted && world_random(w, 2) == 0) {
        (void)vtpmring_back_reply_error(&w->back, VTPMRING_TPM_ERROR_CANCELED);
        return;
    }
    if (world_random(w, 4) == 0)
        length += world_random(w, (unsigned)capacity - TPM_HEADER + 2);
    support_packet(response, TAG_20, length, w->running_id);
    status = vtpmring_back_reply(&w->back, response, length);
    assert_true(status == VTPMRING_OK || status == VTPMRING_CLOSED ||
                (status == VTPMRING_ENOBUF && length > capacity));
    if (status == VTPMRING_ENOBUF)
        w->command.no_space = true;
}

bool world_back_runnable(const struct world *w)
{
    if (w->away)
        return w->shared == NULL && !w->front_watch && !w->front_owes &&
               w->front.phase == VTPMRING_FRONT_PHASE_GATE;
    return w->running || w->back_owes || w->back_event || w->back_watch ||
           vtpmring_back_next(&w->back) != VTPMRING_BACK_WAIT;
}
