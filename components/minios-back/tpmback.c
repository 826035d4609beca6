/* SPDX-License-Identifier: MIT */
/* The entry points of Mini-OS's tpmback, over a set of backends. The set serves
 * one command after the other, in turn for all frontends; each waits until the
 * application has answered it. */
#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/events.h>
#include <mini-os/sched.h>
#include <mini-os/wait.h>
#include <mini-os/xmalloc.h>
#include <mini-os/tpmback.h>

#include <vtpmring/link.h>
#include <vtpmring/minios_back.h>
#include <vtpmring/page.h>
#include <vtpmring/port_minios.h>

#include "uuid.h"

#define RESPONSE_MAX (2 * VTPMRING_PAGE_SIZE)

enum vtpmring_tpm_family vtpmring_tpmback_family = VTPMRING_TPM_12;
unsigned vtpmring_tpmback_frontends = 1024;

/* A frontend that there is. */
struct front {
    struct vtpmring_back_device *device;
    domid_t domid;
    unsigned handle;
    unsigned char uuid[VTPM_UUID_SIZE];
    bool connected;
    void *opaque;
    struct front *next;
};

/* What the serving thread has for the application. */
enum turn {
    TURN_NONE,
    TURN_WAITS,   /* a command is there for whoever asks */
    TURN_TAKEN,   /* somebody has it */
    TURN_ANSWERED /* the serving thread may go on */
};

static struct {
    struct vtpmring_port *port;
    struct vtpmring_back_set *set;
    void (*opened)(domid_t, unsigned);
    void (*closed)(domid_t, unsigned);
    struct front *fronts;
    unsigned connected;
    unsigned running; /* threads */
    bool stopping;
    struct wait_queue_head changed;
    enum turn turn;
    struct front *sender;
    tpmcmd_t *command;
    size_t length; /* of the response */
    unsigned char response[RESPONSE_MAX];
} back;

static struct front *front_of(struct vtpmring_back_device *device)
{
    return *vtpmring_back_device_user(device);
}

static struct front *find(domid_t domid, unsigned handle)
{
    struct front *front = back.fronts;

    while (front != NULL && (front->domid != domid || front->handle != handle))
        front = front->next;
    return front;
}

/* ---- what the set asks ---- */

static bool accept_device(void *context, struct vtpmring_back_device *device,
                          const char *uuid)
{
    struct front *front = malloc(sizeof(*front));

    (void)context;
    if (front == NULL)
        return false;
    memset(front, 0, sizeof(*front));
    front->device = device;
    front->domid = vtpmring_back_device_domid(device);
    front->handle = vtpmring_back_device_handle(device);
    if (!vtpm_uuid_parse(uuid, front->uuid)) {
        printk("tpmback: %u/%u has no UUID: not served\n", front->domid,
               front->handle);
        free(front);
        return false;
    }
    front->next = back.fronts;
    back.fronts = front;
    *vtpmring_back_device_user(device) = front;
    return true;
}

static void connected(void *context, struct vtpmring_back_device *device)
{
    struct front *front = front_of(device);

    (void)context;
    if (front->connected)
        return;
    front->connected = true;
    back.connected++;
    if (back.opened != NULL)
        back.opened(front->domid, front->handle);
    wake_up(&back.changed);
}

static void disconnect(struct front *front)
{
    if (!front->connected)
        return;
    front->connected = false;
    back.connected--;
    if (back.closed != NULL)
        back.closed(front->domid, front->handle);
    wake_up(&back.changed);
}

static void disconnected(void *context, struct vtpmring_back_device *device)
{
    (void)context;
    disconnect(front_of(device));
}

static void removed(void *context, struct vtpmring_back_device *device)
{
    struct front *front = front_of(device), **at = &back.fronts;

    (void)context;
    disconnect(front);
    while (*at != front)
        at = &(*at)->next;
    *at = front->next;
    free(front);
}

static tpmcmd_t *command_of(const struct front *front,
                            const unsigned char *bytes, size_t length,
                            uint8_t locality)
{
    tpmcmd_t *command = malloc(sizeof(*command));

    if (command == NULL)
        return NULL;
    memset(command, 0, sizeof(*command));
    command->req = malloc(length);
    if (command->req == NULL) {
        free(command);
        return NULL;
    }
    memcpy(command->req, bytes, length);
    command->req_len = (unsigned)length;
    command->domid = front->domid;
    command->handle = front->handle;
    command->locality = locality;
    command->opaque = front->opaque;
    return command;
}

/* A set that stops waits no longer than until here. */
static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    (void)context;
    back.sender = front_of(device);
    back.command = command_of(back.sender, command, length, locality);
    if (back.command == NULL)
        return 0;
    back.length = 0;
    back.turn = TURN_WAITS;
    wake_up(&back.changed);
    wait_event(back.changed, back.turn == TURN_ANSWERED ||
                                 (back.stopping && back.turn == TURN_WAITS));
    if (back.turn == TURN_WAITS) {
        free(back.command->req);
        free(back.command);
    }
    back.turn = TURN_NONE;
    back.command = NULL;
    *response = back.response;
    return back.length;
}

static const struct vtpmring_back_set_ops ops = {
    .accept = accept_device,
    .connected = connected,
    .execute = execute,
    .disconnected = disconnected,
    .removed = removed,
};

/* ---- life ---- */

static void thread_ends(void)
{
    back.running--;
    wake_up(&back.changed);
}

static void serve(void *nothing)
{
    (void)nothing;
    (void)vtpmring_back_set_serve(back.set);
    thread_ends();
}

static void control(void *nothing)
{
    (void)nothing;
    (void)vtpmring_back_set_control(back.set);
    thread_ends();
}

static enum vtpmring_status begin(void)
{
    const struct vtpmring_back_set_config config = {
        .family = vtpmring_tpmback_family,
        .max_extra = 1,
        .command_max = VTPMRING_TPM_COMMAND_MAX,
        .max_devices = vtpmring_tpmback_frontends,
        .ops = &ops,
    };
    enum vtpmring_status status = vtpmring_port_minios_open(&back.port);

    if (status != VTPMRING_OK)
        return status;
    status = vtpmring_back_set_new(back.port, &config, &back.set);
    if (status != VTPMRING_OK)
        vtpmring_port_minios_close(back.port);
    return status;
}

void init_tpmback(void (*open_cb)(domid_t, unsigned int),
                  void (*close_cb)(domid_t, unsigned int))
{
    enum vtpmring_status status;

    memset(&back, 0, sizeof(back));
    init_waitqueue_head(&back.changed);
    back.opened = open_cb;
    back.closed = close_cb;
    status = begin();
    if (status != VTPMRING_OK) {
        printk("tpmback: cannot begin: %s\n", vtpmring_status_text(status));
        return;
    }
    back.running = 2;
    (void)create_thread("tpmback", control, NULL);
    (void)create_thread("tpmback-serve", serve, NULL);
}

void shutdown_tpmback(void)
{
    if (back.set == NULL)
        return;
    back.stopping = true;
    vtpmring_back_set_stop(back.set);
    wake_up(&back.changed);
    wait_event(back.changed, back.running == 0);
    vtpmring_back_set_free(back.set);
    vtpmring_port_minios_close(back.port);
    back.set = NULL;
}

/* ---- commands ---- */

static tpmcmd_t *take(void)
{
    back.turn = TURN_TAKEN;
    return back.command;
}

tpmcmd_t *tpmback_req_any(void)
{
    wait_event(back.changed,
               back.turn == TURN_WAITS || back.stopping || back.set == NULL);
    return back.turn == TURN_WAITS && !back.stopping ? take() : NULL;
}

tpmcmd_t *tpmback_req(domid_t domid, unsigned int handle)
{
    const struct front *front;

    wait_event(back.changed,
               (front = find(domid, handle)) == NULL || !front->connected ||
                   back.stopping ||
                   (back.turn == TURN_WAITS && back.sender == front));
    return front != NULL && back.turn == TURN_WAITS && back.sender == front &&
                   !back.stopping
               ? take()
               : NULL;
}

void tpmback_resp(tpmcmd_t *command)
{
    if (command == NULL)
        return;
    if (command == back.command && back.turn == TURN_TAKEN) {
        /* what is longer is answered with a failure */
        if (command->resp != NULL && command->resp_len <= RESPONSE_MAX) {
            memcpy(back.response, command->resp, command->resp_len);
            back.length = command->resp_len;
        }
        back.turn = TURN_ANSWERED;
        wake_up(&back.changed);
    }
    free(command->req);
    free(command);
}

/* ---- frontends ---- */

int tpmback_num_frontends(void)
{
    return (int)back.connected;
}

int tpmback_wait_for_frontend_connect(domid_t *domid, unsigned int *handle)
{
    const struct front *front;

    wait_event(back.changed,
               back.connected > 0 || back.stopping || back.set == NULL);
    for (front = back.fronts; front != NULL; front = front->next)
        if (front->connected) {
            *domid = front->domid;
            *handle = front->handle;
            return 0;
        }
    return -1;
}

unsigned char *tpmback_get_uuid(domid_t domid, unsigned int handle)
{
    struct front *front = find(domid, handle);

    return front != NULL ? front->uuid : NULL;
}

void *tpmback_get_opaque(domid_t domid, unsigned int handle)
{
    const struct front *front = find(domid, handle);

    return front != NULL ? front->opaque : NULL;
}

int tpmback_set_opaque(domid_t domid, unsigned int handle, void *opaque)
{
    struct front *front = find(domid, handle);

    if (front == NULL)
        return -1;
    front->opaque = opaque;
    return 0;
}

int tpmback_get_peercontext(domid_t domid, unsigned int handle, void *buffer,
                            int buflen)
{
    const struct front *front = find(domid, handle);

    if (front == NULL || !front->connected)
        return -1;
    return evtchn_get_peercontext(vtpmring_back_device_channel(front->device),
                                  buffer, buflen);
}
