/* SPDX-License-Identifier: MIT */
#include "serve.h"
#include "uuid.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <vtpmring/link.h>

struct server {
    struct vtpmring_port *port;
    struct vtpmring_back_set *set;
    struct vtpm_engine *engine;
    uint8_t uuid[VTPM_UUID_SIZE];
    enum vtpmring_status control;
};

/* What a signal handler needs to find. */
static _Atomic(struct vtpmring_back_set *) current;
static atomic_bool stopped;

void vtpm_serve_stop(void)
{
    struct vtpmring_back_set *set = atomic_load(&current);

    atomic_store(&stopped, true);
    if (set != NULL)
        vtpmring_back_set_stop(set);
}

static bool accept_device(void *context, struct vtpmring_back_device *device,
                          const char *text)
{
    struct server *server = context;
    uint8_t uuid[VTPM_UUID_SIZE];

    (void)device;
    return vtpm_uuid_parse(text, uuid) &&
           memcmp(uuid, server->uuid, sizeof(uuid)) == 0;
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    struct server *server = context;
    size_t response_length;

    (void)device;
    *response = vtpm_engine_execute(server->engine, command, length, locality,
                                    &response_length);
    return response_length;
}

static void abort_command(void *context, struct vtpmring_back_device *device)
{
    struct server *server = context;

    (void)device;
    (void)vtpm_engine_cancel(server->engine,
                             vtpm_engine_running(server->engine));
}

/* The guest has gone without a word or with one: for the dictionary-attack
 * logic it must count as an orderly end. */
static void disconnected(void *context, struct vtpmring_back_device *device)
{
    struct server *server = context;
    struct vtpm_error err;

    (void)device;
    if (vtpm_engine_shutdown(server->engine, &err) != VTPM_OK)
        server->port->ops->log(server->port, 3, err.text);
}

static const struct vtpmring_back_set_ops ops = {
    .accept = accept_device,
    .execute = execute,
    .abort = abort_command,
    .disconnected = disconnected,
};

static void *control(void *context)
{
    struct server *server = context;

    server->control = vtpmring_back_set_control(server->set);
    return NULL;
}

static enum vtpm_status run(struct server *server, struct vtpm_error *err)
{
    pthread_t thread;

    atomic_store(&current, server->set);
    if (atomic_load(&stopped))
        vtpmring_back_set_stop(server->set);
    if (pthread_create(&thread, NULL, control, server) != 0) {
        atomic_store(&current, NULL);
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot start a thread: out of memory or processes; "
                         "raise the limits");
    }
    (void)vtpmring_back_set_serve(server->set);
    pthread_join(thread, NULL);
    atomic_store(&current, NULL);
    if (server->control != VTPMRING_OK)
        return vtpm_fail(err, VTPM_EIO,
                         "stopped serving: xenstore: %s; start again when "
                         "xenstored runs",
                         vtpmring_status_text(server->control));
    return VTPM_OK;
}

enum vtpm_status vtpm_serve(struct vtpmring_port *port,
                            struct vtpm_engine *engine,
                            const struct vtpm_serve_options *options,
                            struct vtpm_error *err)
{
    struct server server = {.port = port, .engine = engine};
    const struct vtpmring_back_set_config config = {
        .family = options->family == VTPM_FAMILY_12 ? VTPMRING_TPM_12
                                                    : VTPMRING_TPM_20,
        .max_extra = options->max_extra_pages,
        .poll_us = options->poll_us,
        .command_max = VTPM_COMMAND_MAX,
        .max_devices = 1,
        .ops = &ops,
        .context = &server,
    };
    enum vtpm_status status;

    memcpy(server.uuid, options->uuid, sizeof(server.uuid));
    if (vtpmring_back_set_new(port, &config, &server.set) != VTPMRING_OK)
        return vtpm_fail(err, VTPM_ENOMEM, "cannot serve: out of memory");
    status = run(&server, err);
    vtpmring_back_set_free(server.set);
    return status;
}
