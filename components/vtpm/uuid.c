/* SPDX-License-Identifier: MIT */
#include "uuid.h"

#include "bytes.h"

bool vtpm_uuid_parse(const char *text, uint8_t uuid[VTPM_UUID_SIZE])
{
    for (int i = 0; i < VTPM_UUID_SIZE; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        high = vtpm_hex_digit(*text);
        if (high < 0)
            return false;
        low = vtpm_hex_digit(text[1]);
        if (low < 0)
            return false;
        uuid[i] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    return *text == '\0';
}

void vtpm_uuid_format(const uint8_t uuid[VTPM_UUID_SIZE],
                      char text[VTPM_UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < VTPM_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 15];
    }
    *text = '\0';
}
