/* SPDX-License-Identifier: MIT */
/* The registers of FIFO. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "model_parts.h"

/* What the command's header says; a header at least until it is there. */
static size_t expected(const struct model *model)
{
    const uint8_t *b = model->buffer;

    if (model->length < 6)
        return 10;
    return (size_t)b[2] << 24 | (size_t)b[3] << 16 | (size_t)b[4] << 8 | b[5];
}

static bool expects(struct model *model)
{
    if (model->state != CHIP_TAKES)
        return false;
    if (model->fault == FAULT_WANTS_MORE)
        return true;
    if (model->fault == FAULT_WANTS_LESS && model->length >= 11)
        return false;
    return model->length < expected(model);
}

static size_t end_of(const struct model *model)
{
    return model->length - (model->short_by_one ? 1 : 0);
}

static uint32_t status(struct model *model)
{
    uint32_t value = model->interface == VTPMRING_TIS_FIFO_20 ? 1u << 26 : 0;
    bool settled = model_is_settled(model);
    uint32_t burst = model->burst;

    if (model->fault == FAULT_VALID_AT_TIMES && model->accesses % 2 == 0)
        settled = false;
    if (settled && model->fault != FAULT_NEVER_VALID)
        value |= 0x80;
    if (settled && model->state == CHIP_READY &&
        model->fault != FAULT_NEVER_READY)
        value |= 0x40;
    if (settled && model->state == CHIP_HAS && model->at < end_of(model))
        value |= 0x10;
    if (settled && expects(model))
        value |= 0x08;
    if (model_shows(model, FAULT_NO_BURST) ||
        (model->state == CHIP_HAS && model_shows(model, FAULT_NO_BURST_LATER)))
        burst = 0;
    if (model->fault == FAULT_TRICKLES) {
        burst = model->now - model->trickled > 700000;
        if (burst > 0)
            model->trickled = model->now;
    }
    if (model->fault == FAULT_ONE_BURST)
        burst = 1;
    if (model->fault == FAULT_HUGE_BURST)
        burst = 0xffff;
    model->allowed = burst;
    return value | burst << 8;
}

static uint32_t access_of(const struct model *model, unsigned locality)
{
    uint32_t value = 0x81;

    if (model->active == locality)
        value |= 0x20;
    if (model->seized[locality])
        value |= 0x10;
    for (unsigned i = 0; i < 5; i++)
        if (i != locality && model->asked[i])
            value |= 0x04;
    if (model->asked[locality])
        value |= 0x02;
    return value;
}

static uint8_t take_byte(struct model *model)
{
    uint8_t byte;

    assert_true(model->state == CHIP_HAS && model->allowed > 0);
    model->allowed--;
    if (model->at >= end_of(model))
        return 0xff;
    byte = model->buffer[model->at++];
    if (model->at == 20 && model_shows(model, FAULT_LOST_LATE))
        model_seize(model, 4);
    else if (model->at == 5 && model_shows(model, FAULT_LOST_RECEIVING))
        model_seize(model, 4);
    return byte;
}

uint32_t fifo_read(struct model *model, unsigned locality, uint32_t offset,
                   unsigned width)
{
    bool is_20 = model->interface == VTPMRING_TIS_FIFO_20;

    switch (offset) {
    case 0x000:
        return access_of(model, locality);
    case 0x014:
        return (is_20 ? 3u : 2u) << 28 | 0x697;
    case 0x030:
        if (model->fault == FAULT_UNKNOWN)
            return 0x2107;
        return is_20 ? 0x2100 : 0xffffffff;
    case 0xf00:
        return 0x00011014;
    case 0x018:
        if (model->active != locality)
            return 0xffffffff;
        return width == 1 ? status(model) & 0xff : status(model);
    case 0x024:
        if (model->active != locality)
            return 0xffffffff;
        return take_byte(model);
    default:
        return 0xffffffff;
    }
}

static void write_access(struct model *model, unsigned locality, uint8_t value)
{
    /* TIS: more than one bit in one write is undefined */
    assert_true(value != 0 && (value & (value - 1)) == 0);
    if (value == 0x20) {
        model->asked[locality] = false;
        if (model->active == locality)
            model_let_go(model);
    } else if (value == 0x10) {
        model->seized[locality] = false;
    } else if (value == 0x08) {
        if (model->active == NOBODY || locality > model->active)
            model_seize(model, locality);
    } else if (value == 0x02) {
        model_ask(model, locality);
    } else {
        fail_msg("0x%02x into TPM_ACCESS", value);
    }
}

static void write_ready(struct model *model)
{
    if (model_hangs(model))
        return;
    if (model->state == CHIP_IDLE) {
        model_change(model, CHIP_READY);
    } else if (model->state != CHIP_READY) {
        model_abort(model);
        if (model->ready_at_once)
            model_change(model, CHIP_READY);
    }
}

static void write_status(struct model *model, uint8_t value)
{
    assert_true(value != 0 && (value & (value - 1)) == 0);
    if (value == 0x40) {
        write_ready(model);
    } else if (value == 0x20) {
        assert_true(model->state == CHIP_TAKES && !expects(model));
        model_go(model);
    } else if (value == 0x02) {
        if (model->state == CHIP_HAS)
            model_again(model);
    } else {
        fail_msg("0x%02x into TPM_STS", value);
    }
}

static void put_byte(struct model *model, uint8_t value)
{
    if (model->state == CHIP_READY) {
        assert_true(model_is_settled(model));
        model->state = CHIP_TAKES;
        model->length = 0;
    }
    if (model->state != CHIP_TAKES)
        fail_msg("a byte for a chip in state %d", (int)model->state);
    assert_true(model->allowed > 0);
    model->allowed--;
    assert_true(model->length < sizeof(model->buffer));
    model->buffer[model->length++] = value;
    if (model->length == 5 && model_shows(model, FAULT_LOST_SENDING))
        model_seize(model, 4);
}

void fifo_write(struct model *model, unsigned locality, uint32_t offset,
                uint32_t value, unsigned width)
{
    if (width != 1)
        fail_msg("a word into register 0x%x", offset);
    if (offset == 0) {
        write_access(model, locality, (uint8_t)value);
        return;
    }
    if (model->active != locality)
        return;
    if (offset == 0x18)
        write_status(model, (uint8_t)value);
    else if (offset == 0x1b && value == 1 &&
             model->interface == VTPMRING_TIS_FIFO_20)
        model_cancel(model);
    else if (offset == 0x24)
        put_byte(model, (uint8_t)value);
    else
        fail_msg("0x%x into register 0x%x", value, offset);
}
