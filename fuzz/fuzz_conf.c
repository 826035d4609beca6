/* SPDX-License-Identifier: MIT */
/* The TCTI's configuration string: an application or an operator writes it. */
#include "conf.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static void check_values(const struct tcti_conf *c)
{
    fuzz_check(c->device <= 65535 && c->connect_timeout_ms >= 1 &&
                   c->connect_timeout_ms <= 3600000 && c->poll_us <= 1000000 &&
                   c->extra_pages <= 255 && c->wait_s <= 86400 &&
                   c->idle_ms <= 3600000 && c->flush <= 1,
               "a value is out of its range");
}

/* What was understood, written again, means the same. */
static void check_again(const struct tcti_conf *c)
{
    char text[256], error[TCTI_CONF_ERROR_MAX];
    struct tcti_conf again;

    (void)snprintf(text, sizeof(text),
                   "flush=%u,idle=%u,wait=%u,extra=%u,poll=%u,timeout=%u,"
                   "device=%u",
                   c->flush, c->idle_ms, c->wait_s, c->extra_pages, c->poll_us,
                   c->connect_timeout_ms, c->device);
    fuzz_check(tcti_conf_parse(text, &again, error) &&
                   memcmp(c, &again, sizeof(again)) == 0,
               "the same words do not mean the same");
}

static void check_error(const char *error)
{
    size_t length = strnlen(error, TCTI_CONF_ERROR_MAX);

    fuzz_check(length > 0 && length < TCTI_CONF_ERROR_MAX,
               "an error is not a text");
    for (size_t i = 0; i < length; i++)
        fuzz_check(error[i] >= ' ' && error[i] <= '~',
                   "an error is not fit for a terminal");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_memory(size + 1);
    char *error = fuzz_memory(TCTI_CONF_ERROR_MAX);
    struct tcti_conf conf;

    if (size > 0)
        memcpy(text, data, size);
    memset(error, 1, TCTI_CONF_ERROR_MAX);
    if (tcti_conf_parse(size == 0 ? NULL : text, &conf, error)) {
        for (size_t i = 0; i < TCTI_CONF_ERROR_MAX; i++)
            fuzz_check(error[i] == 1, "an error is left on success");
        check_values(&conf);
        check_again(&conf);
    } else {
        check_error(error);
    }
    fuzz_forget();
    return 0;
}
