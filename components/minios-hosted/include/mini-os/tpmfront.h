/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_TPMFRONT_H
#define MINIOS_HOSTED_TPMFRONT_H

#include <mini-os/types.h>

/** What applications of Mini-OS's driver see of a device. */
struct tpmfront_dev {
    domid_t bedomid;
    char *nodename;
    char *bepath;
    uint8_t *respbuf;
    size_t resplen;
    int fd;
    bool respgot;
};

struct tpmfront_dev *init_tpmfront(const char *nodename);
void shutdown_tpmfront(struct tpmfront_dev *dev);
int tpmfront_cmd(struct tpmfront_dev *dev, uint8_t *req, size_t reqlen,
                 uint8_t **resp, size_t *resplen);
int tpmfront_set_locality(struct tpmfront_dev *dev, int locality);
int tpmfront_open(struct tpmfront_dev *dev);

#endif
