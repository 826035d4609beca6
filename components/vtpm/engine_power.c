/* SPDX-License-Identifier: MIT */
/* How long PCRs live: power, and what is kept without it. */
#include "engine_impl.h"

#include "bytes.h"
#include "crypto.h"

#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>

/* Of the localities, the one that may extend every PCR. */
#define EXTEND_LOCALITY 2u

static enum vtpm_status fails(const struct vtpm_command *command, uint32_t code,
                              struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_ETPM,
                     "the TPM failed: %s was answered with 0x%lx; restore the "
                     "store from a backup if that lasts",
                     command->name, (unsigned long)code);
}

/* Sends the engine's own commands, which must succeed. */
static enum vtpm_status send_all(struct vtpm_engine *engine,
                                 const struct vtpm_command *commands,
                                 size_t count, struct vtpm_error *err)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t code = vtpm_engine_own(engine, &commands[i], 0);

        if (code != TPM_SUCCESS)
            return fails(&commands[i], code, err);
    }
    return VTPM_OK;
}

static enum vtpm_status give_power(struct vtpm_error *err)
{
    TPM_RESULT result = TPMLIB_MainInit();

    if (result == TPM_SUCCESS)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_ETPM,
                     "libtpms does not accept the TPM's state: error 0x%lx; "
                     "restore the store from a backup",
                     (unsigned long)result);
}

static enum vtpm_status power_on(struct vtpm_engine *engine,
                                 struct vtpm_error *err)
{
    enum vtpm_status status = give_power(err);

    return status != VTPM_OK ? status
                             : send_all(engine, engine->family->startup,
                                        engine->family->startup_count, err);
}

/* What a family needs once takes effect with the next power on. */
enum vtpm_status vtpm_engine_make(struct vtpm_engine *engine,
                                  struct vtpm_error *err)
{
    enum vtpm_status status = power_on(engine, err);

    if (status == VTPM_OK && engine->family->equip_count > 0) {
        status = send_all(engine, engine->family->equip,
                          engine->family->equip_count, err);
        if (status == VTPM_OK) {
            TPMLIB_Terminate();
            status = power_on(engine, err);
        }
    }
    engine->pristine = true;
    engine->dirty = true;
    return status;
}

/* All that the TPM had in its memory is back, so it is started already. A blob
 * that libtpms passed over would leave it without any Startup. */
static enum vtpm_status restore(struct vtpm_engine *engine,
                                struct vtpm_error *err)
{
    const struct vtpm_command *startup = engine->family->startup;
    enum vtpm_status status = give_power(err);
    uint32_t code;

    if (status != VTPM_OK)
        return status;
    code = vtpm_engine_own(engine, startup, 0);
    if (code != engine->family->rc_started)
        return vtpm_fail(err, VTPM_ETPM,
                         "libtpms did not take the TPM's memory back: %s was "
                         "answered with 0x%lx; restore the store from a backup",
                         startup->name, (unsigned long)code);
    return VTPM_OK;
}

/* What a PCR is extended with. */
typedef enum vtpm_status value_source(void *context, uint32_t pcr,
                                      uint8_t *value, size_t len,
                                      struct vtpm_error *err);

static enum vtpm_status extend(struct vtpm_engine *engine, uint32_t pcrs,
                               value_source *source, void *context,
                               struct vtpm_error *err)
{
    const struct vtpm_family_data *family = engine->family;
    uint8_t bytes[sizeof engine->scratch];
    struct vtpm_command command = family->extend;
    enum vtpm_status status = VTPM_OK;

    memcpy(bytes, command.bytes, command.len);
    command.bytes = bytes;
    for (uint32_t pcr = 0; status == VTPM_OK && pcr < VTPM_PCR_COUNT; pcr++) {
        if (!(pcrs >> pcr & 1))
            continue;
        vtpm_put32(bytes + family->extend_pcr, pcr);
        status = source(context, pcr, bytes + family->extend_data,
                        command.len - family->extend_data, err);
        if (status == VTPM_OK) {
            uint32_t code = vtpm_engine_own(engine, &command, EXTEND_LOCALITY);

            if (code != TPM_SUCCESS)
                status = fails(&command, code, err);
        }
    }
    return status;
}

static enum vtpm_status random_value(void *context, uint32_t pcr,
                                     uint8_t *value, size_t len,
                                     struct vtpm_error *err)
{
    (void)context;
    (void)pcr;
    return vtpm_random(value, len, err);
}

/* Nobody knows what the PCRs were: nobody may take them for anything. */
static enum vtpm_status spoil(struct vtpm_engine *engine,
                              struct vtpm_error *err)
{
    enum vtpm_status status =
        extend(engine, UINT32_MAX, random_value, NULL, err);

    if (status == VTPM_OK)
        vtpm_engine_say(engine,
                        "the vTPM was not stopped in order, its PCRs are lost: "
                        "they were extended with random bytes, and what the "
                        "guest shows by them is void until it boots again",
                        NULL);
    return status;
}

enum vtpm_status vtpm_engine_begin_pcrs(struct vtpm_engine *engine,
                                        struct vtpm_error *err)
{
    const struct vtpm_engine_options *options = &engine->options;

    return extend(engine, options->initial_pcrs, options->initial,
                  options->initial_context, err);
}

enum vtpm_status vtpm_engine_wake(struct vtpm_engine *engine,
                                  struct vtpm_error *err)
{
    bool pristine = vtpm_blobs_remove(&engine->blobs, VTPM_BLOB_PRISTINE);
    enum vtpm_status status;
    size_t len;

    engine->dirty = true;
    if (vtpm_blobs_get(&engine->blobs, VTPM_BLOB_VOLATILE, &len)) {
        status = restore(engine, err);
        (void)vtpm_blobs_remove(&engine->blobs, VTPM_BLOB_VOLATILE);
        return status;
    }
    status = power_on(engine, err);
    if (status == VTPM_OK && !pristine)
        status = spoil(engine, err);
    engine->pristine = pristine;
    return status;
}

static enum vtpm_status end_orderly(struct vtpm_engine *engine,
                                    struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;

    if (engine->dead)
        return vtpm_fail(err, VTPM_ETPM, "the TPM has no power");
    if (!engine->orderly)
        status = send_all(engine, &engine->family->shutdown, 1, err);
    engine->orderly = status == VTPM_OK;
    return status;
}

enum vtpm_status vtpm_engine_shutdown(struct vtpm_engine *engine,
                                      struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_engine_save(engine, err);

    if (status == VTPM_OK)
        status = end_orderly(engine, err);
    return status == VTPM_OK ? vtpm_engine_save(engine, err) : status;
}

/* Puts the TPM's memory into the blobs. */
static enum vtpm_status take_memory(struct vtpm_engine *engine,
                                    struct vtpm_error *err)
{
    unsigned char *bytes = NULL;
    uint32_t len = 0;
    enum vtpm_status status;

    if (TPMLIB_GetState(TPMLIB_STATE_VOLATILE, &bytes, &len) != TPM_SUCCESS ||
        !bytes || len == 0) {
        TPM_Free(bytes);
        return vtpm_fail(err, VTPM_ETPM,
                         "the TPM does not give its memory, its PCRs are lost");
    }
    status = vtpm_blobs_put(&engine->blobs, VTPM_BLOB_VOLATILE, bytes, len,
                            &engine->dirty);
    vtpm_cleanse(bytes, len);
    TPM_Free(bytes);
    if (status != VTPM_OK)
        return vtpm_fail(
            err, status, "cannot keep the TPM's memory, its PCRs are lost: %s",
            status == VTPM_ENOMEM ? "out of memory" : "it is too long");
    return VTPM_OK;
}

enum vtpm_status vtpm_engine_keep(struct vtpm_engine *engine,
                                  struct vtpm_error *err)
{
    enum vtpm_status status = vtpm_engine_save(engine, err);

    if (status == VTPM_OK)
        status = end_orderly(engine, err);
    if (status == VTPM_OK && engine->pristine)
        status = vtpm_blobs_put(&engine->blobs, VTPM_BLOB_PRISTINE, NULL, 0,
                                &engine->dirty);
    else if (status == VTPM_OK)
        status = take_memory(engine, err);
    return status == VTPM_OK ? vtpm_engine_save(engine, err) : status;
}

/* The blobs are what libtpms last stored, saved or not, so it finds all. */
enum vtpm_status vtpm_engine_power_cycle(struct vtpm_engine *engine,
                                         struct vtpm_error *err)
{
    enum vtpm_status status;

    if (engine->pristine && engine->options.initial_pcrs == 0)
        return VTPM_OK;
    /* a TPM in failure mode cannot; power is what it needs */
    (void)end_orderly(engine, NULL);
    TPMLIB_Terminate();
    status = power_on(engine, err);
    if (status == VTPM_OK)
        status = vtpm_engine_begin_pcrs(engine, err);
    engine->orderly = false;
    engine->dead = status != VTPM_OK;
    engine->pristine = status == VTPM_OK;
    if (status == VTPM_OK)
        (void)vtpm_engine_save(engine, NULL);
    return status;
}
