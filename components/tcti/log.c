/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#define LINE_MAX_BYTES 512

static const struct {
    const char *name;
    int level;
} names[] = {
    {"none", -1},
    {"error", TCTI_LOG_ERROR},
    {"warning", TCTI_LOG_WARNING},
    {"info", TCTI_LOG_INFO},
    {"debug", TCTI_LOG_DEBUG},
    {"trace", TCTI_LOG_DEBUG},
};

static bool is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* The highest level to show; as in tpm2-tss the last word about us counts. */
static int shown(void)
{
    const char *at = secure_getenv("TSS2_LOG");
    int level = TCTI_LOG_ERROR;

    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ",");
        size_t module = strcspn(at, "+,");

        if (module < length &&
            (is(at, module, "tcti") || is(at, module, "all"))) {
            for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (is(at + module + 1, length - module - 1, names[i].name))
                    level = names[i].level;
            }
        }
        at += length + (at[length] == ',');
    }
    return level;
}

static const char *label(int level)
{
    if (level <= TCTI_LOG_ERROR)
        return "ERROR";
    if (level == TCTI_LOG_WARNING)
        return "WARNING";
    return level <= TCTI_LOG_INFO ? "INFO" : "DEBUG";
}

void tcti_log(int level, const char *format, ...)
{
    int error = errno;
    char line[LINE_MAX_BYTES];
    va_list arguments;

    if (level > shown())
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (char *at = line; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~')
            *at = '?';
    }
    (void)fprintf(stderr, "%s:tcti:%s: %s\n", label(level), tcti_log_name,
                  line);
    errno = error;
}

void tcti_log_port(void *context, int level, const char *text)
{
    (void)context;
    tcti_log(level, "%s", text);
}
