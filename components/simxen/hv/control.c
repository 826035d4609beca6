/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../control_wire.h"
#include "domain.h"

static void describe(const struct domain *domain,
                     struct simxen_control_reply *reply)
{
    reply->domid = domain->id;
    reply->ports = domain->port_count;
    reply->grants = domain->grant_count;
    strcpy(reply->name, domain->name);
}

static struct domain *next_domain(struct host *host, uint32_t from)
{
    struct domain *domain;
    struct domain *best = NULL;

    LIST_FOREACH(domain, &host->domains, link)
    if (domain->id >= from && (!best || domain->id < best->id))
        best = domain;
    return best;
}

static int destroy(struct domain *domain)
{
    if (!domain)
        return -ENOENT;
    if (domain->id == 0)
        return -EPERM;
    domain_destroy(domain);
    return 0;
}

static int find(struct host *host, const struct simxen_control_request *request,
                struct simxen_control_reply *reply)
{
    const struct domain *domain =
        request->op == SIMXEN_CONTROL_NEXT ? next_domain(host, request->domid)
        : request->name[0]                 ? domain_by_name(host, request->name)
                                           : domain_by_id(host, request->domid);

    if (!domain)
        return -ENOENT;
    describe(domain, reply);
    return 0;
}

static int perform(struct host *host,
                   const struct simxen_control_request *request,
                   struct simxen_control_reply *reply)
{
    struct domain *domain;
    int error;

    switch (request->op) {
    case SIMXEN_CONTROL_CREATE:
        error = domain_create(host, request->name, &domain);
        if (error == 0)
            describe(domain, reply);
        return error;
    case SIMXEN_CONTROL_DESTROY:
        return destroy(domain_by_name(host, request->name));
    case SIMXEN_CONTROL_FIND:
    case SIMXEN_CONTROL_NEXT:
        return find(host, request, reply);
    case SIMXEN_CONTROL_STOP:
        host->stopping = true;
        return 0;
    default:
        return -EINVAL;
    }
}

void control_close(struct client *client)
{
    source_close(client->host, &client->source);
    LIST_REMOVE(client, link);
    free(client);
}

static void client_ready(struct source *source, uint32_t events)
{
    struct client *client = source->owner;
    struct simxen_control_request request;
    struct simxen_control_reply reply;
    ssize_t n;

    (void)events;
    n = recv(source->fd, &request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);
    if (n != (ssize_t)sizeof(request)) {
        control_close(client);
        return;
    }
    request.name[sizeof(request.name) - 1] = '\0';
    memset(&reply, 0, sizeof(reply));
    reply.status = perform(client->host, &request, &reply);
    if (send(source->fd, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL) <
        0)
        control_close(client);
}

void control_accept(struct source *listener, uint32_t events)
{
    struct host *host = listener->owner;
    int fd = host_accept(host, listener->fd);
    struct client *client;

    (void)events;
    if (fd < 0)
        return;
    client = calloc(1, sizeof(*client));
    if (!client) {
        close(fd);
        return;
    }
    client->host = host;
    client->source = (struct source){-1, client_ready, client};
    if (source_add(host, &client->source, fd, EPOLLIN) < 0) {
        close(fd);
        free(client);
        return;
    }
    LIST_INSERT_HEAD(&host->clients, client, link);
}
