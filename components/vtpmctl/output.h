/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_OUTPUT_H
#define VTPMCTL_OUTPUT_H

/**
 * @file
 * What a command prints, as aligned text or as JSON. A command makes objects of
 * json-c once; this prints them either way, so that both say the same.
 */

#include "command.h"

#include <json.h>
#include <stdbool.h>

/** A key of an object, and the word for it in text. */
struct ctl_column {
    const char *key; /**< NULL ends a list */
    const char *title;
};

/**
 * Prints what a command found, and frees it: with --json all of it, else an
 * array as a table with a line for each object, an object as a line for each
 * field that it has. Columns are as wide as they must be; numbers stand at the
 * right.
 * @param columns what is printed as text
 */
enum ctl_code ctl_print(const struct ctl_args *args, struct json_object *object,
                        const struct ctl_column *columns,
                        struct vtpm_error *err);

/** @name Parts of it, for what is printed in pieces @{ */
void ctl_print_table(struct json_object *rows,
                     const struct ctl_column *columns);
void ctl_print_fields(struct json_object *object,
                      const struct ctl_column *fields);
/** Frees nothing. */
enum ctl_code ctl_print_json(struct json_object *object,
                             struct vtpm_error *err);
/** @} */

/** @name Adding to an object @{ */
void ctl_add_text(struct json_object *object, const char *key,
                  const char *value);
void ctl_add_number(struct json_object *object, const char *key,
                    uint64_t value);
void ctl_add_bool(struct json_object *object, const char *key, bool value);
/** @} */

#endif
