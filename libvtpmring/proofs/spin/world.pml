/* SPDX-License-Identifier: MIT */
/* What both sides share: xenstore, grants, pages, event channels; and the
 * books that the properties look at. */
#include "tables.pml"

#ifndef COMMANDS
#define COMMANDS 2 /* that the application sends */
#endif
#ifndef PAGES
#define PAGES 2 /* of the frontend's domain; a free one is given out again */
#endif

#define UNSET 2 /* of ready */

/* xenstore: one write is one step, and so is the commit of a transaction */
bool device = 1; /* the toolstack's nodes are there */
bool online = 1;
byte front_state = X_INITIALISING;
byte ring_ref, port; /* 0: no node; otherwise a page and its channel, plus 1 */
bool front_v2;
byte back_state = X_INITIALISING;
bool back_v2;
byte back_extra;
byte ready = UNSET;
bool front_watch, back_watch; /* has fired */

/* The backend's transaction from READ_PEER to Connected: the nodes of the
 * frontend that it has read, and whether one of them has changed since. */
#define SAW_STATE 1
#define SAW_REF 2
#define SAW_PORT 4
#define SAW_V2 8
byte saw;
bool conflict;
#define CHANGED(nodes)                           \
    if                                           \
    :: (saw & (nodes)) != 0 -> conflict = 1;     \
    :: else                                      \
    fi

/* the page, and the channel of the same number */
bool granted[PAGES], mapped[PAGES], bound[PAGES];
byte page_state[PAGES], page_length[PAGES], page_extra[PAGES];
byte packet[2 * PAGES]; /* by the offset that nr_extra_pages makes */
#define PACKET(page, nr) packet[2 * (page) + (nr)]
#ifdef EXTRA
byte rest[PAGES];     /* the part of the packet in the extra page */
byte mapped_extra;    /* whose extra page the backend has, plus 1 */
#endif
bool front_event, back_event; /* pending, of the channel in use */

/* What stands for a packet: the number of its command, and what it is. Its
 * length has the same number, so a length that is of another packet shows. */
#define RESPONSE 16
#define SIZE_ERROR 32
#define CANCELED_ERROR 48
#define KIND(packet) ((packet) & 48)
#define NUMBER(packet) ((packet) & 15)

byte number = 1;    /* of the command that is sent next, or is in flight */
bool in_flight;     /* the application waits for it */
short executed;     /* bit k: command k was executed */
bool all_done;      /* the application has seen the end of its commands */
bool kill_front, kill_back, stop_back; /* signals */

/* what the machines have in common */
#define C_NONE 0
#define C_SENT 1
#define C_CANCELED 2
#define C_ENDED 3
#define C_MAPPING 4
#define C_READY 5
#define C_RUNNING 6

/* Any thread may read these of the other side only in an assertion. */
byte f_phase = F_END, f_page;
byte b_phase = B_END;
/* The page, plus 1, that the backend serves by what xenstore says: from the
 * commit of Connected until it is unmapped. Before that commit it has a page
 * mapped and does not look at it. */
byte serving;
