/* SPDX-License-Identifier: MIT */
/* A domain is what a process is elsewhere: the toolstack ends it, and there is
 * nobody to be told when it serves but xenstore. */
#include "process.h"

#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/sched.h>
#include <mini-os/time.h>
#include <mini-os/xmalloc.h>
#include <openssl/crypto.h>

#include "notify.h"
#include "random.h"

/* Others get their turn after so long. */
#define SLICE_NS 2000000

static void (*on_stop)(void);

/* libtpms runs a command to its end, which for a key takes seconds. What takes
 * long there is arithmetic, and that asks for memory all the time. */
static void give_way(void)
{
    static s_time_t since;
    const s_time_t now = NOW();

    if (now - since < SLICE_NS)
        return;
    schedule();
    since = NOW();
}

static void *get(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    give_way();
    return malloc(size);
}

static void *get_again(void *at, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(at, size);
}

static void give_back(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    free(at);
}

/* Called first, when nothing has used OpenSSL. */
void vtpm_process_catch(void (*stop)(void), void (*report)(void))
{
    (void)report;
    on_stop = stop;
    (void)CRYPTO_set_mem_functions(get, get_again, give_back);
    vtpm_minios_random_begin();
}

/* Of Mini-OS: `xl shutdown`. */
void app_shutdown(unsigned reason);
void app_shutdown(unsigned reason)
{
    (void)reason;
    if (on_stop != NULL)
        on_stop();
}

void vtpm_process_seclude(void)
{
}

void vtpm_notify(const char *state)
{
    (void)state;
}

void vtpm_notify_fd(int fd)
{
    (void)fd;
}
