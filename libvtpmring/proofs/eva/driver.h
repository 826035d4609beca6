/* SPDX-License-Identifier: MIT */
/**
 * @file driver.h
 * What the drivers of the value analysis share: any values, texts of a peer,
 * and pages that end where their memory ends. EVA_EXTRA is the number of extra
 * pages of a run.
 */
#ifndef VTPMRING_EVA_DRIVER_H
#define VTPMRING_EVA_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <shmem.h>

/** Any value, another at each use. */
extern volatile unsigned any;
/** Any size, another at each use. */
extern volatile size_t any_size;

/** Any of lowest to highest. */
/*@ requires lowest <= highest;
    assigns \result \from indirect:any, lowest, highest;
    ensures lowest <= \result <= highest; */
unsigned pick(unsigned lowest, unsigned highest);

/** Bytes of the longest text that the peer may put into a node. */
#define TEXT_MAX 13

static char text_bytes[TEXT_MAX];

/** A text of the peer, ending where its memory ends, or NULL. */
static const char *pick_text(size_t *length)
{
    unsigned n = pick(0, TEXT_MAX + 1);

    *length = 0;
    if (n > TEXT_MAX)
        return NULL;
    for (int i = 0; i < TEXT_MAX; i++)
        text_bytes[i] = (char)any;
    //@ split n;
    *length = n;
    return text_bytes + (TEXT_MAX - n);
}

/** Most extra pages: the cap of the proof. */
#define EXTRA_CAP 16
/** Bytes of one page. */
#define PAGE 4096u
/** Bytes of packet that so many extra pages hold. */
#define CAPACITY(extra) (4088u + 4092u * (extra))

/* The pages that a run has: their memory ends where they do. */
static unsigned char extra_bytes[(EVA_EXTRA == 0 ? 1 : EVA_EXTRA) * PAGE];
unsigned char shmem_page[PAGE] __attribute__((aligned(4096)));
bool shmem_loaded[3];

/** The mapped extra pages; unmapped pages are NULL. */
#define EXTRA_PAGES (EVA_EXTRA == 0 ? NULL : extra_bytes)

/** A new exchange: each field of the header may be loaded once from here on. */
static void begin_exchange(void)
{
    for (int i = 0; i < 3; i++)
        shmem_loaded[i] = false;
}

#endif
