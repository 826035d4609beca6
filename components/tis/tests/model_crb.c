/* SPDX-License-Identifier: MIT */
/* The registers of CRB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "model_parts.h"

#define BUFFER 0x80u

static uint32_t start_of(const struct model *model)
{
    return BUFFER + (model->fault == FAULT_UNALIGNED ? 2 : 0);
}

static uint64_t address(const struct model *model, unsigned locality,
                        bool response)
{
    uint64_t right = VTPMRING_TIS_BASE + locality * 0x1000 + start_of(model);

    if (response)
        return model->fault == FAULT_RESPONSE_FAR ? right + 0x1000 : right;
    switch (model->fault) {
    case FAULT_COMMAND_BELOW:
        return right - 4;
    case FAULT_COMMAND_FAR:
        return UINT64_MAX - 3;
    case FAULT_COMMAND_HIGH:
        return right + (1ull << 32);
    default:
        return right;
    }
}

static uint32_t size_of(const struct model *model, bool response)
{
    uint32_t right = 0x1000 - start_of(model);

    switch (model->fault) {
    case FAULT_COMMAND_LONG:
        return response ? right : right + 1;
    case FAULT_COMMAND_SHORT:
        return response ? right : 11;
    case FAULT_COMMAND_EMPTY:
        return response ? right : 0;
    case FAULT_RESPONSE_LONG:
        return response ? 0xffffffff : right;
    case FAULT_RESPONSE_EMPTY:
        return response ? 0 : right;
    case FAULT_RESPONSE_11:
        return response ? 11 : right;
    default:
        return right;
    }
}

/* Requests of a change of state are answered after some time. */
static void settle(struct model *model)
{
    if (!model_is_settled(model))
        return;
    if (model->crb_ready && model->fault != FAULT_NEVER_READY &&
        (model->state == CHIP_IDLE || model->state == CHIP_READY)) {
        model->crb_ready = false;
        model->state = CHIP_READY;
        model->length = 0;
    }
    if (model->crb_idle && model->fault != FAULT_NEVER_IDLE &&
        model->state != CHIP_RUNS) {
        model->crb_idle = false;
        model_abort(model);
    }
}

static uint8_t byte_at(struct model *model, uint32_t offset)
{
    size_t at = offset - start_of(model);

    if (offset < start_of(model) || model->state != CHIP_HAS ||
        at >= sizeof(model->buffer))
        return 0xff;
    if (at == 4 && model_shows(model, FAULT_LOST_RECEIVING)) {
        model_seize(model, 4);
        return 0xff;
    }
    if (at == 20 && model->fault == FAULT_LOST_SHARED)
        model->shared = true;
    if (at == 20 && (model_shows(model, FAULT_LOST_LATE) ||
                     model_shows(model, FAULT_LOST_SHARED))) {
        model_seize(model, 4);
        return 0xff;
    }
    return at < model->length ? model->buffer[at] : 0xff;
}

static uint32_t control(struct model *model, unsigned locality, uint32_t offset)
{
    switch (offset) {
    case 0x40:
        return (model->crb_ready ? 1u : 0) | (model->crb_idle ? 2u : 0);
    case 0x44:
        return (model->fault == FAULT_ERROR ? 1u : 0) |
               (model->state == CHIP_IDLE || model->fault == FAULT_STAYS_IDLE
                    ? 2u
                    : 0);
    case 0x48:
        return model->crb_cancel ? 1 : 0;
    case 0x4c:
        return model->state == CHIP_RUNS ? 1 : 0;
    case 0x58:
        return size_of(model, false);
    case 0x5c:
        return (uint32_t)address(model, locality, false);
    case 0x60:
        return (uint32_t)(address(model, locality, false) >> 32);
    case 0x64:
        return size_of(model, true);
    case 0x68:
        return (uint32_t)address(model, locality, true);
    case 0x6c:
        return (uint32_t)(address(model, locality, true) >> 32);
    default:
        return 0xffffffff;
    }
}

uint32_t crb_read(struct model *model, unsigned locality, uint32_t offset,
                  unsigned width)
{
    uint32_t value = 0;

    settle(model);
    switch (offset) {
    case 0x00:
        return 0x81u | (model->active != NOBODY ? 2u | model->active << 2 : 0);
    case 0x0c:
        return (model->active == locality ? 1u : 0) |
               (model->seized[locality] ? 2u : 0);
    case 0x30:
        if (model->fault == FAULT_UNKNOWN)
            return 0x4011 + 1;
        return 0x4011u | (model->one_locality ? 0 : 0x100);
    case 0x34:
        return 0x00018086;
    default:
        break;
    }
    if (model->active != locality && !model->shared)
        return 0xffffffff;
    if (offset < BUFFER)
        return control(model, locality, offset);
    if (model->state == CHIP_HAS && !model_is_settled(model))
        return 0xffffffff;
    for (unsigned i = 0; i < width; i++)
        value |= (uint32_t)byte_at(model, offset + i) << 8 * i;
    return value;
}

static void write_location(struct model *model, unsigned locality,
                           uint32_t value)
{
    switch (value) {
    case 1:
        model->seized[locality] = false;
        model_ask(model, locality);
        break;
    case 2:
        model->asked[locality] = false;
        if (model->active == locality)
            model_let_go(model);
        break;
    case 4:
        if (model->active == NOBODY || locality > model->active)
            model_seize(model, locality);
        break;
    default:
        fail_msg("0x%x into TPM_LOC_CTRL", value);
    }
}

static void write_buffer(struct model *model, uint32_t offset, uint32_t value,
                         unsigned width)
{
    assert_true(offset >= start_of(model));
    assert_true(model->state == CHIP_READY || model->state == CHIP_TAKES);
    model->state = CHIP_TAKES;
    for (unsigned i = 0; i < width; i++) {
        size_t at = offset - start_of(model) + i;

        assert_true(at < sizeof(model->buffer));
        model->buffer[at] = (uint8_t)(value >> 8 * i);
        if (at >= model->length)
            model->length = at + 1;
    }
    if (model->length >= 5 && model_shows(model, FAULT_LOST_SENDING))
        model_seize(model, 4);
}

void crb_write(struct model *model, unsigned locality, uint32_t offset,
               uint32_t value, unsigned width)
{
    settle(model);
    assert_true(width == 4 || offset >= BUFFER);
    if (offset == 0x08) {
        write_location(model, locality, value);
        return;
    }
    if (model->active != locality)
        return;
    if (offset == 0x40 && value == 1) {
        model->crb_ready = true;
        model->settled = model->now + model->settle;
    } else if (offset == 0x40 && value == 2) {
        model->crb_idle = true;
        model->settled = model->now + model->settle;
    } else if (offset == 0x48 && value <= 1) {
        model->crb_cancel = value == 1;
        if (value == 1)
            model_cancel(model);
    } else if (offset == 0x4c && value == 1) {
        assert_true(model->state == CHIP_TAKES && !model->crb_cancel);
        model_go(model);
    } else if (offset >= BUFFER) {
        write_buffer(model, offset, value, width);
    } else {
        fail_msg("0x%x into register 0x%x", value, offset);
    }
}
