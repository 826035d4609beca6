/* SPDX-License-Identifier: MIT */
/* Each machine against a peer that writes anything anywhere at any time, and
 * a platform that fails at random. Memory is of exact size and freed as soon as
 * the machine has let go of it: the sanitizers see every step beyond. */
#include "support.h"

enum { EXTRA = 2, ROUNDS = 60, STEPS = 3000 };

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* Interesting more often than random. */
static uint32_t pick_length(void)
{
    static const uint32_t lengths[] = {
        0,    9,    10,   11,         4088,       4089,       4096,      4084,
        8180, 8181, 8176, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

    return pick(2) == 0 ? lengths[pick(15)] : pick(13000);
}

static const char *pick_text(void)
{
    static const char *const texts[] = {
        "0",  "1",          "2",  "8",           "255", "256",
        "-1", "4294967295", "",   "99999999999", "1x",  "\xff\xff",
        "%s", "01",         NULL, "1",           "1",   "8"};

    return texts[pick(18)];
}

static uint32_t size_field(const unsigned char *packet)
{
    return (uint32_t)packet[2] << 24 | (uint32_t)packet[3] << 16 |
           (uint32_t)packet[4] << 8 | packet[5];
}

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* What a hostile peer does to pages that it shares. */
static void scribble(const struct vtpmring_page *page)
{
    unsigned char *p = page->first;

    if (p == NULL)
        return;
    switch (pick(6)) {
    case 0:
        p[4] = (unsigned char)pick(5);
        break;
    case 1:
        p[pick(PAGE)] = (unsigned char)pick(256);
        break;
    case 2:
        support_put(p, pick_length());
        break;
    case 3:
        p[7] = (unsigned char)(pick(2) == 0 ? pick(4) : pick(256));
        break;
    case 4:
        support_put(p + HEAD + 4 * pick(3), pick(4));
        break;
    default: {
        unsigned char packet[64];
        uint32_t length = 10 + pick(54);

        support_packet(packet, TAG_20, length, pick(1000));
        memcpy(p + HEAD + 4 * (p[7] % 4), packet, length);
        support_put(p, pick(4) == 0 ? pick_length() : length);
        p[4] = (unsigned char)(1 + pick(2));
        break;
    }
    }
}

static void random_front_action(struct vtpmring_front *front,
                                struct vtpmring_page *pages)
{
    static const uint32_t refs[EXTRA] = {7, 8};
    enum vtpmring_front_action action = vtpmring_front_next(front);
    enum vtpmring_status status = pick(8) == 0 ? VTPMRING_EPORT : VTPMRING_OK;
    const char *v2, *extra;

    assert_true(action < VTPMRING_FRONT_ACTION_COUNT);
    switch (action) {
    case VTPMRING_FRONT_SHARE:
        if (status != VTPMRING_OK)
            break;
        *pages = support_pages(EXTRA);
        status = vtpmring_front_set_page(front, pages, refs);
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        v2 = pick_text();
        extra = pick_text();
        status = vtpmring_front_set_features(front, v2, size_of(v2), extra,
                                             size_of(extra));
        break;
    case VTPMRING_FRONT_END:
        assert_null(pages->first);
        (void)vtpmring_front_reopen(front);
        return;
    default:
        break;
    }
    (void)vtpmring_front_done(front, action, status);
    if (action == VTPMRING_FRONT_UNSHARE)
        support_free(pages);
    if (pick(20) == 0 && vtpmring_front_next(front) != action)
        assert_int_equal(vtpmring_front_done(front, action, VTPMRING_OK),
                         VTPMRING_ESTATE);
}

static void random_take(struct vtpmring_front *front)
{
    size_t size = pick(2) == 0 ? pick(64) : 12288, length = 4711;
    unsigned char *response = malloc(size + 1);
    bool ended = front->command == VTPMRING_FRONT_COMMAND_ENDED;
    enum vtpmring_status status;

    assert_non_null(response);
    response = realloc(response, size > 0 ? size : 1);
    assert_non_null(response);
    status = vtpmring_front_take(front, response, size, &length);
    assert_int_equal(status == VTPMRING_ESTATE, !ended);
    if (status == VTPMRING_OK) {
        assert_true(length >= TPM_HEADER && length <= size);
        assert_int_equal(size_field(response), length);
    } else if (status == VTPMRING_ENOBUF) {
        assert_true(length > size);
        assert_true(length <= vtpmring_page_capacity(EXTRA));
    } else {
        assert_int_equal(length, 0);
    }
    free(response);
}

static void random_submit(struct vtpmring_front *front)
{
    size_t length = 10 + pick(pick(4) == 0 ? 12300 : 60);
    unsigned char *packet = malloc(length);

    assert_non_null(packet);
    support_packet(packet, TAG_20, length, 1);
    (void)vtpmring_front_submit(front, packet, length, (uint8_t)pick(256));
    free(packet);
}

static void end_front(struct vtpmring_front *front, struct vtpmring_page *pages)
{
    size_t length;
    static unsigned char response[12288];

    vtpmring_front_close(front);
    for (int steps = 0; vtpmring_front_next(front) != VTPMRING_FRONT_END;
         steps++) {
        assert_true(steps < 40);
        if (vtpmring_front_next(front) == VTPMRING_FRONT_WAIT)
            vtpmring_front_fail(front, VTPMRING_EPEER_TIMEOUT);
        else if (vtpmring_front_next(front) == VTPMRING_FRONT_DELIVER)
            (void)vtpmring_front_take(front, response, sizeof(response),
                                      &length);
        else
            random_front_action(front, pages);
    }
    assert_null(pages->first);
}

static void test_defect_5_frontend_and_hostile_backend(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct vtpmring_page pages = {0};
        struct vtpmring_front front;

        seed = round * 0x9e3779b97f4a7c15ull;
        (void)vtpmring_front_init(&front, EXTRA,
                                  (enum vtpmring_xenbus_state)pick(7));
        for (int step = 0; step < STEPS; step++) {
            switch (pick(9)) {
            case 0:
                vtpmring_front_on_event(&front);
                break;
            case 1: /* mostly a backend that lets it connect */
                vtpmring_front_on_peer_state(
                    &front,
                    (enum vtpmring_xenbus_state)(
                        pick(12) == 0 ? pick(300) : (front.shared ? 4u : 2u)));
                break;
            case 2:
            case 3:
                scribble(&pages);
                break;
            case 4:
                random_submit(&front);
                break;
            case 5:
                random_take(&front);
                break;
            case 6:
                if (pick(4) == 0)
                    (void)vtpmring_front_cancel(&front);
                if (pick(200) == 0)
                    vtpmring_front_close(&front);
                if (pick(200) == 0)
                    vtpmring_front_fail(&front, VTPMRING_EPEER_TIMEOUT);
                break;
            default:
                random_front_action(&front, &pages);
                break;
            }
        }
        end_front(&front, &pages);
    }
}

struct hostile_back {
    struct vtpmring_back machine;
    struct vtpmring_page first, extra; /* separate mappings */
    unsigned char *buffer;
    uint32_t *refs;
    unsigned long executed, answered;
};

static void check_command(struct hostile_back *h)
{
    h->executed++;
    assert_true(h->machine.length >= TPM_HEADER);
    assert_true(h->machine.length <= h->machine.config.buffer_size);
    assert_int_equal(size_field(h->buffer), h->machine.length);
}

static enum vtpmring_status random_map(struct hostile_back *h,
                                       enum vtpmring_back_action action)
{
    if (pick(20) == 0)
        return VTPMRING_EPORT;
    if (action == VTPMRING_BACK_MAP) {
        h->first = support_pages(0);
        return vtpmring_back_set_page(&h->machine, h->first.first);
    }
    support_free(&h->extra);
    assert_true(h->machine.nr_refs >= 1 && h->machine.nr_refs <= EXTRA);
    h->extra = support_pages(h->machine.nr_refs);
    return vtpmring_back_set_extra(&h->machine, h->extra.extra);
}

static void random_back_action(struct hostile_back *h)
{
    enum vtpmring_back_action action = vtpmring_back_next(&h->machine);
    enum vtpmring_status status = pick(40) == 0 ? VTPMRING_EPORT : VTPMRING_OK;
    const char *ring, *port, *v2;

    assert_true(action < VTPMRING_BACK_ACTION_COUNT);
    switch (action) {
    case VTPMRING_BACK_READ_PEER:
        ring = pick(12) == 0 ? pick_text() : "8";
        port = pick(12) == 0 ? pick_text() : "5";
        v2 = pick(12) == 0 ? pick_text() : "1";
        status = vtpmring_back_set_peer(&h->machine, ring, size_of(ring), port,
                                        size_of(port), v2, size_of(v2));
        break;
    case VTPMRING_BACK_MAP:
    case VTPMRING_BACK_MAP_EXTRA:
        status = random_map(h, action);
        break;
    case VTPMRING_BACK_EXECUTE:
        check_command(h);
        break;
    default:
        break;
    }
    (void)vtpmring_back_done(&h->machine, action, status);
    if (action == VTPMRING_BACK_UNMAP) {
        support_free(&h->first);
        support_free(&h->extra);
    }
    if (pick(20) == 0 && vtpmring_back_next(&h->machine) != action)
        assert_int_equal(vtpmring_back_done(&h->machine, action, VTPMRING_OK),
                         VTPMRING_ESTATE);
}

static void random_reply(struct hostile_back *h)
{
    size_t length = pick(4) == 0 ? pick(13000) : 10 + pick(50);
    unsigned char *response = calloc(1, length + TPM_HEADER);

    assert_non_null(response);
    if (length >= TPM_HEADER)
        support_packet(response, TAG_20, length, 0);
    if (vtpmring_back_reply(&h->machine, response, length) == VTPMRING_OK) {
        h->answered++;
        assert_int_equal(h->first.first[4], VTPMRING_PAGE_FINISH);
        assert_int_equal(support_get(h->first.first), length);
    }
    free(response);
}

/* defect 3: whatever is submitted, it is answered before the backend rests. */
static void submit_and_wait(struct hostile_back *h)
{
    if (h->first.first == NULL || !h->machine.mapped ||
        h->machine.command != VTPMRING_BACK_COMMAND_NONE)
        return;
    h->first.first[4] = VTPMRING_PAGE_SUBMIT;
    vtpmring_back_on_event(&h->machine);
    for (int i = 0; i < 20; i++) {
        if (vtpmring_back_next(&h->machine) == VTPMRING_BACK_WAIT)
            break;
        random_back_action(h);
        if (h->machine.command == VTPMRING_BACK_COMMAND_RUNNING)
            random_reply(h);
    }
    assert_true(vtpmring_back_next(&h->machine) == VTPMRING_BACK_WAIT ||
                vtpmring_back_next(&h->machine) == VTPMRING_BACK_END);
    if (h->machine.phase == VTPMRING_BACK_PHASE_CONNECTED &&
        h->machine.command == VTPMRING_BACK_COMMAND_NONE)
        assert_true(h->first.first[4] == VTPMRING_PAGE_FINISH ||
                    h->first.first[4] == VTPMRING_PAGE_IDLE);
}

/* A backend's process, in whatever states the last one left. */
static void begin_back(struct hostile_back *h)
{
    struct vtpmring_back_config config = {
        .family = pick(2) == 0 ? VTPMRING_TPM_20 : VTPMRING_TPM_12,
        .max_extra = EXTRA,
        .buffer_size = 10 + pick(12000)};

    free(h->buffer);
    h->buffer = malloc(config.buffer_size);
    config.buffer = h->buffer;
    config.refs = h->refs;
    assert_int_equal(
        vtpmring_back_init(&h->machine, &config,
                           (enum vtpmring_xenbus_state)pick(7),
                           (enum vtpmring_xenbus_state)(1 + pick(6))),
        VTPMRING_OK);
}

static void hostile_back_step(struct hostile_back *h)
{
    struct vtpmring_back *back = &h->machine;
    unsigned state;

    if (vtpmring_back_next(back) == VTPMRING_BACK_END) {
        assert_null(h->first.first);
        assert_null(h->extra.extra);
        begin_back(h);
    }
    switch (pick(9)) {
    case 0:
        vtpmring_back_on_event(back);
        break;
    case 1: /* mostly one that comes back: 0 would end it for good */
        state = pick(60) == 0 ? 1 + pick(6) : (back->mapped ? 4u : 3u);
        if (back->phase == VTPMRING_BACK_PHASE_REFUSED ||
            back->phase == VTPMRING_BACK_PHASE_LINGER)
            state = 6u;
        vtpmring_back_on_peer_state(back, (enum vtpmring_xenbus_state)state);
        break;
    case 2:
    case 3:
        scribble(&h->first);
        break;
    case 4:
        random_reply(h);
        break;
    case 5:
        (void)vtpmring_back_has_work(back);
        break;
    case 6:
        submit_and_wait(h);
        break;
    default:
        random_back_action(h);
        break;
    }
}

static void end_back(struct hostile_back *h)
{
    vtpmring_back_close(&h->machine);
    for (int steps = 0; vtpmring_back_next(&h->machine) != VTPMRING_BACK_END;
         steps++) {
        assert_true(steps < 60);
        if (vtpmring_back_next(&h->machine) == VTPMRING_BACK_WAIT)
            random_reply(h); /* the executor comes back */
        else
            random_back_action(h);
    }
    assert_null(h->first.first);
    assert_null(h->extra.extra);
    free(h->buffer);
    free(h->refs);
}

static void test_defects_1_to_5_backend_and_hostile_frontend(void **state)
{
    unsigned long executed = 0, answered = 0;

    (void)state;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct hostile_back h = {0};

        seed = round * 0x9e3779b97f4a7c15ull;
        h.refs = calloc(EXTRA, sizeof(*h.refs));
        begin_back(&h);
        for (int step = 0; step < STEPS; step++)
            hostile_back_step(&h);
        end_back(&h);
        executed += h.executed;
        answered += h.answered;
    }
    print_message("%lu executed, %lu answered\n", executed, answered);
    /* it did get through to something */
    assert_true(executed > ROUNDS * 10);
    assert_true(answered > ROUNDS * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defect_5_frontend_and_hostile_backend),
        cmocka_unit_test(test_defects_1_to_5_backend_and_hostile_frontend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
