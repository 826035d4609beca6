/* SPDX-License-Identifier: MIT */
#ifndef VTPM_TESTS_TPM_SUPPORT_H
#define VTPM_TESTS_TPM_SUPPORT_H

/**
 * @file
 * TPM commands by hand, and an engine over a store in the tests' folder.
 */

#include "support.h"

#include "engine.h"

#include <stdbool.h>

/** A command under construction; the size field is filled by run(). */
struct packet {
    uint8_t bytes[4200];
    size_t len;
};

struct packet command(uint16_t tag, uint32_t ordinal);
void add8(struct packet *packet, uint8_t value);
void add16(struct packet *packet, uint16_t value);
void add32(struct packet *packet, uint32_t value);
void add_bytes(struct packet *packet, const void *bytes, size_t len);
/** An authorization area with an empty password. */
void add_password(struct packet *packet);

/** A TPM with its store and key. */
struct tpm {
    struct vtpm_keys *keys;
    struct vtpm_store *store;
    struct vtpm_engine *engine;
    const char *path;
    /** the last response */
    uint8_t response[VTPM_COMMAND_MAX];
    size_t response_len;
    char log[8][400];
    unsigned logged;
};

/** For engines that are started from now on; logs go to struct tpm. */
extern struct vtpm_engine_options tpm_options;

/** Makes a new TPM under a key file and runs it. */
void tpm_new(struct tpm *tpm, enum vtpm_family family);
/** Runs a TPM that was made before and never used: making one takes long. */
void tpm_made(struct tpm *tpm, enum vtpm_family family);
/** Stops it in order. */
void tpm_stop(struct tpm *tpm);
/** Runs the TPM that is in the store. */
enum vtpm_status tpm_start(struct tpm *tpm, struct vtpm_error *err);
void tpm_restart(struct tpm *tpm);
/** As if the process was killed: what was not durable is gone. */
void tpm_crash_and_restart(struct tpm *tpm);
/** Stops it and frees the keys. */
void tpm_end(struct tpm *tpm);
uint64_t tpm_saves(const struct tpm *tpm);

/** Runs a command as is. @return its return code */
uint32_t run_raw(struct tpm *tpm, const uint8_t *bytes, size_t len,
                 uint8_t locality);
/** Fills in the size and runs at locality 0. */
uint32_t run(struct tpm *tpm, struct packet *packet);

/* TPM 2.0; each returns the return code */
uint32_t get_random(struct tpm *tpm, uint16_t len);
uint32_t get_property(struct tpm *tpm, uint32_t property, uint32_t *value);
uint32_t pcr_extend(struct tpm *tpm, uint32_t pcr, uint8_t fill);
uint32_t pcr_read(struct tpm *tpm, uint32_t pcr, uint8_t value[32]);
uint32_t nv_define(struct tpm *tpm, uint32_t index, uint32_t attributes,
                   uint16_t len);
uint32_t nv_write(struct tpm *tpm, uint32_t index, const void *bytes,
                  uint16_t len);
uint32_t nv_read(struct tpm *tpm, uint32_t index, void *bytes, uint16_t len);
uint32_t create_primary_rsa(struct tpm *tpm, uint32_t hierarchy, uint32_t seed,
                            uint32_t *handle);
struct packet create_primary_rsa_command(uint32_t hierarchy, uint32_t seed);
uint32_t flush(struct tpm *tpm, uint32_t handle);
/** TPMA_STARTUP_CLEAR; ORDERLY: the last stop was orderly. */
uint32_t startup_clear(struct tpm *tpm);
#define ORDERLY 0x80000000u
uint32_t shutdown_20(struct tpm *tpm, uint16_t type);

/* TPM 1.2 */
#define TAG_12 0x00c1
uint32_t pcr_read_12(struct tpm *tpm, uint32_t pcr, uint8_t value[20]);
uint32_t extend_12(struct tpm *tpm, uint32_t pcr, uint8_t fill);

/* Both */
uint32_t extend(struct tpm *tpm, uint32_t pcr, uint8_t fill);
void power_cycle(struct tpm *tpm);

#define NV_OWNER_AND_AUTH 0x02060006u /* no dictionary attack protection */
#define NV_PROTECTED 0x00060006u      /* with it */
#define RH_OWNER 0x40000001u
#define RH_NULL 0x40000007u

#endif
