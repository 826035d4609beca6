/* SPDX-License-Identifier: MIT */
#ifndef VTPMCTL_TEXT_H
#define VTPMCTL_TEXT_H

/**
 * @file
 * Numbers, UUIDs and bytes as text, both ways, and tables.
 */

#include "keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As many bytes as fit with a NUL, two digits each. */
void ctl_hex(const uint8_t *bytes, size_t len, char *text, size_t room);

/** Reads exactly @p len bytes, two hex digits each, and nothing else. */
bool ctl_hex_parse(const char *text, uint8_t *bytes, size_t len);

/**
 * What somebody else wrote, fit for a terminal and for JSON: what is no
 * printable ASCII becomes '?'.
 * @param text gets at most @p room bytes with the NUL
 */
void ctl_clean(const uint8_t *bytes, size_t len, char *text, size_t room);

/** A span of time in words: "3 d 04:05:06". */
void ctl_duration(uint64_t seconds, char *text, size_t room);

#endif
