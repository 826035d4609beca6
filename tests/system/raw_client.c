/* SPDX-License-Identifier: MIT */
/*
 * A guest that talks to its TPM byte by byte, over any TCTI. It carries out
 * the lines of its standard input one by one and answers each with one line:
 *
 *   send HEX       command and response   -> response HEX | error CODE
 *   start HEX      command only           -> started | error CODE
 *   receive MS     its response           -> response HEX | error CODE
 *   cancel         of what was started    -> canceled | error CODE
 *   elapsed        since the last start, send or cancel  -> elapsed MS
 *   sleep MS                              -> slept
 *   locality N                            -> locality N | error CODE
 *   reopen         closes and opens       -> opened | error CODE
 *
 * A line that starts with "error" carries the TCTI's code in hexadecimal.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>

enum { BUFFER = 64 * 1024, SEND_TIMEOUT_MS = 60000 };

struct client {
    const char *conf;
    TSS2_TCTI_CONTEXT *tcti;
    int64_t started_ms;
    uint8_t bytes[BUFFER];
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool report(const char *done, TSS2_RC rc)
{
    if (rc == TSS2_RC_SUCCESS)
        printf("%s\n", done);
    else
        printf("error 0x%08x\n", (unsigned)rc);
    return true;
}

/* Bytes of a line of hexadecimal digits; 0 if it is none. */
static size_t parse_hex(const char *text, uint8_t *bytes, size_t size)
{
    size_t length = strlen(text);

    if (length % 2 != 0 || length / 2 > size)
        return 0;
    for (size_t i = 0; i < length; i += 2) {
        char pair[3] = {text[i], text[i + 1], '\0'};

        if (!isxdigit((unsigned char)pair[0]) ||
            !isxdigit((unsigned char)pair[1]))
            return 0;
        bytes[i / 2] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return length / 2;
}

static TSS2_RC transmit(struct client *client, const char *hex)
{
    size_t length = parse_hex(hex, client->bytes, sizeof(client->bytes));

    client->started_ms = now_ms();
    return Tss2_Tcti_Transmit(client->tcti, length, client->bytes);
}

static bool do_start(struct client *client, const char *hex)
{
    return report("started", transmit(client, hex));
}

static bool receive(struct client *client, int timeout_ms)
{
    size_t length = sizeof(client->bytes);
    TSS2_RC rc =
        Tss2_Tcti_Receive(client->tcti, &length, client->bytes, timeout_ms);

    if (rc != TSS2_RC_SUCCESS)
        return report("", rc);
    printf("response ");
    for (size_t i = 0; i < length; i++)
        printf("%02x", client->bytes[i]);
    printf("\n");
    return true;
}

static bool do_receive(struct client *client, const char *timeout_ms)
{
    return receive(client, (int)strtol(timeout_ms, NULL, 10));
}

static bool do_send(struct client *client, const char *hex)
{
    TSS2_RC rc = transmit(client, hex);

    if (rc != TSS2_RC_SUCCESS)
        return report("", rc);
    return receive(client, SEND_TIMEOUT_MS);
}

static bool do_cancel(struct client *client, const char *none)
{
    (void)none;
    client->started_ms = now_ms();
    return report("canceled", Tss2_Tcti_Cancel(client->tcti));
}

static bool do_elapsed(struct client *client, const char *none)
{
    (void)none;
    printf("elapsed %lld\n", (long long)(now_ms() - client->started_ms));
    return true;
}

static bool do_sleep(struct client *client, const char *ms)
{
    long wait_ms = strtol(ms, NULL, 10);
    struct timespec t = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    (void)client;
    (void)nanosleep(&t, NULL);
    printf("slept\n");
    return true;
}

static bool do_locality(struct client *client, const char *number)
{
    uint8_t locality = (uint8_t)strtoul(number, NULL, 10);
    char done[32];

    (void)snprintf(done, sizeof(done), "locality %u", (unsigned)locality);
    return report(done, Tss2_Tcti_SetLocality(client->tcti, locality));
}

static bool do_reopen(struct client *client, const char *none)
{
    (void)none;
    Tss2_TctiLdr_Finalize(&client->tcti);
    TSS2_RC rc = Tss2_TctiLdr_Initialize(client->conf, &client->tcti);

    (void)report("opened", rc);
    return rc == TSS2_RC_SUCCESS;
}

static const struct {
    const char *word;
    bool (*run)(struct client *client, const char *argument);
} commands[] = {
    {"send", do_send},         {"start", do_start},     {"receive", do_receive},
    {"cancel", do_cancel},     {"elapsed", do_elapsed}, {"sleep", do_sleep},
    {"locality", do_locality}, {"reopen", do_reopen},
};

/* Whether to go on. */
static bool obey(struct client *client, char *line)
{
    char *argument = strchr(line, ' ');

    if (argument)
        *argument++ = '\0';
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(line, commands[i].word) == 0)
            return commands[i].run(client, argument ? argument : "");
    fprintf(stderr, "raw_client: no such command: %s\n", line);
    return false;
}

int main(int argc, char **argv)
{
    static struct client client;
    static char line[2 * BUFFER + 32];
    bool going = true;

    client.conf = argc > 1 ? argv[1] : getenv("TPM2TOOLS_TCTI");
    if (argc > 2 || !client.conf) {
        fprintf(stderr, "usage: raw_client TCTI <lines\n");
        return 2;
    }
    TSS2_RC rc = Tss2_TctiLdr_Initialize(client.conf, &client.tcti);

    if (rc != TSS2_RC_SUCCESS) {
        fprintf(stderr, "raw_client: cannot open %s: 0x%08x\n", client.conf,
                (unsigned)rc);
        return 1;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    while (going && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        going = obey(&client, line);
    }
    Tss2_TctiLdr_Finalize(&client.tcti);
    return going ? 0 : 1;
}
