/* SPDX-License-Identifier: MIT */
/**
 * @file domains.h
 * The domains of the tests: one process acts for several of them, a port each.
 */
#ifndef VTPMRING_TEST_DOMAINS_H
#define VTPMRING_TEST_DOMAINS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <vtpmring/port_xen_user.h>

#define FRONT_AND_BACK                                                         \
    (VTPMRING_PORT_XEN_USER_FRONT | VTPMRING_PORT_XEN_USER_BACK)

/** A domain: its port, its number, what its log has said. */
struct domain {
    struct vtpmring_port *port;
    const struct vtpmring_port_ops *ops;
    uint16_t domid;
    unsigned lines; /**< of the log, level 7 not counted */
    char last_line[512];
};

/** Enters the environment of a domain of simxen; programs run there too. */
void enter_domain(const char *name);
/** Opens a port as that domain; the test fails if it cannot. */
void open_domain(struct domain *domain, const char *name, unsigned roles);
/** Closes it. */
void close_domain(struct domain *domain);

/** Opens a channel from one domain to another and takes the event that
 *  binding leaves. */
void connect_domains(struct domain *from, struct domain *to,
                     uint32_t *from_channel, uint32_t *to_channel);

/** Ends the test with SIGALRM if it hangs. */
void must_end_within_s(unsigned seconds);
/** Milliseconds of a clock that goes forward. */
int64_t now_ms(void);

#endif
