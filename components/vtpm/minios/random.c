/* SPDX-License-Identifier: MIT */
/* OpenSSL's interface for sources is deprecated for providers, which are more
 * than this needs. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "random.h"

#include <mini-os/types.h>
#include <mini-os/lib.h>
#include <mini-os/sched.h>
#include <openssl/rand.h>
#include <string.h>

/* RDSEED gives nothing while its conditioner is empty: for microseconds. */
#define TRIES 100000u

/* CPUID leaf 7, EBX bit 18. */
static bool there_is_one(void)
{
    uint32_t a = 0, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < 7)
        return false;
    a = 7;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b >> 18 & 1) != 0;
}

static bool draw(uint64_t *word)
{
    unsigned char good;

    for (unsigned i = 0; i < TRIES; i++) {
        __asm__ volatile("rdseed %0; setc %1"
                         : "=r"(*word), "=qm"(good)
                         :
                         : "cc");
        if (good)
            return true;
        if (i % 100 == 99)
            schedule();
    }
    return false;
}

static int bytes(unsigned char *to, int count)
{
    uint64_t word;

    while (count > 0) {
        const size_t n = count < 8 ? (size_t)count : 8;

        if (!draw(&word))
            return 0;
        memcpy(to, &word, n);
        to += n;
        count -= (int)n;
    }
    return 1;
}

static int none(unsigned char *to, int count)
{
    (void)to;
    (void)count;
    return 0;
}

static int status(void)
{
    return 1;
}

void vtpm_minios_random_begin(void)
{
    static RAND_METHOD method;
    const bool there = there_is_one();

    method.bytes = method.pseudorand = there ? bytes : none;
    method.status = status;
    if (!there)
        printk("vtpm: the processor has no RDSEED: no random bytes, so no new "
               "TPM and no change of a state\n");
    (void)RAND_set_rand_method(&method);
}
