/* SPDX-License-Identifier: MIT */
/**
 * @file wire.h
 * What the drop-in libraries and the daemon say to each other, and what they
 * share in memory.
 *
 * A library handle is one SOCK_SEQPACKET connection to the "hypervisor" socket
 * of its domain. The first request is SIMXEN_OP_HELLO, then there is at most
 * one request without its reply; whoever sends more, sends descriptors or
 * breaks any rule below is disconnected, which ends everything the handle had.
 *
 * A request is a struct simxen_request and `count` struct simxen_ref; a reply
 * is a struct simxen_reply and `count` uint32_t. Both sides run on the same
 * machine: the layout is the native one.
 */
#ifndef SIMXEN_WIRE_H
#define SIMXEN_WIRE_H

#include <stdatomic.h>
#include <stdint.h>

#define SIMXEN_PROTOCOL 1u
#define SIMXEN_PAGE_SIZE 4096u

/** Most pages that one request shares, maps or ends. */
#define SIMXEN_BATCH 32u
/** Descriptors that come with a bound port: receive, send, channel page. */
#define SIMXEN_PORT_FDS 3u
/** Name of the socket in the folder of a domain. */
#define SIMXEN_HYPERVISOR "hypervisor"
#define SIMXEN_XENSTORED "xenstored"

/** Limits of one domain. */
#define SIMXEN_MAX_PORTS 4096u
#define SIMXEN_MAX_GRANTS 4096u
#define SIMXEN_MAX_MAPPED 4096u /**< pages of others */
#define SIMXEN_MAX_HANDLES 1024u /**< connections of each kind of socket */
#define SIMXEN_FIRST_REF 8u     /**< smaller ones are reserved on Xen */

#define SIMXEN_NONE UINT32_MAX /**< no notification offset or port */

enum simxen_kind {
    SIMXEN_EVTCHN = 1,
    SIMXEN_GNTTAB,
    SIMXEN_GNTSHR,
};

/** What a request asks; fields that are not named are ignored. */
enum simxen_op {
    SIMXEN_OP_HELLO = 1, /**< port: SIMXEN_PROTOCOL, flags: the kind */
    SIMXEN_OP_BYE,       /**< end everything; the answer says it is done */
    SIMXEN_OP_UNBOUND,   /**< domid; reply: value = port, then which end of the
                              channel it is, 3 descriptors */
    SIMXEN_OP_INTERDOMAIN, /**< domid, port; reply as SIMXEN_OP_UNBOUND */
    SIMXEN_OP_UNBIND,      /**< port */
    SIMXEN_OP_RESTRICT,    /**< domid */
    SIMXEN_OP_SHARE, /**< domid, pages, flags, notify_*; reply: the references
                          and a descriptor for each */
    SIMXEN_OP_END,   /**< references: end these grants */
    SIMXEN_OP_MAP,   /**< references, flags, notify_*; reply: value = id, a
                          descriptor for each */
    SIMXEN_OP_UNMAP, /**< port: the id */
    SIMXEN_OP_LAST = SIMXEN_OP_UNMAP,
};

/** Flag of SHARE and MAP: for writing too. */
#define SIMXEN_WRITABLE 1u

struct simxen_request {
    uint32_t op;
    uint32_t domid;
    uint32_t port;
    uint32_t flags;
    uint32_t pages;
    uint32_t notify_offset; /**< byte to clear at the end, or SIMXEN_NONE */
    uint32_t notify_port;   /**< port to signal at the end, or SIMXEN_NONE */
    uint32_t count;         /**< struct simxen_ref that follow */
};

struct simxen_ref {
    uint32_t domid; /**< who granted it; ignored by SIMXEN_OP_END */
    uint32_t ref;
};

struct simxen_reply {
    int32_t status; /**< 0 or -errno */
    uint32_t value;
    uint32_t count; /**< uint32_t that follow */
};

/**
 * One direction of an event channel, as on Xen a pending and a mask bit. The
 * port's owner and its peer change it with single atomic operations:
 *
 * - send: set PENDING; if neither bit was set, write a byte to the pipe;
 * - take: after the pipe has become readable, PENDING alone becomes MASKED;
 *   anything else is a wake-up without an event;
 * - unmask: clear MASKED; if PENDING was set, write a byte to the pipe.
 *
 * So exactly one side writes exactly one byte for every event that is to be
 * taken, a masked port never makes its handle's descriptor readable, and
 * sending an event that is pending already needs no system call. A peer that
 * breaks the rules harms this channel only: it has no other, and it holds only
 * the writing end of the pipe.
 */
#define SIMXEN_PENDING 1u
#define SIMXEN_MASKED 2u

struct simxen_channel_page {
    struct {
        _Atomic uint32_t state;
        uint8_t keep_apart[60]; /**< the ends are written by two processors */
    } end[2];
};

#endif
