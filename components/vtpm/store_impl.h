/* SPDX-License-Identifier: MIT */
#ifndef VTPM_STORE_IMPL_H
#define VTPM_STORE_IMPL_H

/**
 * @file
 * What store.c (open, provision, save), store_load.c and store_check.c
 * share. Not for others.
 */

#include "os.h"
#include "record.h"
#include "store.h"
#include "store_format.h"

struct vtpm_store {
    struct vtpm_os_file file;
    struct vtpm_crypto crypto;
    struct vtpm_keys *keys;
    struct vtpm_head header;
    char *path;
    bool ready;          /* loaded or new: may be saved to */
    bool new_place;      /* provisioned, first save still to be acknowledged */
    bool created;        /* the file was made by us */
    uint64_t generation; /* acknowledged; 0: none yet */
    uint32_t active;     /* its slot */
    uint64_t saves;
    /* A slot that is durable, but whose record the keeper has not confirmed.
     * Which of two records the keeper has is unknown then, so the slot must
     * not be written again before it is settled. */
    bool pending;
    uint8_t pending_record[VTPM_RECORD_SIZE];
    uint8_t *buffer; /* one slot's worth of output, grows */
    size_t buffer_cap;
};

/** Up to whole blocks. */
static inline size_t vtpm_round_up(size_t len)
{
    return (len + VTPM_BLOCK - 1) / VTPM_BLOCK * VTPM_BLOCK;
}

/** A closed store with its contexts, or NULL. */
struct vtpm_store *vtpm_store_new(const char *path, struct vtpm_keys *keys,
                                  struct vtpm_error *err);

/** Makes store->buffer at least @p len bytes long; VTPM_OK or ENOMEM. */
enum vtpm_status vtpm_store_buffer(struct vtpm_store *store, size_t len,
                                   struct vtpm_error *err);

/** Reads and decodes the head of a slot. */
enum vtpm_status vtpm_store_read_head(struct vtpm_os_file *file,
                                      struct vtpm_crypto *crypto,
                                      const struct vtpm_head *header,
                                      uint32_t slot, struct vtpm_head *head,
                                      struct vtpm_error *err);

/** Reads and decodes the store's header. */
enum vtpm_status vtpm_store_read_header(struct vtpm_os_file *file,
                                        struct vtpm_crypto *crypto,
                                        struct vtpm_head *header,
                                        struct vtpm_error *err);

/** Asks the keeper; a record of zeros, or none, is VTPM_EUNPROVISIONED. */
enum vtpm_status vtpm_store_ask(struct vtpm_store *store,
                                const struct vtpm_areas *areas,
                                struct vtpm_records *records,
                                struct vtpm_error *err);

/** Makes a slot whose record must not be used any more unreadable. */
void vtpm_store_erase(struct vtpm_store *store, uint32_t slot);

#endif
