/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_TPMBACK_H
#define MINIOS_HOSTED_TPMBACK_H

#include <mini-os/types.h>

typedef struct tpmcmd {
    domid_t domid;
    uint8_t locality;
    unsigned int handle;
    void *opaque;
    uint8_t *req; /**< the driver's */
    unsigned int req_len;
    unsigned int resp_len;
    uint8_t *resp; /**< the application's */
} tpmcmd_t;

void init_tpmback(void (*open_cb)(domid_t, unsigned int),
                  void (*close_cb)(domid_t, unsigned int));
void shutdown_tpmback(void);
/* The next command of any frontend, or of that one. */
tpmcmd_t *tpmback_req_any(void);
tpmcmd_t *tpmback_req(domid_t domid, unsigned int handle);
/* Answers it; it is no more then. */
void tpmback_resp(tpmcmd_t *command);
int tpmback_wait_for_frontend_connect(domid_t *domid, unsigned int *handle);
int tpmback_num_frontends(void);
unsigned char *tpmback_get_uuid(domid_t domid, unsigned int handle);
void *tpmback_get_opaque(domid_t domid, unsigned int handle);
int tpmback_set_opaque(domid_t domid, unsigned int handle, void *opaque);
int tpmback_get_peercontext(domid_t domid, unsigned int handle, void *buffer,
                            int buflen);

#endif
