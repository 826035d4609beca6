/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vtpmring/xenbus.h>

int vtpm_argument_mistake(const char *program, const char *what,
                          const char *value)
{
    fprintf(stderr, "%s: %s%s%s; see %s --help\n", program, what,
            value != NULL ? ": " : "", value != NULL ? value : "", program);
    return VTPM_EXIT_USAGE;
}

int vtpm_argument_number(const char *program, const char *name,
                         const char *text, unsigned min, unsigned max,
                         unsigned *result)
{
    uint32_t value;

    if (vtpmring_xenbus_parse_number(text, strlen(text), max, &value) !=
            VTPMRING_OK ||
        value < min) {
        fprintf(stderr,
                "%s: %s takes a number from %u to %u: %s; see %s --help\n",
                program, name, min, max, text, program);
        return VTPM_EXIT_USAGE;
    }
    *result = value;
    return -1;
}

/* One or two digits. */
static bool small(const char **text, unsigned *value)
{
    const char *at = *text;

    for (*value = 0; *at >= '0' && *at <= '9' && at - *text < 2; at++)
        *value = *value * 10 + (unsigned)(*at - '0');
    if (at == *text)
        return false;
    *text = at;
    return true;
}

static bool list(const char *text, unsigned count, uint32_t *bits)
{
    for (;;) {
        unsigned first, last;

        if (!small(&text, &first))
            return false;
        last = first;
        if (*text == '-' && (text++, !small(&text, &last)))
            return false;
        if (first > last || last >= count)
            return false;
        for (unsigned i = first; i <= last; i++)
            *bits |= UINT32_C(1) << i;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

bool vtpm_list_parse(const char *text, unsigned count, uint32_t *bits)
{
    uint32_t value = 0;

    if (strcmp(text, "all") == 0)
        value = UINT32_MAX >> (32 - count);
    else if (strcmp(text, "none") != 0 && !list(text, count, &value))
        return false;
    *bits = value;
    return true;
}

int vtpm_argument_list(const char *program, const char *name, const char *text,
                       unsigned count, uint32_t *bits)
{
    if (vtpm_list_parse(text, count, bits))
        return -1;
    fprintf(stderr,
            "%s: %s takes all, none, or a list of numbers up to %u, as "
            "0,2-4: %s; see %s --help\n",
            program, name, count - 1, text, program);
    return VTPM_EXIT_USAGE;
}

int vtpm_argument_ready_fd(const char *program, const char *text, int *fd)
{
    unsigned number;
    int code =
        vtpm_argument_number(program, "--ready-fd", text, 0, INT_MAX, &number);

    if (code >= 0)
        return code;
    if (fcntl((int)number, F_GETFD) < 0)
        return vtpm_argument_mistake(
            program, "--ready-fd takes a descriptor that is open", text);
    *fd = (int)number;
    return -1;
}
