/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <vtpmring/xenbus.h>

#define NODE "guest"

enum word { ABSENT, BOOT, RESUME, RUNNING, SUSPENDED, ENDED, DETACHED, OTHER };

static const char *const words[] = {
    [BOOT] = "boot",           [RESUME] = "resume", [RUNNING] = "running",
    [SUSPENDED] = "suspended", [ENDED] = "ended",   [DETACHED] = "detached",
};

static void say(struct vtpm_guest *guest, struct vtpmring_back_device *device,
                int level, const char *text)
{
    char line[200];

    (void)snprintf(line, sizeof line, "%u/%lu: %s",
                   vtpmring_back_device_domid(device),
                   (unsigned long)vtpmring_back_device_handle(device), text);
    guest->port->ops->log(guest->port, level, line);
}

static enum word read_word(struct vtpmring_back_device *device)
{
    char text[16];
    enum vtpmring_status status =
        vtpmring_back_device_read(device, NODE, text, sizeof text);

    if (status == VTPMRING_EPEER_GONE)
        return ABSENT;
    for (unsigned i = BOOT; status == VTPMRING_OK && i < OTHER; i++)
        if (strcmp(text, words[i]) == 0)
            return (enum word)i;
    return OTHER;
}

/* Whether the toolstack still waits for the backend: as long, a guest that is
 * new does not run. */
static bool is_new(struct vtpmring_back_device *device)
{
    char state[4];

    return vtpmring_back_device_read(device, VTPMRING_XENBUS_KEY_STATE, state,
                                     sizeof state) == VTPMRING_OK &&
           strcmp(state, "1") == 0;
}

/* Begins a wait, or goes on with it. @return whether it is over */
static bool waited(struct vtpm_guest *guest, unsigned limit_ms)
{
    uint64_t now = guest->port->ops->now_us(guest->port);

    if (guest->until_us == 0)
        guest->until_us = now + (uint64_t)limit_ms * 1000;
    return now >= guest->until_us;
}

static void note_running(struct vtpmring_back_device *device)
{
    /* if the device is gone, so is the question */
    (void)vtpmring_back_device_write(device, NODE, words[RUNNING]);
}

void vtpm_guest_begin(struct vtpm_guest *guest)
{
    guest->until_us = 0;
}

static bool may_come(struct vtpm_guest *guest,
                     struct vtpmring_back_device *device)
{
    switch (read_word(device)) {
    case BOOT:
        if (!guest->boot(guest->context))
            return false;
        note_running(device);
        say(guest, device, 6, "the guest boots: PCRs are reset");
        return true;
    case RESUME:
        note_running(device);
        say(guest, device, 6, "the guest resumes: PCRs are kept");
        return true;
    case RUNNING:
        return true;
    case ABSENT:
        if (!waited(guest, VTPM_GUEST_ANNOUNCE_MS))
            return false;
        say(guest, device, 4,
            "PCRs are kept: nobody says whether the guest boots; run "
            "vtpm-agent in dom0");
        return true;
    default:
        say(guest, device, 4,
            "PCRs are kept: the node guest does not say how the guest comes");
        return true;
    }
}

bool vtpm_guest_may_come(struct vtpm_guest *guest,
                         struct vtpmring_back_device *device)
{
    if (is_new(device) && !may_come(guest, device))
        return false;
    guest->until_us = 0;
    return true;
}

bool vtpm_guest_may_go(struct vtpm_guest *guest,
                       struct vtpmring_back_device *device)
{
    switch (read_word(device)) {
    case ABSENT:
    case SUSPENDED:
    case ENDED:
    case DETACHED:
        break;
    default:
        if (!waited(guest, VTPM_GUEST_CLOSE_MS))
            return false;
        say(guest, device, 4,
            "detached, and nobody says how the guest is; does vtpm-agent still "
            "run in dom0?");
    }
    guest->until_us = 0;
    return true;
}
