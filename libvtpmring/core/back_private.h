/* SPDX-License-Identifier: MIT */
/**
 * @file back_private.h
 * What the two halves of the backend share.
 */
#ifndef VTPMRING_BACK_PRIVATE_H
#define VTPMRING_BACK_PRIVATE_H

#include <vtpmring/back.h>

/**
 * Whether the page is mapped and commands are served.
 * @param back the backend
 * @return true in OPEN and CONNECTED
 */
bool vtpmring_back_serves(const struct vtpmring_back *back);

/**
 * The page is about to go: what was on it ends without an answer.
 * @param back the backend
 */
void vtpmring_back_forget_command(struct vtpmring_back *back);

/**
 * What the commands want from the caller, if anything.
 * @param back the backend
 * @return the action, WAIT for none
 */
enum vtpmring_back_action
vtpmring_back_next_command(const struct vtpmring_back *back);

/**
 * Notes an action of the commands.
 * @param back the backend
 * @param action NOTIFY, ABORT, MAP_EXTRA or EXECUTE
 * @param status how it went
 */
void vtpmring_back_done_command(struct vtpmring_back *back,
                                enum vtpmring_back_action action,
                                enum vtpmring_status status);

#endif
