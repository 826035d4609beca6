/* SPDX-License-Identifier: MIT */
/* The life of a backend: what its contract promises beyond the table. */
#include "support.h"

static void test_init_checks_the_configuration(void **state)
{
    static unsigned char buffer[16];
    static uint32_t refs[1];
    const struct vtpmring_back_config good = {VTPMRING_TPM_20, buffer,
                                              sizeof(buffer), refs, 1};
    struct vtpmring_back_config config;
    struct vtpmring_back back;

    (void)state;
    assert_int_equal(vtpmring_back_init(&back, &good, 1, 1), VTPMRING_OK);
    config = good;
    config.buffer = NULL;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_EINVAL);
    config = good;
    config.buffer_size = 9;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_EINVAL);
    config.buffer_size = VTPMRING_TPM_HEADER_SIZE;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_OK);
    config = good;
    config.refs = NULL;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_EINVAL);
    config.max_extra = 0;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_OK);
    config = good;
    config.max_extra = VTPMRING_PAGE_EXTRA_MAX;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_OK);
    config.max_extra = VTPMRING_PAGE_EXTRA_MAX + 1;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_EINVAL);
    config = good;
    config.family = (enum vtpmring_tpm_family)13;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_EINVAL);
    config.family = VTPMRING_TPM_12;
    assert_int_equal(vtpmring_back_init(&back, &config, 1, 1), VTPMRING_OK);
    assert_int_equal(vtpmring_back_init(&back, &good, 1, 6), VTPMRING_OK);
    assert_int_equal(vtpmring_back_init(&back, &good, 1, 7), VTPMRING_EINVAL);
}

static const struct {
    const char *ring_ref, *port, *v2;
    enum vtpmring_status status;
    uint32_t ref, number;
} published[] = {
    {"8", "5", "1", VTPMRING_OK, 8, 5},
    {"0", "0", "1", VTPMRING_OK, 0, 0},
    {"4294967295", "2147483647", "1", VTPMRING_OK, 4294967295u, 2147483647},
    {"4294967296", "5", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"8", "2147483648", "1", VTPMRING_EPEER_STRING, 0, 0},
    {NULL, "5", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"8", NULL, "1", VTPMRING_EPEER_STRING, 0, 0},
    {"", "5", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"-8", "5", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"8", "5 ", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"8\n", "5", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"%n", "%s", "1", VTPMRING_EPEER_STRING, 0, 0},
    {"8", "5", NULL, VTPMRING_EPEER_FEATURE, 0, 0},
    {"8", "5", "0", VTPMRING_EPEER_FEATURE, 0, 0},
    {"8", "5", "2", VTPMRING_EPEER_FEATURE, 0, 0},
    {"8", "5", "x", VTPMRING_EPEER_FEATURE, 0, 0},
    /* longer than any fixed buffer that it may once have been read into */
    {"8888888888888888888888888888888888888888888888888888", "5", "1",
     VTPMRING_EPEER_STRING, 0, 0},
};

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* defect 2: what a frontend writes is a number or it is refused */
static void test_defect_2_published_nodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        const char *ring_ref = published[i].ring_ref;
        const char *port = published[i].port, *v2 = published[i].v2;
        struct support_back b;

        support_back_to(&b, 0, VTPMRING_BACK_PHASE_READ);
        assert_int_equal(vtpmring_back_set_peer(&b.machine, ring_ref,
                                                size_of(ring_ref), port,
                                                size_of(port), v2, size_of(v2)),
                         published[i].status);
        support_back_does(&b.machine, VTPMRING_BACK_READ_PEER,
                          published[i].status);
        assert_int_equal(vtpmring_back_next(&b.machine),
                         published[i].status == VTPMRING_OK
                             ? VTPMRING_BACK_MAP
                             : VTPMRING_BACK_SET_STATE);
        if (published[i].status == VTPMRING_OK) {
            assert_true(b.machine.ring_ref == published[i].ref);
            assert_true(b.machine.event_channel == published[i].number);
        } else {
            assert_int_equal(vtpmring_back_state(&b.machine),
                             VTPMRING_XENBUS_CLOSED);
            assert_int_equal(b.machine.fault, published[i].status);
        }
        support_back_free(&b);
    }
}

static void test_calls_out_of_place(void **state)
{
    struct support_back b;

    (void)state;
    support_back_to(&b, 1, VTPMRING_BACK_PHASE_CONNECTED);
    assert_int_equal(vtpmring_back_set_peer(&b.machine, "8", 1, "5", 1, "1", 1),
                     VTPMRING_ESTATE);
    assert_int_equal(vtpmring_back_set_page(&b.machine, b.pages.first),
                     VTPMRING_ESTATE);
    assert_int_equal(vtpmring_back_set_extra(&b.machine, b.pages.extra),
                     VTPMRING_ESTATE);
    assert_int_equal(vtpmring_back_reply(&b.machine, b.buffer, 10),
                     VTPMRING_ESTATE);
    assert_int_equal(
        vtpmring_back_reply_error(&b.machine, VTPMRING_TPM_ERROR_FAILURE),
        VTPMRING_ESTATE);
    support_back_free(&b);
}

static void test_map_without_a_page(void **state)
{
    struct support_back b;

    (void)state;
    support_back_to(&b, 0, VTPMRING_BACK_PHASE_MAP);
    assert_int_equal(vtpmring_back_set_page(&b.machine, NULL), VTPMRING_EINVAL);
    support_back_does(&b.machine, VTPMRING_BACK_MAP, VTPMRING_OK);
    assert_int_equal(vtpmring_back_state(&b.machine), VTPMRING_XENBUS_CLOSED);
    assert_int_equal(b.machine.fault, VTPMRING_EPORT);
    assert_false(b.machine.mapped);
    support_back_free(&b);
}

/* The page of a failed MAP (it was mapped, the channel could not be bound) is
 * unmapped by the caller: it must not be used by the next connection. */
static void test_page_of_a_failed_map_is_forgotten(void **state)
{
    struct support_back b;

    (void)state;
    support_back_to(&b, 0, VTPMRING_BACK_PHASE_MAP);
    assert_int_equal(vtpmring_back_set_page(&b.machine, b.pages.first),
                     VTPMRING_OK);
    support_back_does(&b.machine, VTPMRING_BACK_MAP, VTPMRING_EPORT);
    assert_false(b.machine.mapped);
    assert_null(b.machine.page.first);
    support_back_free(&b);
}

/* defect 3: a bad frontend is refused, and may come again */
static void test_refused_frontend_comes_again(void **state)
{
    struct support_back b;

    (void)state;
    support_back_to(&b, 0, VTPMRING_BACK_PHASE_REFUSED);
    assert_int_equal(vtpmring_back_next(&b.machine), VTPMRING_BACK_WAIT);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CLOSED);
    assert_int_equal(vtpmring_back_state(&b.machine),
                     VTPMRING_XENBUS_INIT_WAIT);
    support_back_does(&b.machine, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_INITIALISED);
    assert_int_equal(vtpmring_back_next(&b.machine), VTPMRING_BACK_READ_PEER);
    support_back_free(&b);
}

static void test_state_of_the_peer_out_of_range(void **state)
{
    static const unsigned none[] = {7, 8, 77, 255, 256};

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct support_back b;

        support_back_to(&b, 0, VTPMRING_BACK_PHASE_CONNECTED);
        vtpmring_back_on_peer_state(&b.machine,
                                    (enum vtpmring_xenbus_state)none[i]);
        assert_int_equal(b.machine.peer_state, VTPMRING_XENBUS_UNKNOWN);
        assert_int_equal(vtpmring_back_next(&b.machine), VTPMRING_BACK_UNMAP);
        support_back_free(&b);
    }
}

/* A new process finds these states and this page. */
static void find(struct support_back *b, unsigned own, unsigned peer,
                 unsigned page_state)
{
    unsigned char packet[TPM_HEADER];

    support_back_init(b, 0, own, peer);
    support_packet(packet, TAG_20, TPM_HEADER, CODE_GET_RANDOM);
    support_body(&b->pages, 0, packet, TPM_HEADER);
    support_head(&b->pages, page_state, TPM_HEADER, 0, 0);
}

/* It runs until it waits, or wants to execute or to notify. */
static enum vtpmring_back_action run(struct support_back *b)
{
    struct vtpmring_back *back = &b->machine;

    for (int steps = 0;; steps++) {
        enum vtpmring_back_action action = vtpmring_back_next(back);

        assert_true(steps < 20);
        if (action == VTPMRING_BACK_WAIT || action == VTPMRING_BACK_EXECUTE ||
            action == VTPMRING_BACK_NOTIFY)
            return action;
        if (action == VTPMRING_BACK_READ_PEER)
            (void)vtpmring_back_set_peer(back, "8", 1, "5", 1, "1", 1);
        if (action == VTPMRING_BACK_MAP)
            (void)vtpmring_back_set_page(back, b->pages.first);
        support_back_does(back, action, VTPMRING_OK);
    }
}

static enum vtpmring_back_action take_over(struct support_back *b, unsigned own,
                                           unsigned peer, unsigned page_state)
{
    find(b, own, peer, page_state);
    return run(b);
}

/* A command on the page of an adopted connection may have been executed by the
 * process that died: it is dropped, the frontend is told. */
static void test_adoption_drops_the_command(void **state)
{
    struct support_back b;

    (void)state;
    assert_int_equal(take_over(&b, 4, 4, VTPMRING_PAGE_SUBMIT),
                     VTPMRING_BACK_NOTIFY);
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_IDLE);
    support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    assert_int_equal(b.machine.phase, VTPMRING_BACK_PHASE_CONNECTED);
    /* the next one is executed */
    support_back_submit(&b, TPM_HEADER, CODE_GET_RANDOM, 0);
    assert_int_equal(vtpmring_back_next(&b.machine), VTPMRING_BACK_EXECUTE);
    support_back_free(&b);
}

/* A first command that came before the page was mapped is executed, though: no
 * process can have done so, as InitWait says. */
static void test_early_command_is_executed(void **state)
{
    struct support_back b;

    (void)state;
    assert_int_equal(take_over(&b, 2, 3, VTPMRING_PAGE_SUBMIT),
                     VTPMRING_BACK_EXECUTE);
    support_back_free(&b);
    assert_int_equal(take_over(&b, 1, 4, VTPMRING_PAGE_SUBMIT),
                     VTPMRING_BACK_EXECUTE);
    support_back_free(&b);
}

/* The process died after it had answered and before it had sent the event: the
 * frontend sleeps over its response. So an adopted frontend always gets an
 * event; one too many is harmless. */
static void test_adoption_always_sends_an_event(void **state)
{
    static const unsigned states[] = {VTPMRING_PAGE_IDLE, VTPMRING_PAGE_FINISH,
                                      VTPMRING_PAGE_CANCEL};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct support_back b;
        enum vtpmring_back_action action = take_over(&b, 4, 4, states[i]);

        support_back_free(&b);
        assert_int_equal(action, VTPMRING_BACK_NOTIFY);
    }
}

/* Killed while the frontend was at Initialised (a stock Linux frontend sends
 * its first commands there): the command on the page may have been executed,
 * too. Own state Connected is written before anything is executed. */
static void test_adoption_of_an_initialised_frontend(void **state)
{
    struct support_back b;
    enum vtpmring_back_action action =
        take_over(&b, 4, 3, VTPMRING_PAGE_SUBMIT);

    (void)state;
    support_back_free(&b);
    assert_int_equal(action, VTPMRING_BACK_NOTIFY);
}

/* An adoption that fails is over: the first command of the frontend that comes
 * next is not the dead process's. */
static void test_failed_adoption_is_forgotten(void **state)
{
    struct vtpmring_back *back;
    struct support_back b;

    (void)state;
    support_back_to(&b, 0, VTPMRING_BACK_PHASE_ADOPT);
    back = &b.machine;
    support_back_does(back, VTPMRING_BACK_ADVERTISE, VTPMRING_OK);
    support_back_does(back, VTPMRING_BACK_READ_PEER, VTPMRING_EPEER_STRING);
    support_back_does(back, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CLOSED);
    support_back_does(back, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_INITIALISED);
    (void)vtpmring_back_set_peer(back, "8", 1, "5", 1, "1", 1);
    support_back_does(back, VTPMRING_BACK_READ_PEER, VTPMRING_OK);
    (void)vtpmring_back_set_page(back, b.pages.first);
    support_back_does(back, VTPMRING_BACK_MAP, VTPMRING_OK);
    support_back_submit(&b, TPM_HEADER, CODE_GET_RANDOM, 0); /* early */
    support_back_does(back, VTPMRING_BACK_SET_STATE, VTPMRING_OK);
    assert_int_equal(vtpmring_back_next(back), VTPMRING_BACK_EXECUTE);
    support_back_free(&b);
}

/* The process before us stopped in order: what is on the page was not begun. */
static void test_inherited_command_is_executed(void **state)
{
    struct support_back b;

    (void)state;
    find(&b, 4, 4, VTPMRING_PAGE_SUBMIT);
    vtpmring_back_inherit(&b.machine);
    assert_int_equal(run(&b), VTPMRING_BACK_NOTIFY);
    assert_int_equal(b.pages.first[4], VTPMRING_PAGE_SUBMIT);
    support_back_does(&b.machine, VTPMRING_BACK_NOTIFY, VTPMRING_OK);
    assert_int_equal(vtpmring_back_next(&b.machine), VTPMRING_BACK_EXECUTE);
    support_back_free(&b);
}

/* The event after an adoption is for that connection, not for the next. */
static void test_adoption_ends_with_its_connection(void **state)
{
    struct support_back b;

    (void)state;
    assert_int_equal(take_over(&b, 4, 4, VTPMRING_PAGE_IDLE),
                     VTPMRING_BACK_NOTIFY);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CLOSED);
    assert_false(b.machine.want_notify);
    support_back_until(&b, VTPMRING_BACK_PHASE_LISTEN);
    vtpmring_back_on_peer_state(&b.machine, VTPMRING_XENBUS_CONNECTED);
    assert_int_equal(run(&b), VTPMRING_BACK_WAIT);
    assert_int_equal(b.machine.phase, VTPMRING_BACK_PHASE_CONNECTED);
    support_back_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_checks_the_configuration),
        cmocka_unit_test(test_defect_2_published_nodes),
        cmocka_unit_test(test_calls_out_of_place),
        cmocka_unit_test(test_map_without_a_page),
        cmocka_unit_test(test_page_of_a_failed_map_is_forgotten),
        cmocka_unit_test(test_refused_frontend_comes_again),
        cmocka_unit_test(test_state_of_the_peer_out_of_range),
        cmocka_unit_test(test_adoption_drops_the_command),
        cmocka_unit_test(test_early_command_is_executed),
        cmocka_unit_test(test_adoption_always_sends_an_event),
        cmocka_unit_test(test_adoption_of_an_initialised_frontend),
        cmocka_unit_test(test_failed_adoption_is_forgotten),
        cmocka_unit_test(test_inherited_command_is_executed),
        cmocka_unit_test(test_adoption_ends_with_its_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
