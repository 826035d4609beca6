/* SPDX-License-Identifier: MIT */
/**
 * @file front.h
 * Between tpmfront.c and its descriptors.
 */
#ifndef VTPMRING_MINIOS_FRONT_PRIVATE_H
#define VTPMRING_MINIOS_FRONT_PRIVATE_H

struct tpmfront_dev;

/**
 * Sends a command and waits for the response, which it keeps in dev->respbuf
 * and dev->resplen, in memory of its own; those of before are gone.
 * @return 0, or -1: then there is no response
 */
int vtpmring_tpmfront_keep(struct tpmfront_dev *dev, const void *command,
                           size_t length);

#endif
