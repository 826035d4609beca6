/* SPDX-License-Identifier: MIT */
/* The driver: operations begin, step by step, and end. */
#include <vtpmring/tis.h>
#include "private.h"
#include "registers.h"

static const struct vtpmring_tis_row *row_of(const struct vtpmring_tis *tis)
{
    return &tis->table[tis->phase];
}

static bool is_fifo(const struct vtpmring_tis *tis)
{
    return tis->table == vtpmring_tis_fifo_table;
}

/* Whose registers are used. */
static unsigned locality_of(const struct vtpmring_tis *tis)
{
    if (tis->held != VTPMRING_TIS_NO_LOCALITY)
        return tis->held;
    return tis->wanted != VTPMRING_TIS_NO_LOCALITY ? tis->wanted : 0;
}

bool vtpmring_tis_is_ours(const struct vtpmring_tis *tis)
{
    const struct vtpmring_tis_row *row = &tis->table[VTPMRING_TIS_CHECK];
    uint32_t value = is_fifo(tis) ? tis_read8(tis, tis->held, row->look)
                                  : tis_read32(tis, tis->held, row->look);

    return value != (is_fifo(tis) ? 0xffu : 0xffffffffu) &&
           (value & row->mask) == row->want;
}

static uint32_t limit_of(const struct vtpmring_tis *tis,
                         const struct vtpmring_tis_row *row)
{
    unsigned limit =
        row->limit == VTPMRING_TIS_DURATION ? tis->duration : row->limit;

    return limit < VTPMRING_TIS_LIMIT_COUNT ? tis->config.limit_us[limit] : 0;
}

static void ask(struct vtpmring_tis *tis, uint64_t now)
{
    const struct vtpmring_tis_row *row = row_of(tis);

    if (row->set == VTPMRING_TIS_NO_REGISTER)
        return;
    if (is_fifo(tis))
        tis_write8(tis, locality_of(tis), row->set, (uint8_t)row->value);
    else
        tis_write32(tis, locality_of(tis), row->set, row->value);
    tis->ask_at = now + limit_of(tis, row) / 4 + 1;
}

static void rest(struct vtpmring_tis *tis)
{
    tis->pending = false;
    tis->cancel = false;
    tis->command = NULL;
    if (tis->result != VTPMRING_OK && tis->result != VTPMRING_ENOBUF)
        tis->length = 0;
}

/* Where a phase leads by the table is not always where the operation goes. */
static uint8_t divert(struct vtpmring_tis *tis, uint8_t phase)
{
    if (phase == VTPMRING_TIS_READY) {
        tis->held = tis->wanted;
        tis->pending = false;
        /* the locality was all that was wanted */
        if (tis->command == NULL)
            return VTPMRING_TIS_HELD;
        if (tis->sick)
            return VTPMRING_TIS_ABORT;
    }
    if (phase == VTPMRING_TIS_HELD && tis->sick) {
        tis->sick = false;
        if (tis->command != NULL && tis->result == VTPMRING_OK)
            return VTPMRING_TIS_READY;
    }
    return phase;
}

static void enter(struct vtpmring_tis *tis, uint8_t phase, uint64_t now)
{
    phase = divert(tis, phase);
    if (phase == VTPMRING_TIS_NONE) {
        tis->held = VTPMRING_TIS_NO_LOCALITY;
        tis->sick = true; /* by the time we have it again */
        if (tis->wanted == VTPMRING_TIS_NO_LOCALITY)
            tis->pending = false; /* it was all that was wanted */
    }
    if (phase == VTPMRING_TIS_SEND || phase == VTPMRING_TIS_RECEIVE) {
        tis->at = 0;
        tis->length = 0;
        tis->move_deadline = now + tis->config.limit_us[VTPMRING_TIS_TRANSFER];
    }
    tis->phase = phase;
    tis->pause_us = tis->config.poll_us;
    tis->deadline = now + limit_of(tis, row_of(tis));
    ask(tis, now);
    if (row_of(tis)->work == VTPMRING_TIS_RESTS && !tis->pending)
        rest(tis);
}

/* The locality was taken from us. */
static void note_loss(struct vtpmring_tis *tis)
{
    if (is_fifo(tis))
        tis_write8(tis, tis->held, TIS_ACCESS, TIS_ACCESS_SEIZED);
    tis->lost++;
    tis->sick = true;
    tis->held = VTPMRING_TIS_NO_LOCALITY;
}

static void fail(struct vtpmring_tis *tis, enum vtpmring_status why,
                 uint64_t now)
{
    uint8_t next = row_of(tis)->fail;

    if (tis->phase == VTPMRING_TIS_CHECK) {
        note_loss(tis);
    }
    if (next == VTPMRING_TIS_RETRY) {
        if (why != VTPMRING_ENOBUF && why != VTPMRING_EUNSUPPORTED &&
            tis->tries > 0) {
            tis->tries--;
            enter(tis, next, now);
            return;
        }
        next = VTPMRING_TIS_ABORT;
    }
    if (tis->result == VTPMRING_OK)
        tis->result = why;
    if (next == VTPMRING_TIS_STUCK) {
        tis->stuck++;
        if (tis->result == VTPMRING_CANCELED)
            tis->result = VTPMRING_EPEER_TIMEOUT;
    }
    /* what was begun for an operation that has failed is not gone on with */
    if (tis->result != VTPMRING_OK)
        tis->pending = false;
    enter(tis, next, now);
}

/* Somebody else has the chip: nothing of it is ours any more. */
static void lose(struct vtpmring_tis *tis, uint64_t now)
{
    note_loss(tis);
    tis->result = VTPMRING_EPEER_GONE;
    enter(tis, VTPMRING_TIS_NONE, now);
}

/* What the chip has said of itself; the registers are valid. */
static enum vtpmring_status identify(struct vtpmring_tis *tis)
{
    uint32_t id = tis_read32(tis, 0, TIS_INTERFACE_ID);
    uint32_t type = id & 0xf, interface = tis->config.interface;

    if (interface == VTPMRING_TIS_UNKNOWN) {
        /* chips older than this register have 0 there, or all ones */
        if (type == TIS_TYPE_CRB)
            interface = VTPMRING_TIS_CRB;
        else if (TIS_CAPABILITY_VERSION(tis_read32(tis, 0, TIS_CAPABILITY)) ==
                     TIS_VERSION_20 &&
                 (type == TIS_TYPE_FIFO || type == TIS_TYPE_TIS))
            interface = VTPMRING_TIS_FIFO_20;
        else if (type == TIS_TYPE_FIFO)
            interface = id == 0 ? VTPMRING_TIS_FIFO_12 : VTPMRING_TIS_FIFO_20;
        else if (type == TIS_TYPE_TIS)
            interface = VTPMRING_TIS_FIFO_12;
        else
            return VTPMRING_EUNSUPPORTED;
    }
    tis->interface = (uint8_t)interface;
    tis->family =
        interface == VTPMRING_TIS_FIFO_12 ? VTPMRING_TPM_12 : VTPMRING_TPM_20;
    tis->localities = 5;
    if (interface == VTPMRING_TIS_CRB) {
        tis->table = vtpmring_tis_crb_table;
        tis->localities = (id & TIS_CAP_LOCALITY) != 0 ? 5 : 1;
    }
    tis->did_vid = tis_read32(
        tis, 0, interface == VTPMRING_TIS_CRB ? CRB_DID_VID : TIS_DID_VID);
    return VTPMRING_OK;
}

static enum vtpmring_status work(struct vtpmring_tis *tis, bool *moved)
{
    switch (row_of(tis)->work) {
    case VTPMRING_TIS_IDENTIFIES:
        return identify(tis);
    case VTPMRING_TIS_FIFO_SENDS:
        return vtpmring_tis_fifo_send(tis, moved);
    case VTPMRING_TIS_FIFO_RECEIVES:
        return vtpmring_tis_fifo_receive(tis, moved);
    case VTPMRING_TIS_CRB_SENDS:
        return vtpmring_tis_crb_send(tis);
    case VTPMRING_TIS_CRB_RECEIVES:
        return vtpmring_tis_crb_receive(tis);
    default:
        return VTPMRING_OK;
    }
}

/* Whether the chip is where the phase waits for it to be. */
static enum vtpmring_status look(struct vtpmring_tis *tis)
{
    const struct vtpmring_tis_row *row = row_of(tis);
    bool about_locality = row->look == tis->table[VTPMRING_TIS_CHECK].look;
    uint32_t value, ones = is_fifo(tis) ? 0xff : 0xffffffff;

    if (row->look == VTPMRING_TIS_NO_REGISTER)
        return VTPMRING_OK;
    value = is_fifo(tis) ? tis_read8(tis, locality_of(tis), row->look)
                         : tis_read32(tis, locality_of(tis), row->look);
    if (value != ones && (value & row->mask) == row->want)
        return VTPMRING_OK;
    /* nobody answers: so it is where a locality is not the active one */
    if (!about_locality && value == ones && !vtpmring_tis_is_ours(tis))
        return VTPMRING_EPEER_GONE;
    return VTPMRING_AGAIN;
}

/* Not yet: longer, or too late. */
static void wait(struct vtpmring_tis *tis, bool moved, uint64_t now)
{
    const struct vtpmring_tis_row *row = row_of(tis);

    if (moved) {
        tis->deadline = now + limit_of(tis, row);
        if (tis->deadline > tis->move_deadline)
            tis->deadline = tis->move_deadline;
        tis->pause_us = tis->config.poll_us;
    }
    if (now >= tis->deadline) {
        fail(tis, (enum vtpmring_status)row->blame, now);
        return;
    }
    if (moved)
        return;
    if (row->asks != 0 && now >= tis->ask_at)
        ask(tis, now);
    tis->wait_us = tis->pause_us;
    if (tis->wait_us > tis->deadline - now)
        tis->wait_us = (uint32_t)(tis->deadline - now);
    tis->pause_us = tis->pause_us > tis->config.poll_max_us / 2
                        ? tis->config.poll_max_us
                        : tis->pause_us * 2;
}

static void heed_cancel(struct vtpmring_tis *tis, uint64_t now)
{
    tis->cancel = false;
    switch (tis->phase) {
    case VTPMRING_TIS_RUN:
        if (tis->family == VTPMRING_TPM_20) {
            enter(tis, VTPMRING_TIS_CANCEL, now);
            return;
        }
        break;
    case VTPMRING_TIS_READY:
    case VTPMRING_TIS_WAKE:
    case VTPMRING_TIS_SEND:
    case VTPMRING_TIS_SENT:
        break;
    default:
        /* too early to have begun, or the response is on its way */
        if (!tis->pending)
            return;
        tis->pending = false;
        tis->command = NULL;
        tis->result = VTPMRING_CANCELED;
        return;
    }
    tis->result = VTPMRING_CANCELED;
    enter(tis, VTPMRING_TIS_ABORT, now);
}

/* At rest with something to do: the locality comes first. */
static void begin(struct vtpmring_tis *tis, uint64_t now)
{
    if (tis->phase == VTPMRING_TIS_HELD)
        enter(tis,
              tis->held == tis->wanted ? VTPMRING_TIS_CHECK
                                       : VTPMRING_TIS_RELEASE,
              now);
    else if (tis->wanted != VTPMRING_TIS_NO_LOCALITY)
        enter(tis, tis->seize ? VTPMRING_TIS_SEIZE : VTPMRING_TIS_REQUEST, now);
    else
        enter(tis, VTPMRING_TIS_PROBE, now);
}

static void turn(struct vtpmring_tis *tis, uint64_t now)
{
    enum vtpmring_status status = look(tis);
    bool moved = false;

    if (status == VTPMRING_OK)
        status = work(tis, &moved);
    switch (status) {
    case VTPMRING_OK:
        enter(tis, row_of(tis)->ok, now);
        break;
    case VTPMRING_AGAIN:
        wait(tis, moved, now);
        break;
    case VTPMRING_EPEER_GONE:
        lose(tis, now);
        break;
    default:
        fail(tis, status, now);
        break;
    }
}

enum vtpmring_status vtpmring_tis_step(struct vtpmring_tis *tis)
{
    uint64_t now;

    tis->wait_us = 0;
    if (row_of(tis)->work == VTPMRING_TIS_RESTS && !tis->pending)
        return tis->result;
    /* before the registers: a process that slept must look once more */
    now = tis->access->now_us(tis->context);
    if (tis->cancel)
        heed_cancel(tis, now);
    else if (row_of(tis)->work == VTPMRING_TIS_RESTS)
        begin(tis, now);
    else
        turn(tis, now);
    if (row_of(tis)->work == VTPMRING_TIS_RESTS && !tis->pending)
        return tis->result;
    return VTPMRING_AGAIN;
}

enum vtpmring_status vtpmring_tis_run(struct vtpmring_tis *tis)
{
    enum vtpmring_status status;

    while ((status = vtpmring_tis_step(tis)) == VTPMRING_AGAIN)
        if (tis->wait_us > 0)
            tis->access->delay_us(tis->context, tis->wait_us);
    return status;
}
