/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <fcntl.h>
#include <limits.h>
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
