/* SPDX-License-Identifier: MIT */
#include "domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* `simxen env` prints lines of the form export NAME='value' */
void enter_domain(const char *name)
{
    char command[512];
    char line[1024];
    unsigned set = 0;
    FILE *environment;

    (void)snprintf(command, sizeof(command), "\"$SIMXEN\" env %s", name);
    environment = popen(command, "r");
    assert_non_null(environment);
    while (fgets(line, sizeof(line), environment)) {
        char variable[64];
        char value[900];

        if (sscanf(line, "export %63[^=]='%899[^']'", variable, value) == 2) {
            assert_int_equal(setenv(variable, value, 1), 0);
            set++;
        }
    }
    assert_int_equal(pclose(environment), 0);
    assert_true(set >= 3);
}

static void keep_line(void *context, int level, const char *text)
{
    struct domain *domain = context;

    if (level >= 7)
        return;
    domain->lines++;
    (void)snprintf(domain->last_line, sizeof(domain->last_line), "%s", text);
}

void open_domain(struct domain *domain, const char *name, unsigned roles)
{
    char number[16];
    size_t length;

    memset(domain, 0, sizeof(*domain));
    enter_domain(name);
    assert_int_equal(vtpmring_port_xen_user_open(roles, keep_line, domain,
                                                 "test", &domain->port),
                     VTPMRING_OK);
    domain->ops = domain->port->ops;
    assert_int_equal(domain->ops->store_read(domain->port, "domid", number,
                                             sizeof(number) - 1, &length),
                     VTPMRING_OK);
    number[length] = '\0';
    domain->domid = (uint16_t)strtoul(number, NULL, 10);
    assert_int_not_equal(domain->domid, 0);
}

void close_domain(struct domain *domain)
{
    vtpmring_port_xen_user_close(domain->port);
    domain->port = NULL;
}

void connect_domains(struct domain *from, struct domain *to,
                     uint32_t *from_channel, uint32_t *to_channel)
{
    uint32_t channel = 0;

    assert_int_equal(
        from->ops->channel_open(from->port, to->domid, from_channel),
        VTPMRING_OK);
    assert_int_equal(
        to->ops->channel_bind(to->port, from->domid, *from_channel, to_channel),
        VTPMRING_OK);
    assert_int_equal(to->ops->wait(to->port, VTPMRING_PORT_CHANNEL, 2000),
                     VTPMRING_PORT_CHANNEL);
    assert_int_equal(to->ops->channel_next(to->port, &channel), VTPMRING_OK);
    assert_int_equal(channel, *to_channel);
}

void must_end_within_s(unsigned seconds)
{
    (void)alarm(seconds);
}

int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
