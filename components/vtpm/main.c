/* SPDX-License-Identifier: MIT */
/* vtpm: one TPM for one guest. */
#include "engine.h"
#include "keys_file.h"
#include "options.h"
#include "serve.h"
#include "store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <vtpmring/port_xen_user.h>

static void on_signal(int signal_number)
{
    (void)signal_number;
    vtpm_serve_stop();
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    /* a limit on the size of files is a full disk to us */
    sigaction(SIGXFSZ, &action, NULL);
}

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

static enum vtpm_status serve(const struct vtpm_options *options,
                              struct vtpm_store *store,
                              struct vtpm_engine *engine,
                              struct vtpm_error *err)
{
    const struct vtpm_serve_options serving = {
        .uuid = options->uuid,
        .family = vtpm_store_family(store),
        .poll_us = options->poll_us,
        .max_extra_pages = options->max_extra_pages,
    };
    struct vtpmring_port *port;
    enum vtpm_status status;

    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_BACK, NULL, NULL,
                                    "vtpm", &port) != VTPMRING_OK)
        return vtpm_fail(err, VTPM_EIO,
                         "cannot serve: Xen is not reachable; see the line "
                         "above");
    status = vtpm_serve(port, engine, &serving, err);
    vtpmring_port_xen_user_close(port);
    return status;
}

/* Whatever fails first is what the operator needs to know. */
static enum vtpm_status run_engine(const struct vtpm_options *options,
                                   struct vtpm_store *store,
                                   struct vtpm_error *err)
{
    const struct vtpm_engine_options engine_options = {.log = log_engine};
    struct vtpm_engine *engine;
    enum vtpm_status status, stopped;
    struct vtpm_error ignored;

    status = vtpm_engine_start(&engine, store, &engine_options, err);
    if (status != VTPM_OK)
        return status;
    if (!options->exit)
        status = serve(options, store, engine, err);
    stopped = vtpm_engine_stop(engine, status == VTPM_OK ? err : &ignored);
    return status == VTPM_OK ? stopped : status;
}

static enum vtpm_status run(const struct vtpm_options *options,
                            struct vtpm_error *err)
{
    struct vtpm_keys *keys;
    struct vtpm_store *store;
    enum vtpm_status status = VTPM_OK;

    if (options->create_key)
        status = vtpm_keys_file_create(options->key_file, err);
    if (status == VTPM_OK)
        status = vtpm_keys_file_open(&keys, options->key_file, err);
    if (status != VTPM_OK)
        return status;
    status = open_store(options, keys, &store, err);
    if (status == VTPM_OK) {
        status = run_engine(options, store, err);
        vtpm_store_close(store);
    }
    vtpm_keys_close(keys);
    return status;
}

int main(int argc, char **argv)
{
    struct vtpm_options options;
    struct vtpm_error err;
    int code = vtpm_options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    catch_signals();
    /* keys are in our memory: no core dump, no tracer */
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (run(&options, &err) != VTPM_OK) {
        fprintf(stderr, "vtpm: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
