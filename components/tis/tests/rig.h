/* SPDX-License-Identifier: MIT */
/**
 * @file rig.h
 * A driver on a model, and commands of both families.
 */
#ifndef VTPMRING_TIS_RIG_H
#define VTPMRING_TIS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "model.h"

/** A driver, its chip, and what it got. */
struct rig {
    struct vtpmring_tis tis;
    struct model model;
    uint8_t response[4096 + 64];
    uint64_t began; /**< the last command, in the model's time */
};

/** Leaves out chips of the other family: libtpms has one TPM per process.
 *  @param family "12", "20", or NULL for both */
void rig_only(const char *family);
/** Whether a chip is not left out. */
bool rig_tries(enum vtpmring_tis_interface interface);
/** Makes both, and probes. */
void rig_begin(struct rig *rig, enum vtpmring_tis_interface interface);
/** The same with other options. */
void rig_begin_with(struct rig *rig, enum vtpmring_tis_interface interface,
                    const struct vtpmring_tis_config *config);
/** Runs a command at locality 0 with room for 4096 bytes, and checks that
 *  nothing is written beyond the response. */
enum vtpmring_status rig_execute(struct rig *rig, const void *command,
                                 size_t length);
/** Submits GetRandom. */
void rig_submit_random(struct rig *rig, unsigned count);
/** GetRandom of the family of the chip. @return how it ended */
enum vtpmring_status rig_random(struct rig *rig, unsigned count);
/** Succeeds, or the test fails. */
void rig_works(struct rig *rig);
/** Steps until a phase is entered. */
void rig_step_to(struct rig *rig, enum vtpmring_tis_phase phase);

/** Fails with both names. */
#define assert_status(is, wanted) check_status(is, wanted, __FILE__, __LINE__)
void check_status(enum vtpmring_status is, enum vtpmring_status wanted,
                  const char *file, int line);

#endif
