/* SPDX-License-Identifier: MIT */
/* What the parts of the module share. */
#ifndef VTPMRING_LINUX_FRONT_TPMFRONT_H
#define VTPMRING_LINUX_FRONT_TPMFRONT_H

#include "session.h"

#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

/* One extra page is enough for the 4096 bytes of a TPM 2.0 command. */
#define TPMFRONT_EXTRA 1
#define TPMFRONT_PAGES (TPMFRONT_EXTRA + 1)

struct tpm_chip;

/* A device. The worker `life` carries out what the session asks for, in a queue
 * that does not run during a suspend, when xdev->otherend may change. The
 * worker `attach` talks to the TPM after each connect. */
struct tpmfront {
    struct xenbus_device *xdev;
    struct tpm_chip *chip; /* registered, or NULL */
    struct delayed_work life;
    struct work_struct attach;
    bool ready; /* it is known whether there is a TPM */

    spinlock_t lock; /* of what follows */
    struct session session;
    uint32_t opened;              /* generation whose TPM is ready for all */
    uint32_t attached;            /* generation that attach has seen */
    struct task_struct *attacher; /* may use it before */
    bool leaving;                 /* be quick, and do not wait */
    bool ended;                   /* no work may be queued any more */
    int irq;                      /* while shared */
    evtchn_port_t port;           /* likewise; life's */

    uint32_t changes;          /* counts them */
    wait_queue_head_t changed; /* anything above, for who waits */

    unsigned int poll_us; /* looks at the page so long; the receiver's */
    unsigned int streak;  /* short waits in a row; likewise */

    void *pages; /* shared, or NULL; life's */
    grant_ref_t refs[TPMFRONT_PAGES];
    uint32_t extra_refs[TPMFRONT_EXTRA];
};

/* module parameters, see main.c */
extern unsigned int tpmfront_poll_us;
extern unsigned int tpmfront_command_ms;
extern unsigned int tpmfront_cancel_ms;
extern unsigned int tpmfront_connect_ms;

static inline uint64_t tpmfront_now(void)
{
    return (uint64_t)ktime_to_us(ktime_get());
}

/* Under the lock: who waits shall look again. */
static inline void tpmfront_changed(struct tpmfront *front)
{
    WRITE_ONCE(front->changes, front->changes + 1);
    wake_up_all(&front->changed);
}

/* main.c */
/* Cancels the command in flight. */
void tpmfront_cancel(struct tpmfront *front);

/* life.c */
void tpmfront_life(struct work_struct *work);
/* Runs until there is nothing to do but wait; whether all is over. */
bool tpmfront_run(struct tpmfront *front);
/* Under the lock, after each call of the session from outside of life.c. */
void tpmfront_after(struct tpmfront *front);
/* Reads the backend's state. */
void tpmfront_look(struct tpmfront *front);
enum vtpmring_xenbus_state tpmfront_own_state(struct tpmfront *front);

/* share.c */
enum vtpmring_status tpmfront_share(struct tpmfront *front);
void tpmfront_unshare(struct tpmfront *front);

/* nodes.c */
enum vtpmring_status tpmfront_write_state(struct tpmfront *front,
                                          enum vtpmring_xenbus_state state,
                                          bool publish);
enum vtpmring_status tpmfront_unpublish(struct tpmfront *front);
enum vtpmring_status tpmfront_check_peer(struct tpmfront *front);
enum vtpmring_xenbus_state tpmfront_read_state(const char *path);

/* command.c */
/* Sends a command; waits until that is possible. */
int tpmfront_send(struct tpmfront *front, const void *command, size_t length,
                  uint64_t limit_us);
/* Waits for the response: its length, or an error. */
int tpmfront_receive(struct tpmfront *front, void *response, size_t size);
/* Waits until no command is in flight; cancels it after so long. */
void tpmfront_settle(struct tpmfront *front, uint64_t grace_us);

/* chip.c */
void tpmfront_attach(struct work_struct *work);
void tpmfront_detach(struct tpmfront *front);

#endif
