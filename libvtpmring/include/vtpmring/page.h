/* SPDX-License-Identifier: MIT */
/**
 * @file page.h
 * The shared page of tpmif version 2: the whole wire format and all its limits.
 *
 * | offset | field                      | written by                      |
 * |--------|----------------------------|---------------------------------|
 * | 0      | u32 length                 | the side that sends             |
 * | 4      | u8 state                   | frontend 1, 3; backend 0, 2     |
 * | 5      | u8 locality                | frontend                        |
 * | 6      | u8 pad, 0                  | frontend                        |
 * | 7      | u8 nr_extra_pages          | frontend                        |
 * | 8      | u32 grant reference [nr]   | frontend                        |
 * | 8+4*nr | packet, on into the extras | the side that sends             |
 *
 * The header is native-endian, the packet is a TPM command or response and
 * big-endian. (Xen public header io/tpmif.h; its comment puts the packet at
 * 16+4*nr, its structure and every implementation at 8+4*nr.)
 *
 * Order: packet and header, then the state with release, then the event. The
 * reader loads the state with acquire, then the header, each field once, into
 * a struct vtpmring_page_head, and uses only that. Nothing here hands out a
 * pointer into shared memory.
 */
#ifndef VTPMRING_PAGE_H
#define VTPMRING_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <vtpmring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a granted page, whatever the page size of the kernel. */
#define VTPMRING_PAGE_SIZE 4096u
/** Bytes of the fixed header. */
#define VTPMRING_PAGE_HEAD_SIZE 8u
/** Offset of the length field. */
#define VTPMRING_PAGE_LENGTH_OFFSET 0u
/** Offset of the state field. */
#define VTPMRING_PAGE_STATE_OFFSET 4u
/** Offset of the locality field. */
#define VTPMRING_PAGE_LOCALITY_OFFSET 5u
/** Offset of the pad field. */
#define VTPMRING_PAGE_PAD_OFFSET 6u
/** Offset of the number of extra pages. */
#define VTPMRING_PAGE_NR_EXTRA_OFFSET 7u
/** Bytes of one grant reference. */
#define VTPMRING_PAGE_REF_SIZE 4u
/** Most extra pages that the header can name. */
#define VTPMRING_PAGE_EXTRA_MAX 255u
/** Bytes of packet that fit when there is no extra page. */
#define VTPMRING_PAGE_CAPACITY_MIN                                             \
    (VTPMRING_PAGE_SIZE - VTPMRING_PAGE_HEAD_SIZE)

/** States of the page. Any other value on the page is a peer's fault. */
enum vtpmring_page_state {
    VTPMRING_PAGE_IDLE = 0,   /**< nothing there, or cancelled */
    VTPMRING_PAGE_SUBMIT = 1, /**< a command is there */
    VTPMRING_PAGE_FINISH = 2, /**< a response is there */
    VTPMRING_PAGE_CANCEL = 3  /**< the frontend wants the command cancelled */
};

/**
 * Where the pages are in our address space. The memory is shared with the
 * peer: it may change at any time.
 */
struct vtpmring_page {
    /** The shared page, VTPMRING_PAGE_SIZE bytes, 4-byte aligned. */
    unsigned char *first;
    /** The extra pages in one piece, or NULL. */
    unsigned char *extra;
    /** How many pages are at @ref extra. */
    size_t extra_count;
};

/** A snapshot of the header: each field was read from the page exactly once. */
struct vtpmring_page_head {
    size_t length;    /**< bytes of packet that the peer claims */
    uint8_t locality; /**< locality of the command */
    uint8_t nr_extra; /**< extra pages of this exchange */
};

/**
 * Offset of the packet in the shared page.
 * @param nr_extra extra pages of the exchange
 * @return bytes from the start of the first page
 */
size_t vtpmring_page_packet_offset(uint8_t nr_extra);

/**
 * How long a packet may be.
 * @param nr_extra extra pages of the exchange
 * @return bytes
 */
size_t vtpmring_page_capacity(uint8_t nr_extra);

/**
 * Loads the state with acquire: what the peer wrote before it is visible.
 * @param page the mapped pages
 * @return the byte on the page, which may be none of enum vtpmring_page_state
 */
uint8_t vtpmring_page_load_state(const struct vtpmring_page *page);

/**
 * Stores the state with release: what was written before becomes visible first.
 * @param page the mapped pages
 * @param state the new state
 */
void vtpmring_page_store_state(const struct vtpmring_page *page,
                               enum vtpmring_page_state state);

/**
 * Changes the state from one value to another in one step, so that a state
 * that the peer has just written is not overwritten.
 * @param page the mapped pages
 * @param from the state it must have
 * @param to the state it gets
 * @return true if it was changed
 */
bool vtpmring_page_swap_state(const struct vtpmring_page *page,
                              enum vtpmring_page_state from,
                              enum vtpmring_page_state to);

/**
 * Takes the snapshot. Call it after the state has been loaded.
 * @param page the mapped pages
 * @param head gets the snapshot; nothing in it has been validated
 */
void vtpmring_page_read_head(const struct vtpmring_page *page,
                             struct vtpmring_page_head *head);

/**
 * Reads the grant references of the extra pages, each once.
 * @param page the mapped pages
 * @param nr_extra how many, from the snapshot
 * @param refs gets nr_extra references
 * @return true if any of them differs from what was in refs before
 */
bool vtpmring_page_read_refs(const struct vtpmring_page *page, uint8_t nr_extra,
                             uint32_t *refs);

/**
 * Writes header and grant references, but not the state.
 * @param page the mapped pages
 * @param head what to write
 * @param refs head->nr_extra references, NULL if there is none
 */
void vtpmring_page_write_head(const struct vtpmring_page *page,
                              const struct vtpmring_page_head *head,
                              const uint32_t *refs);

/**
 * Writes only the length: the backend's answer leaves the rest of the header
 * as the frontend wrote it.
 * @param page the mapped pages
 * @param length bytes of the response
 */
void vtpmring_page_write_length(const struct vtpmring_page *page,
                                size_t length);

/**
 * Copies a packet out of the pages.
 * @param page the mapped pages
 * @param nr_extra extra pages of the exchange, from the snapshot
 * @param dst where to
 * @param length bytes to copy
 * @retval VTPMRING_OK the bytes are in dst; the peer may have changed them
 *         during the copy, so validate dst and never the page
 * @retval VTPMRING_EPEER_LENGTH more than the capacity, or a page is not mapped
 */
enum vtpmring_status vtpmring_page_read(const struct vtpmring_page *page,
                                        uint8_t nr_extra, void *dst,
                                        size_t length);

/**
 * Copies a packet into the pages.
 * @param page the mapped pages
 * @param nr_extra extra pages of the exchange
 * @param src where from
 * @param length bytes to copy
 * @retval VTPMRING_OK the bytes are on the pages
 * @retval VTPMRING_ENOBUF more than the capacity, or a page is not mapped
 */
enum vtpmring_status vtpmring_page_write(const struct vtpmring_page *page,
                                         uint8_t nr_extra, const void *src,
                                         size_t length);

#ifdef __cplusplus
}
#endif

#endif
