/* SPDX-License-Identifier: MIT */
#ifndef VTPM_PROCESS_H
#define VTPM_PROCESS_H

/**
 * @file
 * What every daemon with secrets does to its process.
 */

/**
 * SIGTERM, SIGINT and SIGHUP call @p stop, SIGUSR1 calls @p report; both must
 * be safe in a signal handler. SIGPIPE and SIGXFSZ become errors of the call.
 */
void vtpm_process_catch(void (*stop)(void), void (*report)(void));

/** One heap for all threads, no core dump, no tracer. */
void vtpm_process_seclude(void);

#endif
