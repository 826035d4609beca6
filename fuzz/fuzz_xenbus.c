/* SPDX-License-Identifier: MIT */
/* Numbers and states that a peer wrote to xenstore, and the tables. */
#include "fuzz.h"
#include <vtpmring/vtpmring.h>

#include <stdlib.h>
#include <string.h>

/* What the parser must say, told in another way. */
static bool expected(const char *text, size_t length, uint32_t max,
                     uint32_t *number)
{
    char copy[12], back[12];
    unsigned long long value;

    if (text == NULL || length == 0 || length > 10)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    value = strtoull(copy, NULL, 10);
    if (value > max)
        return false;
    *number = (uint32_t)value;
    /* right is only what printing it gives back */
    memset(back, 0, sizeof(back));
    for (size_t i = length; i > 0; i--, value /= 10)
        back[i - 1] = (char)('0' + value % 10);
    return memcmp(copy, back, length) == 0 && (length == 1 || copy[0] != '0');
}

static void numbers(void)
{
    static const uint32_t limits[] = {UINT32_MAX, INT32_MAX, 255, 6, 0};
    uint32_t max = limits[fuzz_pick(5)], want = 77, got = 77;
    enum vtpmring_xenbus_state state;
    size_t length;
    const char *text = fuzz_text(&length);
    bool right = expected(text, length, max, &want);
    enum vtpmring_status status =
        vtpmring_xenbus_parse_number(text, length, max, &got);

    fuzz_check(status == (right ? VTPMRING_OK : VTPMRING_EPEER_STRING),
               "a number is judged wrongly");
    fuzz_check(got == (right ? want : 77), "a number is read wrongly");
    state = vtpmring_xenbus_parse_state(text, length);
    fuzz_check(state == (expected(text, length, 6, &want)
                             ? (enum vtpmring_xenbus_state)want
                             : VTPMRING_XENBUS_UNKNOWN),
               "a state is read wrongly");
    fuzz_check(vtpmring_xenbus_state_name(state)[0] != '?', "no name");
}

/* Where a table comes to rest, events change nothing any more. */
static void tables(void)
{
    bool front = fuzz_pick(2) != 0, close = fuzz_pick(2) != 0;
    unsigned count =
        front ? VTPMRING_FRONT_PHASE_COUNT : VTPMRING_BACK_PHASE_COUNT;
    const struct vtpmring_xenbus_row *table =
        front ? vtpmring_front_table : vtpmring_back_table;
    uint8_t from = (uint8_t)fuzz_pick(count), rest;
    enum vtpmring_xenbus_state peer =
        (enum vtpmring_xenbus_state)fuzz_pick(VTPMRING_XENBUS_STATE_COUNT);

    rest = vtpmring_xenbus_settle(table, from, peer, close);
    fuzz_check(rest < count, "no such phase");
    fuzz_check(vtpmring_xenbus_settle(table, rest, peer, close) == rest,
               "a phase of rest is left");
    if (table[from].action != 0)
        fuzz_check(rest == from, "an action is skipped");
}

/* A table with a circle must not hold us. */
static void circle(void)
{
    struct vtpmring_xenbus_row table[2] = {{0}, {0}};

    memset(table[0].peer, 1, sizeof(table[0].peer));
    memset(table[1].peer, 0, sizeof(table[1].peer));
    table[0].close = 1;
    table[1].close = 0;
    fuzz_check(vtpmring_xenbus_settle(table, 0, VTPMRING_XENBUS_CLOSED,
                                      fuzz_pick(2) != 0) < 2,
               "no such phase");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    while (fuzz_left() > 0) {
        switch (fuzz_pick(4)) {
        case 0:
        case 1:
            numbers();
            break;
        case 2:
            tables();
            break;
        default:
            circle();
            break;
        }
        (void)vtpmring_xenbus_state_name(
            (enum vtpmring_xenbus_state)fuzz_pick(256));
        fuzz_forget();
    }
    return 0;
}
