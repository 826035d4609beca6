/* SPDX-License-Identifier: MIT */
#include "tpm_support.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void add8(struct packet *packet, uint8_t value)
{
    add_bytes(packet, &value, 1);
}

void add16(struct packet *packet, uint16_t value)
{
    uint8_t bytes[2];

    vtpm_put16(bytes, value);
    add_bytes(packet, bytes, 2);
}

void add32(struct packet *packet, uint32_t value)
{
    uint8_t bytes[4];

    vtpm_put32(bytes, value);
    add_bytes(packet, bytes, 4);
}

void add_bytes(struct packet *packet, const void *bytes, size_t len)
{
    assert_true(packet->len + len <= sizeof packet->bytes);
    memcpy(packet->bytes + packet->len, bytes, len);
    packet->len += len;
}

struct packet command(uint16_t tag, uint32_t ordinal)
{
    struct packet packet = {.len = 0};

    add16(&packet, tag);
    add32(&packet, 0);
    add32(&packet, ordinal);
    return packet;
}

void add_password(struct packet *packet)
{
    add32(packet, 9);
    add32(packet, 0x40000009); /* TPM_RS_PW */
    add16(packet, 0);
    add8(packet, 0);
    add16(packet, 0);
}

static void take_log(void *context, const char *line)
{
    struct tpm *tpm = context;

    assert_null(strchr(line, '\n'));
    (void)snprintf(tpm->log[tpm->logged++ % 8], sizeof tpm->log[0], "%s", line);
}

struct vtpm_engine_options tpm_options;

static enum vtpm_status start_engine(struct tpm *tpm, struct vtpm_error *err)
{
    struct vtpm_engine_options options = tpm_options;

    options.log = take_log;
    options.log_context = tpm;
    return vtpm_engine_start(&tpm->engine, tpm->store, &options, err);
}

void tpm_new(struct tpm *tpm, enum vtpm_family family)
{
    struct vtpm_error err;

    memset(tpm, 0, sizeof *tpm);
    tpm->keys = key_file(0);
    tpm->path = in_folder("tpm");
    remove_path(tpm->path);
    assert_status(vtpm_store_provision(&tpm->store, tpm->path, test_uuid,
                                       family, tpm->keys, &err),
                  VTPM_OK, &err);
    assert_status(start_engine(tpm, &err), VTPM_OK, &err);
}

void tpm_made(struct tpm *tpm, enum vtpm_family family)
{
    static struct image made[2];
    struct image *image = &made[family == VTPM_FAMILY_12];
    struct vtpm_error err;

    if (!image->bytes) {
        tpm_new(tpm, family);
        tpm_stop(tpm);
        *image = image_read(tpm->path);
        vtpm_keys_close(tpm->keys);
    }
    memset(tpm, 0, sizeof *tpm);
    tpm->keys = key_file(0);
    tpm->path = in_folder("tpm");
    remove_path(tpm->path);
    image_write(tpm->path, image);
    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
}

void tpm_stop(struct tpm *tpm)
{
    struct vtpm_error err;

    assert_status(vtpm_engine_stop(tpm->engine, &err), VTPM_OK, &err);
    tpm->engine = NULL;
    vtpm_store_close(tpm->store);
    tpm->store = NULL;
}

enum vtpm_status tpm_start(struct tpm *tpm, struct vtpm_error *err)
{
    enum vtpm_status status =
        vtpm_store_open(&tpm->store, tpm->path, test_uuid, tpm->keys, err);

    if (status != VTPM_OK)
        return status;
    status = start_engine(tpm, err);
    if (status != VTPM_OK) {
        assert_null(tpm->engine);
        vtpm_store_close(tpm->store);
        tpm->store = NULL;
    }
    return status;
}

void tpm_restart(struct tpm *tpm)
{
    struct vtpm_error err;

    tpm_stop(tpm);
    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
}

void tpm_crash_and_restart(struct tpm *tpm)
{
    struct image durable = image_read(tpm->path);
    struct vtpm_error err;

    tpm_stop(tpm);
    image_write(tpm->path, &durable);
    image_free(&durable);
    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
}

void tpm_end(struct tpm *tpm)
{
    if (tpm->engine)
        tpm_stop(tpm);
    vtpm_keys_close(tpm->keys);
}

uint64_t tpm_saves(const struct tpm *tpm)
{
    return vtpm_store_saves(tpm->store);
}

uint32_t run_raw(struct tpm *tpm, const uint8_t *bytes, size_t len,
                 uint8_t locality)
{
    /* exactly as long as it is, so that the sanitizer sees overreads */
    uint8_t *copy = malloc(len ? len : 1);
    const uint8_t *response;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    response = vtpm_engine_execute(tpm->engine, copy, len, locality,
                                   &tpm->response_len);
    free(copy);
    assert_non_null(response);
    assert_in_range(tpm->response_len, 10, VTPM_COMMAND_MAX);
    memcpy(tpm->response, response, tpm->response_len);
    assert_int_equal(vtpm_get32(response + 2), tpm->response_len);
    return vtpm_get32(response + 6);
}

uint32_t run(struct tpm *tpm, struct packet *packet)
{
    vtpm_put32(packet->bytes + 2, (uint32_t)packet->len);
    return run_raw(tpm, packet->bytes, packet->len, 0);
}

uint32_t get_random(struct tpm *tpm, uint16_t len)
{
    struct packet packet = command(0x8001, 0x17b);

    add16(&packet, len);
    return run(tpm, &packet);
}

uint32_t get_property(struct tpm *tpm, uint32_t property, uint32_t *value)
{
    struct packet packet = command(0x8001, 0x17a);
    uint32_t rc;

    add32(&packet, 6); /* TPM_CAP_TPM_PROPERTIES */
    add32(&packet, property);
    add32(&packet, 1);
    rc = run(tpm, &packet);
    if (rc == 0) {
        assert_int_equal(vtpm_get32(tpm->response + 19), property);
        *value = vtpm_get32(tpm->response + 23);
    }
    return rc;
}

uint32_t pcr_extend(struct tpm *tpm, uint32_t pcr, uint8_t fill)
{
    struct packet packet = command(0x8002, 0x182);
    uint8_t digest[32];

    memset(digest, fill, sizeof digest);
    add32(&packet, pcr);
    add_password(&packet);
    add32(&packet, 1);
    add16(&packet, 0x000b);
    add_bytes(&packet, digest, sizeof digest);
    return run(tpm, &packet);
}

uint32_t pcr_read(struct tpm *tpm, uint32_t pcr, uint8_t value[32])
{
    struct packet packet = command(0x8001, 0x17e);
    uint8_t select[3] = {0};
    uint32_t rc;

    select[pcr / 8] = (uint8_t)(1u << pcr % 8);
    add32(&packet, 1);
    add16(&packet, 0x000b);
    add8(&packet, 3);
    add_bytes(&packet, select, 3);
    rc = run(tpm, &packet);
    if (rc == 0) {
        assert_int_equal(tpm->response_len, 10 + 4 + 4 + 6 + 4 + 2 + 32);
        memcpy(value, tpm->response + tpm->response_len - 32, 32);
    }
    return rc;
}

uint32_t nv_define(struct tpm *tpm, uint32_t index, uint32_t attributes,
                   uint16_t len)
{
    struct packet packet = command(0x8002, 0x12a);

    add32(&packet, RH_OWNER);
    add_password(&packet);
    add16(&packet, 0);
    add16(&packet, 14);
    add32(&packet, index);
    add16(&packet, 0x000b);
    add32(&packet, attributes);
    add16(&packet, 0);
    add16(&packet, len);
    return run(tpm, &packet);
}

uint32_t nv_write(struct tpm *tpm, uint32_t index, const void *bytes,
                  uint16_t len)
{
    struct packet packet = command(0x8002, 0x137);

    add32(&packet, index);
    add32(&packet, index);
    add_password(&packet);
    add16(&packet, len);
    add_bytes(&packet, bytes, len);
    add16(&packet, 0);
    return run(tpm, &packet);
}

uint32_t nv_read(struct tpm *tpm, uint32_t index, void *bytes, uint16_t len)
{
    struct packet packet = command(0x8002, 0x14e);
    uint32_t rc;

    add32(&packet, index);
    add32(&packet, index);
    add_password(&packet);
    add16(&packet, len);
    add16(&packet, 0);
    rc = run(tpm, &packet);
    if (rc == 0)
        memcpy(bytes, tpm->response + 16, len);
    return rc;
}

struct packet create_primary_rsa_command(uint32_t hierarchy, uint32_t seed)
{
    struct packet packet = command(0x8002, 0x131);
    uint8_t unique[32];

    for (size_t i = 0; i < sizeof unique; i++) {
        seed = seed * 1664525u + 1013904223u;
        unique[i] = (uint8_t)(seed >> 24);
    }
    add32(&packet, hierarchy);
    add_password(&packet);
    add16(&packet, 4);
    add32(&packet, 0);
    add16(&packet, 26 + sizeof unique);
    add16(&packet, 0x0001); /* RSA */
    add16(&packet, 0x000b);
    add32(&packet, 0x00030072);
    add16(&packet, 0);
    add16(&packet, 0x0006); /* AES 128 CFB */
    add16(&packet, 128);
    add16(&packet, 0x0043);
    add16(&packet, 0x0010);
    add16(&packet, 2048);
    add32(&packet, 0);
    add16(&packet, sizeof unique);
    add_bytes(&packet, unique, sizeof unique);
    add16(&packet, 0);
    add32(&packet, 0);
    return packet;
}

uint32_t create_primary_rsa(struct tpm *tpm, uint32_t hierarchy, uint32_t seed,
                            uint32_t *handle)
{
    struct packet packet = create_primary_rsa_command(hierarchy, seed);
    uint32_t rc = run(tpm, &packet);

    if (rc == 0)
        *handle = vtpm_get32(tpm->response + 10);
    return rc;
}

uint32_t flush(struct tpm *tpm, uint32_t handle)
{
    struct packet packet = command(0x8001, 0x165);

    add32(&packet, handle);
    return run(tpm, &packet);
}

uint32_t shutdown_20(struct tpm *tpm, uint16_t type)
{
    struct packet packet = command(0x8001, 0x145);

    add16(&packet, type);
    return run(tpm, &packet);
}

uint32_t startup_clear(struct tpm *tpm)
{
    uint32_t value = 0;

    assert_int_equal(get_property(tpm, 0x201, &value), 0);
    return value;
}

uint32_t pcr_read_12(struct tpm *tpm, uint32_t pcr, uint8_t value[20])
{
    struct packet packet = command(TAG_12, 0x15);
    uint32_t rc;

    add32(&packet, pcr);
    rc = run(tpm, &packet);
    if (rc == 0)
        memcpy(value, tpm->response + 10, 20);
    return rc;
}

uint32_t extend_12(struct tpm *tpm, uint32_t pcr, uint8_t fill)
{
    struct packet packet = command(TAG_12, 0x14);
    uint8_t digest[20];

    memset(digest, fill, sizeof digest);
    add32(&packet, pcr);
    add_bytes(&packet, digest, sizeof digest);
    return run(tpm, &packet);
}

uint32_t extend(struct tpm *tpm, uint32_t pcr, uint8_t fill)
{
    return vtpm_store_family(tpm->store) == VTPM_FAMILY_12
               ? extend_12(tpm, pcr, fill)
               : pcr_extend(tpm, pcr, fill);
}

void power_cycle(struct tpm *tpm)
{
    struct vtpm_error err;

    assert_status(vtpm_engine_power_cycle(tpm->engine, &err), VTPM_OK, &err);
}
