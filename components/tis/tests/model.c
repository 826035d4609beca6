/* SPDX-License-Identifier: MIT */
/* What both interfaces share; model_fifo.c and model_crb.c have the registers.
 * Written from PTP 1.05, chapter 6, and TIS 1.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "model_parts.h"

bool model_shows(struct model *model, enum fault fault)
{
    if (model->fault != fault)
        return false;
    if (model->faults == 0)
        return true;
    if (--model->faults == 0)
        model->fault = FAULT_NONE;
    return true;
}

void model_begin(struct model *model, enum vtpmring_tis_interface interface)
{
    memset(model, 0, sizeof(*model));
    model->interface = interface;
    model->burst = 64;
    model->active = NOBODY;
    model->now = 1000000;
    model->settle = 30;
    model->execution = 3000;
}

void model_change(struct model *model, enum chip_state state)
{
    model->state = state;
    model->settled = model->now + model->settle;
    model->at = 0;
    model->allowed = 0;
}

bool model_is_settled(const struct model *model)
{
    return model->now >= model->settled;
}

bool model_hangs(const struct model *model)
{
    return model->state == CHIP_RUNS &&
           (model->hung || model->fault == FAULT_DEAD);
}

void model_abort(struct model *model)
{
    if (model_hangs(model))
        return;
    if (model->state != CHIP_IDLE && model->state != CHIP_READY)
        model->aborted++;
    model->crb_ready = model->crb_idle = false;
    model->length = 0;
    model_change(model, CHIP_IDLE);
}

static void give(struct model *model, unsigned to)
{
    model->active = to;
    if (to != NOBODY)
        model->asked[to] = false;
    model->hung = false;
    model_abort(model);
}

void model_seize(struct model *model, unsigned by)
{
    if (model->active != NOBODY)
        model->seized[model->active] = true;
    give(model, by);
}

void model_let_go(struct model *model)
{
    unsigned next = NOBODY;

    if (model->fault == FAULT_KEEPS_LOCALITY)
        return;
    for (unsigned i = 0; i < 5; i++)
        if (model->asked[i])
            next = i;
    give(model, next);
}

void model_ask(struct model *model, unsigned locality)
{
    if (model->active == locality || model->fault == FAULT_NO_LOCALITY)
        return;
    model->asked[locality] = true;
    if (model->active == NOBODY)
        give(model, locality);
}

void model_go(struct model *model)
{
    uint64_t time = model->execution;

    model->hung = model_shows(model, FAULT_HANGS);
    if (model->hung || model_shows(model, FAULT_BUSY) ||
        model->fault == FAULT_DEAD)
        time = UINT64_MAX / 2;
    model->canceled = false;
    model_change(model, CHIP_RUNS);
    model->done = model->now + time;
    if (model_shows(model, FAULT_LOST_RUNNING))
        model_seize(model, 4);
}

void model_cancel(struct model *model)
{
    model->cancels++;
    if (model->state != CHIP_RUNS || model_hangs(model))
        return;
    model->canceled = true;
    model->done = model->now + model->settle;
}

static void put_size(struct model *model, uint32_t size)
{
    for (unsigned i = 0; i < 4; i++)
        model->buffer[2 + i] = (uint8_t)(size >> (24 - 8 * i));
}

/* The response as the faults have it. */
static void spoil(struct model *model)
{
    if (model->fault == FAULT_SIZE_0)
        put_size(model, 0);
    if (model->fault == FAULT_SIZE_9)
        put_size(model, 9);
    if (model->fault == FAULT_SIZE_4097)
        put_size(model, 4097);
    if (model->fault == FAULT_SIZE_ONES)
        put_size(model, 0xffffffff);
    if (model->fault == FAULT_SIZE_MORE)
        put_size(model, (uint32_t)model->length + 1);
    if (model->fault == FAULT_SIZE_LESS)
        put_size(model, (uint32_t)model->length - 1);
    if (model->fault == FAULT_TAG)
        model->buffer[0] ^= 0x40;
    model->short_by_one = model->fault == FAULT_NO_RETRY;
}

void model_again(struct model *model)
{
    uint8_t tag = model->buffer[0];

    model->retries++;
    if (model->fault == FAULT_NO_RETRY)
        return;
    if (model->faults > 0 && --model->faults == 0) {
        model->fault = FAULT_NONE;
        put_size(model, (uint32_t)model->length);
        model->buffer[0] = (uint8_t)(tag & 0xbf);
    }
    model_change(model, CHIP_HAS);
}

void model_time(struct model *model)
{
    static const uint8_t canceled[] = {0x80, 1, 0, 0, 0, 10, 0, 0, 9, 9};
    uint8_t response[4096];

    model->now++;
    model->accesses++;
    /* a driver that does not end is a finding */
    assert_true(model->accesses < 50000000);
    if (model->state != CHIP_RUNS || model->now < model->done)
        return;
    if (model->canceled) {
        memcpy(model->buffer, canceled, sizeof(canceled));
        model->length = sizeof(canceled);
    } else {
        model->executed++;
        model->length = engine_execute(model->buffer, model->length, response,
                                       model->active);
        memcpy(model->buffer, response, model->length);
        spoil(model);
    }
    model_change(model, CHIP_HAS);
    model->settled = model->now;
    if (model->fault == FAULT_VANISHES)
        model->fault = FAULT_ABSENT;
}

/* What no register has to do with. */
static bool odd(const struct model *model, uint32_t *value)
{
    if (model->fault == FAULT_ABSENT)
        *value = 0xffffffff;
    else if (model->fault == FAULT_ZEROS)
        *value = 0;
    else
        return false;
    return true;
}

static uint32_t read_register(struct model *model, uint32_t offset,
                              unsigned width)
{
    uint32_t value;

    model_time(model);
    assert_true(offset < VTPMRING_TIS_SIZE && offset % width == 0);
    if (odd(model, &value))
        return value;
    if (model->interface == VTPMRING_TIS_CRB)
        return crb_read(model, offset >> 12, offset & 0xfff, width);
    return fifo_read(model, offset >> 12, offset & 0xfff, width);
}

static void write_register(struct model *model, uint32_t offset, uint32_t value,
                           unsigned width)
{
    uint32_t nothing;

    model_time(model);
    assert_true(offset < VTPMRING_TIS_SIZE && offset % width == 0);
    if (odd(model, &nothing))
        return;
    if (model->interface == VTPMRING_TIS_CRB)
        crb_write(model, offset >> 12, offset & 0xfff, value, width);
    else
        fifo_write(model, offset >> 12, offset & 0xfff, value, width);
}

static uint8_t read8(void *context, uint32_t offset)
{
    return (uint8_t)read_register(context, offset, 1);
}

static uint32_t read32(void *context, uint32_t offset)
{
    return read_register(context, offset, 4);
}

static void write8(void *context, uint32_t offset, uint8_t value)
{
    write_register(context, offset, value, 1);
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
    write_register(context, offset, value, 4);
}

static uint64_t now_us(void *context)
{
    const struct model *model = context;

    return model->now;
}

static void delay_us(void *context, uint32_t us)
{
    struct model *model = context;

    model->now += us;
}

const struct vtpmring_tis_access model_access = {
    read8, write8, read32, write32, now_us, delay_us,
};
