/* SPDX-License-Identifier: MIT */
/* The life of a frontend: what its contract promises beyond the table. */
#include "support.h"

static void test_init(void **state)
{
    struct vtpmring_front front;

    (void)state;
    assert_int_equal(vtpmring_front_init(&front, 256, 0), VTPMRING_EINVAL);
    assert_int_equal(vtpmring_front_init(&front, UINT32_MAX, 0),
                     VTPMRING_EINVAL);
    assert_int_equal(vtpmring_front_init(&front, 255, 0), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&front), VTPMRING_FRONT_WAIT);
    assert_int_equal(vtpmring_front_capacity(&front), 0);
    assert_false(vtpmring_front_is_ready(&front));
}

/* Nodes that a killed process left behind are taken back first. */
static void test_init_cleans_up_after_an_earlier_life(void **state)
{
    struct vtpmring_front front;

    (void)state;
    for (unsigned own = 0; own < 7; own++) {
        assert_int_equal(
            vtpmring_front_init(&front, 0, (enum vtpmring_xenbus_state)own),
            VTPMRING_OK);
        vtpmring_front_on_peer_state(&front, VTPMRING_XENBUS_INIT_WAIT);
        if (own > VTPMRING_XENBUS_INITIALISING) {
            support_front_does(&front, VTPMRING_FRONT_UNPUBLISH, VTPMRING_OK);
            assert_int_equal(vtpmring_front_state(&front),
                             VTPMRING_XENBUS_CLOSED);
            support_front_does(&front, VTPMRING_FRONT_SET_STATE, VTPMRING_OK);
        }
        assert_int_equal(vtpmring_front_state(&front),
                         VTPMRING_XENBUS_INITIALISING);
    }
}

static void test_set_page_wants_all_pages(void **state)
{
    struct support_front f;
    struct vtpmring_page page;

    (void)state;
    support_front_to(&f, 1, NULL, VTPMRING_FRONT_PHASE_SHARE);
    page = f.pages;
    page.extra = NULL;
    assert_int_equal(vtpmring_front_set_page(&f.machine, &page, f.refs),
                     VTPMRING_EINVAL);
    support_free(&f.pages);
    support_front_to(&f, 2, NULL, VTPMRING_FRONT_PHASE_SHARE);
    page = f.pages;
    page.first = NULL;
    assert_int_equal(vtpmring_front_set_page(&f.machine, &page, f.refs),
                     VTPMRING_EINVAL);
    page = f.pages;
    page.extra = NULL;
    assert_int_equal(vtpmring_front_set_page(&f.machine, &page, f.refs),
                     VTPMRING_EINVAL);
    page = f.pages;
    page.extra_count = 1;
    assert_int_equal(vtpmring_front_set_page(&f.machine, &page, f.refs),
                     VTPMRING_EINVAL);
    assert_int_equal(vtpmring_front_set_page(&f.machine, &f.pages, NULL),
                     VTPMRING_EINVAL);
    assert_int_equal(vtpmring_front_set_page(&f.machine, &f.pages, f.refs),
                     VTPMRING_OK);
    support_front_does(&f.machine, VTPMRING_FRONT_SHARE, VTPMRING_OK);
    assert_int_equal(vtpmring_front_set_page(&f.machine, &f.pages, f.refs),
                     VTPMRING_ESTATE);
    support_free(&f.pages);
}

/* SHARE that is reported done without pages is not believed. */
static void test_share_without_pages(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_SHARE);
    support_front_does(&f.machine, VTPMRING_FRONT_SHARE, VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_END);
    assert_int_equal(f.machine.fault, VTPMRING_ENOMEM);
    assert_false(f.machine.shared);
    support_free(&f.pages);
}

/* The pages of a failed SHARE are the caller's to free: they must not be used
 * when the next SHARE is reported done without new ones. */
static void test_pages_of_a_failed_share_are_forgotten(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_SHARE);
    assert_int_equal(vtpmring_front_set_page(&f.machine, &f.pages, f.refs),
                     VTPMRING_OK);
    support_front_does(&f.machine, VTPMRING_FRONT_SHARE, VTPMRING_EPORT);
    assert_null(f.machine.refs);
    support_free(&f.pages);
    assert_int_equal(vtpmring_front_reopen(&f.machine), VTPMRING_OK);
    while (vtpmring_front_next(&f.machine) != VTPMRING_FRONT_SHARE) {
        assert_int_not_equal(vtpmring_front_next(&f.machine),
                             VTPMRING_FRONT_WAIT);
        (void)vtpmring_front_done(&f.machine, vtpmring_front_next(&f.machine),
                                  VTPMRING_OK);
    }
    support_front_does(&f.machine, VTPMRING_FRONT_SHARE, VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_END);
    assert_null(f.machine.page.first);
}

static const struct {
    const char *v2, *extra;
    enum vtpmring_status status;
    unsigned use_extra;
} features[] = {
    {"1", NULL, VTPMRING_OK, 0},
    {"2", NULL, VTPMRING_OK, 0}, /* Linux wants non-zero, no more */
    {"4294967295", NULL, VTPMRING_OK, 0},
    {"1", "0", VTPMRING_OK, 0},
    {"1", "1", VTPMRING_OK, 1},
    {"1", "2", VTPMRING_OK, 2},
    {"1", "255", VTPMRING_OK, 2}, /* we offer two */
    {"1", "256", VTPMRING_OK, 0}, /* defect 5: unreadable is none */
    {"1", "-1", VTPMRING_OK, 0},
    {"1", "1 ", VTPMRING_OK, 0},
    {"1", "4294967297", VTPMRING_OK, 0},
    {"1", "", VTPMRING_OK, 0},
    {"0", "1", VTPMRING_EPEER_FEATURE, 0},
    {NULL, "1", VTPMRING_EPEER_FEATURE, 0},
    {"", NULL, VTPMRING_EPEER_FEATURE, 0},
    {"yes", NULL, VTPMRING_EPEER_FEATURE, 0},
    {"01", NULL, VTPMRING_EPEER_FEATURE, 0},
};

static void test_features(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        const char *v2 = features[i].v2, *extra = features[i].extra;
        struct support_front f;

        support_front_to(&f, 2, NULL, VTPMRING_FRONT_PHASE_CHECK);
        assert_int_equal(vtpmring_front_set_features(
                             &f.machine, v2, v2 == NULL ? 0 : strlen(v2), extra,
                             extra == NULL ? 0 : strlen(extra)),
                         features[i].status);
        support_front_does(&f.machine, VTPMRING_FRONT_CHECK_PEER,
                           features[i].status);
        if (features[i].status == VTPMRING_OK) {
            support_front_does(&f.machine, VTPMRING_FRONT_SET_STATE,
                               VTPMRING_OK);
            assert_true(vtpmring_front_is_ready(&f.machine));
            assert_int_equal(
                vtpmring_front_capacity(&f.machine),
                vtpmring_page_capacity((uint8_t)features[i].use_extra));
        } else {
            assert_int_equal(vtpmring_front_state(&f.machine),
                             VTPMRING_XENBUS_CLOSING);
            assert_int_equal(f.machine.fault, VTPMRING_EPEER_FEATURE);
        }
        support_free(&f.pages);
    }
}

static void test_features_only_when_asked(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_OFFERED);
    assert_int_equal(vtpmring_front_set_features(&f.machine, "1", 1, "1", 1),
                     VTPMRING_ESTATE);
    support_free(&f.pages);
}

static void test_states_written_on_the_way(void **state)
{
    static const struct {
        enum vtpmring_front_phase phase;
        enum vtpmring_xenbus_state state;
    } written[] = {
        {VTPMRING_FRONT_PHASE_RESET, VTPMRING_XENBUS_CLOSED},
        {VTPMRING_FRONT_PHASE_BEGIN, VTPMRING_XENBUS_INITIALISING},
        {VTPMRING_FRONT_PHASE_PUBLISH, VTPMRING_XENBUS_INITIALISED},
        {VTPMRING_FRONT_PHASE_CONFIRM, VTPMRING_XENBUS_CONNECTED},
        {VTPMRING_FRONT_PHASE_CLOSING, VTPMRING_XENBUS_CLOSING},
        {VTPMRING_FRONT_PHASE_CLOSED, VTPMRING_XENBUS_CLOSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        struct support_front f;

        support_front_to(&f, 0, NULL, written[i].phase);
        assert_int_equal(vtpmring_front_state(&f.machine), written[i].state);
        support_free(&f.pages);
    }
}

/* why it ended: refused, gone, the caller's own reason, or in order */
static void test_fault(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_OFFERED);
    vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_CLOSED);
    assert_int_equal(f.machine.fault, VTPMRING_EPEER_REFUSED);
    support_free(&f.pages);
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
    vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_CLOSED);
    assert_int_equal(f.machine.fault, VTPMRING_EPEER_GONE);
    support_free(&f.pages);
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
    vtpmring_front_fail(&f.machine, VTPMRING_EPEER_TIMEOUT);
    assert_int_equal(f.machine.fault, VTPMRING_EPEER_TIMEOUT);
    support_free(&f.pages);
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_END);
    assert_int_equal(f.machine.fault, VTPMRING_OK);
    support_free(&f.pages);
}

/* defect 5: a backend that does nothing any more holds nobody. In each phase
 * the caller can give up, and everything is let go of. */
static void test_defect_5_fail_ends_every_wait(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VTPMRING_FRONT_PHASE_COUNT; i++) {
        struct support_front f;
        int steps = 0;

        support_front_to(&f, 0, NULL, (enum vtpmring_front_phase)i);
        while (vtpmring_front_next(&f.machine) != VTPMRING_FRONT_END) {
            enum vtpmring_front_action action = vtpmring_front_next(&f.machine);

            assert_true(steps++ < 20);
            vtpmring_front_fail(&f.machine, VTPMRING_EPEER_TIMEOUT);
            if (action != vtpmring_front_next(&f.machine))
                continue;
            assert_int_not_equal(action, VTPMRING_FRONT_WAIT);
            if (action == VTPMRING_FRONT_SHARE)
                (void)vtpmring_front_set_page(&f.machine, &f.pages, NULL);
            support_front_does(&f.machine, action, VTPMRING_OK);
        }
        assert_false(f.machine.shared);
        support_free(&f.pages);
    }
}

static void test_state_of_the_peer_out_of_range(void **state)
{
    struct support_front f;

    (void)state;
    for (unsigned v = 0; v < 7; v++) {
        support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
        vtpmring_front_on_peer_state(&f.machine, (enum vtpmring_xenbus_state)v);
        assert_int_equal(f.machine.peer_state, v);
        support_free(&f.pages);
    }
    for (unsigned v = 7; v < 300; v += 97) {
        support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
        vtpmring_front_on_peer_state(&f.machine, (enum vtpmring_xenbus_state)v);
        assert_int_equal(f.machine.peer_state, VTPMRING_XENBUS_UNKNOWN);
        assert_int_equal(vtpmring_front_next(&f.machine),
                         VTPMRING_FRONT_UNPUBLISH);
        support_free(&f.pages);
    }
}

static void test_reopen(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_CONNECTED);
    assert_int_equal(vtpmring_front_reopen(&f.machine), VTPMRING_ESTATE);
    support_free(&f.pages);
    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_END);
    assert_int_equal(vtpmring_front_reopen(&f.machine), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&f.machine), VTPMRING_FRONT_WAIT);
    vtpmring_front_on_peer_state(&f.machine, VTPMRING_XENBUS_INIT_WAIT);
    assert_int_equal(vtpmring_front_state(&f.machine),
                     VTPMRING_XENBUS_INITIALISING);
    support_free(&f.pages);
}

/* The store fails while an earlier life is cleaned up; the backend is still
 * connected to that life. Reopening must clean up before it waits, or it waits
 * for ever: the backend has no reason to let go. */
static void test_reopen_after_a_failed_reset_cleans_up_again(void **state)
{
    struct vtpmring_front front;
    bool written = false;

    (void)state;
    (void)vtpmring_front_init(&front, 0, VTPMRING_XENBUS_CONNECTED);
    vtpmring_front_on_peer_state(&front, VTPMRING_XENBUS_CONNECTED);
    support_front_does(&front, VTPMRING_FRONT_UNPUBLISH, VTPMRING_EPORT);
    support_front_does(&front, VTPMRING_FRONT_SET_STATE, VTPMRING_EPORT);
    assert_int_equal(vtpmring_front_next(&front), VTPMRING_FRONT_END);
    assert_int_equal(front.fault, VTPMRING_EPORT);
    assert_int_equal(vtpmring_front_reopen(&front), VTPMRING_OK);
    assert_int_equal(vtpmring_front_next(&front), VTPMRING_FRONT_UNPUBLISH);
    while (vtpmring_front_next(&front) != VTPMRING_FRONT_WAIT) {
        written =
            written || vtpmring_front_state(&front) == VTPMRING_XENBUS_CLOSED;
        (void)vtpmring_front_done(&front, vtpmring_front_next(&front),
                                  VTPMRING_OK);
    }
    assert_true(written);
}

/* The same when Closed could not be written at the end of a connection. */
static void test_reopen_after_a_failed_closed_cleans_up_again(void **state)
{
    struct support_front f;
    bool written = false;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CLOSED);
    support_front_does(&f.machine, VTPMRING_FRONT_SET_STATE, VTPMRING_EPORT);
    vtpmring_front_fail(&f.machine, VTPMRING_EPEER_TIMEOUT);
    support_front_does(&f.machine, VTPMRING_FRONT_UNSHARE, VTPMRING_OK);
    assert_int_equal(vtpmring_front_reopen(&f.machine), VTPMRING_OK);
    while (vtpmring_front_next(&f.machine) != VTPMRING_FRONT_WAIT) {
        written = written ||
                  vtpmring_front_state(&f.machine) == VTPMRING_XENBUS_CLOSED;
        (void)vtpmring_front_done(&f.machine, vtpmring_front_next(&f.machine),
                                  VTPMRING_OK);
    }
    assert_true(written);
    support_free(&f.pages);
}

/* What reopen() asks for first, after an end. */
static enum vtpmring_front_action reopened(struct vtpmring_front *front)
{
    assert_int_equal(vtpmring_front_next(front), VTPMRING_FRONT_END);
    assert_int_equal(vtpmring_front_reopen(front), VTPMRING_OK);
    return vtpmring_front_next(front);
}

/* Nodes of any earlier life that could not be taken back are tried again; where
 * there were none there is nothing to take back. */
static void test_reopen_knows_what_was_published(void **state)
{
    struct vtpmring_front front;

    (void)state;
    for (unsigned own = 0; own < 7; own++) {
        (void)vtpmring_front_init(&front, 0, (enum vtpmring_xenbus_state)own);
        if (own <= VTPMRING_XENBUS_INITIALISING) {
            vtpmring_front_close(&front);
            assert_int_equal(reopened(&front), VTPMRING_FRONT_WAIT);
            continue;
        }
        support_front_does(&front, VTPMRING_FRONT_UNPUBLISH, VTPMRING_OK);
        support_front_does(&front, VTPMRING_FRONT_SET_STATE, VTPMRING_EPORT);
        assert_int_equal(reopened(&front), VTPMRING_FRONT_UNPUBLISH);
    }
}

/* Half of the nodes may be there. The first fault is the one that is kept. */
static void test_failed_publish(void **state)
{
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_PUBLISH);
    support_front_does(&f.machine, VTPMRING_FRONT_PUBLISH, VTPMRING_ENOMEM);
    support_front_does(&f.machine, VTPMRING_FRONT_UNSHARE, VTPMRING_EPORT);
    assert_int_equal(f.machine.fault, VTPMRING_ENOMEM);
    assert_int_equal(reopened(&f.machine), VTPMRING_FRONT_UNPUBLISH);
    support_free(&f.pages);
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_SHARE);
    support_front_does(&f.machine, VTPMRING_FRONT_SHARE, VTPMRING_AGAIN);
    assert_int_equal(f.machine.fault, VTPMRING_AGAIN);
    support_free(&f.pages);
}

/* What the backend announced last counts, and only for this connection. */
static void test_features_are_not_kept(void **state)
{
    struct vtpmring_front *front;
    struct support_front f;

    (void)state;
    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_CHECK);
    front = &f.machine;
    (void)vtpmring_front_set_features(front, "1", 1, "1", 1);
    (void)vtpmring_front_set_features(front, "1", 1, NULL, 0);
    support_front_does(front, VTPMRING_FRONT_CHECK_PEER, VTPMRING_OK);
    support_front_step(&f);
    assert_int_equal(vtpmring_front_capacity(front), 4088);
    support_free(&f.pages);

    support_front_to(&f, 1, "1", VTPMRING_FRONT_PHASE_END);
    (void)vtpmring_front_reopen(front);
    while (vtpmring_front_next(front) != VTPMRING_FRONT_CHECK_PEER)
        support_front_step(&f);
    support_front_does(front, VTPMRING_FRONT_CHECK_PEER, VTPMRING_OK);
    support_front_step(&f);
    assert_int_equal(vtpmring_front_capacity(front), 4088);
    support_free(&f.pages);
}

/* An event that was owed when the backend went is not sent to the next. */
static void test_owed_event_is_forgotten(void **state)
{
    struct vtpmring_front *front;
    unsigned char packet[TPM_HEADER];
    struct support_front f;

    (void)state;
    support_front_to(&f, 0, NULL, VTPMRING_FRONT_PHASE_CONNECTED);
    front = &f.machine;
    support_packet(packet, TAG_20, TPM_HEADER, CODE_GET_RANDOM);
    assert_int_equal(vtpmring_front_submit(front, packet, TPM_HEADER, 0),
                     VTPMRING_OK);
    vtpmring_front_on_peer_state(front, VTPMRING_XENBUS_CLOSED);
    assert_false(front->want_notify);
    vtpmring_front_drop(front);
    while (vtpmring_front_next(front) != VTPMRING_FRONT_END)
        support_front_step(&f);
    (void)vtpmring_front_reopen(front);
    while (front->phase != VTPMRING_FRONT_PHASE_CONNECTED)
        support_front_step(&f);
    assert_int_equal(vtpmring_front_next(front), VTPMRING_FRONT_WAIT);
    support_free(&f.pages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_init_cleans_up_after_an_earlier_life),
        cmocka_unit_test(test_set_page_wants_all_pages),
        cmocka_unit_test(test_share_without_pages),
        cmocka_unit_test(test_pages_of_a_failed_share_are_forgotten),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_features_only_when_asked),
        cmocka_unit_test(test_states_written_on_the_way),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_defect_5_fail_ends_every_wait),
        cmocka_unit_test(test_state_of_the_peer_out_of_range),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_reopen_after_a_failed_reset_cleans_up_again),
        cmocka_unit_test(test_reopen_after_a_failed_closed_cleans_up_again),
        cmocka_unit_test(test_reopen_knows_what_was_published),
        cmocka_unit_test(test_failed_publish),
        cmocka_unit_test(test_features_are_not_kept),
        cmocka_unit_test(test_owed_event_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
