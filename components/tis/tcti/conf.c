/* SPDX-License-Identifier: MIT */
/* One table says which keys there are; the parser only walks along it. */
#include <stdio.h>
#include <string.h>

#include "conf.h"

enum kind { NUMBER, MILLISECONDS, ADDRESS, PATH };

struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* of the value in struct tis_conf */
    unsigned min;
    unsigned max;
    const char *right; /* what would be */
};

#define AT(field) offsetof(struct tis_conf, field)
#define LIMIT(name, which)                                                     \
    {                                                                          \
        name, MILLISECONDS,                                                    \
            AT(driver.limit_us) + sizeof(uint32_t) * VTPMRING_TIS_##which, 1,  \
            3600000, "milliseconds from 1 to 3600000"                          \
    }

static const struct key keys[] = {
    {"mem", PATH, AT(path), 0, 0, "a path"},
    {"address", ADDRESS, AT(driver.base), 0, 0,
     "a multiple of 0x1000 in hexadecimal digits"},
    {"locality", NUMBER, AT(locality), 0, 4, "0 to 4"},
    {"wait", NUMBER, AT(wait_s), 0, 86400, "seconds from 0 to 86400"},
    {"idle", NUMBER, AT(idle_ms), 0, 3600000, "milliseconds from 0 to 3600000"},
    {"flush", NUMBER, AT(flush), 0, 1, "0 or 1"},
    {"seize", NUMBER, AT(seize), 0, 1, "0 or 1"},
    LIMIT("a", A),
    LIMIT("b", B),
    LIMIT("c", C),
    LIMIT("d", D),
    LIMIT("transfer", TRANSFER),
    LIMIT("short", SHORT),
    LIMIT("medium", MEDIUM),
    LIMIT("long", LONG),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
/* Characters of a quoted piece of the string. */
#define QUOTE_MAX 32

const char tis_conf_help[] =
    "mem=PATH,address=HEX,locality=N,seize=0|1,wait=S,idle=MS,flush=0|1,"
    "a|b|c|d|transfer|short|medium|long=MS; each may be left out";

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

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits only, few enough that nothing overflows. */
static bool number(const char *text, size_t length, int base, uint64_t *value)
{
    *value = 0;
    if (length == 0 || length > 14)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (digit(text[i]) >= base)
            return false;
        *value = *value * (uint64_t)base + (uint64_t)digit(text[i]);
    }
    return true;
}

static bool address(const char *text, size_t length, uint64_t *value)
{
    if (length > 2 && text[0] == '0' && text[1] == 'x') {
        text += 2;
        length -= 2;
    }
    return number(text, length, 16, value) && *value % 0x1000 == 0;
}

static bool set(struct tis_conf *conf, const struct key *key, const char *text,
                size_t length)
{
    unsigned char *to = (unsigned char *)conf + key->offset;
    uint64_t value;
    unsigned plain;

    if (key->kind == PATH) {
        if (length == 0 || length >= TIS_CONF_PATH_MAX)
            return false;
        memcpy(to, text, length);
        to[length] = '\0';
        return true;
    }
    if (key->kind == ADDRESS) {
        if (!address(text, length, &value))
            return false;
        memcpy(to, &value, sizeof(value));
        return true;
    }
    if (!number(text, length, 10, &value) || value < key->min ||
        value > key->max)
        return false;
    plain = (unsigned)value * (key->kind == MILLISECONDS ? 1000 : 1);
    memcpy(to, &plain, sizeof(plain));
    return true;
}

/* One "key=value" of the string. */
static bool item(const char *text, size_t length, struct tis_conf *conf,
                 unsigned *seen, char *error)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - text);
    size_t at = equals == NULL ? length : name_length + 1;
    const struct key *key = find(text, name_length);
    char quoted[QUOTE_MAX + 1];

    if (key == NULL) {
        quote(quoted, text, name_length);
        (void)snprintf(error, TIS_CONF_ERROR_MAX,
                       "configuration: unknown key '%s'; there are %s", quoted,
                       tis_conf_help);
        return false;
    }
    if (*seen & (1u << (key - keys))) {
        (void)snprintf(error, TIS_CONF_ERROR_MAX,
                       "configuration: '%s' is there twice; give it once",
                       key->name);
        return false;
    }
    *seen |= 1u << (key - keys);
    if (equals == NULL || !set(conf, key, text + at, length - at)) {
        quote(quoted, text + at, length - at);
        (void)snprintf(error, TIS_CONF_ERROR_MAX,
                       "configuration: '%s' of '%s' is wrong; give %s", quoted,
                       key->name, key->right);
        return false;
    }
    return true;
}

bool tis_conf_parse(const char *text, struct tis_conf *conf,
                    char error[TIS_CONF_ERROR_MAX])
{
    unsigned seen = 0;

    memset(conf, 0, sizeof(*conf));
    *conf = (struct tis_conf){.path = "/dev/mem",
                              .driver = VTPMRING_TIS_CONFIG_DEFAULT,
                              .wait_s = 60,
                              .idle_ms = 1,
                              .flush = 1};
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
