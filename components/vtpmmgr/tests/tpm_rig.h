/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_TESTS_TPM_RIG_H
#define VTPMMGR_TESTS_TPM_RIG_H

/**
 * @file
 * TPMs for tests: swtpm, each with a state of its own that a reboot keeps, and
 * somebody on the bus (tcti_tap.h). In a folder of folder.h.
 */

#include "folder.h"
#include "tcti_tap.h"

#include "root_tpm.h"

#include <stdbool.h>
#include <sys/types.h>

struct rig {
    const char *name; /**< of the folder with its state */
    unsigned port;
    pid_t pid;
    char tcti[256]; /**< for tpm2-tools: without the tap */
    char conf[512]; /**< with it */
};

extern struct tap tap;

/** Powers a TPM on; a new one if there is no state under that name. */
void rig_on(struct rig *rig, const char *name);
/** Cuts its power. */
void rig_off(struct rig *rig);
/** Both. */
void rig_reboot(struct rig *rig);
/** Off, and its state is gone. */
void rig_destroy(struct rig *rig);
/** Runs a shell command with TPM2TOOLS_TCTI set. @return its exit code */
int rig_tool(const struct rig *rig, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The same, and it must succeed. */
#define rig_do(rig, ...) assert_int_equal(rig_tool(rig, __VA_ARGS__), 0)
/** What the bus has seen is forgotten, and nobody does anything on it. */
void tap_clear(void);
/** Whether these bytes were on the bus in a row. */
bool tap_saw(const void *bytes, size_t len);

/** The options of a test: this TPM, all else as it is by default. */
struct vtpmmgr_root_tpm_options rig_options(const struct rig *rig);
/** A root with these options, or the test fails. */
struct vtpmmgr_root *rig_root(const struct vtpmmgr_root_tpm_options *options);

/** Checks a status, and that the line says @p text unless it is NULL. */
#define assert_answer(is, wanted, err, text)                                   \
    check_answer(is, wanted, err, text, __FILE__, __LINE__)
void check_answer(enum vtpm_status is, enum vtpm_status wanted,
                  const struct vtpm_error *err, const char *text,
                  const char *file, int line);

#endif
