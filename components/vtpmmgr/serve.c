/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include "local.h"
#include "notify.h"
#include "os_threads.h"
#include "os_xen.h"
#include "times.h"
#include "uuid.h"
#include "xsm.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/link.h>
#include <vtpmring/page.h>

/* What one shared page has room for: vTPMs that take no more exist. */
#define ANSWER_MAX (VTPMRING_PAGE_SIZE - VTPMRING_PAGE_HEAD_SIZE)

struct server {
    struct vtpmmgr_manager *manager;
    struct vtpmring_port *port;
    struct vtpmring_back_set *set;
    struct vtpmmgr_xsm *xsm; /* NULL: no labels */
    enum vtpmring_status control;
    uint8_t answer[ANSWER_MAX];
};

/* What a signal handler needs to find. */
static _Atomic(struct vtpmring_back_set *) serving;
static atomic_bool stopped;
static struct vtpm_times times;

void vtpmmgr_serve_stop(void)
{
    struct vtpmring_back_set *set = atomic_load(&serving);

    atomic_store(&stopped, true);
    if (set != NULL)
        vtpmring_back_set_stop(set);
}

void vtpmmgr_serve_report(void)
{
    char line[VTPM_TIMES_LINE_SIZE];
    const size_t length = vtpm_times_line(&times, "vtpmmgr", line);
    const int error = errno;

    /* nothing is to be done about a full disk or a closed pipe */
    if (write(STDERR_FILENO, line, length) < 0)
        errno = error;
}

static struct vtpmmgr_sender *sender_of(struct vtpmring_back_device *device)
{
    return *vtpmring_back_device_user(device);
}

static struct vtpmmgr_senders *senders_of(void *context)
{
    return vtpmmgr_manager_senders(((struct server *)context)->manager);
}

static bool accept_device(void *context, struct vtpmring_back_device *device,
                          const char *text)
{
    uint8_t uuid[VTPM_UUID_SIZE];
    struct vtpmmgr_sender *sender;

    if (!vtpm_uuid_parse(text, uuid))
        return false;
    sender = vtpmmgr_senders_add(senders_of(context),
                                 vtpmring_back_device_domid(device),
                                 vtpmring_back_device_handle(device), uuid);
    *vtpmring_back_device_user(device) = sender;
    return sender != NULL;
}

static void connected(void *context, struct vtpmring_back_device *device)
{
    vtpmmgr_sender_connect(senders_of(context), sender_of(device));
}

/* Of the domain at the other end of this very connection. */
static void find_label(struct server *server,
                       struct vtpmring_back_device *device)
{
    char label[VTPMMGR_LABEL_SIZE];

    vtpmmgr_xsm_label(server->xsm, vtpmring_back_device_channel(device), label);
    vtpmmgr_sender_label(senders_of(server), sender_of(device), label);
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    struct server *server = context;

    (void)locality;
    if (!sender_of(device)->labelled)
        find_label(server, device);
    *response = server->answer;
    return vtpmmgr_manager_execute(server->manager, sender_of(device), command,
                                   length, server->answer,
                                   sizeof server->answer);
}

static void served(void *context, struct vtpmring_back_device *device,
                   uint64_t us)
{
    (void)context;
    (void)device;
    vtpm_times_add(&times, us);
}

static void disconnected(void *context, struct vtpmring_back_device *device)
{
    vtpmmgr_sender_disconnect(senders_of(context), sender_of(device));
}

static void removed(void *context, struct vtpmring_back_device *device)
{
    vtpmmgr_senders_remove(senders_of(context), sender_of(device));
}

static const struct vtpmring_back_set_ops ops = {
    .accept = accept_device,
    .connected = connected,
    .execute = execute,
    .served = served,
    .disconnected = disconnected,
    .removed = removed,
};

static enum vtpm_status open_set(struct server *server,
                                 const struct vtpmmgr_serve_options *options,
                                 struct vtpm_error *err)
{
    const struct vtpmring_back_set_config config = {
        /* the manager's errors have the form of TPM 1.2 */
        .family = VTPMRING_TPM_12,
        .max_extra = 1,
        .poll_us = options->poll_us,
        .command_max = VTPMMGR_FRAME_MAX,
        .max_devices = options->max_devices,
        .ops = &ops,
        .context = server,
    };

    if (vtpm_os_port_open(VTPM_OS_BACK, "vtpmmgr", &server->port) !=
        VTPMRING_OK)
        return vtpm_fail(err, VTPM_EIO,
                         "cannot serve: Xen is not reachable; see the line "
                         "above");
    if (vtpmring_back_set_new(server->port, &config, &server->set) !=
        VTPMRING_OK)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot serve: out of memory; end other programs");
    return VTPM_OK;
}

static void control(void *context)
{
    struct server *server = context;

    server->control = vtpmring_back_set_control(server->set);
}

static enum vtpm_status run(struct server *server, int ready_fd,
                            struct vtpm_error *err)
{
    struct vtpm_os_thread thread;
    enum vtpm_status status;

    atomic_store(&serving, server->set);
    if (atomic_load(&stopped))
        vtpmring_back_set_stop(server->set);
    status = vtpm_os_thread_begin(&thread, control, server, err);
    if (status != VTPM_OK) {
        atomic_store(&serving, NULL);
        return status;
    }
    vtpm_notify("READY=1");
    vtpm_notify_fd(ready_fd);
    (void)vtpmring_back_set_serve(server->set);
    vtpm_notify("STOPPING=1");
    if (vtpm_times_count(&times) > 0)
        vtpmmgr_serve_report();
    atomic_store(&serving, NULL);
    vtpm_os_thread_join(&thread);
    if (server->control == VTPMRING_OK)
        return VTPM_OK;
    return vtpm_fail(
        err, VTPM_EIO,
        "stopped serving: xenstore: %s; start again when xenstored "
        "runs",
        vtpmring_status_text(server->control));
}

enum vtpm_status vtpmmgr_serve(struct vtpmmgr_manager *manager,
                               const struct vtpmmgr_serve_options *options,
                               struct vtpm_error *err)
{
    struct server server = {.manager = manager, .xsm = vtpmmgr_xsm_open()};
    struct vtpmmgr_local *local = NULL;
    enum vtpm_status status = VTPM_OK;

    if (options->socket != NULL)
        status = vtpmmgr_local_begin(&local, manager, options->socket, err);
    if (status == VTPM_OK)
        status = open_set(&server, options, err);
    if (status == VTPM_OK)
        status = run(&server, options->ready_fd, err);
    vtpmmgr_local_end(local);
    vtpmring_back_set_free(server.set);
    vtpm_os_port_close(server.port);
    vtpmmgr_xsm_close(server.xsm);
    vtpm_cleanse(&server, sizeof server);
    return status;
}
