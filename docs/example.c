/* SPDX-License-Identifier: MIT */
/* Asks the vTPM of this domain for eight random bytes. */
#include <stdio.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

int main(void)
{
    const unsigned char command[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8};
    const struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    static struct vtpmring_front_link link;
    unsigned char response[VTPMRING_TPM_COMMAND_MAX];
    struct vtpmring_port *port;
    size_t length;

    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL, NULL,
                                    "example", &port) != VTPMRING_OK ||
        vtpmring_front_link_open(&link, port, &config) != VTPMRING_OK)
        return 1;
    if (vtpmring_front_link_send(&link, command, sizeof(command)) ==
            VTPMRING_OK &&
        vtpmring_front_link_receive(&link, response, sizeof(response), &length,
                                    -1) == VTPMRING_OK)
        for (size_t i = 12; i < length; i++) /* after header and size */
            printf("%02x", response[i]);
    vtpmring_front_link_close(&link);
    vtpmring_port_xen_user_close(port);
    return 0;
}
