/* SPDX-License-Identifier: MIT */
/* One table says which keys there are; the parser only walks along it. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"

struct key {
    const char *name;
    size_t offset; /* of an unsigned in struct tcti_conf */
    unsigned min;
    unsigned max;
    unsigned standard;
};

#define KEY(name, field, min, max, standard)                                   \
    {                                                                          \
        name, offsetof(struct tcti_conf, field), min, max, standard            \
    }

static const struct key keys[] = {
    KEY("device", device, 0, 65535, 0),
    KEY("timeout", connect_timeout_ms, 1, 3600000, 10000),
    KEY("poll", poll_us, 0, 1000000, 50),
    KEY("extra", extra_pages, 0, 255, 1),
    KEY("wait", wait_s, 0, 86400, 60),
    KEY("idle", idle_ms, 0, 3600000, 250),
    KEY("flush", flush, 0, 1, 1),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
/* Characters of a quoted piece of the string. */
#define QUOTE_MAX 32

const char tcti_conf_help[] =
    "device=N,timeout=MS,poll=US,extra=PAGES,wait=S,idle=MS,flush=0|1; "
    "each may be left out";

static void set(struct tcti_conf *conf, const struct key *key, unsigned value)
{
    memcpy((unsigned char *)conf + key->offset, &value, sizeof(value));
}

/* A piece of the string that is safe on a terminal. */
static void quote(char out[QUOTE_MAX + 1], const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length && i < QUOTE_MAX; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = '\0';
}

static const struct key *find(const char *name, size_t length)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i].name) == length &&
            memcmp(keys[i].name, name, length) == 0)
            return &keys[i];
    }
    return NULL;
}

static bool number(const char *text, size_t length, const struct key *key,
                   unsigned *value)
{
    uint64_t n = 0;

    /* No limit has more than 7 digits: the sum cannot overflow. */
    if (length == 0 || length > 7)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    if (n < key->min || n > key->max)
        return false;
    *value = (unsigned)n;
    return true;
}

/* One "key=number" of the string. */
static bool item(const char *text, size_t length, struct tcti_conf *conf,
                 unsigned *seen, char *error)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - text);
    const struct key *key = find(text, name_length);
    char quoted[QUOTE_MAX + 1];
    unsigned value = 0;

    if (key == NULL) {
        quote(quoted, text, name_length);
        (void)snprintf(error, TCTI_CONF_ERROR_MAX,
                       "configuration: unknown key '%s'; there are device, "
                       "timeout, poll, extra, wait, idle, flush",
                       quoted);
        return false;
    }
    if (*seen & (1u << (key - keys))) {
        (void)snprintf(error, TCTI_CONF_ERROR_MAX,
                       "configuration: '%s' is there twice; give it once",
                       key->name);
        return false;
    }
    *seen |= 1u << (key - keys);
    if (equals == NULL ||
        !number(equals + 1, length - name_length - 1, key, &value)) {
        size_t at = equals == NULL ? length : name_length + 1;

        quote(quoted, text + at, length - at);
        (void)snprintf(error, TCTI_CONF_ERROR_MAX,
                       "configuration: '%s' of '%s' is wrong; give a number "
                       "from %u to %u",
                       quoted, key->name, key->min, key->max);
        return false;
    }
    set(conf, key, value);
    return true;
}

bool tcti_conf_parse(const char *text, struct tcti_conf *conf,
                     char error[TCTI_CONF_ERROR_MAX])
{
    unsigned seen = 0;

    for (size_t i = 0; i < KEY_COUNT; i++)
        set(conf, &keys[i], keys[i].standard);
    if (text == NULL || text[0] == '\0')
        return true;
    for (;;) {
        size_t length = strcspn(text, ",");

        if (!item(text, length, conf, &seen, error))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}
