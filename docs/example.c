/* SPDX-License-Identifier: MIT */
/* Asks the vTPM of this domain for eight random bytes. */
#include <stdio.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

int main(void)
{
    static const unsigned char get_random[] = {0x80, 0x01, 0, 0,    0, 12,
                                               0,    0,    1, 0x7b, 0, 8};
    const struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    static struct vtpmring_front_link link;
    static unsigned char response[VTPMRING_TPM_COMMAND_MAX];
    struct vtpmring_port *port;
    enum vtpmring_status status;
    size_t length = 0;

    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL, NULL,
                                    "example", &port) != VTPMRING_OK)
        return 1; /* the port has said why */
    status = vtpmring_front_link_open(&link, port, &config);
    if (status == VTPMRING_OK) {
        status =
            vtpmring_front_link_send(&link, get_random, sizeof(get_random));
        if (status == VTPMRING_OK)
            status = vtpmring_front_link_receive(&link, response,
                                                 sizeof(response), &length, -1);
        vtpmring_front_link_close(&link);
    }
    vtpmring_port_xen_user_close(port);
    if (status != VTPMRING_OK)
        fprintf(stderr, "example: no answer: %s\n",
                vtpmring_status_text(status));
    for (size_t i = 12; i < length; i++) /* after header and size */
        printf("%02x%s", response[i], i + 1 < length ? "" : "\n");
    return status == VTPMRING_OK ? 0 : 1;
}
