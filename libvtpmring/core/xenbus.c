/* SPDX-License-Identifier: MIT */
#include <vtpmring/xenbus.h>

/* One of a machine's rows is passed at most once, so a table with a circle in
 * it cannot hold us: the bound is larger than any table. */
#define MAX_STEPS 64

uint8_t vtpmring_xenbus_settle(const struct vtpmring_xenbus_row *table,
                               uint8_t phase, enum vtpmring_xenbus_state peer,
                               bool close)
{
    for (int step = 0; step < MAX_STEPS; step++) {
        const struct vtpmring_xenbus_row *row = &table[phase];
        uint8_t next;

        if (row->action != 0)
            return phase;
        next = close && row->close != phase ? row->close : row->peer[peer];
        if (next == phase)
            return phase;
        phase = next;
    }
    return phase;
}

enum vtpmring_status vtpmring_xenbus_parse_number(const char *text,
                                                  size_t length, uint32_t max,
                                                  uint32_t *number)
{
    uint64_t value = 0;

    /* ten digits hold every u32, and cannot overflow a u64 */
    if (text == NULL || length == 0 || length > 10)
        return VTPMRING_EPEER_STRING;
    if (text[0] == '0' && length > 1)
        return VTPMRING_EPEER_STRING;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return VTPMRING_EPEER_STRING;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > max)
        return VTPMRING_EPEER_STRING;
    *number = (uint32_t)value;
    return VTPMRING_OK;
}

enum vtpmring_xenbus_state vtpmring_xenbus_parse_state(const char *text,
                                                       size_t length)
{
    uint32_t number;

    if (vtpmring_xenbus_parse_number(text, length,
                                     VTPMRING_XENBUS_STATE_COUNT - 1,
                                     &number) != VTPMRING_OK)
        return VTPMRING_XENBUS_UNKNOWN;
    return (enum vtpmring_xenbus_state)number;
}

const char *vtpmring_xenbus_state_name(enum vtpmring_xenbus_state state)
{
    static const char *const names[VTPMRING_XENBUS_STATE_COUNT] = {
        "Unknown",   "Initialising", "InitWait", "Initialised",
        "Connected", "Closing",      "Closed",
    };
    size_t i = (size_t)state;

    return i < VTPMRING_XENBUS_STATE_COUNT ? names[i] : "?";
}
