/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ctl_hex(const uint8_t *bytes, size_t len, char *text, size_t room)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; n < len && 2 * n + 2 < room; n++) {
        text[2 * n] = digits[bytes[n] >> 4];
        text[2 * n + 1] = digits[bytes[n] & 15];
    }
    text[2 * n] = '\0';
}

bool ctl_hex_parse(const char *text, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = vtpm_hex_digit(text[2 * i]), low;

        if (high < 0)
            return false;
        low = vtpm_hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * len] == '\0';
}

void ctl_clean(const uint8_t *bytes, size_t len, char *text, size_t room)
{
    size_t n = len < room - 1 ? len : room - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '?';
    text[n] = '\0';
}

void ctl_duration(uint64_t seconds, char *text, size_t room)
{
    uint64_t days = seconds / 86400, hours = seconds / 3600 % 24;
    uint64_t minutes = seconds / 60 % 60;

    if (days > 0)
        (void)snprintf(text, room,
                       "%" PRIu64 " d %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
                       days, hours, minutes, seconds % 60);
    else
        (void)snprintf(text, room, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
                       hours, minutes, seconds % 60);
}
