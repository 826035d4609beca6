/* SPDX-License-Identifier: MIT */
#include "xsclient.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../store.h"

void xsclient_close(struct xsclient *client)
{
    struct domain *domain = client->domain;

    source_forget(domain->host, &client->source);
    simxen_store_disconnect(client->conn); /* closes the descriptor */
    LIST_REMOVE(client, link);
    domain->xsclient_count--;
    domain->fds--;
    free(client);
}

static void client_ready(struct source *source, uint32_t events)
{
    struct xsclient *client = source->owner;

    if (simxen_store_io(client->conn, events) < 0)
        xsclient_close(client);
}

static void change_events(void *ctx, struct simxen_store_conn *conn,
                          uint32_t events)
{
    struct xsclient *client = ctx;

    (void)conn;
    source_change(client->domain->host, &client->source, events);
}

void xsclient_accept(struct source *listener, uint32_t events)
{
    struct domain *domain = listener->owner;
    int fd = host_accept(domain->host, listener->fd);
    struct xsclient *client;

    (void)events;
    if (fd < 0)
        return;
    client = calloc(1, sizeof(*client));
    if (!client || domain->xsclient_count >= SIMXEN_MAX_HANDLES)
        goto refuse;
    client->domain = domain;
    client->source = (struct source){-1, client_ready, client};
    if (source_add(domain->host, &client->source, fd, EPOLLIN) < 0)
        goto refuse;
    client->conn = simxen_store_connect(domain->host->store, fd, domain->id,
                                        change_events, client);
    if (!client->conn) { /* which has closed the descriptor */
        client->source.fd = -1;
        free(client);
        return;
    }
    LIST_INSERT_HEAD(&domain->xsclients, client, link);
    domain->xsclient_count++;
    domain->fds++;
    return;
refuse:
    free(client);
    close(fd);
}
