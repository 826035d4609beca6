/* SPDX-License-Identifier: MIT */
#include "support.h"

struct vtpmring_page support_pages(size_t extra_count)
{
    struct vtpmring_page pages = {0};

    pages.first = calloc(1, PAGE);
    assert_non_null(pages.first);
    if (extra_count > 0) {
        pages.extra = calloc(extra_count, PAGE);
        assert_non_null(pages.extra);
    }
    pages.extra_count = extra_count;
    return pages;
}

void support_free(struct vtpmring_page *pages)
{
    free(pages->first);
    free(pages->extra);
    memset(pages, 0, sizeof(*pages));
}

static void put_be32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

void support_packet(unsigned char *to, uint16_t tag, size_t length,
                    uint32_t code)
{
    to[0] = (unsigned char)(tag >> 8);
    to[1] = (unsigned char)tag;
    put_be32(to + 2, (uint32_t)length);
    put_be32(to + 6, code);
    for (size_t i = TPM_HEADER; i < length; i++)
        to[i] = (unsigned char)(i * 7 + i / 256 + code);
}

uint32_t support_code(const unsigned char *packet)
{
    return (uint32_t)packet[6] << 24 | (uint32_t)packet[7] << 16 |
           (uint32_t)packet[8] << 8 | packet[9];
}

uint32_t support_get(const unsigned char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

void support_put(unsigned char *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

void support_head(const struct vtpmring_page *page, unsigned state,
                  uint32_t length, unsigned locality, unsigned nr_extra)
{
    support_put(page->first, length);
    page->first[4] = (unsigned char)state;
    page->first[5] = (unsigned char)locality;
    page->first[7] = (unsigned char)nr_extra;
}

/* The byte of the packet at an offset from the start of the first page. */
static unsigned char *at(const struct vtpmring_page *page, size_t offset)
{
    if (offset < PAGE)
        return page->first + offset;
    assert_true(offset - PAGE < page->extra_count * PAGE);
    return page->extra + (offset - PAGE);
}

void support_body(const struct vtpmring_page *page, unsigned nr_extra,
                  const unsigned char *packet, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *at(page, HEAD + 4 * (size_t)nr_extra + i) = packet[i];
}

void support_read(const struct vtpmring_page *page, unsigned nr_extra,
                  unsigned char *packet, size_t length)
{
    for (size_t i = 0; i < length; i++)
        packet[i] = *at(page, HEAD + 4 * (size_t)nr_extra + i);
}

void support_front_does(struct vtpmring_front *front,
                        enum vtpmring_front_action action,
                        enum vtpmring_status status)
{
    struct vtpmring_front before;

    memcpy(&before, front, sizeof(before));
    assert_int_equal(vtpmring_front_next(front), action);
    assert_int_equal(vtpmring_front_next(front), action);
    assert_memory_equal(&before, front, sizeof(before));
    assert_int_equal(vtpmring_front_done(front, action, status), VTPMRING_OK);
}

void support_back_does(struct vtpmring_back *back,
                       enum vtpmring_back_action action,
                       enum vtpmring_status status)
{
    struct vtpmring_back before;

    memcpy(&before, back, sizeof(before));
    assert_int_equal(vtpmring_back_next(back), action);
    assert_int_equal(vtpmring_back_next(back), action);
    assert_memory_equal(&before, back, sizeof(before));
    assert_int_equal(vtpmring_back_done(back, action, status), VTPMRING_OK);
}

void support_front_step(struct support_front *f)
{
    struct vtpmring_front *front = &f->machine;
    enum vtpmring_front_action action = vtpmring_front_next(front);
    const char *announced = f->announced;

    switch (action) {
    case VTPMRING_FRONT_WAIT:
        if (front->phase == VTPMRING_FRONT_PHASE_GATE)
            vtpmring_front_on_peer_state(front, VTPMRING_XENBUS_INIT_WAIT);
        else if (front->phase == VTPMRING_FRONT_PHASE_OFFERED)
            vtpmring_front_on_peer_state(front, VTPMRING_XENBUS_CONNECTED);
        else if (front->phase == VTPMRING_FRONT_PHASE_CONNECTED)
            vtpmring_front_close(front);
        else
            vtpmring_front_on_peer_state(front, VTPMRING_XENBUS_CLOSED);
        return;
    case VTPMRING_FRONT_SHARE:
        assert_int_equal(vtpmring_front_set_page(front, &f->pages, f->refs),
                         VTPMRING_OK);
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        assert_int_equal(vtpmring_front_set_features(
                             front, "1", 1, announced,
                             announced == NULL ? 0 : strlen(announced)),
                         VTPMRING_OK);
        break;
    default:
        break;
    }
    support_front_does(front, action, VTPMRING_OK);
}

void support_front_to(struct support_front *f, unsigned extra,
                      const char *announced, enum vtpmring_front_phase phase)
{
    memset(f, 0, sizeof(*f));
    f->pages = support_pages(extra);
    f->announced = announced;
    for (uint32_t i = 0; i < 255; i++)
        f->refs[i] = 1000 + i;
    assert_int_equal(
        vtpmring_front_init(&f->machine, extra, VTPMRING_XENBUS_CONNECTED),
        VTPMRING_OK);
    vtpmring_front_on_peer_state(&f->machine, VTPMRING_XENBUS_CONNECTED);
    for (int steps = 0; f->machine.phase != phase; steps++) {
        assert_true(steps < 40);
        support_front_step(f);
    }
}

void support_back_init(struct support_back *b, unsigned extra, unsigned own,
                       unsigned peer)
{
    struct vtpmring_back_config config = {.family = VTPMRING_TPM_20,
                                          .max_extra = extra};

    memset(b, 0, sizeof(*b));
    b->pages = support_pages(extra);
    config.buffer_size = vtpmring_page_capacity((uint8_t)extra);
    b->buffer = malloc(config.buffer_size);
    b->refs = calloc(extra + 1, sizeof(*b->refs));
    assert_non_null(b->buffer);
    assert_non_null(b->refs);
    config.buffer = b->buffer;
    config.refs = extra > 0 ? b->refs : NULL;
    assert_int_equal(vtpmring_back_init(&b->machine, &config,
                                        (enum vtpmring_xenbus_state)own,
                                        (enum vtpmring_xenbus_state)peer),
                     VTPMRING_OK);
}

void support_back_free(struct support_back *b)
{
    support_free(&b->pages);
    free(b->buffer);
    free(b->refs);
    memset(b, 0, sizeof(*b));
}

/* Performs what the backend asks for; the action `failing` fails. */
static void back_step(struct support_back *b, enum vtpmring_back_action failing)
{
    struct vtpmring_back *back = &b->machine;
    enum vtpmring_back_action action = vtpmring_back_next(back);

    if (action == VTPMRING_BACK_READ_PEER && action != failing)
        assert_int_equal(vtpmring_back_set_peer(back, "8", 1, "5", 1, "1", 1),
                         VTPMRING_OK);
    if (action == VTPMRING_BACK_MAP && action != failing)
        assert_int_equal(vtpmring_back_set_page(back, b->pages.first),
                         VTPMRING_OK);
    support_back_does(back, action,
                      action == failing ? VTPMRING_EPORT : VTPMRING_OK);
}

void support_back_until(struct support_back *b, enum vtpmring_back_phase phase)
{
    for (int steps = 0; b->machine.phase != phase; steps++) {
        assert_true(steps < 40);
        assert_int_not_equal(vtpmring_back_next(&b->machine),
                             VTPMRING_BACK_WAIT);
        back_step(b, VTPMRING_BACK_WAIT);
    }
}

void support_back_to(struct support_back *b, unsigned extra,
                     enum vtpmring_back_phase phase)
{
    struct vtpmring_back *back = &b->machine;

    support_back_init(b, extra, VTPMRING_XENBUS_INITIALISING,
                      VTPMRING_XENBUS_INITIALISING);
    switch (phase) {
    case VTPMRING_BACK_PHASE_ADOPT:
        support_back_free(b);
        support_back_init(b, extra, VTPMRING_XENBUS_CONNECTED,
                          VTPMRING_XENBUS_CONNECTED);
        break;
    case VTPMRING_BACK_PHASE_ADVERTISE:
    case VTPMRING_BACK_PHASE_INIT_WAIT:
    case VTPMRING_BACK_PHASE_LISTEN:
        break;
    case VTPMRING_BACK_PHASE_CLOSED:
    case VTPMRING_BACK_PHASE_END:
        support_back_until(b, VTPMRING_BACK_PHASE_LISTEN);
        vtpmring_back_close(back);
        break;
    case VTPMRING_BACK_PHASE_UNDO:
        support_back_free(b);
        support_back_to(b, extra, VTPMRING_BACK_PHASE_CONFIRM);
        back_step(b, VTPMRING_BACK_SET_STATE);
        break;
    case VTPMRING_BACK_PHASE_REFUSE:
    case VTPMRING_BACK_PHASE_REFUSED:
        support_back_free(b);
        support_back_to(b, extra, VTPMRING_BACK_PHASE_READ);
        back_step(b, VTPMRING_BACK_READ_PEER);
        break;
    case VTPMRING_BACK_PHASE_READ:
    case VTPMRING_BACK_PHASE_MAP:
    case VTPMRING_BACK_PHASE_CONFIRM:
    case VTPMRING_BACK_PHASE_OPEN:
        support_back_until(b, VTPMRING_BACK_PHASE_LISTEN);
        vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_INITIALISED);
        break;
    default: /* from CONNECTED on */
        support_back_free(b);
        support_back_to(b, extra, VTPMRING_BACK_PHASE_OPEN);
        vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CONNECTED);
        if (phase == VTPMRING_BACK_PHASE_DROP)
            vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CLOSED);
        else if (phase == VTPMRING_BACK_PHASE_RELEASE)
            vtpmring_back_close(back);
        else if (phase != VTPMRING_BACK_PHASE_CONNECTED)
            vtpmring_back_on_peer_state(back, VTPMRING_XENBUS_CLOSING);
        break;
    }
    support_back_until(b, phase);
}

void support_back_submit(struct support_back *b, size_t length, uint32_t code,
                         unsigned nr_extra)
{
    unsigned char *packet = malloc(length);

    assert_non_null(packet);
    support_packet(packet, TAG_20, length, code);
    support_body(&b->pages, nr_extra, packet, length);
    for (unsigned i = 0; i < nr_extra; i++)
        support_put(b->pages.first + HEAD + 4 * i, 500 + i);
    support_head(&b->pages, VTPMRING_PAGE_SUBMIT, (uint32_t)length, 0,
                 nr_extra);
    free(packet);
    vtpmring_back_on_event(&b->machine);
}
