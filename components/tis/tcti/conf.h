/* SPDX-License-Identifier: MIT */
/**
 * @file conf.h
 * The configuration string: what follows "vtpmring-tis:".
 */
#ifndef VTPMRING_TIS_CONF_H
#define VTPMRING_TIS_CONF_H

#include <stdbool.h>
#include <vtpmring/tis.h>

/** Bytes of room for the reason of a refusal, with its NUL. */
#define TIS_CONF_ERROR_MAX 256
/** Bytes of the longest path, with its NUL. */
#define TIS_CONF_PATH_MAX 256

/** What a configuration string says. */
struct tis_conf {
    char path[TIS_CONF_PATH_MAX];      /**< of the memory */
    struct vtpmring_tis_config driver; /**< base is the address there */
    unsigned locality;                 /**< of the commands */
    unsigned wait_s;                   /**< longest wait for another process */
    unsigned idle_ms; /**< after so long without a command another process may
                           take over; 0: never */
    unsigned flush;   /**< 1: flush own objects at the end */
    unsigned seize;   /**< 1: take the locality from a lower one that keeps it */
};

/**
 * Reads a configuration string: "key=value,..." in any order, each key at most
 * once. Pure.
 * @param text NUL-terminated; NULL or "" gives the defaults
 * @param conf gets the values; undefined after a failure
 * @param error gets TIS_CONF_ERROR_MAX bytes: what is wrong and what would be
 *        right, in one line that quotes printable characters only; unchanged on
 *        success
 * @return whether the string is right
 */
bool tis_conf_parse(const char *text, struct tis_conf *conf,
                    char error[TIS_CONF_ERROR_MAX]);

/** The help text of the configuration string, one line. */
extern const char tis_conf_help[];

#endif
