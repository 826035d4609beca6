/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "agent.h"
#include "device.h"
#include "notify.h"
#include "xl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RETRY_MS 1000
/* Other domains can make us look: not more often than that, in the long run. */
#define LOOK_MS 100
#define LOOKS_AT_ONCE 20
/* A suspended guest may go on where it is, and nothing says so. */
#define AGAIN_MS 1000
#define AGAIN_MS_MAX 60000

struct agent {
    const struct agent_options *options;
    const struct agent_records *records;
    struct agent_devices devices;
    bool wanted;      /* guests are to be looked at */
    bool failed;      /* in this look */
    bool complained;  /* since everything worked */
    int64_t due_ms;   /* when to look again in any case; INT64_MAX: never */
    int64_t again_ms; /* how long after the last time that will be */
    int64_t credit_ms;
    int64_t counted_ms; /* until when credit was counted */
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const struct agent_device *device, const char *text)
{
    char uuid[AGENT_UUID_TEXT];

    agent_uuid_text(device->uuid, uuid);
    fprintf(stderr, "vtpm-agent: domain %u, vTPM %s: %s\n",
            (unsigned)device->domid, uuid, text);
}

/* Once, until it works again; then it is tried again. */
static void complain(struct agent *agent, const char *text)
{
    const int64_t due = now_ms() + RETRY_MS;

    if (!agent->complained)
        fprintf(stderr, "vtpm-agent: %s\n", text);
    agent->complained = agent->failed = true;
    if (agent->due_ms > due)
        agent->due_ms = due;
}

/* ---- what is remembered ---- */

static bool note(struct agent *agent, const struct agent_device *device,
                 enum agent_record_kind kind)
{
    const struct agent_record record = {kind, device->domid};
    struct vtpm_error err;

    if (agent_record_write(agent->records, device->uuid, record, &err) ==
        VTPM_OK)
        return true;
    complain(agent, err.text);
    return false;
}

/* Whether another guest still has the same vTPM. */
static bool is_shared(const struct agent *agent,
                      const struct agent_device *device)
{
    const struct agent_device *other;

    for (other = agent->devices.first; other != NULL; other = other->next)
        if (other != device && !other->removed &&
            memcmp(other->uuid, device->uuid, sizeof(device->uuid)) == 0)
            return true;
    return false;
}

/* A guest that has never run: is it new, or does it continue one? */
static bool decide(struct agent *agent, struct agent_device *device,
                   bool incoming)
{
    struct vtpm_error err;
    struct agent_record record =
        agent_record_read(agent->records, device->uuid, &err);

    if (err.text[0] != '\0')
        say(device, err.text);
    /* ours: we were not there when it was to begin */
    if (record.kind == AGENT_RECORD_LIVE && record.domid == device->domid)
        record.kind = AGENT_RECORD_NONE;
    if (record.kind == AGENT_RECORD_NONE && !incoming) {
        if (!note(agent, device, AGENT_RECORD_LIVE))
            return false;
        device->phase = AGENT_PHASE_BOOT;
        return true;
    }
    if (record.kind == AGENT_RECORD_LIVE && is_shared(agent, device)) {
        say(device, "another guest has this vTPM: PCRs are kept; give each "
                    "guest a vTPM of its own");
    } else if (record.kind == AGENT_RECORD_LIVE) {
        say(device, "nobody saw the last guest end, it may have been saved: "
                    "PCRs are kept; if it was not, see --forget");
        if (!note(agent, device, AGENT_RECORD_SUSPENDED))
            return false;
    }
    device->phase = AGENT_PHASE_RESUME;
    return true;
}

/* ---- what is said ---- */

static void tell(struct agent *agent, struct agent_device *device)
{
    const bool leaving = device->leaving;
    const bool first = device->phase == AGENT_PHASE_BOOT ||
                       device->phase == AGENT_PHASE_RESUME;
    /* A vTPM that did not wait has let its guest in: to hear of a boot later
     * would reset a TPM that is in use. */
    const struct agent_guard guard = {.online = leaving ? "0" : "1",
                                      .state = first && !leaving ? "1" : NULL,
                                      .unsaid = !leaving};
    const char *word = agent_table_word(device->phase, leaving);

    device->untold = false;
    if (word == NULL)
        return;
    switch (agent_store_say(agent->devices.store, device->back, &guard, word,
                            "running")) {
    case AGENT_SAID_OTHERWISE:
        say(device, "the vTPM did not wait to be told how its guest begins: "
                    "PCRs are kept");
        break;
    case AGENT_SAID_FAILED:
        complain(agent, "cannot write the node guest of a vTPM to xenstore; "
                        "see xenstored's log");
        break;
    case AGENT_SAID_NOTHING:
        device->untold = true;
        break;
    case AGENT_SAID:
    case AGENT_SAID_BEFORE:
        break;
    }
}

/* ---- a look ---- */

static bool take_note(struct agent *agent, struct agent_device *device,
                      struct agent_step step, bool incoming)
{
    bool good = true;

    switch (step.note) {
    case AGENT_NOTE_DECIDE:
        return decide(agent, device, incoming);
    case AGENT_NOTE_LOST:
        say(device, "nobody saw the guest end, it may have been saved: its "
                    "vTPM's PCRs will be kept; if it was not, see --forget");
        good = note(agent, device, AGENT_RECORD_SUSPENDED);
        break;
    case AGENT_NOTE_SUSPENDED:
        good = note(agent, device, AGENT_RECORD_SUSPENDED);
        break;
    case AGENT_NOTE_LIVE:
        good = note(agent, device, AGENT_RECORD_LIVE);
        break;
    case AGENT_NOTE_NONE:
        good = note(agent, device, AGENT_RECORD_NONE);
        break;
    case AGENT_NOTE_KEEP:
        break;
    }
    if (good)
        device->phase = step.next;
    return good;
}

/* @return whether all is noted */
static bool look_at(struct agent *agent, struct agent_device *device,
                    const struct agent_domains *domains)
{
    const struct agent_domain guest =
        agent_domains_find(domains, device->domid);
    const enum agent_event event =
        agent_table_event(guest.condition, device->leaving);
    enum agent_phase before;

    do {
        before = device->phase;
        if (!take_note(agent, device, agent_table_step(before, event),
                       guest.incoming))
            return false;
        if (device->phase != before && device->phase != AGENT_PHASE_NEW)
            say(device, agent_table_name(device->phase));
    } while (device->phase != before);
    tell(agent, device);
    return true;
}

/* Those that we know come first: a new guest may take up where another ends. */
static void look_at_all(struct agent *agent,
                        const struct agent_domains *domains)
{
    struct agent_device **at = &agent->devices.first;
    struct agent_device *device;

    for (device = *at; device != NULL; device = device->next)
        if (device->phase != AGENT_PHASE_NEW)
            device->noted = look_at(agent, device, domains);
    for (device = *at; device != NULL; device = device->next)
        if (device->phase == AGENT_PHASE_NEW)
            device->noted = look_at(agent, device, domains);
    while (*at != NULL)
        if ((*at)->removed && (*at)->noted)
            agent_device_forget(&agent->devices, at);
        else
            at = &(*at)->next;
}

static void plan_next(struct agent *agent)
{
    const struct agent_device *device;
    bool suspended = false;

    for (device = agent->devices.first; device != NULL; device = device->next)
        suspended = suspended || device->phase == AGENT_PHASE_SUSPENDED;
    if (!suspended) {
        agent->again_ms = AGAIN_MS;
        return;
    }
    if (agent->due_ms == INT64_MAX)
        agent->due_ms = now_ms() + agent->again_ms;
    if (agent->again_ms < AGAIN_MS_MAX)
        agent->again_ms *= 2;
}

/*
 * Devices first, then guests: a guest that is seen running after its device
 * began to leave was not suspended before that.
 */
static enum vtpm_status look(struct agent *agent, struct vtpm_error *err)
{
    struct agent_domains domains;
    struct agent_device *device;
    enum vtpm_status status;

    agent->wanted = agent->failed = false;
    agent->due_ms = INT64_MAX;
    for (device = agent->devices.first; device != NULL; device = device->next)
        agent_device_refresh(&agent->devices, device);
    status = agent_xl_list(agent->options->xl, agent->options->stop_fd,
                           &domains, err);
    if (status == VTPM_OK) {
        look_at_all(agent, &domains);
        plan_next(agent);
    }
    agent_domains_free(&domains);
    if (status == VTPM_OK && agent->complained && !agent->failed) {
        fputs("vtpm-agent: it works again\n", stderr);
        agent->complained = false;
    }
    return status;
}

/* ---- the loop ---- */

static void drain(struct agent *agent)
{
    char path[AGENT_PATH_SIZE], token[AGENT_VALUE_SIZE];

    while (agent_store_next(agent->devices.store, path, token))
        if (agent_devices_event(&agent->devices, path, token))
            agent->wanted = true;
}

/* Milliseconds until the next look is allowed and wanted; -1: none is. */
static int wait_ms(struct agent *agent)
{
    const int64_t now = now_ms();
    int64_t wait = INT64_MAX;

    agent->credit_ms += now - agent->counted_ms;
    agent->counted_ms = now;
    /* who has no vTPM is nobody's business here */
    if (agent->devices.first == NULL)
        agent->wanted = false;
    if (agent->credit_ms > LOOK_MS * LOOKS_AT_ONCE)
        agent->credit_ms = LOOK_MS * LOOKS_AT_ONCE;
    if (agent->wanted)
        wait = 0;
    else if (agent->due_ms != INT64_MAX)
        wait = agent->due_ms > now ? agent->due_ms - now : 0;
    if (wait < LOOK_MS - agent->credit_ms)
        wait = LOOK_MS - agent->credit_ms;
    return wait == INT64_MAX ? -1 : (int)wait;
}

static bool told_to_stop(const struct agent *agent)
{
    struct pollfd stop = {.fd = agent->options->stop_fd, .events = POLLIN};

    return poll(&stop, 1, 0) > 0;
}

static enum vtpm_status work(struct agent *agent, struct vtpm_error *err)
{
    struct agent_store *store = agent->devices.store;
    struct pollfd fds[] = {
        {.fd = agent->options->stop_fd, .events = POLLIN},
        {.fd = agent_store_watch_fd(store), .events = POLLIN},
        {.fd = agent_store_alive_fd(store), .events = POLLIN}};

    while (agent_store_is_alive(store)) {
        if (poll(fds, 3, wait_ms(agent)) > 0 && fds[2].revents != 0)
            break;
        if (told_to_stop(agent))
            return VTPM_OK;
        drain(agent);
        if (wait_ms(agent) != 0 || !agent_store_is_alive(store))
            continue;
        agent->credit_ms -= LOOK_MS;
        if (look(agent, err) != VTPM_OK && !told_to_stop(agent))
            complain(agent, err->text);
    }
    return vtpm_fail(err, VTPM_EIO,
                     "xenstored has gone; start again when it runs");
}

/* One that does not get to see guests is not ready. */
static enum vtpm_status begin(struct agent *agent, struct vtpm_error *err)
{
    enum vtpm_status status;

    if (!agent_devices_watch(&agent->devices))
        return vtpm_fail(err, VTPM_EIO,
                         "cannot watch /libxl in xenstore; run this in dom0");
    status = look(agent, err);
    if (status == VTPM_OK)
        vtpm_notify("READY=1");
    return told_to_stop(agent) ? VTPM_OK : status;
}

enum vtpm_status agent_run(const struct agent_options *options,
                           const struct agent_records *records,
                           struct vtpm_error *err)
{
    struct agent agent = {.options = options,
                          .records = records,
                          .due_ms = INT64_MAX,
                          .again_ms = AGAIN_MS,
                          .credit_ms = LOOK_MS * LOOKS_AT_ONCE,
                          .counted_ms = now_ms()};
    enum vtpm_status status = agent_store_open(&agent.devices.store, err);

    if (status == VTPM_OK)
        status = begin(&agent, err);
    if (status == VTPM_OK)
        status = work(&agent, err);
    vtpm_notify("STOPPING=1");
    agent_devices_free(&agent.devices);
    agent_store_close(agent.devices.store);
    return status;
}
