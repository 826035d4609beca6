/* SPDX-License-Identifier: MIT */
#include "engine_impl.h"

#include "crypto.h"
#include "os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>

#define LOCALITY_MAX 4u

void vtpm_engine_say(struct vtpm_engine *engine, const char *what,
                     const struct vtpm_error *err)
{
    char line[sizeof err->text + 256];

    if (!engine->options.log)
        return;
    (void)snprintf(line, sizeof line, "%s%s", what, err ? err->text : "");
    engine->options.log(engine->options.log_context, line);
}

enum vtpm_status vtpm_engine_save(struct vtpm_engine *engine,
                                  struct vtpm_error *err)
{
    struct vtpm_error own = {{0}};
    enum vtpm_status status, before = engine->save_status;

    if (!engine->dirty)
        return VTPM_OK;
    status = vtpm_store_save(engine->store, engine->blobs.bytes,
                             engine->blobs.len, &own);
    engine->dirty = status != VTPM_OK;
    engine->owed = engine->owed && engine->dirty;
    engine->save_status = status;
    if (status != VTPM_OK && err)
        *err = own;
    if (status != before && status != VTPM_OK)
        vtpm_engine_say(engine,
                        "the TPM's state cannot be saved, commands are refused "
                        "until it can: ",
                        &own);
    if (status != before && status == VTPM_OK)
        vtpm_engine_say(engine, "the TPM's state is saved again", NULL);
    return status;
}

static const uint8_t *own_response(struct vtpm_engine *engine, uint32_t code,
                                   size_t *len)
{
    vtpm_tpm_error(engine->family, code, engine->error);
    *len = sizeof engine->error;
    return engine->error;
}

static void set_running(struct vtpm_engine *engine, uint64_t number)
{
    vtpm_os_lock(&engine->lock);
    engine->running = number;
    vtpm_os_unlock(&engine->lock);
}

/* The number is set only around libtpms, so that a request to cancel never
 * reaches the command after the one it was meant for. */
static const uint8_t *process(struct vtpm_engine *engine, uint8_t *command,
                              size_t command_len, size_t *len)
{
    uint32_t size = 0;
    TPM_RESULT result;

    engine->count++;
    set_running(engine, engine->count);
    result = TPMLIB_Process(&engine->response, &size, &engine->response_cap,
                            command, (uint32_t)command_len);
    set_running(engine, 0);
    if (result != TPM_SUCCESS || !engine->response || size < VTPM_TPM_HEADER ||
        size > VTPM_COMMAND_MAX || vtpm_tpm_size(engine->response) != size)
        return own_response(engine, engine->family->rc_failure, len);
    *len = size;
    return engine->response;
}

/* Whether to go on without a save. What is unsaved is only the clock, or that
 * the last guest was shut down; no guest has seen the one or asked for the
 * other, and trying again may take time. */
static bool may_wait(const struct vtpm_engine *engine, bool harmless)
{
    return harmless && !engine->owed && engine->save_status != VTPM_OK;
}

const uint8_t *vtpm_engine_execute(struct vtpm_engine *engine, uint8_t *command,
                                   size_t command_len, uint8_t locality,
                                   size_t *response_len)
{
    const struct vtpm_family_data *family = engine->family;
    const uint8_t *response;
    uint32_t ordinal;
    bool harmless;

    if (command_len < VTPM_TPM_HEADER || command_len > VTPM_COMMAND_MAX ||
        vtpm_tpm_size(command) != command_len)
        return own_response(engine, family->rc_size, response_len);
    if (locality > LOCALITY_MAX ||
        !(engine->options.localities >> locality & 1))
        return own_response(engine, family->rc_locality, response_len);
    if (engine->dead)
        return own_response(engine, family->rc_failure, response_len);
    harmless = vtpm_tpm_is_harmless(family, command);
    /* left over from a save that failed */
    if (!may_wait(engine, harmless) &&
        vtpm_engine_save(engine, NULL) != VTPM_OK &&
        !may_wait(engine, harmless))
        return own_response(engine, family->rc_not_durable, response_len);

    ordinal = vtpm_tpm_code(command);
    engine->locality = locality;
    engine->pristine = false;
    response = process(engine, command, command_len, response_len);
    engine->orderly = ordinal == family->shutdown_ordinal &&
                      vtpm_tpm_code(response) == TPM_SUCCESS;
    engine->owed = engine->owed || (engine->dirty && !harmless);
    if (!may_wait(engine, harmless) &&
        vtpm_engine_save(engine, NULL) != VTPM_OK &&
        !may_wait(engine, harmless))
        return own_response(engine, family->rc_not_durable, response_len);
    return response;
}

uint64_t vtpm_engine_running(struct vtpm_engine *engine)
{
    uint64_t number;

    vtpm_os_lock(&engine->lock);
    number = engine->running;
    vtpm_os_unlock(&engine->lock);
    return number;
}

enum vtpm_status vtpm_engine_cancel(struct vtpm_engine *engine, uint64_t number)
{
    enum vtpm_status status = VTPM_OK;

    if (!engine->may_cancel)
        return VTPM_EUNSUPPORTED;
    vtpm_os_lock(&engine->lock);
    if (number == 0 || engine->running != number)
        status = VTPM_EINVAL;
    else if (TPMLIB_CancelCommand() != TPM_SUCCESS)
        status = VTPM_EUNSUPPORTED;
    vtpm_os_unlock(&engine->lock);
    return status;
}

uint32_t vtpm_engine_own(struct vtpm_engine *engine,
                         const struct vtpm_command *command, uint8_t locality)
{
    const uint8_t *response;
    size_t len;

    engine->locality = locality;
    memcpy(engine->scratch, command->bytes, command->len);
    response = process(engine, engine->scratch, command->len, &len);
    return vtpm_tpm_code(response);
}

static enum vtpm_status load_blobs(struct vtpm_engine *engine,
                                   struct vtpm_error *err)
{
    struct vtpm_state state;
    size_t len = 0;
    enum vtpm_status status;

    if (vtpm_store_is_new(engine->store)) {
        if (vtpm_blobs_init(&engine->blobs) != VTPM_OK)
            return vtpm_fail(err, VTPM_ENOMEM,
                             "out of memory; end other programs");
        return VTPM_OK;
    }
    status = vtpm_store_load(engine->store, &state, err);
    if (status != VTPM_OK)
        return status;
    if (state.stepped_back)
        vtpm_engine_say(
            engine,
            "the last write was cut off before it was acknowledged; "
            "the state before it is used",
            NULL);
    status = vtpm_blobs_adopt(&engine->blobs, state.bytes, state.len, err);
    if (status != VTPM_OK) {
        vtpm_state_free(&state);
        return status;
    }
    /* without it libtpms would make a new TPM */
    if (!vtpm_blobs_get(&engine->blobs, "permall", &len) || len == 0)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the state has no permanent part; restore "
                         "the store from a backup");
    return VTPM_OK;
}

static enum vtpm_status bring_up(struct vtpm_engine *engine,
                                 struct vtpm_error *err)
{
    bool is_new = vtpm_store_is_new(engine->store);
    bool is_20 = vtpm_store_family(engine->store) == VTPM_FAMILY_20;
    enum vtpm_status status = load_blobs(engine, err);

    if (status != VTPM_OK)
        return status;
    /* some of its messages ignore the level and go to stderr */
    TPMLIB_SetDebugLevel(0);
    engine->sink = vtpm_os_sink();
    TPMLIB_SetDebugFD(engine->sink);
    if (TPMLIB_ChooseTPMVersion(is_20 ? TPMLIB_TPM_VERSION_2
                                      : TPMLIB_TPM_VERSION_1_2) != TPM_SUCCESS)
        return vtpm_fail(
            err, VTPM_ETPM,
            "this libtpms was built without TPM %s; install one with it",
            is_20 ? "2.0" : "1.2");
    if (is_20)
        (void)TPMLIB_SetBufferSize(VTPM_COMMAND_MAX, NULL, NULL);
    status =
        is_new ? vtpm_engine_make(engine, err) : vtpm_engine_wake(engine, err);
    if (status == VTPM_OK && engine->pristine)
        status = vtpm_engine_begin_pcrs(engine, err);
    if (status != VTPM_OK)
        return status;
    return vtpm_engine_save(engine, err);
}

static void dispose(struct vtpm_engine *engine)
{
    TPMLIB_Terminate();
    (void)vtpm_nvram_attach(NULL, NULL);
    TPMLIB_SetDebugFD(-1);
    vtpm_os_sink_close(engine->sink);
    if (engine->response)
        vtpm_cleanse(engine->response, engine->response_cap);
    TPM_Free(engine->response);
    vtpm_blobs_free(&engine->blobs);
    vtpm_os_lock_free(&engine->lock);
    vtpm_cleanse(engine, sizeof *engine);
    free(engine);
}

enum vtpm_status vtpm_engine_start(struct vtpm_engine **out,
                                   struct vtpm_store *store,
                                   const struct vtpm_engine_options *options,
                                   struct vtpm_error *err)
{
    struct vtpm_engine *engine = calloc(1, sizeof *engine);
    enum vtpm_status status;

    *out = NULL;
    if (!engine)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    engine->store = store;
    engine->sink = -1;
    if (options)
        engine->options = *options;
    if (engine->options.localities == 0)
        engine->options.localities = (UINT32_C(2) << LOCALITY_MAX) - 1;
    engine->family = vtpm_family_data(vtpm_store_family(store));
    engine->may_cancel = vtpm_store_family(store) == VTPM_FAMILY_20;
    status = vtpm_nvram_attach(engine, err);
    if (status != VTPM_OK) {
        free(engine);
        return status;
    }
    vtpm_os_lock_init(&engine->lock);
    status = bring_up(engine, err);
    if (status != VTPM_OK) {
        dispose(engine);
        return status;
    }
    *out = engine;
    return VTPM_OK;
}

enum vtpm_status vtpm_engine_stop(struct vtpm_engine *engine,
                                  struct vtpm_error *err)
{
    enum vtpm_status status;

    if (!engine)
        return VTPM_OK;
    status = vtpm_engine_keep(engine, err);
    dispose(engine);
    return status;
}

enum vtpm_status vtpm_provision(const char *path,
                                const uint8_t uuid[VTPM_UUID_SIZE],
                                enum vtpm_family family, struct vtpm_keys *keys,
                                struct vtpm_error *err)
{
    struct vtpm_store *store;
    struct vtpm_engine *engine;
    enum vtpm_status status =
        vtpm_store_provision(&store, path, uuid, family, keys, err);

    if (status != VTPM_OK)
        return status;
    status = vtpm_engine_start(&engine, store, NULL, err);
    if (status == VTPM_OK)
        status = vtpm_engine_stop(engine, err);
    vtpm_store_close(store);
    return status;
}
