/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_XENBUS_H
#define MINIOS_HOSTED_XENBUS_H

#include <mini-os/types.h>
#include <mini-os/wait.h>

typedef unsigned long xenbus_transaction_t;
#define XBT_NIL ((xenbus_transaction_t)0)

struct xenbus_event {
    char *path;
    char *token;
    struct xenbus_event *next;
};
typedef struct xenbus_event *xenbus_event_queue;

extern struct wait_queue_head xenbus_watch_queue;

/* Each returns NULL, or the name of an errno, to be freed. */
char *xenbus_read(xenbus_transaction_t transaction, const char *path,
                  char **value);
char *xenbus_write(xenbus_transaction_t transaction, const char *path,
                   const char *value);
char *xenbus_rm(xenbus_transaction_t transaction, const char *path);
char *xenbus_ls(xenbus_transaction_t transaction, const char *path,
                char ***names);
char *xenbus_transaction_start(xenbus_transaction_t *transaction);
char *xenbus_transaction_end(xenbus_transaction_t transaction, int abort,
                             int *retry);
char *xenbus_watch_path_token(xenbus_transaction_t transaction,
                              const char *path, const char *token,
                              xenbus_event_queue *events);
char *xenbus_unwatch_path_token(xenbus_transaction_t transaction,
                                const char *path, const char *token);
/* The newest event comes first. */
char **xenbus_wait_for_watch_return(xenbus_event_queue *events);

#endif
