/* SPDX-License-Identifier: MIT */
/**
 * @file script.h
 * The language of the event logs in scripts/. A script is replayed against one
 * machine; every line is something that happened to it, or what it must want.
 *
 *     case NAME                 a story begins; it ends before the next one
 *     define NAME ... end       lines to be used in stories
 *     use NAME                  those lines
 *     for X in A B C ... end    the lines between, with $X replaced
 *     # ...                     a comment; `;` separates statements
 *
 * Either machine:
 *     expect ACTION [...]       next() asks for it (asked twice); more below
 *     done [STATUS]             reports the expected action
 *     do ACTION [...]           expect, perform as a sane platform, done OK
 *     late ACTION               done() of what was not asked is refused
 *     peer N, event, close      what happened
 *     is STATUS                 what the last call returned
 *     phase NAME, fault STATUS  where it stands, and why
 *     page F=V ...              the peer writes state= length= locality=
 *                               nr_extra= refs=A,B data=...
 *     page_is F=V ...           what must be on the page
 *     wipe                      the pages are zeroed
 *
 * Data are hex digits to the end of the statement, or cmd:LENGTH, rsp:LENGTH
 * for a valid packet.
 *
 * A frontend: `front extra=N own=S announced=TEXT`, then pages, features v2=
 * extra=, submit locality= data=, cancel, take size=, response data=, fail
 * STATUS, reopen, ready yes|no, capacity N; expect SET_STATE N.
 *
 * A backend: `back max_extra=N family=2.0|1.2 own=S peer=S buffer=N`, then
 * nodes ring= port= v2=, map, map_extra, reply data=, reply_error NAME, work
 * yes|no; expect SET_STATE N, MAP ring= port=, MAP_EXTRA refs=A,B, EXECUTE
 * length= locality= nr_extra= data=.
 */
#ifndef VTPMRING_TESTS_SCRIPT_H
#define VTPMRING_TESTS_SCRIPT_H

#include "support.h"

/** Limits of a script. */
enum {
    SCRIPT_LINES = 2000,
    SCRIPT_LINE = 512,
    SCRIPT_WORDS = 32,
    SCRIPT_VARIABLES = 8,
    SCRIPT_DATA = 16384
};

/** A statement, in words. */
struct script_words {
    char *word[SCRIPT_WORDS]; /**< ended by NUL */
    unsigned count;           /**< of word */
};

/** A script that is being replayed. */
struct script {
    const char *file;           /**< its name */
    char (*lines)[SCRIPT_LINE]; /**< its text */
    unsigned line_count;        /**< of lines */
    unsigned line;              /**< being replayed, from 0 */
    unsigned long statements;   /**< replayed so far */
    jmp_buf failed;             /**< where a failure goes */
    struct {
        char name[16];             /**< of the variable */
        char value[64];            /**< that replaces it */
    } variables[SCRIPT_VARIABLES]; /**< of the loops around the line */
    unsigned variable_count;       /**< of variables */

    bool is_back;                    /**< which machine */
    bool made;                       /**< there is one */
    struct vtpmring_front front;     /**< the frontend, or */
    struct vtpmring_back back;       /**< the backend */
    struct vtpmring_page pages;      /**< its pages, and as many as asked for */
    uint32_t refs[256];              /**< of the pages */
    unsigned char *buffer;           /**< of the backend */
    char announced[32];              /**< to the frontend; "-" for nothing */
    unsigned action;                 /**< last one expected */
    enum vtpmring_status last;       /**< what the last call returned */
    unsigned char data[SCRIPT_DATA]; /**< of the last take() */
    size_t length;                   /**< of data */
};

/**
 * Ends the story as failed.
 * @param s the script
 * @param format, ... as printf
 */
_Noreturn void script_fail(struct script *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Fails unless `good`; text says what was wrong. */
#define script_check(s, good, ...)                                             \
    do {                                                                       \
        if (!(good))                                                           \
            script_fail(s, __VA_ARGS__);                                       \
    } while (0)

/** The value of KEY=VALUE among the words, or NULL. */
char *script_value(const struct script_words *words, const char *key);
/** The same as a number, decimal or 0x; `otherwise` if it is not there. */
uint32_t script_number(struct script *s, const struct script_words *words,
                       const char *key, uint32_t otherwise);
/** The bytes of data=..., which fill `data` of SCRIPT_DATA bytes. */
size_t script_data(struct script *s, const struct script_words *words,
                   unsigned char *data);
/** A number; fails if it is none. */
uint32_t script_parse(struct script *s, const char *text);
/** A status by its name. */
enum vtpmring_status script_status(struct script *s, const char *name);
/** yes or no. */
bool script_yes(struct script *s, const struct script_words *words);

/** Statements on the page; false if it is none. */
bool script_page(struct script *s, const struct script_words *words);
/** Statements on a frontend; false if it is none. */
bool script_front(struct script *s, const struct script_words *words);
/** Statements on a backend; false if it is none. */
bool script_back(struct script *s, const struct script_words *words);
/** Begins a machine. */
void script_front_begin(struct script *s, const struct script_words *words);
/** Begins a machine. */
void script_back_begin(struct script *s, const struct script_words *words);
/** Performs the action that next() asks for, as a sane platform. */
void script_front_perform(struct script *s);
/** Performs the action that next() asks for, as a sane platform. */
void script_back_perform(struct script *s);
/** Details of what EXECUTE and others ask for. */
void script_back_expect(struct script *s, const struct script_words *words);
/** An action of a frontend by its name. */
unsigned script_front_action(const char *name);
/** An action of a backend by its name. */
unsigned script_back_action(const char *name);
/** Lets go of the machine. */
void script_forget(struct script *s);

#endif
