/* SPDX-License-Identifier: MIT */
/**
 * @file front_link.h
 * What the two halves of the frontend link share.
 */
#ifndef VTPMRING_FRONT_LINK_H
#define VTPMRING_FRONT_LINK_H

#include <vtpmring/link.h>

/**
 * Reads who our backend is.
 * @param link path is set; gets backend and peer
 * @retval VTPMRING_OK read
 * @retval VTPMRING_EPEER_GONE there is no such device
 * @return otherwise the fault of what was read, or of the platform
 */
enum vtpmring_status vtpmring_front_find(struct vtpmring_front_link *link);

/**
 * Carries out one action of the machine, and reports it to the machine.
 * @param link the link
 * @param action neither WAIT nor DELIVER nor END
 */
void vtpmring_front_perform(struct vtpmring_front_link *link,
                            enum vtpmring_front_action action);

/**
 * Closes the channel and ends the grants.
 * @param link shared
 */
void vtpmring_front_unshare(struct vtpmring_front_link *link);

/**
 * Reads the backend's state and tells the machine.
 * @param link the link
 * @retval VTPMRING_OK told
 * @retval VTPMRING_EPORT the platform failed
 */
enum vtpmring_status vtpmring_front_look(struct vtpmring_front_link *link);

#endif
