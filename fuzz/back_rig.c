/* SPDX-License-Identifier: MIT */
#include "back_rig.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct back_rig *rig_of(const struct fuzz_shared *s)
{
    /* the owner is the rig itself */
    return (struct back_rig *)(uintptr_t)s->owner;
}

/* A new exchange begins: nothing of the last one is left. */
static void fresh(struct back_rig *r)
{
    fuzz_shared_fresh(&r->first);
    fuzz_shared_fresh(&r->extra);
    r->open = r->copied = r->wrote_length = r->wrote_packet = false;
    r->nr_extra = 0;
    r->length = 0;
}

static void read_first(struct back_rig *r, size_t offset,
                       const unsigned char *value, size_t length)
{
    uint32_t number;

    if (offset == VTPMRING_PAGE_STATE_OFFSET) {
        if (*value == VTPMRING_PAGE_SUBMIT || *value == VTPMRING_PAGE_CANCEL)
            r->ours = true;
        return;
    }
    fuzz_check(r->ours, "the page is read before its state");
    if (offset == VTPMRING_PAGE_LENGTH_OFFSET) {
        fuzz_check(!r->open, "a command is taken before the last is answered");
        memcpy(&number, value, sizeof(number));
        r->open = true;
        r->exchange++;
        r->length = number;
        return;
    }
    fuzz_check(r->open, "the page is read outside of an exchange");
    if (offset == VTPMRING_PAGE_NR_EXTRA_OFFSET)
        r->nr_extra = *value;
    if (offset < 8 + 4 * (size_t)r->nr_extra)
        return;
    fuzz_check(!r->copied, "a packet is fetched twice");
    r->copied = true;
    r->copies = (unsigned)length;
    memcpy(r->copy, value, length < sizeof(r->copy) ? length : sizeof(r->copy));
}

void fuzz_on_read(const struct fuzz_shared *s, size_t offset,
                  const unsigned char *value, size_t length)
{
    struct back_rig *r = rig_of(s);

    if (!s->extra)
        read_first(r, offset, value, length);
    else
        fuzz_check(r->open, "extra pages are read outside of an exchange");
}

static void check_answer(struct back_rig *r, uint8_t state)
{
    fuzz_check(state == VTPMRING_PAGE_IDLE || state == VTPMRING_PAGE_FINISH,
               "a backend writes a state of the frontend");
    if (state == VTPMRING_PAGE_FINISH) {
        fuzz_check(r->open, "an answer without a command");
        fuzz_check(r->wrote_length && r->wrote_packet &&
                       r->answer_length == r->answer_size,
                   "an answer is not whole");
    }
    if (r->replying)
        fuzz_check(r->exchange == r->serving,
                   "a response to the wrong command");
    r->ours = false;
    r->answers++;
    fresh(r);
}

static void write_first(struct back_rig *r, size_t offset,
                        const unsigned char *value, size_t length)
{
    size_t packet = 8 + 4 * (size_t)r->nr_extra;

    fuzz_check(r->ours, "the page is written while it is the frontend's");
    if (offset == VTPMRING_PAGE_STATE_OFFSET) {
        check_answer(r, *value);
        return;
    }
    fuzz_check(r->open, "the page is written outside of an exchange");
    if (offset == VTPMRING_PAGE_LENGTH_OFFSET && length == 4) {
        memcpy(&r->answer_length, value, 4);
        r->wrote_length = true;
        return;
    }
    fuzz_check(offset >= packet, "the frontend's fields are overwritten");
    fuzz_check(offset == packet && !r->wrote_packet && length >= 10,
               "a packet is written elsewhere");
    r->wrote_packet = true;
    r->answer_size = fuzz_be32(value + 2);
    if (r->replying)
        fuzz_check(r->exchange == r->serving,
                   "a response to the wrong command");
}

void fuzz_on_write(const struct fuzz_shared *s, size_t offset,
                   const unsigned char *value, size_t length)
{
    struct back_rig *r = rig_of(s);

    if (s->extra)
        fuzz_check(r->ours && r->open && r->wrote_packet,
                   "extra pages are written outside of an answer");
    else
        write_first(r, offset, value, length);
}

void back_rig_make(struct back_rig *r, enum vtpmring_tpm_family family,
                   unsigned max_extra, size_t size)
{
    memset(r, 0, sizeof(*r));
    r->buffer = malloc(size);
    r->refs = calloc(max_extra + 1, sizeof(uint32_t));
    if (r->buffer == NULL || r->refs == NULL)
        abort();
    r->back.config = (struct vtpmring_back_config){
        family, r->buffer, size, max_extra > 0 ? r->refs : NULL, max_extra};
}

void back_rig_begin(struct back_rig *r, enum vtpmring_xenbus_state own,
                    enum vtpmring_xenbus_state peer, bool inherit)
{
    struct vtpmring_back_config config = r->back.config;

    fuzz_check(vtpmring_back_init(&r->back, &config, own, peer) == VTPMRING_OK,
               "a right configuration is refused");
    if (inherit)
        vtpmring_back_inherit(&r->back);
    r->running = r->ours = false;
    fresh(r);
    back_rig_check(r);
}

static void unmap(struct back_rig *r)
{
    fuzz_shared_unmap(&r->first);
    fuzz_shared_unmap(&r->extra);
    r->ours = false;
    fresh(r);
}

void back_rig_kill(struct back_rig *r)
{
    unmap(r);
    r->running = false;
}

void back_rig_free(struct back_rig *r)
{
    back_rig_kill(r);
    free(r->buffer);
    free(r->refs);
}

void back_rig_call(struct back_rig *r)
{
    fuzz_shared_run(r);
    if (r->first.at != NULL)
        r->first.reads[VTPMRING_PAGE_STATE_OFFSET] = 0;
}

void back_rig_check(struct back_rig *r)
{
    const struct vtpmring_back *b = &r->back;
    struct vtpmring_back before;
    enum vtpmring_back_action action;

    fuzz_check(b->phase < VTPMRING_BACK_PHASE_COUNT, "no such phase");
    fuzz_check(b->command <= VTPMRING_BACK_COMMAND_RUNNING, "no such command");
    fuzz_check(b->page.first == NULL || b->page.first == r->first.at,
               "a page is kept that was unmapped");
    fuzz_check(b->page.extra == NULL || b->page.extra == r->extra.at,
               "extra pages are kept that were unmapped");
    fuzz_check(b->page.extra_count * 4096 <= r->extra.size,
               "more extra pages than there are");
    if (b->phase == VTPMRING_BACK_PHASE_OPEN ||
        b->phase == VTPMRING_BACK_PHASE_CONNECTED)
        fuzz_check(b->mapped && b->page.first != NULL,
                   "serves a page that is not there");
    else
        fuzz_check(
            b->command == VTPMRING_BACK_COMMAND_NONE ||
                (b->command == VTPMRING_BACK_COMMAND_RUNNING && b->orphan),
            "a command without a page");
    fuzz_check((b->command == VTPMRING_BACK_COMMAND_RUNNING) == r->running,
               "the machine forgets what is executed");
    memcpy(&before, b, sizeof(before));
    action = vtpmring_back_next(b);
    fuzz_check(action < VTPMRING_BACK_ACTION_COUNT, "no such action");
    fuzz_check(action == vtpmring_back_next(b) &&
                   memcmp(&before, b, sizeof(before)) == 0,
               "next() changes something");
    fuzz_check((unsigned)vtpmring_back_state(b) < VTPMRING_XENBUS_STATE_COUNT,
               "no such state");
}

static enum vtpmring_status read_peer(struct back_rig *r)
{
    size_t lengths[3];
    const char *ref = fuzz_text(&lengths[0]);
    const char *port = fuzz_text(&lengths[1]);
    const char *v2 = fuzz_text(&lengths[2]);

    return vtpmring_back_set_peer(&r->back, ref, lengths[0], port, lengths[1],
                                  v2, lengths[2]);
}

static enum vtpmring_status map(struct back_rig *r, bool honest)
{
    fuzz_check(r->first.at == NULL, "mapped twice");
    fuzz_shared_map(&r->first, 1, r, honest);
    r->ours = false;
    fresh(r);
    return vtpmring_back_set_page(&r->back, r->first.at);
}

static enum vtpmring_status map_extra(struct back_rig *r,
                                      enum vtpmring_status status, bool honest)
{
    fuzz_check(r->back.nr_refs > 0 && r->back.nr_refs == r->nr_extra &&
                   r->back.nr_refs <= r->back.config.max_extra,
               "a wrong number of references");
    fuzz_shared_unmap(&r->extra);
    if (status != VTPMRING_OK)
        return status;
    fuzz_shared_map(&r->extra, r->back.nr_refs, r, honest);
    r->extra.extra = true;
    memcpy(r->mapped, r->refs, 4 * (size_t)r->back.nr_refs);
    return vtpmring_back_set_extra(&r->back, r->extra.at);
}

/* What the executor gets is the packet that was fetched, and is a command. */
static void check_command(struct back_rig *r)
{
    const struct vtpmring_back *b = &r->back;
    size_t first = 4096 - (8 + 4 * (size_t)r->nr_extra);

    fuzz_check(r->open && b->length == r->length &&
                   b->length <= b->config.buffer_size &&
                   b->length <= 4088 + 4092 * (size_t)r->nr_extra &&
                   r->nr_extra <= b->config.max_extra,
               "a command of impossible length");
    fuzz_check(r->nr_extra == 0 ||
                   (r->extra.at != NULL &&
                    memcmp(r->refs, r->mapped, 4 * (size_t)r->nr_extra) == 0),
               "a command from other pages than it names");
    fuzz_check(fuzz_be32(b->config.buffer + 2) == b->length,
               "a command whose size is not its length");
    fuzz_check(r->copies == (b->length < first ? b->length : first) &&
                   memcmp(b->config.buffer, r->copy,
                          r->copies < sizeof(r->copy) ? r->copies
                                                      : sizeof(r->copy)) == 0,
               "a command that was not on the page");
}

enum vtpmring_back_action back_rig_act(struct back_rig *r,
                                       enum vtpmring_status status, bool honest)
{
    enum vtpmring_back_action action = vtpmring_back_next(&r->back);

    back_rig_call(r);
    switch (action) {
    case VTPMRING_BACK_READ_PEER:
        if (status == VTPMRING_OK)
            status = read_peer(r);
        break;
    case VTPMRING_BACK_MAP:
        if (status == VTPMRING_OK)
            status = map(r, honest);
        break;
    case VTPMRING_BACK_MAP_EXTRA:
        status = map_extra(r, status, honest);
        break;
    case VTPMRING_BACK_UNMAP:
        unmap(r);
        break;
    case VTPMRING_BACK_EXECUTE:
        check_command(r);
        if (status == VTPMRING_OK) {
            r->running = true;
            r->serving = r->exchange;
        }
        break;
    default:
        break;
    }
    fuzz_check(vtpmring_back_done(&r->back, action, status) == VTPMRING_OK,
               "an action that was asked for is refused");
    back_rig_check(r);
    return action;
}

enum vtpmring_status back_rig_reply(struct back_rig *r, const void *response,
                                    size_t length)
{
    bool ready = r->back.command == VTPMRING_BACK_COMMAND_READY;
    bool may = ready || r->running, orphan = r->back.orphan;
    unsigned answers = r->answers, serving = r->serving;
    enum vtpmring_status status;

    if (ready)
        r->serving = r->exchange;
    back_rig_call(r);
    r->replying = may && !orphan;
    if (may)
        r->running = false;
    if (response != NULL)
        status = vtpmring_back_reply(&r->back, response, length);
    else
        status = vtpmring_back_reply_error(
            &r->back, (enum vtpmring_tpm_error)fuzz_pick(8));
    r->replying = false;
    if (ready)
        r->serving = serving;
    if (!may)
        fuzz_check(status == VTPMRING_ESTATE, "a reply without a command");
    else if (orphan)
        fuzz_check(status == VTPMRING_CLOSED, "an orphan is answered");
    else
        fuzz_check((status == VTPMRING_OK || status == VTPMRING_ENOBUF) &&
                       r->answers == answers + 1,
                   "a command is not answered once");
    back_rig_check(r);
    return status;
}
