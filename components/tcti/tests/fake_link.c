/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vtpmring/port_xen_user.h>

#include "fake_link.h"

struct fake fake;

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.locality = -1;
}

static enum vtpmring_status store_read(struct vtpmring_port *port,
                                       const char *path, char *value,
                                       size_t size, size_t *length)
{
    (void)port;
    (void)snprintf(fake.path, sizeof(fake.path), "%s", path);
    *length = 0;
    if (fake.read == VTPMRING_OK)
        *length = (size_t)snprintf(value, size, "/local/domain/9/x");
    return fake.read;
}

static const struct vtpmring_port_ops ops = {.store_read = store_read};
static struct vtpmring_port the_port = {&ops};

enum vtpmring_status
vtpmring_port_xen_user_open(unsigned roles, vtpmring_port_xen_user_log *log,
                            void *context, const char *prog,
                            struct vtpmring_port **port)
{
    (void)prog;
    *port = NULL;
    if (roles != VTPMRING_PORT_XEN_USER_FRONT)
        return VTPMRING_EINVAL;
    if (fake.port_open != VTPMRING_OK) {
        log(context, 3, "the port cannot be opened");
        return fake.port_open;
    }
    fake.ports++;
    *port = &the_port;
    return VTPMRING_OK;
}

void vtpmring_port_xen_user_close(struct vtpmring_port *port)
{
    if (port != NULL)
        fake.ports--;
}

int vtpmring_port_xen_user_channel_fd(struct vtpmring_port *port)
{
    (void)port;
    return 1234;
}

enum vtpmring_status
vtpmring_front_link_open(struct vtpmring_front_link *link,
                         struct vtpmring_port *port,
                         const struct vtpmring_front_link_config *config)
{
    memset(link, 0, sizeof(*link));
    link->port = port;
    fake.config = *config;
    if (fake.open == VTPMRING_OK) {
        fake.opens++;
        fake.links++;
    }
    return fake.open;
}

enum vtpmring_status vtpmring_front_link_send(struct vtpmring_front_link *link,
                                              const void *command,
                                              size_t length)
{
    (void)link;
    (void)command;
    if (fake.send == VTPMRING_OK) {
        fake.sends++;
        fake.sent = length;
    }
    return fake.send;
}

enum vtpmring_status
vtpmring_front_link_receive(struct vtpmring_front_link *link, void *response,
                            size_t size, size_t *length, int timeout_ms)
{
    (void)link;
    fake.timeout_ms = timeout_ms;
    *length = 0;
    if (fake.receive != VTPMRING_OK)
        return fake.receive;
    *length = fake.response_length;
    if (size < fake.response_length)
        return VTPMRING_ENOBUF;
    memcpy(response, fake.response, fake.response_length);
    return VTPMRING_OK;
}

enum vtpmring_status
vtpmring_front_link_cancel(struct vtpmring_front_link *link)
{
    (void)link;
    fake.cancels++;
    return fake.cancel;
}

enum vtpmring_status
vtpmring_front_link_set_locality(struct vtpmring_front_link *link,
                                 uint8_t locality)
{
    (void)link;
    fake.locality = locality;
    return VTPMRING_OK;
}

void vtpmring_front_link_abandon(struct vtpmring_front_link *link)
{
    (void)link;
    fake.links--;
    fake.abandons++;
}

void vtpmring_front_link_close(struct vtpmring_front_link *link)
{
    (void)link;
    fake.links--;
    fake.closes++;
}

size_t vtpmring_front_link_capacity(const struct vtpmring_front_link *link)
{
    (void)link;
    return fake.links > 0 ? VTPMRING_TPM_COMMAND_MAX : 0;
}
