/* SPDX-License-Identifier: MIT */
/* The nodes of the device with odd values, and its state in disorder. */
#include "hostile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a node may hold besides a text of its own. */
static const char good[] = "the right one", nobody[] = "no such number",
                  another[] = "another domain's", taken[] = "one that is bound",
                  read_only[] = "read-only";

void node(const char *name, const char *value)
{
    char path[64];

    (void)snprintf(path, sizeof(path), FRONT "/%s", name);
    if (value == NULL)
        (void)xs_rm(hostile.store, XBT_NULL, path);
    else if (!xs_write(hostile.store, XBT_NULL, path, value,
                       (unsigned)strlen(value)))
        die("cannot write %s: %s", path, strerror(errno));
}

static void node_number(const char *name, uint32_t value)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", (unsigned)value);
    node(name, text);
}

static long number(const char *directory, const char *name)
{
    char path[300];
    unsigned length;
    char *text;
    long value = -1;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    text = xs_read(hostile.store, XBT_NULL, path, &length);
    if (text != NULL)
        value = strtol(text, NULL, 10);
    free(text);
    return value;
}

long front_number(const char *name)
{
    return number(FRONT, name);
}

static void backend_becomes(long state, const char *after)
{
    const int64_t begin = now_ms();

    while (number(hostile.backend, "state") != state) {
        if (too_late(begin))
            die("%s: the backend is in state %ld, not %ld", after,
                number(hostile.backend, "state"), state);
        nap(1);
    }
}

/* As a new frontend finds the device, whatever was there before. */
static void start_anew(void)
{
    node("state", "6");
    node("ring-ref", NULL);
    node("event-channel", NULL);
    backend_becomes(INIT_WAIT, "begun anew");
    node("state", "1");
}

static void publish(void)
{
    node_number("ring-ref", hostile.refs[0]);
    node_number("event-channel", hostile.port);
    node("feature-protocol-v2", "1");
}

void connect_device(void)
{
    start_anew();
    memset((void *)hostile.page, 0, 2 * (size_t)4096);
    publish();
    node("state", "3");
    backend_becomes(CONNECTED, "all is right");
    node("state", "4");
}

/* A frontend that is right but for one node. */
static void refused(const char *name, const char *value)
{
    char after[64];

    (void)snprintf(after, sizeof(after), "%s = [%.40s]", name,
                   value == NULL ? "none" : value);
    start_anew();
    publish();
    node(name, value);
    node("state", "3");
    backend_becomes(CLOSED, after);
}

static unsigned odd_values(void)
{
    static const char *const numbers[] = {
        NULL,
        "",
        " ",
        "abc",
        "-1",
        "+1",
        " 8",
        "8 ",
        "08",
        "0x8",
        "8.0",
        "8 9",
        "%s%s%n",
        "\x01\x02\xff",
        "/local/domain/0",
        "4294967295",
        "4294967296",
        "18446744073709551624",
        "99999999999999999999999999999999999999"};
    static const char *const features[] = {NULL, "", "0", "2", " 1", "1x"};
    char eights[1001];

    memset(eights, '8', sizeof(eights) - 1);
    eights[sizeof(eights) - 1] = '\0';
    for (size_t i = 0; i < COUNT(numbers); i++) {
        refused("ring-ref", numbers[i]);
        refused("event-channel", numbers[i]);
    }
    for (size_t i = 0; i < COUNT(features); i++)
        refused("feature-protocol-v2", features[i]);
    refused("ring-ref", eights);
    refused("event-channel", eights);
    refused("feature-protocol-v2", eights);
    return 2 * COUNT(numbers) + COUNT(features) + 3;
}

static void node_kind(const char *name, const char *kind, uint32_t right,
                      uint32_t anothers)
{
    if (kind == good)
        node_number(name, right);
    else if (kind == nobody)
        node_number(name, NO_NUMBER);
    else if (kind == another)
        node_number(name, anothers);
    else if (kind == read_only)
        node_number(name, hostile.ref_read_only);
    else if (kind == taken)
        node_number(name, hostile.port_taken);
    else
        node(name, kind);
}

static bool combine(const char *ref, const char *port, const char *feature,
                    const char *state)
{
    const bool right = ref == good && port == good && feature == good;
    char after[160];

    (void)snprintf(after, sizeof(after),
                   "ring-ref %s, event-channel %s, feature %s, state %s",
                   ref == NULL ? "none" : ref, port == NULL ? "none" : port,
                   feature == NULL ? "none" : feature, state);
    start_anew();
    node_kind("ring-ref", ref, hostile.refs[0], hostile.ref_of_another);
    node_kind("event-channel", port, hostile.port, hostile.port_of_another);
    node("feature-protocol-v2", feature == good ? "1" : feature);
    node("state", state);
    backend_becomes(right ? CONNECTED : CLOSED, after);
    return right;
}

static unsigned combinations(void)
{
    const char *const refs[] = {good, NULL, "junk", nobody, another, read_only};
    const char *const ports[] = {good, NULL, "junk", nobody, another, taken};
    const char *const features[] = {good, NULL, "junk"};
    const char *const states[] = {"3", "4"};
    unsigned count = 0;

    for (size_t r = 0; r < COUNT(refs); r++)
        for (size_t p = 0; p < COUNT(ports); p++)
            for (size_t f = 0; f < COUNT(features); f++)
                if (combine(refs[r], ports[p], features[f],
                            states[count++ % 2]))
                    works();
    /* as Mini-OS does it, without a 3 */
    (void)combine(good, good, good, "4");
    works();
    return count + 1;
}

/* Grant 0 is there in every guest: the page of its console. Whether that is
 * mapped or refused, it is no harm but to the guest. */
static void ring_ref_zero(void)
{
    const int64_t begin = now_ms();
    long state;

    start_anew();
    publish();
    node("ring-ref", "0");
    node("state", "3");
    do {
        if (too_late(begin))
            die("ring-ref 0: no end");
        nap(1);
        state = number(hostile.backend, "state");
    } while (state != CONNECTED && state != CLOSED);
    printf("ring-ref 0: state %ld\n", state);
}

void hostile_nodes(void)
{
    unsigned odd = odd_values(), combined = combinations();

    ring_ref_zero();
    connect_device();
    works();
    printf("%u odd values, %u combinations\n", odd, combined);
}

/* All that three writes of the state can be. */
static unsigned triples(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < 216; n++) {
        if (n % 12 == 0)
            start_anew();
        publish();
        node_number("state", 1 + n / 36);
        node_number("state", 1 + n / 6 % 6);
        node_number("state", 1 + n % 6);
        count++;
        if (n % 12 == 11) {
            connect_device();
            works();
        }
    }
    return count;
}

/* What is read at the connection is not read again. */
static unsigned removed(void)
{
    static const char *const names[] = {
        "ring-ref", "event-channel", "feature-protocol-v2",
        "handle",   "backend-id",    "backend"};
    unsigned count = 0;

    for (size_t i = 0; i < COUNT(names); i++) {
        char path[64], *before;
        unsigned length;

        (void)snprintf(path, sizeof(path), FRONT "/%s", names[i]);
        connect_device();
        before = xs_read(hostile.store, XBT_NULL, path, &length);
        node(names[i], NULL);
        works();
        node(names[i], "99999");
        works();
        connect_device();
        works();
        node(names[i], before);
        free(before);
        count += 2;
    }
    return count;
}

static unsigned flapping(void)
{
    const unsigned count = 400;

    for (unsigned i = 0; i < count; i++) {
        if (chance() % 4 == 0)
            publish();
        if (chance() % 8 == 0)
            node_number("ring-ref", chance());
        if (chance() % 8 == 0)
            node("event-channel", NULL);
        node_number("state", 1 + chance() % CLOSED);
    }
    connect_device();
    works();
    return count;
}

void hostile_states(void)
{
    printf("%u orders of states, ", triples());
    printf("%u nodes removed and odd while connected, ", removed());
    printf("%u states in a row\n", flapping());
}

/* A state that is none is as good as no frontend; only the toolstack can mend
 * that. */
void hostile_odd_state(void)
{
    static const char *const odd[] = {"9",           "-4", "4x",  "04",
                                      "44444444444", "",   "\xff"};

    connect_device();
    works();
    for (size_t i = 0; i < COUNT(odd); i++)
        node("state", odd[i]);
    backend_becomes(CLOSED, "states that are none");
    printf("%zu states that are none\n", COUNT(odd));
}

void hostile_no_state(void)
{
    connect_device();
    submit();
    node("state", NULL);
    backend_becomes(CLOSED, "no state");
    printf("no state\n");
}

void hostile_no_device(void)
{
    connect_device();
    submit();
    if (!xs_rm(hostile.store, XBT_NULL, FRONT))
        die("cannot remove the device: %s", strerror(errno));
    backend_becomes(CLOSED, "no device");
    printf("no device\n");
}
