/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 16u

void ctl_add_text(struct json_object *object, const char *key,
                  const char *value)
{
    json_object_object_add(object, key, json_object_new_string(value));
}

void ctl_add_number(struct json_object *object, const char *key, uint64_t value)
{
    json_object_object_add(object, key, json_object_new_uint64(value));
}

void ctl_add_bool(struct json_object *object, const char *key, bool value)
{
    json_object_object_add(object, key, json_object_new_boolean(value));
}

enum ctl_code ctl_print_json(struct json_object *object, struct vtpm_error *err)
{
    const char *text = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                    JSON_C_TO_STRING_NOSLASHESCAPE);

    if (!text)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    puts(text);
    return CTL_OK;
}

enum ctl_code ctl_print(const struct ctl_args *args, struct json_object *object,
                        const struct ctl_column *columns,
                        struct vtpm_error *err)
{
    enum ctl_code code = CTL_OK;

    if (args->json)
        code = ctl_print_json(object, err);
    else if (json_object_get_type(object) == json_type_array)
        ctl_print_table(object, columns);
    else
        ctl_print_fields(object, columns);
    json_object_put(object);
    return code;
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, key, &value))
        return "-";
    switch (json_object_get_type(value)) {
    case json_type_boolean:
        return json_object_get_boolean(value) ? "yes" : "no";
    case json_type_string:
        return json_object_get_string_len(value) > 0
                   ? json_object_get_string(value)
                   : "-";
    case json_type_null:
        return "-";
    default:
        return json_object_get_string(value);
    }
}

static bool is_number(struct json_object *object, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) &&
           json_object_get_type(value) == json_type_int;
}

/* One cell; the last one of a line is not padded. */
static void print_cell(const char *text, int width, bool right, bool last)
{
    if (last && !right)
        width = 0;
    printf(right ? "%*s" : "%-*s", width, text);
    fputs(last ? "\n" : "  ", stdout);
}

void ctl_print_table(struct json_object *rows, const struct ctl_column *columns)
{
    size_t count = json_object_array_length(rows), n = 0;
    int width[COLUMNS_MAX];
    bool right[COLUMNS_MAX];

    for (; columns[n].key && n < COLUMNS_MAX; n++) {
        width[n] = (int)strlen(columns[n].title);
        right[n] = count > 0;
        for (size_t i = 0; i < count; i++) {
            struct json_object *row = json_object_array_get_idx(rows, i);
            int len = (int)strlen(text_of(row, columns[n].key));

            width[n] = len > width[n] ? len : width[n];
            right[n] = right[n] && is_number(row, columns[n].key);
        }
    }
    for (size_t c = 0; c < n; c++)
        print_cell(columns[c].title, width[c], right[c], c + 1 == n);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < n; c++)
            print_cell(
                text_of(json_object_array_get_idx(rows, i), columns[c].key),
                width[c], right[c], c + 1 == n);
}

void ctl_print_fields(struct json_object *object,
                      const struct ctl_column *fields)
{
    int width = 0;

    for (const struct ctl_column *f = fields; f->key; f++) {
        int len = (int)strlen(f->title);

        if (json_object_object_get_ex(object, f->key, NULL))
            width = len > width ? len : width;
    }
    for (const struct ctl_column *f = fields; f->key; f++)
        if (json_object_object_get_ex(object, f->key, NULL))
            printf("%-*s  %s\n", width, f->title, text_of(object, f->key));
}
