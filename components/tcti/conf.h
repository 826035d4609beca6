/* SPDX-License-Identifier: MIT */
/**
 * @file conf.h
 * The configuration string of the TCTI: what follows "vtpmring:".
 */
#ifndef VTPMRING_TCTI_CONF_H
#define VTPMRING_TCTI_CONF_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of room for the reason of a refusal, with its NUL. */
#define TCTI_CONF_ERROR_MAX 160

/** What a configuration string says. */
struct tcti_conf {
    unsigned device;             /**< number in device/vtpm/N */
    unsigned connect_timeout_ms; /**< longest wait for the backend */
    unsigned poll_us;            /**< spin before sleeping for a response */
    unsigned extra_pages;        /**< extra pages to offer */
    unsigned wait_s;             /**< longest wait for another process */
    unsigned idle_ms;            /**< after so long without a command another
                                      process may take over; 0: never */
    unsigned flush;              /**< 1: flush own objects at the end */
};

/**
 * Reads a configuration string: "key=number,..." in any order, each key at most
 * once; decimal digits only. Pure.
 * @param text NUL-terminated; NULL or "" gives the defaults
 * @param conf gets the values; undefined after a failure
 * @param error gets TCTI_CONF_ERROR_MAX bytes: what is wrong and what would be
 *        right, in one line that quotes printable characters only; unchanged on
 *        success
 * @return whether the string is right
 */
bool tcti_conf_parse(const char *text, struct tcti_conf *conf,
                     char error[TCTI_CONF_ERROR_MAX]);

/** The help text of the configuration string, one line. */
extern const char tcti_conf_help[];

#endif
