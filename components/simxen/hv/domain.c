/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../store.h"
#include "grant.h"
#include "guest.h"
#include "xsclient.h"

bool domain_name_ok(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._+-";
    size_t len = strlen(name);

    return len > 0 && len <= SIMXEN_NAME_MAX && strspn(name, allowed) == len &&
           name[0] != '.' && name[0] != '-' &&
           strspn(name, "0123456789") < len; /* that would be a domid */
}

struct domain *domain_by_id(struct host *host, uint32_t id)
{
    struct domain *domain;

    LIST_FOREACH(domain, &host->domains, link)
    if (domain->id == id)
        return domain;
    return NULL;
}

struct domain *domain_by_name(struct host *host, const char *name)
{
    struct domain *domain;

    LIST_FOREACH(domain, &host->domains, link)
    if (strcmp(domain->name, name) == 0)
        return domain;
    return NULL;
}

bool domain_charge(struct domain *domain, unsigned fds)
{
    if (domain->fds + fds > domain->host->fd_share)
        return false;
    domain->fds += fds;
    return true;
}

void domain_refund(struct host *host, uint16_t id, unsigned fds)
{
    struct domain *domain = domain_by_id(host, id);

    if (domain)
        domain->fds -= fds;
}

/* The path of a file in the domain's folder, or of the folder itself. */
static char *domain_path(const struct domain *domain, const char *file)
{
    char *path;

    if (asprintf(&path, "%s/domains/%s%s%s", domain->host->dir, domain->name,
                 file ? "/" : "", file ? file : "") < 0)
        return NULL;
    return path;
}

static int open_socket(struct domain *domain, struct source *source,
                       const char *file, int type)
{
    char *path = domain_path(domain, file);
    int fd;
    int error;

    if (!path)
        return -ENOMEM;
    fd = host_listen(path, type);
    free(path);
    if (fd < 0)
        return fd;
    error = source_add(domain->host, source, fd, EPOLLIN);
    if (error < 0)
        close(fd);
    return error;
}

static int make_folder(struct domain *domain)
{
    char *path = domain_path(domain, NULL);
    int error = 0;

    if (!path)
        return -ENOMEM;
    if (mkdir(path, 0700) < 0)
        error = -errno;
    free(path);
    return error;
}

static void remove_folder(struct domain *domain)
{
    static const char *const files[] = {SIMXEN_HYPERVISOR, SIMXEN_XENSTORED,
                                        NULL};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *path = domain_path(domain, files[i]);

        if (path)
            (void)remove(path);
        free(path);
    }
}

static void free_domain(struct domain *domain)
{
    source_close(domain->host, &domain->hypervisor);
    source_close(domain->host, &domain->xenstored);
    remove_folder(domain);
    free(domain);
}

int domain_create(struct host *host, const char *name, struct domain **made)
{
    struct domain *domain;
    int error;

    if (!domain_name_ok(name))
        return -EINVAL;
    if (domain_by_name(host, name))
        return -EEXIST;
    if (host->domain_count >= SIMXEN_MAX_DOMAINS || host->next_domid >= 0x7FF0u)
        return -ENOSPC;
    domain = calloc(1, sizeof(*domain));
    if (!domain)
        return -ENOMEM;
    domain->host = host;
    domain->id = (uint16_t)host->next_domid;
    strcpy(domain->name, name);
    domain->hypervisor = (struct source){-1, guest_accept, domain};
    domain->xenstored = (struct source){-1, xsclient_accept, domain};
    error = make_folder(domain);
    if (error == 0)
        error = open_socket(domain, &domain->hypervisor, SIMXEN_HYPERVISOR,
                            SOCK_SEQPACKET);
    if (error == 0)
        error = open_socket(domain, &domain->xenstored, SIMXEN_XENSTORED,
                            SOCK_STREAM);
    if (error == 0)
        error = simxen_store_introduce(host->store, domain->id, name);
    if (error < 0) {
        free_domain(domain);
        return error;
    }
    LIST_INSERT_HEAD(&host->domains, domain, link);
    host->domain_count++;
    host->next_domid++;
    *made = domain;
    return 0;
}

void domain_destroy(struct domain *domain)
{
    struct host *host = domain->host;

    source_close(host, &domain->hypervisor);
    source_close(host, &domain->xenstored);
    while (!LIST_EMPTY(&domain->guests))
        guest_close(LIST_FIRST(&domain->guests));
    grant_forget_domain(domain);
    while (!LIST_EMPTY(&domain->xsclients))
        xsclient_close(LIST_FIRST(&domain->xsclients));
    simxen_store_release(host->store, domain->id);
    LIST_REMOVE(domain, link);
    host->domain_count--;
    free_domain(domain);
}
