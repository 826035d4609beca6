/* SPDX-License-Identifier: MIT */
/**
 * @file text.h
 * Paths and log lines, built in a buffer of fixed size.
 */
#ifndef VTPMRING_TEXT_H
#define VTPMRING_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/** A text under construction; always ends in a NUL. */
struct text {
    char *at;      /**< the buffer */
    size_t size;   /**< bytes of it */
    size_t length; /**< bytes used, without the NUL */
    bool cut;      /**< something did not fit */
};

static inline struct text text_begin(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text){buffer, size, 0, false};
}

static inline void text_add(struct text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        if (text->length + 1 >= text->size) {
            text->cut = true;
            break;
        }
        text->at[text->length++] = *string;
    }
    text->at[text->length] = '\0';
}

static inline void text_add_number(struct text *text, uint32_t number)
{
    char digits[11];
    size_t i = sizeof(digits);

    digits[--i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add(text, digits + i);
}

/** directory/key; false if it does not fit */
static inline bool text_path(char *buffer, size_t size, const char *directory,
                             const char *key)
{
    struct text text = text_begin(buffer, size);

    text_add(&text, directory);
    text_add(&text, "/");
    text_add(&text, key);
    return !text.cut;
}

static inline bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

#endif
