/* SPDX-License-Identifier: MIT */
/*
 * A backend that keeps to no rule, in the place of a vTPM.
 *
 *     hostile_backend FRONTEND-DOMAIN [COUNT]
 *
 * It serves device 0 of that domain. Its answers are those of the table, one
 * after the other, and a right one after each. With COUNT, it gives so many
 * that are drawn by lot, and says how many of which kind, then it ends;
 * without, it ends when the device is gone.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <vtpmring/page.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

static struct {
    struct xs_handle *store;
    xengnttab_handle *grants;
    xenevtchn_handle *channels;
    uint32_t peer;
    long ref; /* of the page */
    volatile unsigned char *page;
    int port;
    unsigned answers;
    unsigned count;  /* of those that are drawn; 0: none are */
    unsigned honest; /* right answers that are still due: a connection begins
                        with these */
    bool silent;     /* to this command: it stays as it is */
} host;

static const unsigned char right[] = {
    0x80, 0x01, 0, 0, 0, 20, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 'r', 'i', 'g', 'h'};

static void nap_us(long us)
{
    struct timespec t = {0, us * 1000};

    (void)nanosleep(&t, NULL);
}

static void write_node(const char *name, const char *value)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "backend/vtpm/%u/0/%s",
                   (unsigned)host.peer, name);
    (void)xs_write(host.store, XBT_NULL, path, value, (unsigned)strlen(value));
}

/* A node of the frontend; -1 if there is none. */
static long read_node(const char *name)
{
    char path[80];
    unsigned length;
    char *text;
    long value = -1;

    (void)snprintf(path, sizeof(path), "/local/domain/%u/device/vtpm/0/%s",
                   (unsigned)host.peer, name);
    text = xs_read(host.store, XBT_NULL, path, &length);
    if (text != NULL)
        value = strtol(text, NULL, 10);
    free(text);
    return value;
}

static void notify(void)
{
    (void)xenevtchn_notify(host.channels, (evtchn_port_t)host.port);
}

static void finish(uint32_t length, uint8_t state)
{
    memcpy((void *)(host.page + VTPMRING_PAGE_HEAD_SIZE +
                    host.page[VTPMRING_PAGE_NR_EXTRA_OFFSET] *
                        VTPMRING_PAGE_REF_SIZE),
           right, sizeof(right));
    memcpy((void *)host.page, &length, sizeof(length));
    __atomic_store_n(&host.page[VTPMRING_PAGE_STATE_OFFSET], state,
                     __ATOMIC_SEQ_CST);
    notify();
}

static void give_length(uint32_t length)
{
    finish(length, VTPMRING_PAGE_FINISH);
}

static void give_state(uint32_t state)
{
    finish(sizeof(right), (uint8_t)state);
}

/* The frontend wrote the number of extra pages, and knows it. */
static void give_extra(uint32_t count)
{
    const uint8_t before = host.page[VTPMRING_PAGE_NR_EXTRA_OFFSET];

    memcpy((void *)(host.page + VTPMRING_PAGE_HEAD_SIZE +
                    before * VTPMRING_PAGE_REF_SIZE),
           right, sizeof(right));
    memcpy((void *)host.page, &(uint32_t){sizeof(right)}, 4);
    host.page[VTPMRING_PAGE_NR_EXTRA_OFFSET] = (uint8_t)count;
    __atomic_store_n(&host.page[VTPMRING_PAGE_STATE_OFFSET],
                     VTPMRING_PAGE_FINISH, __ATOMIC_SEQ_CST);
    notify();
}

static void storm(uint32_t events)
{
    while (events-- > 0)
        notify();
    give_length(sizeof(right));
}

static void close_it(uint32_t state)
{
    char text[8];

    (void)snprintf(text, sizeof(text), "%u", (unsigned)state);
    write_node("state", text);
    host.silent = true;
}

static void be_silent(uint32_t none)
{
    (void)none;
    host.silent = true;
}

/* hostile_backend.sh knows what the frontend makes of each. */
static const struct {
    void (*give)(uint32_t number);
    uint32_t number;
} answers[] = {
    {give_length, 0},    {give_length, 9},        {give_length, 19},
    {give_length, 4089}, {give_length, 1u << 31}, {give_length, ~0u},
    {give_state, 0},     {give_state, 4},         {give_state, 255},
    {give_extra, 255},   {storm, 20000},          {close_it, 5},
    {close_it, 6},       {close_it, 99},          {be_silent, 0},
};

/* ---- drawn by lot ---- */

/* The same in each run. */
static uint32_t chance(uint32_t below)
{
    static uint32_t x = 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x % below;
}

static unsigned char *response(void)
{
    return (unsigned char *)host.page + VTPMRING_PAGE_HEAD_SIZE +
           host.page[VTPMRING_PAGE_NR_EXTRA_OFFSET] * VTPMRING_PAGE_REF_SIZE;
}

static void end_with(uint32_t length, uint8_t state)
{
    memcpy((void *)host.page, &length, sizeof(length));
    __atomic_store_n(&host.page[VTPMRING_PAGE_STATE_OFFSET], state,
                     __ATOMIC_SEQ_CST);
    notify();
}

static void any_length(void)
{
    static const uint32_t edges[] = {0,    1,    9,    10,       4087, 4088,
                                     4089, 4096, 8191, 1u << 31, ~0u};
    const uint32_t edge = chance(sizeof(edges) / sizeof(edges[0]));

    memcpy(response(), right, sizeof(right));
    end_with(chance(2) == 0 ? edges[edge] : chance(5000), VTPMRING_PAGE_FINISH);
}

static void any_state(void)
{
    memcpy(response(), right, sizeof(right));
    end_with(sizeof(right), (uint8_t)chance(256));
}

/* A whole response as far as length goes, with other bytes in it. */
static void any_bytes(void)
{
    const uint32_t length = 10 + chance(4000);
    unsigned char *at = response();

    for (uint32_t i = 0; i < length; i++)
        at[i] = (unsigned char)chance(256);
    at[0] = chance(2) == 0 ? 0x80 : 0;
    at[1] = (unsigned char)chance(256);
    at[2] = at[3] = 0;
    at[4] = (unsigned char)(length >> 8);
    at[5] = (unsigned char)length;
    end_with(length, VTPMRING_PAGE_FINISH);
}

/* All of the page, the references of the extra pages too. */
static void any_page(void)
{
    for (size_t i = VTPMRING_PAGE_STATE_OFFSET + 1; i < VTPMRING_PAGE_SIZE; i++)
        host.page[i] = (unsigned char)chance(256);
    end_with(chance(4096), VTPMRING_PAGE_FINISH);
}

/* Another length after the end, again and again. */
static void changes(void)
{
    memcpy(response(), right, sizeof(right));
    end_with(sizeof(right), VTPMRING_PAGE_FINISH);
    for (uint32_t i = 0; i < 300; i++)
        memcpy((void *)host.page, &(uint32_t){chance(2) == 0 ? 20 : ~0u}, 4);
}

static void many_events(void)
{
    for (uint32_t i = 0; i < 500; i++)
        notify();
    give_length(sizeof(right));
}

static void any_backend_state(void)
{
    close_it(chance(10));
}

static void nothing(void)
{
    host.silent = true;
}

static void honestly(void)
{
    give_length(sizeof(right));
}

/* What ends a connection is rare: a frontend that has had some short ones waits
 * ever longer before the next. So are storms: a kernel that has seen one takes
 * the next events late. */
static struct {
    const char *name;
    void (*give)(void);
    unsigned parts; /* of 10000 */
    unsigned given;
} kinds[] = {
    {"lengths", any_length, 3460, 0},
    {"states of the page", any_state, 20, 0},
    {"responses", any_bytes, 2480, 0},
    {"whole pages", any_page, 1500, 0},
    {"changing lengths", changes, 1500, 0},
    {"storms of events", many_events, 20, 0},
    {"states in xenstore", any_backend_state, 10, 0},
    {"no answer", nothing, 10, 0},
    {"right answers", honestly, 1000, 0},
};

static void answer_by_lot(void)
{
    uint32_t lot = chance(10000);
    size_t i = 0;

    if (host.honest > 0) {
        host.honest--;
        honestly();
        return;
    }
    while (lot >= kinds[i].parts)
        lot -= kinds[i++].parts;
    kinds[i].given++;
    kinds[i].give();
    host.answers++;
}

static void report(void)
{
    printf("%u answers\n", host.answers);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        printf("%6u %s\n", kinds[i].given, kinds[i].name);
}

static bool is_done(void)
{
    return host.count > 0 && host.answers >= host.count;
}

static void answer(void)
{
    const unsigned n = host.answers;

    if (host.count > 0) {
        answer_by_lot();
        return;
    }
    host.answers++;

    if (n % 2 == 1 || n / 2 >= sizeof(answers) / sizeof(answers[0]))
        give_length(sizeof(right));
    else
        answers[n / 2].give(answers[n / 2].number);
}

static bool connected(void)
{
    long state = read_node("state");

    return state == 3 || state == 4;
}

/* A frontend that begins anew, as it does when we say InitWait, has another
 * page. */
static bool still_connected(void)
{
    return connected() && read_node("ring-ref") == host.ref;
}

/* After an answer the next command may be there before we look again. */
static void serve(void)
{
    host.silent = false;
    host.honest = 2; /* Startup, and what follows it */
    for (unsigned i = 0; !is_done() && (i % 100 != 0 || still_connected());
         i++) {
        if (host.page[VTPMRING_PAGE_STATE_OFFSET] != VTPMRING_PAGE_SUBMIT)
            host.silent = false;
        else if (!host.silent)
            answer();
        nap_us(100);
    }
}

static void connect_once(void)
{
    host.ref = read_node("ring-ref");
    if (host.ref < 0)
        return;
    host.page = xengnttab_map_grant_ref(
        host.grants, host.peer, (uint32_t)host.ref, PROT_READ | PROT_WRITE);
    host.port = xenevtchn_bind_interdomain(
        host.channels, host.peer, (evtchn_port_t)read_node("event-channel"));
    if (host.page != NULL && host.port >= 0) {
        write_node("ready", "1");
        write_node("state", "4");
        serve();
    }
    if (host.port >= 0)
        (void)xenevtchn_unbind(host.channels, (evtchn_port_t)host.port);
    if (host.page != NULL)
        (void)xengnttab_unmap(host.grants, (void *)host.page, 1);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: hostile_backend FRONTEND-DOMAIN [COUNT]\n");
        return 2;
    }
    host.count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    host.peer = (uint32_t)strtoul(argv[1], NULL, 10);
    host.store = xs_open(0);
    host.grants = xengnttab_open(NULL, 0);
    host.channels = xenevtchn_open(NULL, 0);
    if (host.store == NULL || host.grants == NULL || host.channels == NULL)
        return 1;
    while (read_node("state") < 0)
        nap_us(1000);
    write_node("feature-protocol-v2", "1");
    while (!is_done() && read_node("state") >= 0) {
        write_node("state", "2");
        while (!connected() && read_node("state") >= 0)
            nap_us(1000);
        if (connected())
            connect_once();
    }
    if (host.count > 0)
        report();
    return 0;
}
