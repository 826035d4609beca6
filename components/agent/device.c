/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBXL "/libxl"
/* tokens: of the watches of everybody, and of one device */
#define TOKEN_LIBXL "libxl"
#define TOKEN_DOMAINS "domains"
#define TOKEN_DEVICE "device"

/* Both are watched: libxl waits for what the second says. */
static const char *const watched[] = {"online", "state"};

static void watch(struct agent_devices *devices, struct agent_device *device,
                  bool on)
{
    char path[AGENT_PATH_SIZE];

    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", device->back, watched[i]);
        if (on)
            (void)agent_store_watch(devices->store, path, TOKEN_DEVICE);
        else
            agent_store_unwatch(devices->store, path, TOKEN_DEVICE);
    }
}

/* What /libxl says of a device. */
struct entry {
    uint8_t uuid[VTPM_UUID_SIZE];
    char back[AGENT_VALUE_SIZE];
};

static bool read_entry(struct agent_devices *devices, uint32_t domid,
                       uint32_t handle, struct entry *entry)
{
    char directory[64], wanted[64], uuid[AGENT_VALUE_SIZE];
    uint32_t back_domid;
    size_t length;

    (void)snprintf(directory, sizeof(directory), LIBXL "/%u/device/vtpm/%u",
                   (unsigned)domid, (unsigned)handle);
    if (!agent_store_read(devices->store, directory, "uuid", uuid) ||
        !vtpm_uuid_parse(uuid, entry->uuid) ||
        !agent_store_read(devices->store, directory, "backend", entry->back) ||
        strncmp(entry->back, "/local/domain/", 14) != 0)
        return false;
    length = strcspn(entry->back + 14, "/");
    if (!agent_number(entry->back + 14, length, AGENT_DOMID_END - 1,
                      &back_domid))
        return false;
    (void)snprintf(wanted, sizeof(wanted),
                   "/local/domain/%u/backend/vtpm/%u/%u", (unsigned)back_domid,
                   (unsigned)domid, (unsigned)handle);
    return strcmp(entry->back, wanted) == 0;
}

static void add(struct agent_devices *devices, uint32_t domid, uint32_t handle,
                const struct entry *entry)
{
    struct agent_device *device = calloc(1, sizeof(*device));
    char *back = strdup(entry->back);

    /* without memory: it is met again with the next event */
    if (device == NULL || back == NULL) {
        free(device);
        free(back);
        return;
    }
    device->domid = domid;
    device->handle = handle;
    memcpy(device->uuid, entry->uuid, sizeof(device->uuid));
    device->back = back;
    device->met = true;
    device->next = devices->first;
    devices->first = device;
    watch(devices, device, true);
}

/* Notes a device of a guest. Another TPM, or another domain that serves it, is
 * another device. */
static void meet(struct agent_devices *devices, uint32_t domid, uint32_t handle)
{
    struct agent_device *device;
    struct entry entry;

    if (!read_entry(devices, domid, handle, &entry))
        return;
    for (device = devices->first; device != NULL; device = device->next)
        if (device->domid == domid && device->handle == handle &&
            !device->removed && strcmp(device->back, entry.back) == 0 &&
            memcmp(device->uuid, entry.uuid, sizeof(entry.uuid)) == 0)
            break;
    if (device == NULL)
        add(devices, domid, handle, &entry);
    else
        device->met = true;
}

static void scan_domain(struct agent_devices *devices, uint32_t domid)
{
    struct agent_device *device;
    char directory[64];
    unsigned count;
    char **names;

    for (device = devices->first; device != NULL; device = device->next)
        if (device->domid == domid)
            device->met = false;
    (void)snprintf(directory, sizeof(directory), LIBXL "/%u/device/vtpm",
                   (unsigned)domid);
    names = agent_store_list(devices->store, directory, &count);
    for (unsigned i = 0; names != NULL && i < count; i++) {
        uint32_t handle;

        if (agent_number(names[i], strlen(names[i]), UINT32_MAX, &handle))
            meet(devices, domid, handle);
    }
    free(names);
    if (!agent_store_is_alive(devices->store))
        return;
    for (device = devices->first; device != NULL; device = device->next)
        if (device->domid == domid && !device->met)
            device->removed = true;
}

static void scan_all(struct agent_devices *devices)
{
    struct agent_device *device;
    unsigned count;
    char **names = agent_store_list(devices->store, LIBXL, &count);

    for (unsigned i = 0; names != NULL && i < count; i++) {
        uint32_t domid;

        if (agent_number(names[i], strlen(names[i]), AGENT_DOMID_END - 1,
                         &domid))
            scan_domain(devices, domid);
    }
    free(names);
    /* those of domains that are not in the list */
    for (device = devices->first; device != NULL; device = device->next)
        scan_domain(devices, device->domid);
}

bool agent_devices_watch(struct agent_devices *devices)
{
    if (!agent_store_watch(devices->store, LIBXL, TOKEN_LIBXL) ||
        !agent_store_watch(devices->store, "@releaseDomain", TOKEN_DOMAINS))
        return false;
    scan_all(devices);
    return agent_store_is_alive(devices->store);
}

/* "/5/device/vtpm/0/state": of the device; "/5", "/5/device": of all devices of
 * that domain. @return false: about something else */
static bool concerns(const char *path, uint32_t *domid)
{
    static const char vtpm[] = "/device/vtpm";
    const char *end = path + 1 + strcspn(path + 1, "/");
    const size_t length = strlen(end);

    if (*path != '/' || !agent_number(path + 1, (size_t)(end - path - 1),
                                      AGENT_DOMID_END - 1, domid))
        return false;
    if (strncmp(end, vtpm, sizeof(vtpm) - 1) == 0)
        return end[sizeof(vtpm) - 1] == '/' || end[sizeof(vtpm) - 1] == '\0';
    return length == 0 || strcmp(end, "/device") == 0;
}

/* A guest has run when it is connected. */
static bool is_news(struct agent_devices *devices,
                    const struct agent_device *device)
{
    char online[AGENT_VALUE_SIZE], state[AGENT_VALUE_SIZE];

    if (device->untold)
        return true;
    if (agent_store_read(devices->store, device->back, "online", online) &&
        device->leaving != (strcmp(online, "0") == 0))
        return true;
    return (device->phase == AGENT_PHASE_BOOT ||
            device->phase == AGENT_PHASE_RESUME) &&
           agent_store_read(devices->store, device->back, "state", state) &&
           strcmp(state, "4") == 0;
}

/* What a backend's domain can cause costs no more than this. */
static bool device_event(struct agent_devices *devices, const char *path)
{
    const struct agent_device *device;

    for (device = devices->first; device != NULL; device = device->next) {
        const size_t length = strlen(device->back);

        if (strncmp(path, device->back, length) == 0 && path[length] == '/' &&
            is_news(devices, device))
            return true;
    }
    return false;
}

bool agent_devices_event(struct agent_devices *devices, const char *path,
                         const char *token)
{
    const size_t length = strlen(LIBXL);
    uint32_t domid;

    if (strcmp(token, TOKEN_DEVICE) == 0)
        return device_event(devices, path);
    if (strcmp(token, TOKEN_LIBXL) != 0)
        return true;
    if (strcmp(path, LIBXL) == 0)
        scan_all(devices);
    else if (strncmp(path, LIBXL, length) == 0 &&
             concerns(path + length, &domid))
        scan_domain(devices, domid);
    else
        return false;
    return true;
}

void agent_device_refresh(struct agent_devices *devices,
                          struct agent_device *device)
{
    char online[AGENT_VALUE_SIZE];

    /* a directory that has gone was the last thing that left */
    if (agent_store_read(devices->store, device->back, "online", online))
        device->leaving = strcmp(online, "0") == 0;
    if (device->removed)
        device->leaving = true;
}

void agent_device_forget(struct agent_devices *devices,
                         struct agent_device **at)
{
    struct agent_device *device = *at;
    const struct agent_device *other;

    *at = device->next;
    for (other = devices->first; other != NULL; other = other->next)
        if (strcmp(other->back, device->back) == 0)
            break;
    /* it may have been attached again */
    if (other == NULL)
        watch(devices, device, false);
    free(device->back);
    free(device);
}

void agent_devices_free(struct agent_devices *devices)
{
    while (devices->first != NULL) {
        struct agent_device *device = devices->first;

        devices->first = device->next;
        free(device->back);
        free(device);
    }
}
