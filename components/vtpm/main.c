/* SPDX-License-Identifier: MIT */
/* vtpm: one TPM for one guest. */
#include "crypto.h"
#include "engine.h"
#include "key_file.h"
#include "keys_file.h"
#include "keys_manager.h"
#include "options.h"
#include "platform.h"
#include "process.h"
#include "serve.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

static void log_engine(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "vtpm: %s\n", line);
}

static enum vtpm_status open_store(const struct vtpm_options *options,
                                   struct vtpm_keys *keys,
                                   struct vtpm_store **store,
                                   struct vtpm_error *err)
{
    enum vtpm_status status;

    if (options->provision)
        return vtpm_store_provision(store, options->state, options->uuid,
                                    options->family, keys, err);
    status = vtpm_store_open(store, options->state, options->uuid, keys, err);
    if (status == VTPM_OK && options->family_given &&
        vtpm_store_family(*store) != options->family) {
        vtpm_store_close(*store);
        *store = NULL;
        return vtpm_fail(err, VTPM_EINVAL,
                         "%s: it holds a TPM of the other family; leave out "
                         "--tpm",
                         options->state);
    }
    return status;
}

static enum vtpm_status begin(const struct vtpm_options *options,
                              enum vtpm_family family,
                              struct vtpm_server **server,
                              struct vtpm_error *err)
{
    const struct vtpm_serve_options serving = {
        .uuid = options->uuid,
        .family = family,
        .poll_us = options->poll_us,
        .max_extra_pages = options->max_extra_pages,
        .ready_fd = options->ready_fd,
    };

    return vtpm_serve_begin(server, &serving, err);
}

/* Whatever fails first is what the operator needs to know. A guest is let in
 * when its TPM is there; a new TPM comes while the guest connects. */
static enum vtpm_status run_engine(const struct vtpm_options *options,
                                   struct vtpm_manager *manager,
                                   struct vtpm_store *store,
                                   struct vtpm_server **server,
                                   struct vtpm_error *err)
{
    const struct vtpm_engine_options engine_options = {
        .log = log_engine,
        .localities = options->localities,
        .initial_pcrs = options->hardware_pcrs,
        .initial = vtpm_platform_pcr,
        .initial_context = manager,
    };
    struct vtpm_engine *engine;
    enum vtpm_status status, stopped;
    struct vtpm_error ignored;

    status = vtpm_engine_start(&engine, store, &engine_options, err);
    if (status != VTPM_OK)
        return status;
    if (!options->exit && *server == NULL)
        status = begin(options, vtpm_store_family(store), server, err);
    if (!options->exit && status == VTPM_OK)
        status = vtpm_serve(*server, engine, err);
    vtpm_serve_end(*server);
    *server = NULL;
    stopped = vtpm_engine_stop(engine, status == VTPM_OK ? err : &ignored);
    return status == VTPM_OK ? stopped : status;
}

static enum vtpm_status run_store(const struct vtpm_options *options,
                                  struct vtpm_manager *manager,
                                  struct vtpm_keys *keys,
                                  struct vtpm_server **server,
                                  struct vtpm_error *err)
{
    struct vtpm_store *store;
    enum vtpm_status status = open_store(options, keys, &store, err);

    /* key, place and disk space are there: what else can fail is no reason to
     * keep the guest waiting */
    if (status == VTPM_OK && *server != NULL)
        vtpm_serve_admit(*server);
    if (status == VTPM_OK) {
        status = run_engine(options, manager, store, server, err);
        vtpm_store_close(store);
    }
    return status;
}

static enum vtpm_status run_keys(const struct vtpm_options *options,
                                 struct vtpm_manager *manager,
                                 struct vtpm_server **server,
                                 struct vtpm_error *err)
{
    struct vtpm_keys *keys;
    enum vtpm_status status =
        manager != NULL ? vtpm_keys_manager_open(&keys, manager, err)
                        : vtpm_keys_file_open(&keys, options->key_file, err);

    if (status != VTPM_OK)
        return status;
    status = run_store(options, manager, keys, server, err);
    vtpm_keys_close(keys);
    return status;
}

static enum vtpm_status run_manager(const struct vtpm_options *options,
                                    struct vtpm_server **server,
                                    struct vtpm_error *err)
{
    const struct vtpm_manager_options how = {.device = options->manager_device,
                                             .timeout_ms = options->manager_ms};
    struct vtpm_manager *manager = NULL;
    enum vtpm_status status = VTPM_OK;

    if (options->manager)
        status = vtpm_manager_open(&manager, &how, err);
    if (status == VTPM_OK)
        status = run_keys(options, manager, server, err);
    vtpm_manager_close(manager);
    return status;
}

/* For a new TPM, Xen is opened while a place for it is found. */
static enum vtpm_status run(const struct vtpm_options *options,
                            struct vtpm_error *err)
{
    struct vtpm_server *server = NULL;
    enum vtpm_status status = VTPM_OK;

    if (options->create_key)
        status = vtpm_key_file_create(options->key_file, err);
    if (status == VTPM_OK && options->provision && !options->exit)
        status = begin(options, options->family, &server, err);
    if (status == VTPM_OK)
        status = run_manager(options, &server, err);
    vtpm_serve_end(server);
    return status;
}

int main(int argc, char **argv)
{
    struct vtpm_options options;
    struct vtpm_error err;
    int code = vtpm_options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    vtpm_process_catch(vtpm_serve_stop, vtpm_serve_report);
    vtpm_crypto_begin();
    vtpm_process_seclude();
    if (run(&options, &err) != VTPM_OK) {
        fprintf(stderr, "vtpm: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
