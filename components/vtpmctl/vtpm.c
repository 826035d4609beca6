/* SPDX-License-Identifier: MIT */
/* vtpm list, add, remove, show. */
#include "client.h"
#include "output.h"
#include "text.h"
#include "uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/xenbus.h>

static const struct ctl_column show_fields[] = {
    {"uuid", "UUID"},   {"group", "group"}, {"group_uuid", "group's UUID"},
    {"admin", "admin"}, {"saves", "saves"}, {"label", "label"},
    {NULL, NULL},
};
static const struct ctl_column list_columns[] = {
    {"uuid", "UUID"}, {"group", "GROUP"}, {NULL, NULL}};
static const struct ctl_column long_columns[] = {
    {"uuid", "UUID"},   {"group", "GROUP"}, {"admin", "ADMIN"},
    {"saves", "SAVES"}, {"label", "LABEL"}, {NULL, NULL},
};

static enum ctl_code take_group(const struct ctl_args *args, uint32_t *group,
                                struct vtpm_error *err)
{
    const char *text = ctl_value(args, "group");

    *group = 0;
    if (text && vtpmring_xenbus_parse_number(text, strlen(text), UINT32_MAX,
                                             group) != VTPMRING_OK)
        return ctl_mistake(err, "--group takes a number: %s", text);
    return CTL_OK;
}

/* What the manager says of one vTPM. */
static enum ctl_code describe(struct ctl_client *client,
                              const uint8_t uuid[VTPM_UUID_SIZE],
                              struct json_object *object,
                              struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {.uuid = {uuid, VTPM_UUID_SIZE}};
    struct vtpmmgr_message vtpm;
    char text[VTPMMGR_TEXT_MAX + 1];
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_VTPM_SHOW, &request, &vtpm, err);

    if (code != CTL_OK)
        return code;
    vtpm_uuid_format(uuid, text);
    ctl_add_text(object, "uuid", text);
    ctl_add_number(object, "group", vtpm.group);
    vtpm_uuid_format(vtpm.group_uuid.at, text);
    ctl_add_text(object, "group_uuid", text);
    ctl_add_bool(object, "admin", (vtpm.flags & VTPMMGR_VTPM_ADMIN) != 0);
    ctl_add_number(object, "saves", vtpm.saves);
    ctl_clean(vtpm.blob.at, vtpm.blob.len, text, sizeof text);
    ctl_add_text(object, "label", text);
    return CTL_OK;
}

enum ctl_code ctl_vtpm_show(const struct ctl_args *args, struct vtpm_error *err)
{
    uint8_t uuid[VTPM_UUID_SIZE];
    struct ctl_client client;
    struct json_object *object;
    enum ctl_code code = ctl_take_uuid(args->operand[0], uuid, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    object = json_object_new_object();
    code = describe(&client, uuid, object, err);
    ctl_client_close(&client);
    if (code == CTL_OK)
        return ctl_print(args, object, show_fields, err);
    json_object_put(object);
    return code;
}

static enum ctl_code list_group(struct ctl_client *client, uint32_t group,
                                bool with_details, struct json_object *rows,
                                struct vtpm_error *err)
{
    uint8_t(*uuids)[VTPM_UUID_SIZE];
    size_t count = 0;
    enum ctl_code code = ctl_list_vtpms(client, group, &uuids, &count, err);

    for (size_t i = 0; i < count && code == CTL_OK; i++) {
        struct json_object *row = json_object_new_object();
        char text[VTPM_UUID_TEXT_SIZE];

        json_object_array_add(rows, row);
        if (with_details) {
            code = describe(client, uuids[i], row, err);
            /* removed meanwhile: it is in the list no more */
            if (client->status == VTPMMGR_BAD_PARAMETER) {
                json_object_array_del_idx(
                    rows, json_object_array_length(rows) - 1, 1);
                code = CTL_OK;
            }
            continue;
        }
        vtpm_uuid_format(uuids[i], text);
        ctl_add_text(row, "uuid", text);
        ctl_add_number(row, "group", group);
    }
    free(uuids);
    return code;
}

static enum ctl_code list_groups(struct ctl_client *client, bool with_details,
                                 struct json_object *rows,
                                 struct vtpm_error *err)
{
    uint32_t groups;
    enum ctl_code code = ctl_count_groups(client, &groups, err);

    for (uint32_t g = 0; g < groups && code == CTL_OK; g++) {
        code = list_group(client, g, with_details, rows, err);
        if (client->status == VTPMMGR_BADINDEX)
            code = CTL_OK; /* a free number */
    }
    return code;
}

enum ctl_code ctl_vtpm_list(const struct ctl_args *args, struct vtpm_error *err)
{
    bool with_details = ctl_value(args, "long") != NULL;
    struct ctl_client client;
    struct json_object *rows;
    uint32_t group;
    enum ctl_code code = take_group(args, &group, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    rows = json_object_new_array();
    code = ctl_value(args, "group")
               ? list_group(&client, group, with_details, rows, err)
               : list_groups(&client, with_details, rows, err);
    ctl_client_close(&client);
    if (code == CTL_OK)
        return ctl_print(args, rows, with_details ? long_columns : list_columns,
                         err);
    json_object_put(rows);
    return code;
}

/* ---- changes ---- */

static enum ctl_code make_admin(struct ctl_client *client, uint32_t group,
                                const uint8_t uuid[VTPM_UUID_SIZE],
                                struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {.uuid = {uuid, VTPM_UUID_SIZE},
                                            .group = group,
                                            .flags = VTPMMGR_VTPM_ADMIN};
    struct vtpmmgr_message response;

    return ctl_ask(client, VTPMMGR_VTPM_EDIT, &request, &response, err);
}

static enum ctl_code add(struct ctl_client *client, const struct ctl_args *args,
                         struct vtpmmgr_message *request,
                         struct vtpm_error *err)
{
    struct vtpmmgr_message response;
    uint8_t uuid[VTPM_UUID_SIZE];
    char text[VTPM_UUID_TEXT_SIZE];
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_VTPM_NEW, request, &response, err);

    if (code != CTL_OK)
        return code;
    memcpy(uuid, response.uuid.at, sizeof uuid);
    if (request->uuid.len > 0 &&
        memcmp(uuid, request->uuid.at, sizeof uuid) != 0)
        return ctl_fail(err, CTL_AWAY,
                        "the manager has made another vTPM than it was asked "
                        "for; see its log");
    /* it is there now, whatever comes */
    vtpm_uuid_format(uuid, text);
    puts(text);
    return ctl_value(args, "admin")
               ? make_admin(client, request->group, uuid, err)
               : CTL_OK;
}

enum ctl_code ctl_vtpm_add(const struct ctl_args *args, struct vtpm_error *err)
{
    struct vtpmmgr_message request = {0};
    uint8_t uuid[VTPM_UUID_SIZE];
    struct ctl_client client;
    enum ctl_code code = take_group(args, &request.group, err);

    if (code == CTL_OK && args->count > 0) {
        code = ctl_take_uuid(args->operand[0], uuid, err);
        request.uuid = (struct vtpmmgr_span){uuid, sizeof uuid};
    }
    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = add(&client, args, &request, err);
    ctl_client_close(&client);
    return code;
}

enum ctl_code ctl_vtpm_remove(const struct ctl_args *args,
                              struct vtpm_error *err)
{
    uint8_t uuid[VTPM_UUID_SIZE];
    const struct vtpmmgr_message request = {.uuid = {uuid, sizeof uuid}};
    struct vtpmmgr_message response;
    struct ctl_client client;
    enum ctl_code code = ctl_take_uuid(args->operand[0], uuid, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = ctl_ask(&client, VTPMMGR_VTPM_DEL, &request, &response, err);
    ctl_client_close(&client);
    return code;
}
