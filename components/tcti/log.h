/* SPDX-License-Identifier: MIT */
/**
 * @file log.h
 * Lines for the operator, in the form and with the switch of tpm2-tss.
 */
#ifndef VTPMRING_TCTI_LOG_H
#define VTPMRING_TCTI_LOG_H

/** Levels, as syslog numbers them. */
enum tcti_log_level {
    TCTI_LOG_ERROR = 3,
    TCTI_LOG_WARNING = 4,
    TCTI_LOG_INFO = 6,
    TCTI_LOG_DEBUG = 7
};

/** Who speaks: the name of the library, which has to define it. */
extern const char tcti_log_name[];

/**
 * Writes one line to stderr: "ERROR:tcti:NAME: text". Errors are shown
 * unless TSS2_LOG (see tpm2-tss: "module+level,...", here the modules "tcti"
 * and "all") says "none"; lower levels only if it asks for them.
 * Keeps errno. Any thread.
 * @param level enum tcti_log_level
 * @param format as printf's; unprintable characters of the result become '?'
 */
void tcti_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A vtpmring_port_xen_user_log that calls tcti_log(). */
void tcti_log_port(void *context, int level, const char *text);

#endif
