/* SPDX-License-Identifier: MIT */
/**
 * @file back_rig.h
 * A backend on shared pages, with all that must hold whatever its frontend
 * does.
 */
#ifndef VTPMRING_FUZZ_BACK_RIG_H
#define VTPMRING_FUZZ_BACK_RIG_H

#include "shared.h"
#include <vtpmring/back.h>

/** A backend, its memory, and what is known of its exchanges. */
struct back_rig {
    struct vtpmring_back back;
    struct fuzz_shared first, extra;
    unsigned char *buffer; /**< of exact size */
    uint32_t *refs;        /**< of exact number */
    uint32_t mapped[255];  /**< references of the pages at extra */

    bool ours;         /**< the page's state said that we may write */
    bool open;         /**< a header was fetched and is not answered */
    unsigned exchange; /**< how many headers were fetched */
    uint8_t nr_extra;  /**< of the exchange, as fetched */
    uint32_t length;   /**< fetched */
    bool copied;       /**< the packet was fetched */
    unsigned copies;   /**< bytes of it */
    unsigned char copy[32];

    bool running;     /**< a command is with the executor */
    unsigned serving; /**< its exchange */
    unsigned answers; /**< to the commands of this connection */
    bool replying;    /**< inside of reply */
    bool wrote_length, wrote_packet;
    uint32_t answer_length, answer_size;
};

/** Makes one. @param r gets it @param family, max_extra, size its limits */
void back_rig_make(struct back_rig *r, enum vtpmring_tpm_family family,
                   unsigned max_extra, size_t size);
/** Begins its life. @param r the rig @param own, peer states
 *  @param inherit as vtpmring_back_inherit() */
void back_rig_begin(struct back_rig *r, enum vtpmring_xenbus_state own,
                    enum vtpmring_xenbus_state peer, bool inherit);
/** Its process is gone with all it had mapped. @param r the rig */
void back_rig_kill(struct back_rig *r);
/** Frees it. @param r the rig */
void back_rig_free(struct back_rig *r);
/** Before each call of the machine. @param r the rig */
void back_rig_call(struct back_rig *r);
/** After each call of the machine: what must always hold. @param r the rig */
void back_rig_check(struct back_rig *r);
/** Does what the machine wants. @param r the rig @param status how it goes
 *  @param honest whether the peer's page is @return what it wanted */
enum vtpmring_back_action
back_rig_act(struct back_rig *r, enum vtpmring_status status, bool honest);
/** The executor ends its command. @param r the rig @param response, length
 *  what it answers; NULL for an error @return as vtpmring_back_reply() */
enum vtpmring_status back_rig_reply(struct back_rig *r, const void *response,
                                    size_t length);

#endif
