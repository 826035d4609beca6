/* SPDX-License-Identifier: MIT */
/* A frontend that keeps to no rule: what its parts share. */
#ifndef XEN_HOSTILE_H
#define XEN_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#define FRONT "device/vtpm/0"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Neither a grant nor an event channel has this number. */
#define NO_NUMBER 1500u

enum { INIT_WAIT = 2, CONNECTED = 4, CLOSED = 6 };

struct hostile {
    struct xs_handle *store;
    xengntshr_handle *grants;
    xenevtchn_handle *channels;
    char backend[256];            /* its directory */
    uint32_t peer;                /* its domain */
    volatile unsigned char *page; /* two pages, the second is an extra one */
    uint32_t refs[2];             /* of these */
    uint32_t ref_read_only;       /* of a page that the backend cannot write */
    uint32_t ref_of_another;      /* of one that it cannot have */
    uint32_t port;                /* our event channel */
    uint32_t port_of_another;     /* one that it cannot have */
    uint32_t port_taken;          /* one that is bound already */
};

extern struct hostile hostile;

/* hostile.c */

/* Says why on stdout, and exits with 1. */
_Noreturn void die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void nap(unsigned ms);
int64_t now_ms(void);
/* Whether a vTPM that was asked at that time should have answered. */
bool too_late(int64_t begin);
/* The same numbers in each run. */
uint32_t chance(void);
/* Pages that a domain may map; writes down their references. */
void *share(uint32_t domid, unsigned count, uint32_t *refs, bool writable);
void unshare(volatile void *pages, unsigned count);
uint32_t open_channel(uint32_t domid);
/* Pages and an event channel for the vTPM, whatever becomes of the old ones. */
void take_new_pages(void);

/* hostile_nodes.c */

/* Writes a node of the device; NULL removes it. */
void node(const char *name, const char *value);
long front_number(const char *name);
/* A right connection, whatever was there before. */
void connect_device(void);

/* hostile_page.c */

/* Puts a command there that is right, TPM2_GetRandom, and asks for it. */
void submit(void);
/* And the answer must be right. */
void works(void);
/* Changes the state byte, and sends the event. */
void store_state(uint8_t state);
/* The vTPM has given the page back; its state. */
uint8_t answered(const char *what);

/* The ways to be hostile. Each says on stdout what it did. */

void hostile_nodes(void);
void hostile_states(void);
void hostile_page(void);
void hostile_race(void);
void hostile_revoke(void);
void hostile_exit(void);
void hostile_odd_state(void);
void hostile_no_state(void);
void hostile_no_device(void);

#endif
