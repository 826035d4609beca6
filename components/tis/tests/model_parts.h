/* SPDX-License-Identifier: MIT */
/**
 * @file model_parts.h
 * What the files of the model do for each other.
 */
#ifndef VTPMRING_TIS_MODEL_PARTS_H
#define VTPMRING_TIS_MODEL_PARTS_H

#include "model.h"

#define NOBODY 0xffu

/** Whether a fault shows itself now. */
bool model_shows(struct model *model, enum fault fault);
/** An access: time goes on, and with it the command. */
void model_time(struct model *model);
/** Another state, some time from now. */
void model_change(struct model *model, enum chip_state state);
bool model_is_settled(const struct model *model);
/** Whatever it did is dropped. */
void model_abort(struct model *model);
/** Whether it executes and cannot be stopped. */
bool model_hangs(const struct model *model);
/** A locality asks for use. */
void model_ask(struct model *model, unsigned locality);
/** The command is complete and starts. */
void model_go(struct model *model);
/** It is to end early. */
void model_cancel(struct model *model);
/** The response is wanted once more. */
void model_again(struct model *model);

uint32_t fifo_read(struct model *model, unsigned locality, uint32_t offset,
                   unsigned width);
void fifo_write(struct model *model, unsigned locality, uint32_t offset,
                uint32_t value, unsigned width);
uint32_t crb_read(struct model *model, unsigned locality, uint32_t offset,
                  unsigned width);
void crb_write(struct model *model, unsigned locality, uint32_t offset,
               uint32_t value, unsigned width);

#endif
