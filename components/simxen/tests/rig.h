/* SPDX-License-Identifier: MIT */
/**
 * @file rig.h
 * A simxen of its own for a test, and programs in its domains. Whatever goes
 * wrong here fails the running cmocka test.
 */
#ifndef SIMXEN_RIG_H
#define SIMXEN_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct agent {
    pid_t pid;
    FILE *in;
    FILE *out;
};

/** The runtime folder of the running rig. */
extern char rig_dir[64];

/** cmocka set-up and tear-down: start and stop a simxen in a new folder. */
int rig_start(void **state);
int rig_stop(void **state);

/** Run a shell command with $S the simxen program. @return its exit code. */
int rig_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The same; what it printed on standard output and error, free() it. */
char *rig_output(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A program in a domain, with its handles open. */
struct agent agent_start(const char *domain);
/** Kill it with SIGKILL and wait until the daemon has noticed. */
void agent_kill(struct agent *agent);
/** Let it end. */
void agent_stop(struct agent *agent);

/** Give a command without waiting for the answer. */
void agent_tell(struct agent *agent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The answer, which must be good: its first number, up to `most` further
 *  ones. */
long agent_hear(struct agent *agent, uint32_t *more, unsigned most);
/** Both: agent_ask() for a good answer. */
long agent_ask(struct agent *agent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The command must fail. @return its errno. */
int agent_refused(struct agent *agent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** What simxen list says of a domain. */
unsigned rig_ports(const char *domain);
unsigned rig_grants(const char *domain);

/** A raw connection to a domain's socket. @return the descriptor. */
int rig_connect(const char *domain, const char *socket, int type);
/** Wait until the other side has closed it. @return false after 5 s. */
bool rig_hung_up(int fd);

#endif
