/* SPDX-License-Identifier: MIT */
/* The frontend's process, its application and its platform. */
#include "pair_world.h"

void world_front_start(struct world *w)
{
    unsigned own = w->store.front_state;

    assert_int_equal(vtpmring_front_init(&w->front, w->config.front_extra,
                                         (enum vtpmring_xenbus_state)own),
                     VTPMRING_OK);
    w->front_watch = true; /* a new watch fires at once */
}

static void revoke(struct world *w)
{
    if (w->shared != NULL)
        w->shared->granted = false;
    w->shared = NULL;
    w->front_port = 0;
    w->front_event = false;
}

void world_front_kill(struct world *w)
{
    revoke(w);
    w->front_owes = false;
    memset(&w->command, 0, sizeof(w->command));
    memset(&w->front, 0xa5, sizeof(w->front));
    world_sweep(w);
}

static enum vtpmring_status share(struct world *w)
{
    uint32_t *refs;

    w->shared = world_grant(w, w->config.front_extra);
    w->front_port = w->next_port++;
    refs = w->shared->refs;
    return vtpmring_front_set_page(&w->front, &w->shared->pages, refs + 1);
}

static enum vtpmring_status check_peer(struct world *w)
{
    char extra[16];
    int length = snprintf(extra, sizeof(extra), "%u", w->store.back_extra);

    return vtpmring_front_set_features(
        &w->front, w->store.back_v2 ? "1" : NULL, w->store.back_v2 ? 1 : 0,
        w->store.back_extra > 0 ? extra : NULL, (size_t)length);
}

/* Whether the backend has let go, or has just connected to the old page, is
 * decided by its state as it is after our Closed was written: an older reading
 * of it must not be used. */
static void look(struct world *w)
{
    vtpmring_front_on_peer_state(
        &w->front, (enum vtpmring_xenbus_state)w->store.back_state);
}

/* Does what the machine asks for; how it went. */
static enum vtpmring_status perform(struct world *w,
                                    enum vtpmring_front_action action)
{
    if (action != VTPMRING_FRONT_UNSHARE && world_chance(w, w->config.fail)) {
        w->command.disturbed = true;
        return VTPMRING_EPORT;
    }
    switch (action) {
    case VTPMRING_FRONT_SHARE:
        return share(w);
    case VTPMRING_FRONT_PUBLISH:
        w->store.ring_ref = w->shared->refs[0];
        w->store.port = w->front_port;
        w->store.front_v2 = true;
        w->store.front_state = VTPMRING_XENBUS_INITIALISED;
        w->store.front_writes++;
        w->back_watch = true;
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        return check_peer(w);
    case VTPMRING_FRONT_SET_STATE:
        w->store.front_state = vtpmring_front_state(&w->front);
        w->store.front_writes++;
        w->back_watch = true;
        if (w->store.front_state == VTPMRING_XENBUS_CLOSED)
            look(w);
        break;
    case VTPMRING_FRONT_NOTIFY:
        if (w->back_port == w->front_port)
            w->back_event = true;
        break;
    case VTPMRING_FRONT_UNPUBLISH:
        w->store.ring_ref = 0;
        w->store.front_writes++;
        w->store.port = 0;
        break;
    default:
        revoke(w);
        break;
    }
    return VTPMRING_OK;
}

static void check_response(struct world *w, const unsigned char *response,
                           size_t length)
{
    static unsigned char expected[(1 + WORLD_EXTRA) * PAGE];
    uint32_t code = support_code(response);

    if (code == w->command.id) {
        assert_true(w->executed[code & (WORLD_COMMANDS - 1)] > 0);
        support_packet(expected, TAG_20, length, code);
        assert_memory_equal(response, expected, length);
        w->answered++;
        return;
    }
    if (code == 0x909)
        assert_true(w->command.canceled);
    else if (code == 0x904)
        assert_true(w->command.no_space);
    else if (code == 0x142)
        assert_true(w->command.no_map);
    else
        fail_msg("an answer %x to another command", code);
    assert_int_equal(length, TPM_HEADER);
}

static void deliver(struct world *w)
{
    static unsigned char response[(1 + WORLD_EXTRA) * PAGE];
    size_t length = 0;
    enum vtpmring_status status;

    assert_true(w->command.open); /* an end without a command */
    status =
        vtpmring_front_take(&w->front, response, sizeof(response), &length);
    switch (status) {
    case VTPMRING_OK:
        check_response(w, response, length);
        break;
    case VTPMRING_CANCELED:
        assert_true(w->command.canceled || w->command.disturbed);
        w->lost++;
        break;
    case VTPMRING_CLOSED:
    case VTPMRING_EPEER_GONE:
    case VTPMRING_EPEER_TIMEOUT:
    case VTPMRING_EPORT:
        assert_true(w->command.disturbed);
        w->lost++;
        break;
    default:
        fail_msg("a command ended with %s", vtpmring_status_name(status));
    }
    memset(&w->command, 0, sizeof(w->command));
}

static bool may_begin(const struct world *w)
{
    return !w->config.polite || w->away ||
           vtpmring_front_state(&w->front) != VTPMRING_XENBUS_INITIALISING ||
           (w->back.phase <= VTPMRING_BACK_PHASE_LISTEN && !w->back_watch &&
            !w->back_owes);
}

static void report(struct world *w)
{
    assert_int_equal(
        vtpmring_front_done(&w->front, w->front_owed, w->front_owed_status),
        VTPMRING_OK);
    w->front_owes = false;
}

void world_front_act(struct world *w)
{
    enum vtpmring_front_action action;
    enum vtpmring_status status;

    if (w->front_owes) {
        report(w);
        return;
    }
    action = vtpmring_front_next(&w->front);
    if (action == VTPMRING_FRONT_WAIT || !may_begin(w))
        return;
    if (action == VTPMRING_FRONT_DELIVER) {
        deliver(w);
    } else if (action == VTPMRING_FRONT_END) {
        assert_null(w->shared);
        look(w);
        assert_int_equal(vtpmring_front_reopen(&w->front), VTPMRING_OK);
    } else {
        status = perform(w, action);
        w->front_owed = action;
        w->front_owed_status = status;
        w->front_owes = true;
        /* a kernel may report later */
        if (action == VTPMRING_FRONT_NOTIFY || world_random(w, 4) > 0)
            report(w);
    }
}

void world_front_hear(struct world *w)
{
    bool event = w->front_event && (!w->front_watch || world_random(w, 2) > 0);

    if (event) {
        w->front_event = false;
        vtpmring_front_on_event(&w->front);
    } else if (w->front_watch) {
        w->front_watch = false;
        vtpmring_front_on_peer_state(
            &w->front, (enum vtpmring_xenbus_state)w->store.back_state);
    }
}

bool world_front_runnable(const struct world *w)
{
    return w->front_owes || w->front_event || w->front_watch ||
           (vtpmring_front_next(&w->front) != VTPMRING_FRONT_WAIT &&
            may_begin(w));
}

void world_submit(struct world *w)
{
    static unsigned char packet[(1 + WORLD_EXTRA) * PAGE];
    size_t capacity = vtpmring_front_capacity(&w->front), length = TPM_HEADER;

    if (w->front_owes || !vtpmring_front_is_ready(&w->front))
        return;
    assert_false(w->command.open);
    if (world_random(w, 4) == 0)
        length += world_random(w, (unsigned)capacity - TPM_HEADER + 1);
    memset(&w->command, 0, sizeof(w->command));
    w->command.open = true;
    /* its loss is excused, too, if nobody is there to see it arrive */
    w->command.disturbed = w->mapped != w->shared || w->back.offline ||
                           w->back.adopted ||
                           w->store.back_state != VTPMRING_XENBUS_CONNECTED ||
                           (w->back.phase != VTPMRING_BACK_PHASE_OPEN &&
                            w->back.phase != VTPMRING_BACK_PHASE_CONNECTED);
    w->command.id = w->next_id++;
    w->executed[w->command.id & (WORLD_COMMANDS - 1)] = 0;
    support_packet(packet, TAG_20, length, w->command.id);
    assert_int_equal(vtpmring_front_submit(&w->front, packet, length, 0),
                     VTPMRING_OK);
}
