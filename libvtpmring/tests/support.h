/* SPDX-License-Identifier: MIT */
/**
 * @file support.h
 * What the tests of the core share. Pages are read and written here byte by
 * byte, without the code under test.
 */
#ifndef VTPMRING_TESTS_SUPPORT_H
#define VTPMRING_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vtpmring/vtpmring.h>

/** Bytes of a page and of the fixed header on it. */
enum { PAGE = 4096, HEAD = 8, TPM_HEADER = 10 };

/** A command code and a tag that are valid. */
enum { CODE_GET_RANDOM = 0x17b, TAG_20 = 0x8001 };

/**
 * Makes zeroed pages, each allocation of the exact size.
 * @param extra_count extra pages
 * @return the pages
 */
struct vtpmring_page support_pages(size_t extra_count);

/**
 * Frees them.
 * @param pages the pages
 */
void support_free(struct vtpmring_page *pages);

/**
 * A packet whose size field is its length and whose body depends on its code.
 * @param to gets length bytes
 * @param tag its tag
 * @param length at least TPM_HEADER
 * @param code its code
 */
void support_packet(unsigned char *to, uint16_t tag, size_t length,
                    uint32_t code);

/**
 * The code in a packet.
 * @param packet at least TPM_HEADER bytes
 * @return the code
 */
uint32_t support_code(const unsigned char *packet);

/**
 * A native number of four bytes on a page.
 * @param p where it is
 * @return the number
 */
uint32_t support_get(const unsigned char *p);

/**
 * Writes a native number of four bytes.
 * @param p where to
 * @param v the number
 */
void support_put(unsigned char *p, uint32_t v);

/**
 * Writes a header as a peer would.
 * @param page the pages
 * @param state, length, locality, nr_extra the fields
 */
void support_head(const struct vtpmring_page *page, unsigned state,
                  uint32_t length, unsigned locality, unsigned nr_extra);

/**
 * Puts a packet after the header and the references, on into the extra pages.
 * @param page the pages
 * @param nr_extra references before the packet
 * @param packet the packet
 * @param length bytes of it
 */
void support_body(const struct vtpmring_page *page, unsigned nr_extra,
                  const unsigned char *packet, size_t length);

/**
 * Reads a packet where support_body() puts it.
 * @param page the pages
 * @param nr_extra references before the packet
 * @param packet gets it
 * @param length bytes of it
 */
void support_read(const struct vtpmring_page *page, unsigned nr_extra,
                  unsigned char *packet, size_t length);

/**
 * Asserts that next() asks for an action, twice, and reports it done.
 * @param front the frontend
 * @param action what it must ask for
 * @param status how it went
 */
void support_front_does(struct vtpmring_front *front,
                        enum vtpmring_front_action action,
                        enum vtpmring_status status);

/**
 * The same for a backend.
 * @param back the backend
 * @param action what it must ask for
 * @param status how it went
 */
void support_back_does(struct vtpmring_back *back,
                       enum vtpmring_back_action action,
                       enum vtpmring_status status);

/** A frontend and what it was made with. */
struct support_front {
    struct vtpmring_front machine; /**< the frontend */
    struct vtpmring_page pages;    /**< its pages */
    uint32_t refs[255];            /**< 1000, 1001, ... */
    const char *announced;         /**< peer's feature-extra-pages, or NULL */
};

/**
 * Brings a new frontend, whose earlier life left state 4 behind, to a phase on
 * the way to the end: the phases in their order are that way.
 * @param f gets the frontend; free its pages
 * @param extra extra pages to offer
 * @param announced what the backend announces, NULL for nothing
 * @param phase where to stop
 */
void support_front_to(struct support_front *f, unsigned extra,
                      const char *announced, enum vtpmring_front_phase phase);

/**
 * One step of a frontend on its straight way from FORGET to END.
 * @param f the frontend
 */
void support_front_step(struct support_front *f);

/** A backend and what it was made with. */
struct support_back {
    struct vtpmring_back machine; /**< the backend */
    struct vtpmring_page pages;   /**< the frontend's pages */
    unsigned char *buffer;        /**< its buffer, of exact size */
    uint32_t *refs;               /**< its references, of exact number */
};

/**
 * Makes a backend.
 * @param b gets the backend; support_back_free() it
 * @param extra extra pages to take, and there to map
 * @param own, peer states at the beginning
 */
void support_back_init(struct support_back *b, unsigned extra, unsigned own,
                       unsigned peer);

/**
 * Brings a new backend to a phase.
 * @param b gets the backend; support_back_free() it
 * @param extra extra pages to take, and there to map
 * @param phase where to stop
 */
void support_back_to(struct support_back *b, unsigned extra,
                     enum vtpmring_back_phase phase);

/**
 * Performs what a backend asks for, until it is in a phase; it must not have to
 * wait on the way.
 * @param b the backend
 * @param phase where to stop
 */
void support_back_until(struct support_back *b, enum vtpmring_back_phase phase);

/**
 * Frees what a backend was made with.
 * @param b the backend
 */
void support_back_free(struct support_back *b);

/**
 * Puts a valid command on the page of a backend, as its frontend would, and
 * tells the backend.
 * @param b the backend
 * @param length bytes of the command
 * @param code its code
 * @param nr_extra extra pages of the exchange, with references 500, 501, ...
 */
void support_back_submit(struct support_back *b, size_t length, uint32_t code,
                         unsigned nr_extra);

#endif
