/* SPDX-License-Identifier: MIT */
/* group list, new, remove, show. */
#include "client.h"
#include "output.h"
#include "pem.h"
#include "text.h"
#include "uuid.h"

#include <stdio.h>
#include <string.h>

static const struct ctl_column show_fields[] = {
    {"group", "group"},
    {"uuid", "UUID"},
    {"approved_by", "approved by"},
    {"sequence", "list number"},
    {"platforms", "platforms"},
    {"kernels", "kernels"},
    {"vtpms", "vTPMs"},
    {NULL, NULL},
};
static const struct ctl_column list_columns[] = {
    {"group", "GROUP"},   {"uuid", "UUID"},           {"vtpms", "VTPMS"},
    {"sequence", "LIST"}, {"platforms", "PLATFORMS"}, {"kernels", "KERNELS"},
    {NULL, NULL},
};

static struct json_object *digests_of(struct vtpmmgr_span span)
{
    struct json_object *array = json_object_new_array();

    for (size_t at = 0; at < span.len; at += VTPMMGR_DIGEST_SIZE) {
        char text[2 * VTPMMGR_DIGEST_SIZE + 1];

        ctl_hex(span.at + at, VTPMMGR_DIGEST_SIZE, text, sizeof text);
        json_object_array_add(array, json_object_new_string(text));
    }
    return array;
}

/* The first bytes of a modulus are enough to tell keys apart. */
static void add_modulus(struct json_object *object, const char *key,
                        struct vtpmmgr_span modulus)
{
    char text[2 * VTPMMGR_RSA_SIZE + 1];
    bool any = false;

    for (size_t i = 0; i < modulus.len; i++)
        any = any || modulus.at[i] != 0;
    ctl_hex(modulus.at, modulus.len, text, sizeof text);
    ctl_add_text(object, key, any ? text : "");
}

/* How many vTPMs it has: the first page says so. */
static enum ctl_code add_members(struct ctl_client *client, uint32_t group,
                                 struct json_object *object,
                                 struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {.group = group};
    struct vtpmmgr_message page;
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_VTPM_LIST, &request, &page, err);

    ctl_add_number(object, "vtpms", page.count);
    return code;
}

/* @param whole digests and key, or only how many */
static enum ctl_code describe(struct ctl_client *client, uint32_t group,
                              bool whole, struct json_object *object,
                              struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {.group = group};
    struct vtpmmgr_message answer;
    char uuid[VTPM_UUID_TEXT_SIZE];
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_GROUP_SHOW, &request, &answer, err);

    if (code != CTL_OK)
        return code;
    ctl_add_number(object, "group", group);
    vtpm_uuid_format(answer.group_uuid.at, uuid);
    ctl_add_text(object, "uuid", uuid);
    ctl_add_number(object, "sequence", answer.list.sequence);
    if (whole) {
        add_modulus(object, "approved_by", answer.modulus);
        json_object_object_add(object, "platforms",
                               digests_of(answer.list.platforms));
        json_object_object_add(object, "kernels",
                               digests_of(answer.list.kernels));
    } else {
        ctl_add_number(object, "platforms",
                       answer.list.platforms.len / VTPMMGR_DIGEST_SIZE);
        ctl_add_number(object, "kernels",
                       answer.list.kernels.len / VTPMMGR_DIGEST_SIZE);
    }
    return add_members(client, group, object, err);
}

enum ctl_code ctl_group_show(const struct ctl_args *args,
                             struct vtpm_error *err)
{
    struct ctl_client client;
    struct json_object *object;
    uint32_t group;
    enum ctl_code code = ctl_take_group(args->operand[0], &group, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    object = json_object_new_object();
    code = describe(&client, group, true, object, err);
    ctl_client_close(&client);
    if (code == CTL_OK)
        return ctl_print(args, object, show_fields, err);
    json_object_put(object);
    return code;
}

static enum ctl_code list(struct ctl_client *client, struct json_object *rows,
                          struct vtpm_error *err)
{
    uint32_t groups;
    enum ctl_code code = ctl_count_groups(client, &groups, err);

    for (uint32_t g = 0; g < groups && code == CTL_OK; g++) {
        struct json_object *row = json_object_new_object();

        code = describe(client, g, false, row, err);
        if (code == CTL_OK) {
            json_object_array_add(rows, row);
            continue;
        }
        json_object_put(row);
        if (client->status == VTPMMGR_BADINDEX)
            code = CTL_OK; /* a free number */
    }
    return code;
}

enum ctl_code ctl_group_list(const struct ctl_args *args,
                             struct vtpm_error *err)
{
    struct ctl_client client;
    struct json_object *rows;
    enum ctl_code code = ctl_client_open(&client, args, err);

    if (code != CTL_OK)
        return code;
    rows = json_object_new_array();
    code = list(&client, rows, err);
    ctl_client_close(&client);
    if (code == CTL_OK)
        return ctl_print(args, rows, list_columns, err);
    json_object_put(rows);
    return code;
}

/* ---- changes ---- */

enum ctl_code ctl_group_new(const struct ctl_args *args, struct vtpm_error *err)
{
    static const uint8_t no_label[VTPMMGR_DIGEST_SIZE];
    const char *label = ctl_value(args, "ca-digest");
    uint8_t modulus[VTPMMGR_RSA_SIZE], digest[VTPMMGR_DIGEST_SIZE];
    struct vtpmmgr_message request = {
        .digest = {no_label, sizeof no_label},
        .modulus = {modulus, sizeof modulus},
    };
    struct vtpmmgr_message response;
    struct ctl_client client;
    char uuid[VTPM_UUID_TEXT_SIZE];
    enum ctl_code code = ctl_pem_modulus(args->operand[0], modulus, err);

    if (code != CTL_OK)
        return code;
    if (label && !ctl_hex_parse(label, digest, sizeof digest))
        return ctl_mistake(err, "--ca-digest takes 40 hex digits: %s", label);
    if (label)
        request.digest.at = digest;
    code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = ctl_ask(&client, VTPMMGR_GROUP_NEW, &request, &response, err);
    if (code == CTL_OK) {
        vtpm_uuid_format(response.group_uuid.at, uuid);
        puts(uuid);
    }
    ctl_client_close(&client);
    return code;
}

enum ctl_code ctl_group_remove(const struct ctl_args *args,
                               struct vtpm_error *err)
{
    struct vtpmmgr_message request = {0}, response;
    struct ctl_client client;
    enum ctl_code code = ctl_take_group(args->operand[0], &request.group, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = ctl_ask(&client, VTPMMGR_GROUP_DEL, &request, &response, err);
    if (client.status == VTPMMGR_FAIL)
        code = ctl_fail(err, CTL_FAILED,
                        "the manager keeps group %u: it has vTPMs, or it is "
                        "group 0; remove its vTPMs first",
                        (unsigned)request.group);
    ctl_client_close(&client);
    return code;
}
