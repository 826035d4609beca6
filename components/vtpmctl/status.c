/* SPDX-License-Identifier: MIT */
/* status: the manager, its root, its store, and who is connected. */
#include "client.h"

#include "bytes.h"
#include "output.h"
#include "text.h"
#include "uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/xenbus.h>

/* More than a host has domains and devices. */
#define DEVICES_MAX (1u << 20)
#define WATCH_S_DEFAULT 2u
#define WATCH_S_MAX 3600u

static const struct ctl_column manager_fields[] = {
    {"uptime", "running"},        {"root", "root"},
    {"counter", "counter"},       {"store", "store"},
    {"generation", "generation"}, {"anchor", "anchor"},
    {"vtpms", "vTPMs"},           {"groups", "groups"},
    {"commands", "commands"},     {"failures", "of these failed"},
    {"last_error", "last error"}, {NULL, NULL},
};
static const struct ctl_column device_columns[] = {
    {"domain", "DOMAIN"}, {"device", "DEVICE"}, {"uuid", "UUID"},
    {"group", "GROUP"},   {"state", "STATE"},   {"admin", "ADMIN"},
    {NULL, NULL},
};

static void add_clean(struct json_object *object, const char *key,
                      struct vtpmmgr_span span)
{
    char text[VTPMMGR_TEXT_MAX + 1];

    ctl_clean(span.at, span.len, text, sizeof text);
    ctl_add_text(object, key, text);
}

static const char *counter_of(uint32_t flags)
{
    if (!(flags & VTPMMGR_STATUS_COUNTER))
        return "none: old copies of all of the store are not told apart";
    return flags & VTPMMGR_STATUS_EACH_COMMIT ? "raised with each change"
                                              : "raised at each start";
}

static struct json_object *manager_of(const struct vtpmmgr_message *status)
{
    struct json_object *object = json_object_new_object();
    char text[32];

    ctl_duration(status->uptime_s, text, sizeof text);
    ctl_add_text(object, "uptime", text);
    ctl_add_number(object, "uptime_s", status->uptime_s);
    add_clean(object, "root", status->root);
    ctl_add_bool(object, "hardware_tpm",
                 (status->flags & VTPMMGR_STATUS_HARDWARE) != 0);
    ctl_add_text(object, "counter", counter_of(status->flags));
    ctl_add_bool(object, "has_counter",
                 (status->flags & VTPMMGR_STATUS_COUNTER) != 0);
    ctl_add_text(object, "store",
                 status->flags & VTPMMGR_STATUS_FAILING
                     ? "failing: the last change was not saved"
                     : "good");
    ctl_add_bool(object, "failing",
                 (status->flags & VTPMMGR_STATUS_FAILING) != 0);
    ctl_add_number(object, "generation", status->generation);
    ctl_add_number(object, "anchor", status->anchor);
    ctl_add_number(object, "vtpms", status->vtpms);
    ctl_add_number(object, "groups", status->groups);
    ctl_add_number(object, "commands", status->commands);
    ctl_add_number(object, "failures", status->failures);
    add_clean(object, "last_error", status->error);
    return object;
}

static struct json_object *device_of(const uint8_t *at)
{
    struct json_object *row = json_object_new_object();
    uint32_t flags = vtpm_get32(at + 24), group = vtpm_get32(at + 28);
    char uuid[VTPM_UUID_TEXT_SIZE];

    ctl_add_number(row, "domain", vtpm_get32(at));
    ctl_add_number(row, "device", vtpm_get32(at + 4));
    vtpm_uuid_format(at + 8, uuid);
    ctl_add_text(row, "uuid", uuid);
    if (group != VTPMMGR_NO_GROUP)
        ctl_add_number(row, "group", group);
    ctl_add_text(row, "state",
                 flags & VTPMMGR_DEVICE_UNKNOWN ? "unknown UUID"
                 : flags & VTPMMGR_DEVICE_OPEN  ? "open"
                                                : "connected");
    ctl_add_bool(row, "admin", (flags & VTPMMGR_DEVICE_ADMIN) != 0);
    return row;
}

/* Devices from all pages, and the rest from the last one. Who comes and goes
 * meanwhile may be missing: it is a picture of a moment anyway. */
static enum ctl_code read_status(struct ctl_client *client,
                                 struct json_object **all,
                                 struct vtpm_error *err)
{
    struct json_object *devices = json_object_new_array();
    struct vtpmmgr_message status;
    uint32_t have = 0, n;

    do {
        const struct vtpmmgr_message request = {.offset = have};
        enum ctl_code code =
            ctl_ask(client, VTPMMGR_STATUS, &request, &status, err);

        if (code == CTL_OK && status.count > DEVICES_MAX)
            code = ctl_fail(err, CTL_AWAY,
                            "the manager's list of devices makes no sense; see "
                            "its log");
        if (code != CTL_OK) {
            json_object_put(devices);
            return code;
        }
        n = (uint32_t)(status.devices.len / VTPMMGR_DEVICE_SIZE);
        for (uint32_t i = 0; i < n; i++)
            json_object_array_add(devices, device_of(status.devices.at +
                                                     i * VTPMMGR_DEVICE_SIZE));
        have += n;
    } while (n > 0 && have < status.count);
    *all = manager_of(&status);
    json_object_object_add(*all, "devices", devices);
    return CTL_OK;
}

static void print_text(struct json_object *all)
{
    struct json_object *devices = json_object_object_get(all, "devices");

    ctl_print_fields(all, manager_fields);
    if (json_object_array_length(devices) == 0) {
        puts("\nno devices");
        return;
    }
    putchar('\n');
    ctl_print_table(devices, device_columns);
}

static enum ctl_code once(const struct ctl_args *args, struct json_object **all,
                          struct vtpm_error *err)
{
    struct ctl_client client;
    enum ctl_code code = ctl_client_open(&client, args, err);

    if (code != CTL_OK)
        return code;
    code = read_status(&client, all, err);
    ctl_client_close(&client);
    return code;
}

/* A manager that is away is news here, and no reason to stop. */
static enum ctl_code watch(const struct ctl_args *args, unsigned seconds,
                           struct vtpm_error *err)
{
    bool terminal = isatty(STDOUT_FILENO);

    for (;;) {
        struct json_object *all = NULL;
        enum ctl_code code = once(args, &all, err);

        if (code != CTL_OK && code != CTL_AWAY)
            return code;
        if (code != CTL_OK) {
            all = json_object_new_object();
            ctl_add_text(all, "error", err->text);
        }
        if (terminal && !args->json)
            fputs("\033[H\033[J", stdout);
        if (args->json)
            puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
        else if (code != CTL_OK)
            puts(err->text);
        else
            print_text(all);
        json_object_put(all);
        if (!args->json && !terminal)
            putchar('\n');
        if (fflush(stdout) != 0)
            return ctl_fail(err, CTL_FAILED, "cannot write: see who reads");
        (void)sleep(seconds);
    }
}

enum ctl_code ctl_status(const struct ctl_args *args, struct vtpm_error *err)
{
    const char *interval = ctl_value(args, "interval");
    uint32_t seconds = WATCH_S_DEFAULT;
    struct json_object *all;
    enum ctl_code code;

    if (interval &&
        (vtpmring_xenbus_parse_number(interval, strlen(interval), WATCH_S_MAX,
                                      &seconds) != VTPMRING_OK ||
         seconds == 0))
        return ctl_mistake(err, "--interval takes 1 to 3600 seconds: %s",
                           interval);
    if (ctl_value(args, "watch"))
        return watch(args, seconds, err);
    code = once(args, &all, err);
    if (code != CTL_OK)
        return code;
    if (args->json)
        code = ctl_print_json(all, err);
    else
        print_text(all);
    json_object_put(all);
    return code;
}
