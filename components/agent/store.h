/* SPDX-License-Identifier: MIT */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

/**
 * @file
 * Xenstore, as dom0 sees it.
 */

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** Longest absolute path of xenstore, and a NUL. */
#define AGENT_PATH_SIZE 3073
/** Values that mean something to us are shorter; others are cut. */
#define AGENT_VALUE_SIZE 256

struct agent_store;

enum vtpm_status agent_store_open(struct agent_store **store,
                                  struct vtpm_error *err);
void agent_store_close(struct agent_store *store);

/** Descriptors to poll for reading. The first: there are watch events. The
 * second, -1 where there is none: xenstored has hung up. */
int agent_store_watch_fd(const struct agent_store *store);
int agent_store_alive_fd(const struct agent_store *store);

/** False for ever once xenstored has gone: nothing succeeds any more. */
bool agent_store_is_alive(const struct agent_store *store);

/** A node, as a string. @return whether it is there */
bool agent_store_read(struct agent_store *store, const char *directory,
                      const char *key, char value[AGENT_VALUE_SIZE]);

/** Names in a directory. @return an array that free() frees, or NULL */
char **agent_store_list(struct agent_store *store, const char *directory,
                        unsigned *count);

bool agent_store_watch(struct agent_store *store, const char *path,
                       const char *token);
void agent_store_unwatch(struct agent_store *store, const char *path,
                         const char *token);

/** The next watch event, if there is one: the path is copied, cut if need be.
 * @return whether there was one */
bool agent_store_next(struct agent_store *store, char path[AGENT_PATH_SIZE],
                      char token[AGENT_VALUE_SIZE]);

/** What a device must be like for a word to be written; NULL: not asked. */
struct agent_guard {
    const char *online; /**< its node `online` */
    const char *state;  /**< its node `state`: or `word` becomes `otherwise` */
    bool unsaid;        /**< it has no node `guest` */
};

/** How a word was written. */
enum agent_said {
    AGENT_SAID,
    AGENT_SAID_OTHERWISE,
    AGENT_SAID_BEFORE,  /**< the node has this value, or any with `unsaid` */
    AGENT_SAID_NOTHING, /**< the device is not what it was; look again */
    AGENT_SAID_FAILED   /**< xenstore did not take it */
};

/**
 * Writes the node `guest` into the directory of a backend, in a transaction
 * that sees the guard fulfilled, and never into one that is not there.
 */
enum agent_said agent_store_say(struct agent_store *store,
                                const char *directory,
                                const struct agent_guard *guard,
                                const char *word, const char *otherwise);

#endif
