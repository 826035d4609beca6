/* SPDX-License-Identifier: MIT */
/* Words, numbers and bytes of a script. */
#include "script.h"
#include <ctype.h>

void script_fail(struct script *s, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%u: ", s->file, s->line + 1);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    for (unsigned i = 0; i < s->variable_count; i++)
        fprintf(stderr, " [%s=%s]", s->variables[i].name,
                s->variables[i].value);
    fputc('\n', stderr);
    longjmp(s->failed, 1);
}

char *script_value(const struct script_words *words, const char *key)
{
    size_t length = strlen(key);

    for (unsigned i = 0; i < words->count; i++)
        if (strncmp(words->word[i], key, length) == 0 &&
            words->word[i][length] == '=')
            return words->word[i] + length + 1;
    return NULL;
}

uint32_t script_parse(struct script *s, const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 0);

    script_check(s,
                 isdigit((unsigned char)text[0]) && *end == '\0' &&
                     number <= UINT32_MAX,
                 "'%s' is no number", text);
    return (uint32_t)number;
}

uint32_t script_number(struct script *s, const struct script_words *words,
                       const char *key, uint32_t otherwise)
{
    const char *value = script_value(words, key);

    return value == NULL ? otherwise : script_parse(s, value);
}

static size_t hex(struct script *s, const char *text, unsigned char *data,
                  size_t digits)
{
    for (; *text != '\0'; text++, digits++) {
        int c = tolower((unsigned char)*text);
        int nibble = isdigit(c) ? c - '0' : c - 'a' + 10;

        script_check(s, isxdigit(c) && digits / 2 < SCRIPT_DATA,
                     "'%s' is not hex", text);
        if (digits % 2 == 0)
            data[digits / 2] = 0;
        data[digits / 2] = (unsigned char)(data[digits / 2] << 4 | nibble);
    }
    return digits;
}

size_t script_data(struct script *s, const struct script_words *words,
                   unsigned char *data)
{
    const char *value = script_value(words, "data");
    size_t digits = 0;

    script_check(s, value != NULL, "data= is missing");
    if (strncmp(value, "cmd:", 4) == 0 || strncmp(value, "rsp:", 4) == 0) {
        uint32_t length = script_parse(s, value + 4);

        script_check(s, length >= TPM_HEADER && length <= SCRIPT_DATA,
                     "no packet has %u bytes", length);
        support_packet(data, TAG_20, length,
                       value[0] == 'c' ? CODE_GET_RANDOM : 0);
        return length;
    }
    for (unsigned i = 0; i < words->count; i++) {
        if (strncmp(words->word[i], "data=", 5) != 0)
            continue;
        digits = hex(s, value, data, 0);
        for (i++; i < words->count; i++)
            digits = hex(s, words->word[i], data, digits);
    }
    script_check(s, digits % 2 == 0, "half a byte in data=");
    return digits / 2;
}

enum vtpmring_status script_status(struct script *s, const char *name)
{
    for (int i = 0; i < VTPMRING_STATUS_COUNT; i++) {
        enum vtpmring_status status = (enum vtpmring_status)i;

        if (strcmp(vtpmring_status_name(status), name) == 0)
            return status;
    }
    script_fail(s, "'%s' is no status", name);
}

bool script_yes(struct script *s, const struct script_words *words)
{
    script_check(s,
                 words->count == 2 && (strcmp(words->word[1], "yes") == 0 ||
                                       strcmp(words->word[1], "no") == 0),
                 "'%s' wants yes or no", words->word[0]);
    return strcmp(words->word[1], "yes") == 0;
}
