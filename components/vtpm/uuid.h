/* SPDX-License-Identifier: MIT */
#ifndef VTPM_UUID_H
#define VTPM_UUID_H

/**
 * @file
 * UUIDs as xl writes them.
 */

#include "keys.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Reads 8-4-4-4-12 hexadecimal digits, of either case, and nothing else.
 * @param text a string
 * @param uuid gets the bytes in the order of the digits
 * @return whether it was one
 */
bool vtpm_uuid_parse(const char *text, uint8_t uuid[VTPM_UUID_SIZE]);

/** Bytes of a UUID's text, with its NUL. */
#define VTPM_UUID_TEXT_SIZE 37

/** Writes it, in lower case. */
void vtpm_uuid_format(const uint8_t uuid[VTPM_UUID_SIZE],
                      char text[VTPM_UUID_TEXT_SIZE]);

#endif
