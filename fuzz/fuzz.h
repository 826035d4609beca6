/* SPDX-License-Identifier: MIT */
/**
 * @file fuzz.h
 * What the harnesses share: the input, byte by byte, and the oracle.
 *
 * A harness is one file with LLVMFuzzerTestOneInput(). It keeps nothing from
 * one input to the next, so that an input alone repeats a finding.
 */
#ifndef VTPMRING_FUZZ_H
#define VTPMRING_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a harness defines; libFuzzer, AFL++ and replay.c call it.
 * @param data the input
 * @param size bytes of it
 * @return 0
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Two reads of the input must not be in one expression: their order would be
 * the compiler's choice, and a finding would not repeat under another one.
 */

/** The input begins. @param data the input @param size bytes of it */
void fuzz_input(const uint8_t *data, size_t size);
/** Bytes that are left. @return how many */
size_t fuzz_left(void);
/** The next byte. @return it; 0 after the end */
uint8_t fuzz_u8(void);
/** The next four bytes. @return them as a native number */
uint32_t fuzz_u32(void);
/** A choice. @param n 1 to 256 @return less than n; 0 after the end */
unsigned fuzz_pick(unsigned n);
/**
 * The next bytes.
 * @param to gets n bytes, zeros after the end
 * @param n how many
 * @return how many are from the input
 */
size_t fuzz_bytes(void *to, size_t n);
/**
 * A length that is of interest more often than not.
 * @return any number
 */
uint32_t fuzz_length(void);
/**
 * The value of a xenstore node as a peer writes it: often a number, often not.
 * @param length gets the bytes of the text
 * @return the text, in memory of exactly that size, without a NUL, good until
 *         fuzz_forget(); NULL for a node that is not there
 */
const char *fuzz_text(size_t *length);
/** Memory of exactly this size, freed by fuzz_forget(). @param n bytes
 *  @return the memory, zeroed */
void *fuzz_memory(size_t n);
/** Frees what fuzz_text() and fuzz_memory() gave. */
void fuzz_forget(void);

/**
 * A TPM packet whose size field is its length and whose body depends on its
 * code.
 * @param to gets length bytes
 * @param length at least 10
 * @param tag its tag
 * @param code its code
 */
void fuzz_packet(unsigned char *to, size_t length, uint16_t tag, uint32_t code);
/** A big-endian number of four bytes. @param p where it is @return it */
uint32_t fuzz_be32(const unsigned char *p);

/** Says what was found and aborts. @param file, line, what where and what */
_Noreturn void fuzz_found(const char *file, int line, const char *what);

/** An oracle: a finding if it does not hold. */
#define fuzz_check(holds, what)                                                \
    do {                                                                       \
        if (!(holds))                                                          \
            fuzz_found(__FILE__, __LINE__, what);                              \
    } while (0)

#endif
