/* SPDX-License-Identifier: MIT */
#include "hosted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mini-os/lib.h>
#include <mini-os/xenbus.h>
#include <xenstore.h>

static struct xs_handle *store;
struct wait_queue_head xenbus_watch_queue;

struct watch {
    char *token;
    xenbus_event_queue *events;
    struct watch *next;
};
static struct watch *watches;

bool minios_store_open(void)
{
    store = xs_open(0);
    return store != NULL;
}

struct pollfd minios_store_fd(void)
{
    return (struct pollfd){.fd = xs_fileno(store), .events = POLLIN};
}

static struct watch *find(const char *token)
{
    struct watch *watch = watches;

    while (watch != NULL && strcmp(watch->token, token) != 0)
        watch = watch->next;
    return watch;
}

/* One piece of memory, so that it is freed by one free(). */
static void push(xenbus_event_queue *queue, const char *path, const char *token)
{
    const size_t path_size = strlen(path) + 1, size = strlen(token) + 1;
    struct xenbus_event *event = malloc(sizeof(*event) + path_size + size);

    event->path = (char *)(event + 1);
    event->token = event->path + path_size;
    memcpy(event->path, path, path_size);
    memcpy(event->token, token, size);
    event->next = *queue;
    *queue = event;
    wake_up(&xenbus_watch_queue);
}

void minios_store_take(void)
{
    char **event;

    while ((event = xs_check_watch(store)) != NULL) {
        struct watch *watch = find(event[XS_WATCH_TOKEN]);

        if (watch != NULL)
            push(watch->events, event[XS_WATCH_PATH], event[XS_WATCH_TOKEN]);
        free(event);
    }
}

/* All block, as others run while they wait for the answer. */
static void wait_for_answer(const char *what)
{
    minios_may_sleep(what);
    schedule();
}

static char *outcome(bool good)
{
    const char *name;

    if (good)
        return NULL;
    name = strerrorname_np(errno);
    return strdup(name != NULL ? name : "EIO");
}

char *xenbus_read(xenbus_transaction_t transaction, const char *path,
                  char **value)
{
    unsigned length;

    wait_for_answer("xenbus_read() in a handler");
    *value = xs_read(store, (xs_transaction_t)transaction, path, &length);
    return outcome(*value != NULL);
}

char *xenbus_write(xenbus_transaction_t transaction, const char *path,
                   const char *value)
{
    wait_for_answer("xenbus_write() in a handler");
    return outcome(xs_write(store, (xs_transaction_t)transaction, path, value,
                            (unsigned)strlen(value)));
}

char *xenbus_rm(xenbus_transaction_t transaction, const char *path)
{
    wait_for_answer("xenbus_rm() in a handler");
    return outcome(xs_rm(store, (xs_transaction_t)transaction, path));
}

char *xenbus_ls(xenbus_transaction_t transaction, const char *path,
                char ***names)
{
    unsigned count, i;
    char **found;

    wait_for_answer("xenbus_ls() in a handler");
    found = xs_directory(store, (xs_transaction_t)transaction, path, &count);
    *names = NULL;
    if (found == NULL)
        return outcome(false);
    *names = malloc((count + 1) * sizeof(**names));
    for (i = 0; i < count; i++)
        (*names)[i] = strdup(found[i]);
    (*names)[count] = NULL;
    free(found);
    return NULL;
}

char *xenbus_transaction_start(xenbus_transaction_t *transaction)
{
    wait_for_answer("a transaction in a handler");
    *transaction = xs_transaction_start(store);
    return outcome(*transaction != XBT_NIL);
}

char *xenbus_transaction_end(xenbus_transaction_t transaction, int abort,
                             int *retry)
{
    wait_for_answer("a transaction in a handler");
    *retry = 0;
    if (xs_transaction_end(store, (xs_transaction_t)transaction, abort != 0))
        return NULL;
    *retry = errno == EAGAIN;
    return *retry != 0 ? NULL : outcome(false);
}

char *xenbus_watch_path_token(xenbus_transaction_t transaction,
                              const char *path, const char *token,
                              xenbus_event_queue *events)
{
    struct watch *watch = malloc(sizeof(*watch));

    (void)transaction;
    wait_for_answer("a watch in a handler");
    watch->token = strdup(token);
    watch->events = events;
    watch->next = watches;
    watches = watch;
    return outcome(xs_watch(store, path, token));
}

char *xenbus_unwatch_path_token(xenbus_transaction_t transaction,
                                const char *path, const char *token)
{
    struct watch *watch = find(token), **at = &watches;

    (void)transaction;
    wait_for_answer("a watch in a handler");
    if (watch != NULL) {
        while (*at != watch)
            at = &(*at)->next;
        *at = watch->next;
        free(watch->token);
        free(watch);
    }
    return outcome(xs_unwatch(store, path, token));
}

char **xenbus_wait_for_watch_return(xenbus_event_queue *events)
{
    struct xenbus_event *event;

    wait_event(xenbus_watch_queue, *events != NULL);
    event = *events;
    *events = event->next;
    return (char **)event;
}

domid_t get_domid(void)
{
    unsigned length;
    char *text = xs_read(store, XBT_NULL, "domid", &length);
    const domid_t domid = text != NULL ? (domid_t)atoi(text) : 0;

    free(text);
    return domid;
}
