/* SPDX-License-Identifier: MIT */
/* vtpmmgr: the keys of the vTPMs of a machine. */
#include "key_file.h"
#include "manager.h"
#include "options.h"
#include "process.h"
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

static void log_line(const char *line)
{
    fprintf(stderr, "vtpmmgr: %s\n", line);
}

static enum vtpm_status serve(const struct vtpmmgr_options *options,
                              const struct vtpmmgr_opened_root *root,
                              struct vtpm_error *err)
{
    const struct vtpmmgr_manager_options manager_options = {
        .store = options->store,
        .root = root,
        .each_commit = options->counter == VTPMMGR_COUNTER_EACH_COMMIT,
        .auto_provision = options->auto_provision,
        .admins = options->admins,
        .admin_count = options->admin_count,
        .extend = options->extend,
        .log = log_line,
    };
    const struct vtpmmgr_serve_options serve_options = {
        .socket = options->socket,
        .max_devices = options->max_devices,
        .poll_us = options->poll_us,
        .ready_fd = options->ready_fd,
    };
    struct vtpmmgr_manager *manager;
    enum vtpm_status status =
        vtpmmgr_manager_open(&manager, &manager_options, err);

    if (status == VTPM_OK)
        status = vtpmmgr_serve(manager, &serve_options, err);
    vtpmmgr_manager_close(manager);
    return status;
}

static enum vtpm_status act(const struct vtpmmgr_options *options,
                            const struct vtpmmgr_opened_root *root,
                            struct vtpm_error *err)
{
    switch (options->verb) {
    case VTPMMGR_PROVISION:
        return vtpmmgr_manager_provision(options->store, options->size, root,
                                         err);
    case VTPMMGR_RESEAL:
        return vtpmmgr_manager_reseal(options->store, root, err);
    default:
        return serve(options, root, err);
    }
}

static enum vtpm_status run(const struct vtpmmgr_options *options,
                            struct vtpm_error *err)
{
    struct vtpmmgr_opened_root root = {.root = NULL};
    enum vtpm_status status = VTPM_OK;

    if (options->create_key)
        status =
            vtpm_key_file_create(vtpmmgr_root_key_path(options->root), err);
    if (status == VTPM_OK)
        status = vtpmmgr_root_open(&root, options->root, &options->tpm, err);
    if (status == VTPM_OK)
        status = act(options, &root, err);
    vtpmmgr_root_shut(&root);
    return status;
}

int main(int argc, char **argv)
{
    static struct vtpmmgr_options options;
    struct vtpm_error err;
    int code = vtpmmgr_options_parse(argc, argv, &options);

    if (code >= 0)
        return code;
    vtpm_process_catch(vtpmmgr_serve_stop, vtpmmgr_serve_report);
    vtpm_process_seclude();
    if (run(&options, &err) != VTPM_OK) {
        fprintf(stderr, "vtpmmgr: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
