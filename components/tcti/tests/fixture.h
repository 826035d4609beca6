/* SPDX-License-Identifier: MIT */
/**
 * @file fixture.h
 * A context over the fake link, with its lock file in a folder of the test.
 * The program must be linked with --wrap=tcti_lock_folder.
 */
#ifndef VTPMRING_TCTI_FIXTURE_H
#define VTPMRING_TCTI_FIXTURE_H

#include <tss2/tss2_tcti_vtpmring.h>

#include "fake_link.h"

/** A TPM2_GetRandom. */
extern const uint8_t get_random[12];
/** What the fake link answers. */
extern const uint8_t answer[16];

/** The context: no waiting, never replaced. */
extern TSS2_TCTI_CONTEXT *context;
/** A second one for tests that make one; destroyed by teardown(). */
extern TSS2_TCTI_CONTEXT *other;

/** For cmocka: makes the context. */
int setup(void **state);
/** For cmocka: destroys both, fails if anything of them is left. */
int teardown(void **state);

/** Memory for a context, full of rubbish; gets its size. */
TSS2_TCTI_CONTEXT *memory(size_t *size);
/** A new context; fails the test if there is none. */
TSS2_TCTI_CONTEXT *make(const char *conf);
/** Finalizes and frees it, and sets it to NULL. */
void destroy(TSS2_TCTI_CONTEXT **made);

/** Sends get_random. */
TSS2_RC transmit(TSS2_TCTI_CONTEXT *to);
/** Receives from the context, with no end of waiting. */
TSS2_RC receive(uint8_t *response, size_t *size);

#endif
