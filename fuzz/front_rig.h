/* SPDX-License-Identifier: MIT */
/**
 * @file front_rig.h
 * A frontend on shared pages, with all that must hold whatever its backend
 * does.
 */
#ifndef VTPMRING_FUZZ_FRONT_RIG_H
#define VTPMRING_FUZZ_FRONT_RIG_H

#include "shared.h"
#include <vtpmring/front.h>

/** Most extra pages that it offers; room for the largest packet. */
enum { FRONT_RIG_EXTRA = 3, FRONT_RIG_PACKET = 4096 * (1 + FRONT_RIG_EXTRA) };

/** A frontend, its memory, and what is known of its command. */
struct front_rig {
    struct vtpmring_front front;
    bool honest; /**< what the backend writes is what is read */
    struct fuzz_shared first, extra;
    uint32_t refs[FRONT_RIG_EXTRA];

    bool open;          /**< submitted, its end not taken */
    bool submitting;    /**< inside of submit */
    bool sent;          /**< the state was written, the page is the backend's */
    bool taking;        /**< inside of take */
    bool given_up;      /**< the caller waits for the backend no more */
    uint8_t last_phase; /**< after the last call */
    uint8_t last_state; /**< of the page, as fetched */
    uint32_t length;    /**< as fetched */
    size_t copied;      /**< bytes of the response, as fetched */
    unsigned char copy[FRONT_RIG_PACKET];
    unsigned char command[FRONT_RIG_PACKET];
    size_t command_length;
};

/** Begins its life, under a hostile backend. @param r gets it @param extra
 * pages to offer
 *  @param own what its state node says */
void front_rig_begin(struct front_rig *r, unsigned extra,
                     enum vtpmring_xenbus_state own);
/** Its process is gone. @param r the rig */
void front_rig_kill(struct front_rig *r);
/** Before each call of the machine. @param r the rig */
void front_rig_call(struct front_rig *r);
/** After each call of the machine. @param r the rig */
void front_rig_check(struct front_rig *r);
/** Does what the machine wants, other than DELIVER. @param r the rig
 *  @param status how it goes @return what it wanted */
enum vtpmring_front_action front_rig_act(struct front_rig *r,
                                         enum vtpmring_status status);
/** Submits. @param r the rig @param length of the command @param size what its
 *  header says @param locality its locality */
void front_rig_submit(struct front_rig *r, size_t length, size_t size,
                      uint8_t locality);
/** Takes. @param r the rig @param size room for the response */
void front_rig_take(struct front_rig *r, size_t size);

#endif
