/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_SCHED_H
#define MINIOS_HOSTED_SCHED_H

#include <mini-os/time.h>

struct thread;

struct thread *create_thread(char *name, void (*function)(void *), void *data);
void exit_thread(void) __attribute__((noreturn));
void schedule(void);
void msleep(uint32_t ms);

#endif
