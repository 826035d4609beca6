/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <stdlib.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

struct device {
    struct ctl_transport transport;
    struct vtpmring_port *port;
    struct vtpmring_front_link link;
    unsigned number;
    unsigned timeout_ms;
};

static enum ctl_code lost(const struct device *self,
                          enum vtpmring_status status, struct vtpm_error *err)
{
    if (status == VTPMRING_AGAIN)
        return ctl_fail(err, CTL_AWAY,
                        "vTPM device %u did not answer in %u s; see the log of "
                        "its backend, or wait longer with --timeout",
                        self->number, self->timeout_ms / 1000);
    if (status == VTPMRING_EPEER_GONE)
        return ctl_fail(err, CTL_AWAY,
                        "this domain has no vTPM device %u; attach one, or "
                        "name another with --via device:N",
                        self->number);
    return ctl_fail(err, CTL_AWAY,
                    "no answer through vTPM device %u: %s; check its backend",
                    self->number, vtpmring_status_text(status));
}

static enum ctl_code exchange(struct ctl_transport *transport,
                              const uint8_t *request, size_t request_len,
                              uint8_t *response, size_t *response_len,
                              struct vtpm_error *err)
{
    struct device *self = (struct device *)transport;
    enum vtpmring_status status =
        vtpmring_front_link_send(&self->link, request, request_len);

    if (status == VTPMRING_OK)
        status = vtpmring_front_link_receive(&self->link, response,
                                             VTPMMGR_FRAME_MAX, response_len,
                                             (int)self->timeout_ms);
    return status == VTPMRING_OK ? CTL_OK : lost(self, status, err);
}

static void let_go(struct ctl_transport *transport)
{
    struct device *self = (struct device *)transport;

    vtpmring_front_link_close(&self->link);
    vtpmring_port_xen_user_close(self->port);
    free(self);
}

enum ctl_code ctl_device_open(struct ctl_transport **transport, unsigned number,
                              unsigned timeout_ms, struct vtpm_error *err)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    struct device *self = calloc(1, sizeof *self);
    enum vtpmring_status status;
    enum ctl_code code;

    if (!self)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    self->transport = (struct ctl_transport){exchange, let_go};
    self->number = number;
    self->timeout_ms = timeout_ms;
    config.device = number;
    /* the port logs why it does not open */
    status = vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL,
                                         NULL, "vtpmctl", &self->port);
    if (status == VTPMRING_OK)
        status = vtpmring_front_link_open(&self->link, self->port, &config);
    if (status == VTPMRING_OK) {
        *transport = &self->transport;
        return CTL_OK;
    }
    code = lost(self, status, err);
    vtpmring_port_xen_user_close(self->port);
    free(self);
    return code;
}
