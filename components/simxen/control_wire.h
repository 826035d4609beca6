/* SPDX-License-Identifier: MIT */
/**
 * @file control_wire.h
 * What the command line and the daemon say to each other: SOCK_SEQPACKET, one
 * request, one reply, as often as wanted.
 */
#ifndef SIMXEN_CONTROL_WIRE_H
#define SIMXEN_CONTROL_WIRE_H

#include <stdint.h>

#define SIMXEN_CONTROL "control"
#define SIMXEN_PID "pid"
#define SIMXEN_CONTROL_NAME 64u

enum simxen_control_op {
    SIMXEN_CONTROL_CREATE = 1, /**< name */
    SIMXEN_CONTROL_DESTROY,    /**< name */
    SIMXEN_CONTROL_FIND,       /**< name, or with an empty name domid */
    SIMXEN_CONTROL_NEXT,       /**< the first domain from domid on */
    SIMXEN_CONTROL_STOP,       /**< the connection ends when the daemon does */
};

struct simxen_control_request {
    uint32_t op;
    uint32_t domid;
    char name[SIMXEN_CONTROL_NAME]; /**< zero-terminated */
};

struct simxen_control_reply {
    int32_t status; /**< 0 or -errno; -ENOENT: no such domain */
    uint32_t domid;
    uint32_t ports;
    uint32_t grants;
    char name[SIMXEN_CONTROL_NAME];
};

#endif
