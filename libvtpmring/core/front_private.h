/* SPDX-License-Identifier: MIT */
/**
 * @file front_private.h
 * What the two halves of the frontend share.
 */
#ifndef VTPMRING_FRONT_PRIVATE_H
#define VTPMRING_FRONT_PRIVATE_H

#include <vtpmring/front.h>

/**
 * The connection is of no more use: takes the nodes back and ends.
 * @param front the frontend, in OFFERED or CONNECTED
 * @param why the fault
 */
void vtpmring_front_lose(struct vtpmring_front *front,
                         enum vtpmring_status why);

#endif
