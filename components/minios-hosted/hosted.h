/* SPDX-License-Identifier: MIT */
/**
 * @file hosted.h
 * Mini-OS as a process: the part of its API that our components use, over the
 * libraries of Xen's tools, so that it runs in a domain of simxen, or of Xen.
 *
 * What its users have to live with is as there: threads that give way only when
 * they sleep or say so, on one processor; handlers that run with events off,
 * may not sleep, and come only where a thread gives way or turns events on; a
 * queue of watches that gives the newest first and knows watches by their token
 * only; errors as names. What differs: a grant that the peer still maps can be
 * ended, but for the first N attempts if MINIOS_HELD=N is in the environment.
 */
#ifndef MINIOS_HOSTED_H
#define MINIOS_HOSTED_H

#include <poll.h>
#include <sys/stat.h>

#include <mini-os/types.h>

/**
 * Starts Mini-OS in this process, runs a function as its first thread, and ends
 * when that returns; other threads end there, too.
 * @return what it returned; 1 if Xen cannot be reached
 */
int minios_run(int (*function)(void *data), void *data);

/** Ends the process: a user did what would crash Mini-OS. */
void minios_crash(const char *why) __attribute__((noreturn));

/* between the files */

/** A thread may sleep or give way here; crashes in a handler. */
void minios_may_sleep(const char *what);
/** Whether handlers may run now. */
extern bool minios_events_are_off, minios_in_handler;

bool minios_events_open(void);
struct pollfd minios_events_fd(void);
/** Takes what has come; runs handlers if they may. */
void minios_events_take(void);
void minios_events_deliver(void);

bool minios_memory_open(void);

bool minios_store_open(void);
struct pollfd minios_store_fd(void);
void minios_store_take(void);

/** read(), write(), fstat() and close() of Mini-OS: those names are the
 *  process's. @return as there, -1 with errno */
int minios_read(int fd, void *buf, size_t count);
int minios_write(int fd, const void *buf, size_t count);
int minios_fstat(int fd, struct stat *buf);
int minios_close(int fd);

#endif
