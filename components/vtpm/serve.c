/* SPDX-License-Identifier: MIT */
#include "serve.h"
#include "guest.h"
#include "notify.h"
#include "os_threads.h"
#include "os_xen.h"
#include "times.h"
#include "uuid.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/link.h>

struct vtpm_server {
    struct vtpm_serve_options options;
    uint8_t uuid[VTPM_UUID_SIZE];
    struct vtpmring_port *port;
    struct vtpmring_back_set *set;
    struct vtpm_guest guest;
    enum vtpmring_status control;
    struct vtpm_os_thread thread;
    bool joined;
    bool disorderly;          /* serving thread: the last end of a guest was */
    struct vtpm_os_lock busy; /* held by the one user of the engine */
    enum vtpm_status failure; /* of the engine */
    struct vtpm_error why;
    struct vtpm_os_lock lock; /* of what follows */
    struct vtpm_os_change changed;
    struct vtpm_engine *engine; /* NULL while a new TPM is made */
    bool begun;                 /* the thread has tried to open port and set */
    bool admitted;              /* the guest may connect */
};

/* What a signal handler needs to find. */
static _Atomic(struct vtpmring_back_set *) serving;
static atomic_bool stopped;
static struct vtpm_times times;

void vtpm_serve_stop(void)
{
    struct vtpmring_back_set *set = atomic_load(&serving);

    atomic_store(&stopped, true);
    if (set != NULL)
        vtpmring_back_set_stop(set);
}

void vtpm_serve_report(void)
{
    char line[VTPM_TIMES_LINE_SIZE];
    const size_t length = vtpm_times_line(&times, "vtpm", line);
    const int error = errno;

    /* nothing is to be done about a full disk or a closed pipe */
    if (write(STDERR_FILENO, line, length) < 0)
        errno = error;
}

static bool accept_device(void *context, struct vtpmring_back_device *device,
                          const char *text)
{
    struct vtpm_server *server = context;
    uint8_t uuid[VTPM_UUID_SIZE];

    (void)device;
    if (!vtpm_uuid_parse(text, uuid) ||
        memcmp(uuid, server->uuid, sizeof(uuid)) != 0)
        return false;
    vtpm_guest_begin(&server->guest);
    return true;
}

/* A TPM that is still being made has executed nothing. */
static bool boot(void *context)
{
    struct vtpm_server *server = context;
    struct vtpm_engine *engine;

    vtpm_os_lock(&server->lock);
    engine = server->engine;
    vtpm_os_unlock(&server->lock);
    if (engine == NULL)
        return true;
    vtpm_os_lock(&server->busy);
    server->failure = vtpm_engine_power_cycle(engine, &server->why);
    vtpm_os_unlock(&server->busy);
    if (server->failure == VTPM_OK)
        return true;
    vtpmring_back_set_stop(server->set);
    return false;
}

static bool announce(void *context, struct vtpmring_back_device *device)
{
    struct vtpm_server *server = context;
    bool admitted;

    vtpm_os_lock(&server->lock);
    admitted = server->admitted;
    vtpm_os_unlock(&server->lock);
    return admitted && vtpm_guest_may_come(&server->guest, device);
}

static bool closing(void *context, struct vtpmring_back_device *device)
{
    struct vtpm_server *server = context;

    return vtpm_guest_may_go(&server->guest, device);
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    struct vtpm_server *server = context;
    size_t response_length;

    (void)device;
    vtpm_os_lock(&server->busy);
    *response = vtpm_engine_execute(server->engine, command, length, locality,
                                    &response_length);
    vtpm_os_unlock(&server->busy);
    return response_length;
}

static void served(void *context, struct vtpmring_back_device *device,
                   uint64_t us)
{
    (void)context;
    (void)device;
    vtpm_times_add(&times, us);
}

static void abort_command(void *context, struct vtpmring_back_device *device)
{
    struct vtpm_server *server = context;

    (void)device;
    (void)vtpm_engine_cancel(server->engine,
                             vtpm_engine_running(server->engine));
}

/* The guest has gone without a word or with one: for the dictionary-attack
 * logic it must count as an orderly end. */
static void disconnected(void *context, struct vtpmring_back_device *device)
{
    struct vtpm_server *server = context;
    const bool before = server->disorderly;
    struct vtpm_error err;
    enum vtpm_status status;

    (void)device;
    vtpm_os_lock(&server->busy);
    status = vtpm_engine_shutdown(server->engine, &err);
    vtpm_os_unlock(&server->busy);
    server->disorderly = status != VTPM_OK;
    /* a guest can come and go as often as it likes */
    if (server->disorderly && !before)
        server->port->ops->log(server->port, 3, err.text);
}

static const struct vtpmring_back_set_ops ops = {
    .accept = accept_device,
    .announce = announce,
    .execute = execute,
    .served = served,
    .abort = abort_command,
    .disconnected = disconnected,
    .closing = closing,
};

static void open_set(struct vtpm_server *server)
{
    const struct vtpmring_back_set_config config = {
        .family = server->options.family == VTPM_FAMILY_12 ? VTPMRING_TPM_12
                                                           : VTPMRING_TPM_20,
        .max_extra = server->options.max_extra_pages,
        .poll_us = server->options.poll_us,
        .command_max = VTPM_COMMAND_MAX,
        .max_devices = 1,
        .ops = &ops,
        .context = server,
    };

    if (vtpm_os_port_open(VTPM_OS_BACK, "vtpm", &server->port) != VTPMRING_OK)
        return;
    server->guest = (struct vtpm_guest){
        .port = server->port, .boot = boot, .context = server};
    (void)vtpmring_back_set_new(server->port, &config, &server->set);
}

static void control(void *context)
{
    struct vtpm_server *server = context;

    open_set(server);
    vtpm_os_lock(&server->lock);
    server->begun = true;
    vtpm_os_change_tell(&server->changed);
    vtpm_os_unlock(&server->lock);
    if (server->set != NULL)
        server->control = vtpmring_back_set_control(server->set);
}

enum vtpm_status vtpm_serve_begin(struct vtpm_server **out,
                                  const struct vtpm_serve_options *options,
                                  struct vtpm_error *err)
{
    struct vtpm_server *server = calloc(1, sizeof(*server));
    enum vtpm_status status;

    *out = NULL;
    if (server == NULL)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot serve: out of memory; end other programs");
    server->options = *options;
    memcpy(server->uuid, options->uuid, sizeof(server->uuid));
    vtpm_os_lock_init(&server->busy);
    vtpm_os_lock_init(&server->lock);
    vtpm_os_change_init(&server->changed);
    status = vtpm_os_thread_begin(&server->thread, control, server, err);
    if (status != VTPM_OK) {
        vtpm_os_change_free(&server->changed);
        vtpm_os_lock_free(&server->lock);
        vtpm_os_lock_free(&server->busy);
        free(server);
        return status;
    }
    *out = server;
    return VTPM_OK;
}

static void wait_for_set(struct vtpm_server *server)
{
    vtpm_os_lock(&server->lock);
    while (!server->begun)
        vtpm_os_change_wait(&server->changed, &server->lock);
    vtpm_os_unlock(&server->lock);
}

/* The thread has ended afterwards. */
static void end_control(struct vtpm_server *server)
{
    if (server->joined)
        return;
    wait_for_set(server);
    if (server->set != NULL)
        vtpmring_back_set_stop(server->set);
    vtpm_os_thread_join(&server->thread);
    server->joined = true;
}

void vtpm_serve_admit(struct vtpm_server *server)
{
    struct vtpmring_back_set *set;

    vtpm_os_lock(&server->lock);
    server->admitted = true;
    set = server->begun ? server->set : NULL;
    vtpm_os_unlock(&server->lock);
    if (set != NULL)
        vtpmring_back_set_ask(set);
}

enum vtpm_status vtpm_serve(struct vtpm_server *server,
                            struct vtpm_engine *engine, struct vtpm_error *err)
{
    wait_for_set(server);
    if (server->port == NULL)
        return vtpm_fail(err, VTPM_EIO,
                         "cannot serve: Xen is not reachable; see the line "
                         "above");
    if (server->set == NULL)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot serve: out of memory; end other programs");
    vtpm_os_lock(&server->lock);
    server->engine = engine;
    vtpm_os_unlock(&server->lock);
    vtpm_serve_admit(server);
    atomic_store(&serving, server->set);
    if (atomic_load(&stopped))
        vtpmring_back_set_stop(server->set);
    vtpm_notify("READY=1");
    vtpm_notify_fd(server->options.ready_fd);
    (void)vtpmring_back_set_serve(server->set);
    vtpm_notify("STOPPING=1");
    if (vtpm_times_count(&times) > 0)
        vtpm_serve_report();
    atomic_store(&serving, NULL);
    end_control(server);
    if (server->failure != VTPM_OK) {
        *err = server->why;
        return server->failure;
    }
    if (server->control != VTPMRING_OK)
        return vtpm_fail(err, VTPM_EIO,
                         "stopped serving: xenstore: %s; start again when "
                         "xenstored runs",
                         vtpmring_status_text(server->control));
    return VTPM_OK;
}

void vtpm_serve_end(struct vtpm_server *server)
{
    if (server == NULL)
        return;
    end_control(server);
    vtpmring_back_set_free(server->set);
    vtpm_os_port_close(server->port);
    vtpm_os_change_free(&server->changed);
    vtpm_os_lock_free(&server->lock);
    vtpm_os_lock_free(&server->busy);
    free(server);
}
