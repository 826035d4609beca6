/* SPDX-License-Identifier: MIT */
#include "front_rig.h"
#include "fuzz.h"
#include <vtpmring/tpm.h>

#include <stdlib.h>
#include <string.h>

static struct front_rig *rig_of(const struct fuzz_shared *s)
{
    return (struct front_rig *)(uintptr_t)s->owner;
}

void fuzz_on_read(const struct fuzz_shared *s, size_t offset,
                  const unsigned char *value, size_t length)
{
    struct front_rig *r = rig_of(s);

    if (!s->extra && offset == VTPMRING_PAGE_STATE_OFFSET) {
        fuzz_check(r->sent, "a page is read that nothing was sent on");
        r->last_state = *value;
        return;
    }
    fuzz_check(r->taking, "a response is read before it is taken");
    if (!s->extra && offset == VTPMRING_PAGE_LENGTH_OFFSET)
        memcpy(&r->length, value, sizeof(r->length));
    if (!s->extra && offset < 8 + 4 * (size_t)r->front.use_extra)
        return;
    fuzz_check(r->copied + length <= sizeof(r->copy), "too much is read");
    memcpy(r->copy + r->copied, value, length);
    r->copied += length;
}

void fuzz_on_write(const struct fuzz_shared *s, size_t offset,
                   const unsigned char *value, size_t length)
{
    struct front_rig *r = rig_of(s);
    bool state = !s->extra && offset == VTPMRING_PAGE_STATE_OFFSET;

    (void)length;
    if (state && *value == VTPMRING_PAGE_CANCEL) {
        fuzz_check(r->sent && r->open, "a cancel of nothing");
        return;
    }
    fuzz_check(r->submitting && !r->sent,
               "the page is written while it is the backend's");
    if (!state)
        return;
    fuzz_check(*value == VTPMRING_PAGE_SUBMIT, "a state of the backend");
    r->sent = true;
}

void front_rig_begin(struct front_rig *r, unsigned extra,
                     enum vtpmring_xenbus_state own)
{
    memset(r, 0, sizeof(*r));
    for (unsigned i = 0; i < FRONT_RIG_EXTRA; i++)
        r->refs[i] = 1000 + i;
    fuzz_check(vtpmring_front_init(&r->front, extra, own) == VTPMRING_OK,
               "a right configuration is refused");
    front_rig_check(r);
}

void front_rig_kill(struct front_rig *r)
{
    fuzz_shared_unmap(&r->first);
    fuzz_shared_unmap(&r->extra);
}

void front_rig_call(struct front_rig *r)
{
    fuzz_shared_run(r);
    fuzz_shared_fresh(&r->first);
    fuzz_shared_fresh(&r->extra);
}

/* Where it is decided that the pages go, a backend that may have them mapped
 * must have let go. */
static void check_let_go(struct front_rig *r)
{
    uint8_t peer = r->front.peer_state;

    if (r->front.phase == VTPMRING_FRONT_PHASE_UNSHARE &&
        r->last_phase != VTPMRING_FRONT_PHASE_UNSHARE)
        fuzz_check(r->given_up || peer < VTPMRING_XENBUS_INITIALISED ||
                       peer == VTPMRING_XENBUS_CLOSED,
                   "pages are taken back that the backend holds");
    r->last_phase = r->front.phase;
}

void front_rig_check(struct front_rig *r)
{
    const struct vtpmring_front *f = &r->front;
    struct vtpmring_front before;
    enum vtpmring_front_action action;

    fuzz_check(f->phase < VTPMRING_FRONT_PHASE_COUNT, "no such phase");
    check_let_go(r);
    fuzz_check(f->command <= VTPMRING_FRONT_COMMAND_ENDED, "no such command");
    fuzz_check((f->command != VTPMRING_FRONT_COMMAND_NONE) == r->open,
               "a command ends without its caller");
    fuzz_check(f->use_extra <= f->own_extra, "more extra pages than offered");
    fuzz_check(f->page.first == NULL || f->page.first == r->first.at,
               "a page is kept that was unshared");
    fuzz_check(f->command == VTPMRING_FRONT_COMMAND_NONE ||
                   f->command == VTPMRING_FRONT_COMMAND_ENDED ||
                   f->phase == VTPMRING_FRONT_PHASE_CONNECTED,
               "a command in flight without a connection");
    if (f->phase == VTPMRING_FRONT_PHASE_CONNECTED)
        fuzz_check(f->shared && f->page.first != NULL,
                   "connected without a page");
    fuzz_check(vtpmring_front_is_ready(f) ==
                   (f->phase == VTPMRING_FRONT_PHASE_CONNECTED && !r->open),
               "ready and yet not");
    fuzz_check(vtpmring_front_capacity(f) <= FRONT_RIG_PACKET,
               "more room than there is");
    memcpy(&before, f, sizeof(before));
    action = vtpmring_front_next(f);
    fuzz_check(action < VTPMRING_FRONT_ACTION_COUNT, "no such action");
    fuzz_check(action == vtpmring_front_next(f) &&
                   memcmp(&before, f, sizeof(before)) == 0,
               "next() changes something");
    fuzz_check((unsigned)vtpmring_front_state(f) < VTPMRING_XENBUS_STATE_COUNT,
               "no such state");
}

static enum vtpmring_status share(struct front_rig *r)
{
    unsigned extra = r->front.own_extra;
    struct vtpmring_page page = {0};

    fuzz_check(r->first.at == NULL, "shared twice");
    fuzz_shared_map(&r->first, 1, r, r->honest);
    page.first = r->first.at;
    if (extra > 0) {
        fuzz_shared_map(&r->extra, extra, r, r->honest);
        r->extra.extra = true;
        page.extra = r->extra.at;
        page.extra_count = extra;
    }
    r->given_up = r->sent = false;
    return vtpmring_front_set_page(&r->front, &page, r->refs);
}

static void unshare(struct front_rig *r)
{
    fuzz_check(r->front.command == VTPMRING_FRONT_COMMAND_NONE,
               "pages are taken back under a command");
    front_rig_kill(r);
    r->sent = false;
}

enum vtpmring_front_action front_rig_act(struct front_rig *r,
                                         enum vtpmring_status status)
{
    enum vtpmring_front_action action = vtpmring_front_next(&r->front);
    size_t lengths[2] = {0};
    const char *v2, *extra;

    fuzz_check(action != VTPMRING_FRONT_DELIVER || r->open,
               "an end without a command");
    front_rig_call(r);
    switch (action) {
    case VTPMRING_FRONT_SHARE:
        if (status == VTPMRING_OK)
            status = share(r);
        break;
    case VTPMRING_FRONT_PUBLISH:
        /* the backend knows nothing of it then */
        r->given_up = status != VTPMRING_OK;
        break;
    case VTPMRING_FRONT_CHECK_PEER:
        lengths[0] = 1;
        v2 = r->honest ? "1" : fuzz_text(&lengths[0]);
        extra = r->honest ? NULL : fuzz_text(&lengths[1]);
        if (status == VTPMRING_OK)
            status = vtpmring_front_set_features(&r->front, v2, lengths[0],
                                                 extra, lengths[1]);
        break;
    case VTPMRING_FRONT_UNSHARE:
        unshare(r);
        break;
    default:
        break;
    }
    fuzz_check(vtpmring_front_done(&r->front, action, status) == VTPMRING_OK,
               "an action that was asked for is refused");
    front_rig_check(r);
    return action;
}

/* What the backend finds is what was submitted. */
static void check_sent(struct front_rig *r, uint8_t locality)
{
    const unsigned char *page = r->first.at;
    uint8_t nr = r->front.use_extra;
    size_t from = 8 + 4 * (size_t)nr, first = 4096 - from;
    size_t length = r->command_length;
    uint32_t number;

    memcpy(&number, page, sizeof(number));
    fuzz_check(number == length && page[4] == VTPMRING_PAGE_SUBMIT &&
                   page[5] == locality && page[6] == 0 && page[7] == nr &&
                   memcmp(page + 8, r->refs, 4 * (size_t)nr) == 0,
               "a header is wrong");
    first = length < first ? length : first;
    fuzz_check(memcmp(page + from, r->command, first) == 0 &&
                   (length == first || memcmp(r->extra.at, r->command + first,
                                              length - first) == 0),
               "a command is changed on its way");
}

void front_rig_submit(struct front_rig *r, size_t length, size_t size,
                      uint8_t locality)
{
    bool ready = vtpmring_front_is_ready(&r->front), was_sent = r->sent;
    size_t capacity = vtpmring_front_capacity(&r->front);
    bool right = length >= VTPMRING_TPM_HEADER_SIZE && length == size &&
                 vtpmring_tpm_is_locality(locality);
    unsigned char *command = fuzz_memory(length);
    enum vtpmring_status status;

    if (length >= VTPMRING_TPM_HEADER_SIZE) {
        fuzz_packet(command, length, 0x8001, 0x17b);
        for (unsigned i = 0; i < 4; i++)
            command[2 + i] = (unsigned char)(size >> (24 - 8 * i));
    }
    front_rig_call(r);
    r->submitting = true;
    if (ready)
        r->sent = false;
    status = vtpmring_front_submit(&r->front, command, length, locality);
    r->submitting = false;
    if (r->open)
        fuzz_check(status == VTPMRING_AGAIN, "two commands at once");
    else if (!ready)
        fuzz_check(status == VTPMRING_ESTATE, "a command without a page");
    else
        fuzz_check(status == (!right              ? VTPMRING_EINVAL
                              : length > capacity ? VTPMRING_ENOBUF
                                                  : VTPMRING_OK),
                   "a command is judged wrongly");
    if (status == VTPMRING_OK) {
        r->open = true;
        memcpy(r->command, command, length);
        r->command_length = length;
        check_sent(r, locality);
        fuzz_check(vtpmring_front_next(&r->front) == VTPMRING_FRONT_NOTIFY,
                   "the backend is not told of a command");
    } else {
        fuzz_check(!ready || !r->sent, "a refused command is sent");
        r->sent = was_sent;
    }
    front_rig_check(r);
}

static void check_response(const struct front_rig *r,
                           const unsigned char *response, size_t length)
{
    fuzz_check(r->last_state == VTPMRING_PAGE_FINISH,
               "a response that was not finished");
    fuzz_check(length >= VTPMRING_TPM_HEADER_SIZE && length == r->length &&
                   length <= 4088 + 4092 * (size_t)r->front.use_extra,
               "a response of impossible length");
    fuzz_check(fuzz_be32(response + 2) == length,
               "a response whose size is not its length");
    fuzz_check(r->copied == length && memcmp(response, r->copy, length) == 0,
               "a response that was not on the page");
}

void front_rig_take(struct front_rig *r, size_t size)
{
    bool ended = r->front.command == VTPMRING_FRONT_COMMAND_ENDED;
    unsigned char *response = fuzz_memory(size);
    size_t length = 4711;
    enum vtpmring_status status;

    front_rig_call(r);
    r->taking = ended && r->front.result == VTPMRING_OK;
    r->copied = 0;
    status = vtpmring_front_take(&r->front, response, size, &length);
    r->taking = false;
    fuzz_check((status == VTPMRING_ESTATE) == !ended, "an end of nothing");
    if (status == VTPMRING_OK) {
        fuzz_check(length <= size, "a response is longer than its room");
        check_response(r, response, length);
    } else if (status == VTPMRING_ENOBUF) {
        fuzz_check(length > size && length <= FRONT_RIG_PACKET,
                   "a wrong size is asked for");
    } else {
        fuzz_check(length == 0, "no response has a length");
    }
    if (ended && status != VTPMRING_ENOBUF)
        r->open = false;
    front_rig_check(r);
}
